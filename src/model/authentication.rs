//! The ways of signing in as the operator, by the names that manifests, arguments and messages give them.

use std::fmt;
use std::str::FromStr;

/// A way of signing in as the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthenticationMethod {
    /// A ready token.
    AccessToken,
    /// An application's secret or certificate, from variables.
    Environment,
    /// An application by a token of an issuer that it trusts.
    WorkloadIdentity,
    /// The identity of the machine or service that this runs on.
    ManagedIdentity,
    AzureCli,
    AzureDeveloperCli,
    AzurePowerShell,
    /// A person with a browser, here or elsewhere.
    DeviceCode,
}

impl AuthenticationMethod {
    /// In the order in which they are tried.
    pub const ALL: [Self; 8] = [
        Self::AccessToken,
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::AzureDeveloperCli,
        Self::AzurePowerShell,
        Self::DeviceCode,
    ];

    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::Environment => "environment",
            Self::WorkloadIdentity => "workloadIdentity",
            Self::ManagedIdentity => "managedIdentity",
            Self::AzureCli => "azureCli",
            Self::AzureDeveloperCli => "azureDeveloperCli",
            Self::AzurePowerShell => "azurePowerShell",
            Self::DeviceCode => "deviceCode",
        }
    }
}

impl fmt::Display for AuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no way of signing in has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no way of signing in: write {}", names())]
pub struct UnknownAuthenticationMethod {
    pub name: String,
}

fn names() -> String {
    let [others @ .., last] = AuthenticationMethod::ALL.map(AuthenticationMethod::as_str);
    format!("{} or {last}", others.join(", "))
}

impl FromStr for AuthenticationMethod {
    type Err = UnknownAuthenticationMethod;

    /// Case, hyphens and underscores do not matter: arguments and variables are often written with them.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
        let wanted = plain(name);
        let found = Self::ALL.into_iter().find(|method| plain(method.as_str()) == wanted);
        found.ok_or_else(|| UnknownAuthenticationMethod { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_read_back_in_any_spelling() {
        for method in AuthenticationMethod::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
        }
        for spelling in ["azure-developer-cli", "AZURE_DEVELOPER_CLI", "AzureDeveloperCLI"] {
            assert_eq!(spelling.parse(), Ok(AuthenticationMethod::AzureDeveloperCli));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let error = "azure".parse::<AuthenticationMethod>().unwrap_err().to_string();
        assert!(error.contains("`azure`") && error.contains("azureCli") && error.ends_with("or deviceCode"), "{error}");
    }
}
