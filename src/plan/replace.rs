//! What can be made anew because somebody asks for it, and what helps where that is no help.

use crate::model::{Address, Desired, Rotate};

/// Why a resource is not made anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotReplace {
    #[error("`--replace {0}`: no application `{holder}` is declared, or it is not selected", holder = .0.holder)]
    NotDeclared(Address),
    #[error("`--replace {address}`: `{holder}` has no certificate `{name}`", holder = .address.holder, name = .address.name)]
    NoSuchCertificate { address: Address, there: Vec<String> },
    #[error(
        "`--replace {0}`: a new application would have another appId, and no script, consent or role would know it"
    )]
    Application(Address),
    #[error(
        "`--replace {0}`: a grant that is deleted and made again is the same grant, and between the two nothing works"
    )]
    Grant(Address),
    #[error("`--replace {0}`: only certificates are replaced")]
    Other(Address),
}

impl CannotReplace {
    /// What to do instead.
    pub fn hint(&self) -> String {
        let holder = |address: &Address| address.holder.clone();
        match self {
            Self::NotDeclared(_) => "write it as plans do: `HANDLE/certificate/NAME`".to_owned(),
            Self::NoSuchCertificate { address: _, there } if there.is_empty() => {
                "declare one under `certificates:`".to_owned()
            }
            Self::NoSuchCertificate { address, there } => {
                let there = there.iter().map(|name| format!("`{}/certificate/{name}`", address.holder));
                format!("there is {}", there.collect::<Vec<_>>().join(", "))
            }
            Self::Application(address) => format!(
                "to change who can sign in, replace its certificates (`--replace '{0}/certificate/NAME'`); to begin anew, declare a \
                 second application under another handle, move the scripts over, and take `{0}` out of the manifests then",
                holder(address)
            ),
            Self::Grant(address) => format!(
                "where it has no effect, `accredit doctor {}` says why; a token from before it was granted never knows of it",
                holder(address)
            ),
            Self::Other(address) => {
                format!("`accredit plan --target {}` shows what of it is not as declared", holder(address))
            }
        }
    }
}

/// Has a successor made of what `address` names: as `accredit rotate` does, beside the one there is, which stays until its overlap
/// has passed.
///
/// # Errors
/// That it is nothing of which a new one would help.
pub fn replace(desired: &mut Desired, address: &Address) -> Result<(), CannotReplace> {
    let of = || address.clone();
    match address.kind.as_str() {
        "certificate" => {}
        "application" | "servicePrincipal" => return Err(CannotReplace::Application(of())),
        "appRoleAssignment"
        | "oauth2PermissionGrant"
        | "roleAssignment"
        | "exchangeRoleAssignment"
        | "exchangeRoleGroupMember" => return Err(CannotReplace::Grant(of())),
        _ => return Err(CannotReplace::Other(of())),
    }
    let Some(application) = desired.applications.get_mut(address.holder.as_str()) else {
        return Err(CannotReplace::NotDeclared(of()));
    };
    let there = application.certificates.iter().flat_map(|certificates| certificates.keys().cloned()).collect();
    let declared = application.certificates.as_mut().and_then(|certificates| certificates.get_mut(&address.name));
    let certificate = declared.ok_or_else(|| CannotReplace::NoSuchCertificate { address: of(), there })?;
    certificate.rotate = Rotate::Now;
    Ok(())
}
