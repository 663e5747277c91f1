//! Whoever is signed in to Azure PowerShell. The official crate for Rust, unlike those for other languages, does not ask it.

use std::ffi::OsStr;
use std::io;
use std::process::Output;
use std::time::Duration;

use async_trait::async_trait;
use azure_identity::Executor as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use crate::identity::Clock;

use super::credential::{Candidate, Credential, NoToken, Token};
use super::programs::Programs;
use super::surroundings::Surroundings;

/// Windows has its own PowerShell beside the one that everybody can install.
const PROGRAMS: &[&str] = if cfg!(windows) { &["pwsh", "powershell"] } else { &["pwsh"] };

const NO_MODULE: &str = "the module Az.Accounts is not installed";
const NOT_SIGNED_IN: &str = "Connect-AzAccount";

struct AzurePowerShell {
    programs: Programs,
    tenant: String,
    clock: Clock,
}

#[derive(Deserialize)]
struct Answer {
    token: SecretString,
    /// Seconds since 1970.
    ends: i64,
}

pub(super) fn find(surroundings: &Surroundings) -> Candidate {
    let tenant = surroundings.tenant.clone();
    let credential =
        AzurePowerShell { programs: Programs::new(surroundings), tenant, clock: surroundings.clock.clone() };
    Candidate { credential: Box::new(credential), description: "with Azure PowerShell".to_owned() }
}

#[async_trait]
impl Credential for AzurePowerShell {
    async fn token(&self, resource: &str) -> Result<Token, NoToken> {
        let Self { programs: _, tenant, clock } = self;
        let sign_in = format!("Connect-AzAccount -Tenant {tenant}");
        let output = self.run(&script(tenant, resource)?).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NoToken::absent("`pwsh` is not on the PATH")
                .help(format!("install PowerShell with the module Az.Accounts and sign in: `{sign_in}`")),
            _ => NoToken::absent(format!("PowerShell could not be run: {error}")),
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let absent = if said.contains(NO_MODULE) {
                NoToken::absent(NO_MODULE).help("`Install-Module Az.Accounts`")
            } else if said.contains(NOT_SIGNED_IN) {
                NoToken::absent("nobody is signed in to it")
            } else {
                let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
                NoToken::absent(format!("PowerShell gave no token: {said}"))
            };
            return Err(if said.contains(NO_MODULE) { absent } else { absent.help(format!("sign in: `{sign_in}`")) });
        }
        // What is printed is not quoted: it may be a token.
        let answer: Answer = serde_json::from_slice(output.stdout.trim_ascii())
            .map_err(|_| NoToken::absent("what PowerShell printed is no token"))?;
        Ok(Token { secret: answer.token, good_for: left(answer.ends, clock()) })
    }
}

fn left(ends: i64, now: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(ends - now.as_second()).unwrap_or_default())
}

impl AzurePowerShell {
    async fn run(&self, script: &str) -> io::Result<Output> {
        // In the form that PowerShell decodes itself, nothing has to be quoted.
        let encoded: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encoded = STANDARD.encode(encoded);
        let arguments = ["-NoProfile", "-NonInteractive", "-EncodedCommand", &encoded].map(OsStr::new);
        let mut outcome = Err(io::ErrorKind::NotFound.into());
        for program in PROGRAMS {
            outcome = self.programs.run(OsStr::new(program), &arguments).await;
            if !matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::NotFound) {
                break;
            }
        }
        outcome
    }
}

/// Prints a token and its end. From version 5 of the module on, tokens are secure strings.
/// <https://learn.microsoft.com/powershell/module/az.accounts/get-azaccesstoken>
fn script(tenant: &str, resource: &str) -> Result<String, NoToken> {
    // Both stand in quotes that they must not leave.
    for value in [tenant, resource] {
        if !value.chars().all(|c| c.is_ascii_alphanumeric() || ".-:/_".contains(c)) {
            return Err(NoToken::failed(format!("`{value}` cannot be given to PowerShell")));
        }
    }
    Ok(format!(
        "$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
if (-not (Get-Module -ListAvailable Az.Accounts)) {{ [Console]::Error.WriteLine('{NO_MODULE}'); exit 1 }}
try {{ $token = Get-AzAccessToken -ResourceUrl '{resource}' -TenantId '{tenant}' }}
catch {{ [Console]::Error.WriteLine($_.Exception.Message); exit 1 }}
$text = $token.Token
if ($text -is [System.Security.SecureString]) {{ $text = [System.Net.NetworkCredential]::new('', $text).Password }}
@{{ token = $text; ends = $token.ExpiresOn.ToUnixTimeSeconds() }} | ConvertTo-Json -Compress
"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_its_quotes_is_not_given_to_power_shell() {
        for tenant in ["contoso.com'; calc; '", "contoso.com\n", "a b", "$(calc)", "`whoami`", "\u{2019}"] {
            assert!(script(tenant, "https://graph.microsoft.com").is_err(), "{tenant}");
        }
        let script = script("contoso.onmicrosoft.com", "https://graph.microsoft.com").unwrap();
        assert!(script.contains("-ResourceUrl 'https://graph.microsoft.com' -TenantId 'contoso.onmicrosoft.com'"));
    }
}
