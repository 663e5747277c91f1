//! The password of a PFX, as PowerShell gets it where it is needed.

use crate::handover::quoting::powershell;
use crate::handover::vault_name;
use crate::model::SecretReference;

/// What gives a `SecureString`. It reads the password from where it is kept, or asks for it; it never holds it.
pub(super) fn secure_string(password: Option<&SecretReference>) -> String {
    match password {
        Some(SecretReference::Environment(name)) => {
            format!("ConvertTo-SecureString ${{env:{name}}} -AsPlainText -Force")
        }
        // What is encrypted to a team is opened by hand.
        Some(SecretReference::File(path)) if path.extension().is_none_or(|extension| extension != "age") => {
            let path = powershell(&path.to_string_lossy());
            format!("Get-Content -LiteralPath {path} -TotalCount 1 | ConvertTo-SecureString -AsPlainText -Force")
        }
        Some(SecretReference::KeyVault { url, name }) => {
            format!(
                "(Get-AzKeyVaultSecret -VaultName {} -Name {}).SecretValue",
                powershell(vault_name(url)),
                powershell(name)
            )
        }
        Some(
            SecretReference::File(_)
            | SecretReference::Command(_)
            | SecretReference::Prompt
            | SecretReference::Generated,
        )
        | None => "Read-Host 'Password of the PFX' -AsSecureString".to_owned(),
    }
}
