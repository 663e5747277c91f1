//! Secrets that manifests refer to: where each is had from. None of them is shown or kept.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::keys::{AgeError, Identities, StoreError, VaultError, Vaults, random_password};
use crate::model::SecretReference;

use super::certificate::password::{ask_new, can_ask, first_line_of, from_command};
use super::console::{Console, environment};
use super::failure::Failure;

/// The text of age's private keys, and the file that holds them.
const IDENTITY: &str = "ACCREDIT_AGE_IDENTITY";
const IDENTITY_FILE: &str = "ACCREDIT_AGE_IDENTITY_FILE";

/// Why a secret is not to be had.
#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error("the environment variable `{0}`, which a manifest names as a password, is not set")]
    Environment(String),
    #[error("the password file `{path}`, which a manifest names, could not be read")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the password that a manifest takes from {0} is empty")]
    Empty(String),
    #[error("the secret `{name}` of {url}, which a manifest names as a password, could not be had")]
    Vault {
        url: String,
        name: String,
        #[source]
        source: VaultError,
    },
}

/// Has what a manifest refers to. `Ok(None)` where the key store makes it itself.
pub(super) async fn secret(
    console: &Console,
    reference: &SecretReference,
    what: &str,
    vaults: &Vaults,
) -> Result<Option<SecretString>, Failure> {
    let (found, origin) = match reference {
        SecretReference::Environment(name) => {
            (variable(name).ok_or_else(|| SecretError::Environment(name.clone()))?, format!("`{name}`"))
        }
        SecretReference::File(path) => (from_file(path)?, format!("`{}`", path.display())),
        SecretReference::Command(command) => (from_command(command)?, format!("the command `{command}`")),
        SecretReference::Prompt if !can_ask() => {
            return Err(Failure::message(format!("{what} needs a password, and there is nobody to ask"))
                .hint("run it on a terminal, or let the manifest take `pfxPassword` from `env`, `file` or `command`"));
        }
        SecretReference::Prompt => (ask_new(console, what)?, "the terminal".to_owned()),
        SecretReference::KeyVault { url, name } => (in_vault(vaults, url, name).await?, format!("the vault {url}")),
        SecretReference::Generated => return Ok(None),
    };
    if found.expose_secret().is_empty() { Err(SecretError::Empty(origin).into()) } else { Ok(Some(found)) }
}

fn variable(name: &str) -> Option<SecretString> {
    environment(name).filter(|value| !value.is_empty()).map(Into::into)
}

fn from_file(path: &Path) -> Result<SecretString, SecretError> {
    first_line_of(path).map_err(|source| SecretError::File { path: path.display().to_string(), source })
}

async fn found_in_vault(vaults: &Vaults, url: &str, name: &str) -> Result<Option<SecretString>, SecretError> {
    let failed = |source| SecretError::Vault { url: url.to_owned(), name: name.to_owned(), source };
    vaults.secret(url, name).await.map_err(failed)
}

/// The vault's secret; one is made and put there where it is missing.
async fn in_vault(vaults: &Vaults, url: &str, name: &str) -> Result<SecretString, Failure> {
    if let Some(found) = found_in_vault(vaults, url, name).await? {
        return Ok(found);
    }
    let failed = |source| SecretError::Vault { url: url.to_owned(), name: name.to_owned(), source };
    let made = random_password()?;
    vaults.put_secret(url, name, &made).await.map_err(failed)?;
    Ok(made)
}

/// What opens a file that is declared as a certificate: as [`secret`], and asked for once where it is asked for. The inner error
/// says why it is not to be had.
pub(super) async fn opening(
    reference: &SecretReference,
    path: &Path,
    vaults: &Vaults,
) -> Result<Result<SecretString, String>, Failure> {
    let question = format!("Password of {}", path.display());
    // What is not encrypted opens without it all the same.
    Ok(match reference {
        SecretReference::Prompt if can_ask() => Ok(super::certificate::password::ask(&question)?),
        SecretReference::Prompt => Err("there is nobody to ask for it".to_owned()),
        SecretReference::KeyVault { url, name } => {
            found_in_vault(vaults, url, name).await?.ok_or_else(|| format!("{url} has no secret `{name}`"))
        }
        SecretReference::Environment(name) => variable(name).ok_or_else(|| format!("`{name}` is not set")),
        SecretReference::File(path) => Ok(from_file(path)?),
        // The manifest refuses them here.
        SecretReference::Command(_) | SecretReference::Generated => Err("it is not to be had by a plan".to_owned()),
    })
}

/// The private keys of age that the environment names.
pub(super) fn identities() -> Result<Identities, Failure> {
    let failed = |what: String| {
        move |error: AgeError| Failure::new(format!("the private keys of age in {what} could not be read"), error)
    };
    if let Some(text) = environment(IDENTITY) {
        return Identities::parse(&text.into()).map_err(failed(format!("`{IDENTITY}`")));
    }
    let Some(path) = environment(IDENTITY_FILE) else { return Ok(Identities::default()) };
    let text = crate::keys::read_private(Path::new(&path)).map_err(StoreError::from)?;
    Identities::parse(&text.as_str().into()).map_err(failed(format!("`{path}`")))
}
