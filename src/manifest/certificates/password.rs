//! References to passwords. The password itself never comes in here; what looks like one is hidden and refused.

use std::path::Path;

use crate::catalog::clouds::CloudFacts;
use crate::model::SecretReference;

use super::super::cursor::At;
use super::super::findings::Findings;
use super::super::specification_certificate::PasswordSpecification;
use super::relative_to;
use super::store::vault_url;

/// What a reference is read against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    /// Where relative paths begin.
    pub directory: &'a Path,
    pub cloud: &'static CloudFacts,
}

impl Reading<'_> {
    pub(super) fn reference(
        self,
        specification: &PasswordSpecification,
        at: At<'_>,
        findings: &mut Findings,
    ) -> Option<SecretReference> {
        let PasswordSpecification { env, file, command, prompt, generate, key_vault } = specification;
        if let Some(name) = env {
            if !is_variable(name) {
                let env = at.key("env");
                let help = "write the variable's name: letters, digits and `_`";
                findings.secret("`env` is not the name of an environment variable", env.place(), env.name(), help);
                return None;
            }
            return Some(SecretReference::Environment(name.clone()));
        }
        if let Some(file) = file {
            return filled(file, at.key("file"), findings)
                .map(|file| SecretReference::File(relative_to(self.directory, file)));
        }
        if let Some(command) = command {
            return filled(command, at.key("command"), findings)
                .map(|command| SecretReference::Command(command.to_owned()));
        }
        if let Some(secret) = key_vault {
            return self.secret_of_vault(secret, at.key("keyVault"), findings);
        }
        prompt.map(|_| SecretReference::Prompt).or(generate.map(|_| SecretReference::Generated))
    }

    /// `contoso/exo-pfx-password`, or `https://contoso.vault.azure.net/secrets/exo-pfx-password`.
    fn secret_of_vault(self, text: &str, at: At<'_>, findings: &mut Findings) -> Option<SecretReference> {
        let parts = match text.strip_prefix("https://") {
            Some(address) => address.split_once("/secrets/").map(|(host, name)| (format!("https://{host}"), name)),
            None => text.split_once('/').map(|(vault, name)| (vault.to_owned(), name)),
        };
        let help = "write `vault/name`, or the secret's address without a version";
        let parsed = parts.filter(|(_, name)| is_object_name(name));
        let Some((vault, name)) = parsed else {
            findings.error_with_help(format!("`{text}` names no secret of a vault"), at.place(), help);
            return None;
        };
        match vault_url(&vault, self.cloud) {
            Ok(url) => Some(SecretReference::KeyVault { url, name: name.to_owned() }),
            Err(reason) => {
                findings.error_with_help(format!("`{vault}` cannot be a vault: {reason}"), at.place(), help);
                None
            }
        }
    }
}

fn filled<'t>(text: &'t str, at: At<'_>, findings: &mut Findings) -> Option<&'t str> {
    if text.trim().is_empty() {
        findings.error("this is empty", at.place());
        return None;
    }
    Some(text)
}

/// A name that an environment variable can have; anything else is taken for the password itself and not shown.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What Key Vault takes as the name of a certificate, key or secret.
/// <https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates>
pub(super) fn is_object_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
