//! What is handed over to whoever runs the script: an application's values, the commands that sign in as it, and scripts to
//! begin with. [`Handover`] is the value; everything else here is a view of it.

mod connections;
mod import;
mod needs;
mod quoting;
mod recipes;
mod rows;
mod values;

pub use connections::{Service, commands, commands_in_short, exchange_by_thumbprint};
pub use import::{ImportTarget, import, onto_windows};
pub use needs::lacking;
pub use recipes::{Host, Recipe, RecipeFile, recipe};
pub use rows::{Row, block, certificate_rows, rows};
pub use values::{Format, values};

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::model::{Cloud, DistinguishedName, ExportFormat, SecretReference, Thumbprint};

/// Everything that the user of an application has to know to sign in as it. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub handle: String,
    pub display_name: String,
    pub app_id: String,
    pub app_object_id: String,
    /// `None`: there is none yet, and nobody can sign in.
    pub service_principal_object_id: Option<String>,
    pub tenant_id: String,
    /// The tenant's initial domain: the only name that Exchange takes everywhere.
    pub organization: String,
    pub cloud: Cloud,
    /// Where the services of a custom cloud are.
    pub addresses: Option<CloudAddresses>,
    /// The display names of the directory roles that it holds, in order; one for a part of the tenant with its scope.
    pub roles: Vec<String>,
    /// Roles and role groups of Exchange's own, as far as the manifest has them looked at.
    pub exchange_roles: Vec<String>,
    /// Roles of Exchange's own by which it uses mailboxes through other APIs, and runs no cmdlet.
    pub mailbox_roles: Vec<String>,
    /// The application permissions that it has consent to.
    pub granted: BTreeSet<ApplicationPermission>,
    pub certificate: SigningCertificate,
}

/// An app role of an API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApplicationPermission {
    /// The API's appId.
    pub api_id: String,
    pub value: String,
}

/// Addresses of a custom cloud, with the scheme and without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudAddresses {
    pub login: String,
    pub graph: String,
    pub exchange: String,
    /// `None` where its file does not say.
    pub security_and_compliance: Option<String>,
}

/// The certificate to sign in with, and where its key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCertificate {
    /// Its name in the manifest.
    pub name: String,
    pub thumbprint: Thumbprint,
    /// The `keyId` of its credential in Entra.
    pub key_id: String,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// What stands in the certificate itself; `None` where that is not in this store.
    pub facts: Option<SigningFacts>,
    pub key: KeyPlace,
}

/// What only the certificate itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningFacts {
    pub thumbprint_sha256: Thumbprint,
    pub subject: DistinguishedName,
}

/// Where the private key of a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a key store of Accredit's.
    Directory {
        directory: PathBuf,
        private_key: PathBuf,
        /// What was exported and is still there.
        exports: Vec<(ExportFormat, PathBuf)>,
        /// Of the PFX, if one was exported. A password that was made is the file that it was put into.
        pfx_password: Option<SecretReference>,
    },
    /// In a file that somebody else keeps, with or without its key.
    File { path: PathBuf, has_key: bool, password: Option<SecretReference> },
    KeyVault {
        /// The vault's address.
        vault: String,
        /// The name of the certificate there.
        name: String,
        version: String,
        /// Whether the key can be had; otherwise the vault signs.
        exportable: bool,
    },
    /// Not in the declared store: on another machine, or nowhere.
    Elsewhere,
}

impl SigningCertificate {
    /// Whether the key may lie in the certificate store of a machine. One that does not leave its vault never does.
    pub fn can_be_installed(&self) -> bool {
        !matches!(self.key, KeyPlace::KeyVault { exportable: false, .. })
    }

    /// The PFX, and how to open it, where there is one.
    fn pfx(&self) -> Option<(&PathBuf, Option<&SecretReference>)> {
        match &self.key {
            KeyPlace::Directory { directory: _, private_key: _, exports, pfx_password } => {
                let (_, path) = exports.iter().find(|(format, _)| *format == ExportFormat::Pfx)?;
                Some((path, pfx_password.as_ref()))
            }
            KeyPlace::File { path, has_key: true, password } if is_pfx(path) => Some((path, password.as_ref())),
            KeyPlace::File { .. } | KeyPlace::KeyVault { .. } | KeyPlace::Elsewhere => None,
        }
    }

    /// The PEM file with certificate and key, where there is one.
    fn pem(&self) -> Option<&PathBuf> {
        match &self.key {
            KeyPlace::Directory { directory: _, private_key: _, exports, pfx_password: _ } => {
                exports.iter().find(|(format, _)| *format == ExportFormat::Pem).map(|(_, path)| path)
            }
            KeyPlace::File { path, has_key: true, password: None } if !is_pfx(path) => Some(path),
            KeyPlace::File { .. } | KeyPlace::KeyVault { .. } | KeyPlace::Elsewhere => None,
        }
    }

    /// How a file of this format is had, where there is none.
    fn how_to_get(&self, format: ExportFormat) -> String {
        let is_pem = format == ExportFormat::Pem;
        let format = format.as_str();
        match &self.key {
            // What is encrypted to a team is exported by one of them.
            KeyPlace::Directory { private_key, .. } if private_key.extension().is_some_and(|extension| extension == "age") => {
                format!("`accredit certificate export HANDLE --store DIRECTORY --format {format}` makes one")
            }
            KeyPlace::Directory { .. } => format!("`export: [{format}]` in the manifest makes one"),
            KeyPlace::File { path: _, has_key: true, password: _ } => {
                format!("`accredit certificate export FILE --format {format}` makes one")
            }
            KeyPlace::KeyVault { .. } if is_pem => {
                "`--for windows` shows how a PFX comes out of the vault, of which `accredit certificate export FILE --format pem` makes one".to_owned()
            }
            KeyPlace::KeyVault { .. } => "`--for windows` shows how one comes out of the vault".to_owned(),
            KeyPlace::File { .. } | KeyPlace::Elsewhere => "it has to be made where the key is".to_owned(),
        }
    }

    /// What the certificate is called where it is imported under a name, of what vaults take for one: letters, digits and `-`.
    fn import_name(&self, handle: &str) -> String {
        let name = format!("{handle}-{}", self.name);
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
    }
}

/// The name of a vault: the first part of its host.
fn vault_name(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.split(['.', '/', ':']).next().unwrap_or(host)
}

fn is_pfx(path: &std::path::Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("pfx") || extension.eq_ignore_ascii_case("p12"))
}

/// Of several certificates the one that commands are shown for: the first whose key is here and can be installed on a machine,
/// else the first whose key is known at all, else the first.
pub fn preferred<'a>(certificates: impl IntoIterator<Item = &'a SigningCertificate>) -> Option<&'a SigningCertificate> {
    let is_worse = |one: &&SigningCertificate| (one.key == KeyPlace::Elsewhere, !one.can_be_installed());
    certificates.into_iter().min_by_key(is_worse)
}
