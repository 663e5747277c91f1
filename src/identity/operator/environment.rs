//! An application's client secret or certificate, from variables: Azure's own names, and those of Terraform.

use std::path::Path;

use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::client_certificate;
use super::credential::{Candidate, NoToken};
use super::official::{self, Official};
use super::surroundings::Surroundings;
use super::tenant;

/// The variables of one family. What is said by one is never mixed with what is said by another, which may be about
/// another application.
struct Family {
    /// Where it is not the one that holds for every way of signing in.
    tenant: Option<&'static str>,
    client_id: &'static str,
    client_id_file: Option<&'static str>,
    secret: &'static str,
    secret_file: Option<&'static str>,
    certificate_path: &'static str,
    /// A PFX in Base64.
    certificate: Option<&'static str>,
    certificate_password: &'static str,
}

/// <https://learn.microsoft.com/dotnet/api/azure.identity.environmentcredential>
const AZURE: Family = Family {
    tenant: None,
    client_id: "AZURE_CLIENT_ID",
    client_id_file: None,
    secret: "AZURE_CLIENT_SECRET",
    secret_file: None,
    certificate_path: "AZURE_CLIENT_CERTIFICATE_PATH",
    certificate: None,
    certificate_password: "AZURE_CLIENT_CERTIFICATE_PASSWORD",
};

/// As Terraform's provider `azuread` documents them.
const ARM: Family = Family {
    tenant: Some("ARM_TENANT_ID"),
    client_id: "ARM_CLIENT_ID",
    client_id_file: Some("ARM_CLIENT_ID_FILE_PATH"),
    secret: "ARM_CLIENT_SECRET",
    secret_file: Some("ARM_CLIENT_SECRET_FILE_PATH"),
    certificate_path: "ARM_CLIENT_CERTIFICATE_PATH",
    certificate: Some("ARM_CLIENT_CERTIFICATE"),
    certificate_password: "ARM_CLIENT_CERTIFICATE_PASSWORD",
};

/// What an application shows, and the variable it comes from.
enum Shown {
    Secret(SecretString, &'static str),
    Certificate(Zeroizing<Vec<u8>>, &'static str),
}

pub(super) async fn find(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    for family in [&AZURE, &ARM] {
        let Some(shown) = family.shown(surroundings)? else { continue };
        let Some((client_id, client_id_from)) = family.client_id(surroundings)? else {
            let (Shown::Secret(_, from) | Shown::Certificate(_, from)) = shown;
            return Err(NoToken::failed(format!("{from} is set, and {} is not", family.client_id))
                .help(format!("set {} to the application's id, or unset {from}", family.client_id)));
        };
        if let Some(variable) = family.tenant {
            tenant::check_variable(surroundings, variable).await?;
        }
        return match shown {
            Shown::Secret(secret, from) => with_secret(surroundings, &client_id, &secret, &[client_id_from, from]),
            Shown::Certificate(file, from) => {
                let password = surroundings.variable(family.certificate_password).map(SecretString::from);
                let from = [client_id_from, from];
                client_certificate::candidate(
                    surroundings,
                    &client_id,
                    (&file, family.certificate_password, password.as_ref()),
                    from,
                )
            }
        };
    }
    let missing = match surroundings.client_id() {
        Some((name, _)) => {
            let family = if name == AZURE.client_id { &AZURE } else { &ARM };
            format!("{name} is set, but neither {} nor {}", family.secret, family.certificate_path)
        }
        None => format!("{} is not set", AZURE.client_id),
    };
    let help = format!(
        "set {} and {}, or {} with a certificate and its key",
        AZURE.client_id, AZURE.secret, AZURE.certificate_path
    );
    Err(NoToken::absent(missing).help(help))
}

impl Family {
    fn client_id(&self, surroundings: &Surroundings) -> Result<Option<(String, &'static str)>, NoToken> {
        if let Some(client_id) = surroundings.variable(self.client_id) {
            return Ok(Some((client_id, self.client_id)));
        }
        let Some((name, text)) = text_at(surroundings, self.client_id_file)? else { return Ok(None) };
        Ok(Some((text.trim().to_owned(), name)))
    }

    /// A secret goes before a certificate, as in Microsoft's own libraries.
    fn shown(&self, surroundings: &Surroundings) -> Result<Option<Shown>, NoToken> {
        if let Some(secret) = surroundings.variable(self.secret) {
            return Ok(Some(Shown::Secret(secret.into(), self.secret)));
        }
        if let Some((name, text)) = text_at(surroundings, self.secret_file)? {
            return Ok(Some(Shown::Secret(text.trim_end_matches(['\r', '\n']).into(), name)));
        }
        if let Some(path) = surroundings.variable(self.certificate_path) {
            let file = read(self.certificate_path, Path::new(&path))?;
            return Ok(Some(Shown::Certificate(file, self.certificate_path)));
        }
        let Some((name, text)) =
            self.certificate.and_then(|name| Some((name, Zeroizing::new(surroundings.variable(name)?))))
        else {
            return Ok(None);
        };
        // Base64 of many programs is broken into lines.
        let text = Zeroizing::new(text.split_whitespace().collect::<String>());
        let file = STANDARD.decode(text.as_bytes());
        let file = file.map_err(|_| {
            NoToken::failed(format!("{name} is not Base64")).help(format!("set {name} to a PFX file in Base64"))
        })?;
        Ok(Some(Shown::Certificate(Zeroizing::new(file), name)))
    }
}

fn text_at(
    surroundings: &Surroundings,
    variable: Option<&'static str>,
) -> Result<Option<(&'static str, Zeroizing<String>)>, NoToken> {
    let Some((variable, path)) = variable.and_then(|name| Some((name, surroundings.variable(name)?))) else {
        return Ok(None);
    };
    let bytes = read(variable, Path::new(&path))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some((variable, Zeroizing::new(text.to_owned())))),
        Err(_) => Err(NoToken::failed(format!("the file that {variable} names holds no text"))),
    }
}

fn read(variable: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, NoToken> {
    std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        // What the variable holds may be the secret itself, by mistake: it is never shown.
        NoToken::failed(format!("the file that {variable} names could not be read: {error}"))
            .help(format!("set {variable} to the path of a file that this user may read"))
    })
}

fn with_secret(
    surroundings: &Surroundings,
    client_id: &str,
    secret: &SecretString,
    from: &[&str; 2],
) -> Result<Candidate, NoToken> {
    use secrecy::ExposeSecret as _;
    let client_options = surroundings.client_options(surroundings.token_service.clone());
    let credential = ClientSecretCredential::new(
        &surroundings.tenant,
        client_id.to_owned(),
        secret.expose_secret().to_owned().into(),
        Some(ClientSecretCredentialOptions { client_options }),
    )
    .map_err(|error| NoToken::failed(official::text(&error)))?;
    let credential = Box::new(Official { credential, judge: refused_application(surroundings) });
    let [client_id_from, secret_from] = from;
    let description =
        format!("as application {client_id} with a client secret, from {client_id_from} and {secret_from}");
    Ok(Candidate { credential, description })
}

/// An application that was named and is refused is never passed over.
pub(super) fn refused_application(surroundings: &Surroundings) -> official::Judge {
    let tenant = surroundings.tenant.clone();
    Box::new(move |error| {
        let failed = NoToken::failed(official::text(error));
        match official::refusal(error).and_then(|refusal| refusal.help(&tenant)).or_else(|| official::hint(error)) {
            Some(help) => failed.help(help),
            None => failed,
        }
    })
}
