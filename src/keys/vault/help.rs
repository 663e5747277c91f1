//! What most likely helps when a vault did not do what it was asked.

use super::errand::{Deed, Errand};
use super::error::{Refusal, VaultError};

impl VaultError {
    /// What to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Address { .. } => Some("write it as `https://NAME.vault.azure.net`".to_owned()),
            Self::Refused(refusal) => of_a_refusal(refusal),
            Self::NoAnswer { errand, never_sent: true, .. } => Some(format!(
                "look whether a vault `{}` is there (`az keyvault show --name {0}`) and can be reached from this machine; a vault that was deleted has no address any more",
                errand.vault_name()
            )),
            Self::NoAnswer { errand, .. } => Some(match errand.deed {
                Deed::MakeCertificate | Deed::AwaitCertificate => {
                    "run it again: what the vault may have made is found and taken up".to_owned()
                }
                Deed::ListVersions | Deed::ReadCertificate | Deed::Sign | Deed::ReadSecret | Deed::WriteSecret => {
                    "run it again once the vault answers".to_owned()
                }
            }),
            Self::GaveUp { .. } => Some("put right what it says, and run it again".to_owned()),
            Self::Unfinished { errand, .. } => Some(format!(
                "run it again: the version is taken up once it is there; `{}` shows how far it is",
                command(errand, "pending show")
            )),
            Self::Occupied { errand } => {
                Some(format!("have it signed and merged, or give it up with `{}`", command(errand, "pending delete")))
            }
            Self::NoToken { .. } | Self::Unreadable { .. } | Self::Profile { .. } | Self::Months { .. } => None,
        }
    }
}

fn of_a_refusal(refusal: &Refusal) -> Option<String> {
    let errand = &refusal.errand;
    match (refusal.status, refusal.inner.as_deref()) {
        (401, _) => Some(format!(
            "the token was not accepted: the vault `{}` may belong to another tenant",
            errand.vault_name()
        )),
        (403, Some("ForbiddenByFirewall" | "ForbiddenByConnection")) => Some(
            "the vault's firewall keeps this machine out: let its address in, or run where the vault can be reached"
                .to_owned(),
        ),
        (403, Some(inner)) if inner.ends_with("Disabled") => {
            Some(format!("switch it on with `{} --enabled true`", command(errand, "set-attributes")))
        }
        (403, Some("KeyExpired")) => {
            Some("the certificate has ended, and its key signs no more: make a new version".to_owned())
        }
        (403, Some("KeyNotYetValid")) => Some("wait until the certificate's time begins".to_owned()),
        (403, Some("KeyOperationForbidden")) => {
            Some("the key may not sign: make a version whose key usage has `digitalSignature`".to_owned())
        }
        (403, _) => Some(lacking(errand)),
        (404, _) => match errand.deed {
            Deed::ReadSecret => None,
            Deed::ListVersions
            | Deed::ReadCertificate
            | Deed::MakeCertificate
            | Deed::AwaitCertificate
            | Deed::Sign
            | Deed::WriteSecret => {
                Some("it is not there any more: somebody deleted it; run it again and read the new plan".to_owned())
            }
        },
        (409, _) if refusal.is_of_a_deleted_object() => Some(format!(
            "recover it with `{}`, or remove it for good with `{}`; the name is free after that",
            command(errand, "recover"),
            command(errand, "purge")
        )),
        (409, _) => match errand.deed {
            Deed::MakeCertificate | Deed::AwaitCertificate => Some(format!(
                "something else has the name or is making a version: look with `{}`",
                command(errand, "pending show")
            )),
            Deed::ListVersions | Deed::ReadCertificate | Deed::Sign | Deed::ReadSecret | Deed::WriteSecret => None,
        },
        (429, _) => Some("a vault takes so many requests in ten seconds: wait a little and run it again".to_owned()),
        (408 | 500.., _) => Some("run it again later; Microsoft's support asks for the request id".to_owned()),
        _ => None,
    }
}

/// The role that the operator lacks: the narrowest of Azure's own that has the permission.
fn lacking(errand: &Errand) -> String {
    let (role, permission) = match errand.deed {
        Deed::ListVersions | Deed::ReadCertificate => ("Key Vault Reader", "`get` and `list` for certificates"),
        Deed::MakeCertificate | Deed::AwaitCertificate => {
            ("Key Vault Certificates Officer", "`get`, `list` and `create` for certificates")
        }
        Deed::Sign => ("Key Vault Crypto User", "`sign` for keys"),
        Deed::ReadSecret => ("Key Vault Secrets User", "`get` for secrets"),
        Deed::WriteSecret => ("Key Vault Secrets Officer", "`get` and `set` for secrets"),
    };
    format!(
        "give the operator the role `{role}` on the vault `{}` (or, where the vault has access policies, {permission}); it takes some minutes to hold",
        errand.vault_name()
    )
}

fn command(errand: &Errand, verb: &str) -> String {
    let kind = match errand.deed.objects() {
        // A certificate's key is switched on and off with the certificate.
        "certificates" | "keys" => "certificate",
        _ => "secret",
    };
    let version = errand.version.as_ref().map_or_else(String::new, |version| format!(" --version {version}"));
    format!("az keyvault {kind} {verb} --vault-name {} --name {}{version}", errand.vault_name(), errand.name)
}
