//! What a token service says when it gives no token, and what is known to help.

use std::fmt;

use serde_json::Value as Json;

/// An answer that holds no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// OAuth's word for it, such as `invalid_client`.
    pub(super) error: String,
    /// The numbers behind `AADSTS`.
    pub(super) codes: Vec<u64>,
    message: String,
}

impl Refusal {
    /// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes#handling-error-codes-in-your-application>
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let description = body["error_description"].as_str().unwrap_or_default();
        // What follows lets the service's makers find the request again.
        let description = description.split("Trace ID:").next().unwrap_or_default();
        let description = description.split_whitespace().collect::<Vec<_>>().join(" ");
        let codes = body["error_codes"].as_array().into_iter().flatten().filter_map(Json::as_u64).collect();
        Self {
            status,
            error: body["error"].as_str().unwrap_or_default().to_owned(),
            codes,
            message: description.trim_end_matches('.').to_owned(),
        }
    }

    pub(super) fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// What is known to help, for an application's sign-in.
    pub(super) fn help(&self, tenant: &str) -> Option<String> {
        self.codes.iter().find_map(|code| {
            Some(match code {
                7_000_215 => {
                    "give the secret's value and not its id, and look for a space or line end too much".to_owned()
                }
                7_000_222 => "make a new secret, or use a certificate or federation instead".to_owned(),
                700_027 => "upload the certificate to the application, or give the one that is there".to_owned(),
                700_016 => {
                    format!("look whether the client id is right and the application is in the tenant `{tenant}`")
                }
                90_002 | 900_023 => format!("look whether the manifest's tenant `{tenant}` and its cloud are right"),
                700_211 | 700_212 | 700_213 | 70_021 | 70_025 => {
                    "put exactly these three values into a federated credential of the application".to_owned()
                }
                53_003 => "a Conditional Access policy of the tenant is in the way; its administrators can say which"
                    .to_owned(),
                50_076 | 50_079 | 50_158 => {
                    format!("sign in again with what is asked for: `az login --tenant {tenant}`")
                }
                _ => return None,
            })
        })
    }

    /// Whether no federated credential matches the token that was shown.
    pub(super) fn is_of_federation(&self) -> bool {
        self.codes.iter().any(|code| [700_211, 700_212, 700_213, 70_021, 70_025].contains(code))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message.as_str(), self.error.as_str()) {
            ("", "") => write!(f, "HTTP {} without a reason", self.status),
            ("", error) => write!(f, "HTTP {}: {error}", self.status),
            (message, _) => f.write_str(message),
        }
    }
}
