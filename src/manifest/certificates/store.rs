//! Where private keys lie: directories and vaults.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::catalog::clouds::CloudFacts;
use crate::model::StoreReference;

use super::super::cursor::At;
use super::super::findings::Findings;
use super::super::specification_certificate::StoreSpecification;
use super::relative_to;

/// Where keys lie when no manifest says so, from the working directory.
const DEFAULT_DIRECTORY: &str = ".accredit/keys";

pub(super) fn default() -> StoreReference {
    StoreReference::Directory { path: PathBuf::from(DEFAULT_DIRECTORY), recipients: BTreeSet::new() }
}

/// Lowers a store; `None` where what is written cannot be one.
pub(in super::super) fn store(
    specification: &StoreSpecification,
    at: At<'_>,
    directory: &Path,
    cloud: &CloudFacts,
    findings: &mut Findings,
) -> Option<StoreReference> {
    let StoreSpecification { directory: path, recipients, key_vault } = specification;
    match (path, key_vault) {
        (Some(_), Some(_)) => {
            findings.error("`store` takes exactly one of `directory` or `keyVault`", at.name());
            None
        }
        (Some(path), None) => {
            check_directory(path, at.key("directory"), findings);
            let recipients = self::recipients(recipients.as_deref(), at.key("recipients"), findings);
            Some(StoreReference::Directory { path: relative_to(directory, path), recipients })
        }
        (None, Some(vault)) => {
            if recipients.is_some() {
                let help = "a vault encrypts by itself; take `recipients` out";
                findings.error_with_help("`recipients` are for a directory", at.key("recipients").name(), help);
            }
            let place = at.key("keyVault").place();
            vault_url(vault, cloud)
                .map(|url| StoreReference::KeyVault { url })
                .map_err(|reason| {
                    let help = "write a vault's name such as `contoso`, or its address";
                    findings.error_with_help(format!("`{vault}` cannot be a vault: {reason}"), place, help);
                })
                .ok()
        }
        (None, None) => {
            let help = "add `directory: path`, relative to this file";
            findings.error_with_help("`store` says no place", at.name(), help);
            None
        }
    }
}

/// The address of a vault that is said by its name or its address.
pub(super) fn vault_url(vault: &str, cloud: &CloudFacts) -> Result<String, String> {
    if cloud.key_vault_suffix.is_empty() {
        return custom_vault_url(vault);
    }
    let name = match vault.strip_prefix("https://") {
        // The operator's token goes there, and a manifest is read before anybody has reviewed it: no other host will do.
        Some(host) => host
            .strip_suffix('/')
            .unwrap_or(host)
            .strip_suffix(cloud.key_vault_suffix)
            .and_then(|host| host.strip_suffix('.'))
            .ok_or_else(|| format!("its address is `https://NAME.{}` and nothing behind it", cloud.key_vault_suffix))?,
        None if vault.contains("://") => return Err("a vault is reached by `https://` alone".to_owned()),
        None => vault,
    };
    if is_vault_name(name) {
        Ok(format!("https://{}.{}", name.to_ascii_lowercase(), cloud.key_vault_suffix))
    } else {
        Err("a name has 3 to 24 letters, digits and single `-`, and begins with a letter".to_owned())
    }
}

/// The address of a vault in a cloud of which manifests do not know where it is. Connecting checks that it lies there.
fn custom_vault_url(vault: &str) -> Result<String, String> {
    let host = vault.strip_prefix("https://").map(|host| host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase());
    let host = host.filter(|host| {
        host.split_once('.').is_some_and(|(name, parent)| {
            let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            is_vault_name(name) && !parent.is_empty() && parent.bytes().all(is_host)
        })
    });
    let host =
        host.ok_or("in a custom cloud a vault is said by its whole address, such as `https://NAME.vault.example`")?;
    Ok(format!("https://{host}"))
}

fn is_vault_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('-')
        && !name.contains("--")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_directory(directory: &str, at: At<'_>, findings: &mut Findings) {
    if directory.trim().is_empty() || directory.contains('\0') {
        findings.error("this is not the name of a directory", at.place());
    } else if directory.starts_with('~') {
        let help = "write it from the root, or from this file";
        findings.error_with_help("`~` is not the home directory here", at.place(), help);
    }
}

fn recipients(recipients: Option<&[String]>, at: At<'_>, findings: &mut Findings) -> BTreeSet<String> {
    let help = "write public keys as `age-keygen` prints them: `age1…`";
    if recipients.is_some_and(<[String]>::is_empty) {
        findings.error_with_help("nobody could open the keys", at.name(), help);
    }
    let mut kept = BTreeSet::new();
    for (index, recipient) in recipients.unwrap_or_default().iter().enumerate() {
        let at = at.index(index);
        if recipient.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            findings.secret("this is a private key of age", at.place(), at.place(), help);
        } else if recipient.parse::<age::x25519::Recipient>().is_err() {
            findings.error_with_help(format!("`{recipient}` is no public key of age"), at.place(), help);
        } else if !kept.insert(recipient.clone()) {
            findings.error(format!("the recipient `{recipient}` is here twice"), at.place());
        }
    }
    kept
}
