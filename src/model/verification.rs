//! What came of proving that applications can do what they are declared for: every check a value, every cause typed.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Denial, Thumbprint};

/// What an app-only access token says. Such tokens are opaque by contract: any part of this may be missing.
/// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `aud`: the API that it is for, by its address or appId.
    pub audience: Option<String>,
    /// `tid`
    pub tenant: Option<String>,
    /// `appid`, or `azp` in tokens of the second version.
    pub app_id: Option<String>,
    /// `oid`: the object id of the service principal.
    pub object_id: Option<String>,
    /// `appidacr` or `azpacr`: `2` is a certificate, `1` a secret.
    pub credential: Option<String>,
    /// `idtyp`: `app` where an application acts for itself.
    pub identity_type: Option<String>,
    /// `roles`: the application permissions.
    pub permissions: Vec<String>,
    /// `wids`: template ids of directory roles for the whole tenant.
    pub directory_roles: Vec<String>,
    /// `exp`
    pub expires: Option<Timestamp>,
}

/// What came of it, application by application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    pub tenant_id: String,
    /// The initial domain.
    pub organization: String,
    pub applications: Vec<VerifiedApplication>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedApplication {
    pub handle: String,
    pub display_name: String,
    /// None where the tenant has no such application.
    pub app_id: Option<String>,
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The API that it is about, by its display name. None: the application itself.
    pub api: Option<String>,
    pub subject: Subject,
    pub outcome: Outcome,
    /// What is worth knowing and fails nothing.
    pub notes: Vec<String>,
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "check", content = "name", rename_all = "camelCase")]
pub enum Subject {
    /// The application and its service principal are there and may sign in.
    Application,
    /// A declared certificate, by its name: it signs in.
    Certificate(String),
    /// A new token for the API.
    Token,
    /// Who the token says it is for and of.
    Claims,
    /// The declared application permissions are in the token.
    Permissions,
    /// The declared directory roles are in the token.
    DirectoryRoles,
    /// The declared roles and role groups of Exchange's own are given to it.
    ExchangeRoles,
    /// Exchange's list of the cmdlets that the application may run.
    Cmdlets,
    /// A cmdlet that was run, by its name.
    Cmdlet(String),
    /// A request that reads, by its method and path.
    Read(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("application"),
            Self::Certificate(name) => write!(f, "certificate {name}"),
            Self::Token => f.write_str("token"),
            Self::Claims => f.write_str("claims"),
            Self::Permissions => f.write_str("permissions"),
            Self::DirectoryRoles => f.write_str("directory roles"),
            Self::ExchangeRoles => f.write_str("Exchange's own roles"),
            Self::Cmdlets => f.write_str("cmdlets"),
            Self::Cmdlet(name) | Self::Read(name) => f.write_str(name),
        }
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed {
        /// In a few words.
        evidence: String,
    },
    Failed {
        cause: Cause,
        /// What to do.
        hint: Option<String>,
    },
    /// It failed in a way that may only mean that what was written a short while ago is not known everywhere yet.
    Waiting {
        cause: Cause,
        hint: Option<String>,
    },
    Skipped {
        because: String,
    },
}

impl Outcome {
    /// As JSON spells it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Failed { .. } => "failed",
            Self::Waiting { .. } => "waiting",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// What went wrong, final or not.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Failed { cause, hint: _ } | Self::Waiting { cause, hint: _ } => Some(cause),
            Self::Passed { .. } | Self::Skipped { .. } => None,
        }
    }
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Cause {
    /// The tenant has no application of this handle.
    NoApplication,
    /// The application has no service principal in the tenant.
    NoServicePrincipal,
    /// Its service principal has `accountEnabled` as false.
    Disabled,
    /// Nothing was made for the declared certificate yet.
    NoCertificate,
    /// The certificate is in its store, and not on the application.
    NotUploaded {
        thumbprint: Thumbprint,
    },
    /// The certificate is on the application, and its private key is not in its store.
    KeyAbsent {
        thumbprint: Thumbprint,
    },
    /// The store could not be read, or did not sign.
    Store {
        message: String,
    },
    Ended {
        thumbprint: Thumbprint,
        end: Timestamp,
    },
    NotYetValid {
        thumbprint: Thumbprint,
        start: Timestamp,
    },
    /// The token service gave no token; `codes` are the numbers behind `AADSTS`.
    TokenRefused {
        status: u16,
        codes: Vec<u64>,
        message: String,
    },
    /// No answer came, or none that could be read.
    NoAnswer {
        message: String,
    },
    /// The manifest declares a permission that this tenant does not offer.
    NotOffered {
        message: String,
    },
    /// The token is not what the manifest asks for.
    Claims {
        mismatches: Vec<Mismatch>,
    },
    /// Declared permissions that are not in the token.
    MissingPermissions {
        missing: Vec<String>,
        /// Those of them that Graph shows as granted all the same: the token service may not know yet.
        granted: Vec<String>,
    },
    /// Declared directory roles that are not in the token.
    MissingDirectoryRoles {
        missing: Vec<String>,
        /// Those of them that Graph shows as assigned all the same.
        assigned: Vec<String>,
    },
    /// Declared roles and role groups of Exchange's own that it was not given.
    MissingExchangeRoles {
        missing: Vec<String>,
    },
    /// Exchange or Security & Compliance refused a request.
    ExchangeRefused {
        cmdlet: String,
        status: u16,
        message: String,
        request_id: String,
        /// `None` where it is no denial in Exchange's own form.
        denial: Option<Denial>,
    },
    /// The application may run no cmdlet.
    NoCmdlets,
    /// Its roles do not hold this cmdlet.
    CmdletNotHeld {
        cmdlet: String,
        nearest: Vec<String>,
    },
    /// Exchange answered for another organization than the tenant's, or did not say for which.
    OtherOrganization {
        wanted: String,
        found: String,
    },
    /// A cmdlet gave no rows that should give some.
    NoRows {
        cmdlet: String,
    },
    GraphRefused {
        path: String,
        status: u16,
        code: String,
        message: String,
        request_id: String,
    },
}

/// A claim that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mismatch {
    /// As the token spells it.
    pub claim: &'static str,
    pub wanted: String,
    pub found: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claim, wanted, found } = self;
        match found {
            Some(found) => write!(f, "`{claim}` is {found} and not {wanted}"),
            None => write!(f, "`{claim}` is not there, and should be {wanted}"),
        }
    }
}

impl Cause {
    /// Whether it may pass by itself where something was written a short while ago. `just_made` says that everything that is
    /// declared was there a moment ago, because this run wrote it or saw it.
    pub fn may_be_propagation(&self, just_made: bool) -> bool {
        match self {
            Self::NoApplication
            | Self::NoServicePrincipal
            | Self::NotUploaded { .. }
            | Self::MissingExchangeRoles { .. } => just_made,
            Self::NoCmdlets => true,
            // The application, its service principal, its certificate.
            Self::TokenRefused { codes, .. } => codes.iter().any(|code| [700_016, 7_000_229, 700_027].contains(code)),
            // What Graph does not show is not on its way.
            Self::MissingPermissions { missing, granted } => missing.len() == granted.len(),
            Self::MissingDirectoryRoles { missing, assigned } => missing.len() == assigned.len(),
            Self::ExchangeRefused { denial, .. } => denial.is_some(),
            Self::GraphRefused { status, .. } => matches!(status, 401 | 403),
            Self::Disabled
            | Self::NoCertificate
            | Self::KeyAbsent { .. }
            | Self::Store { .. }
            | Self::Ended { .. }
            | Self::NotYetValid { .. }
            | Self::NoAnswer { .. }
            | Self::NotOffered { .. }
            // Some role is known already; a wrong name would be waited for in vain.
            | Self::CmdletNotHeld { .. }
            | Self::Claims { .. }
            | Self::OtherOrganization { .. }
            | Self::NoRows { .. } => false,
        }
    }
}

impl Cause {
    /// The certificate that it is about.
    pub fn thumbprint(&self) -> Option<&Thumbprint> {
        match self {
            Self::NotUploaded { thumbprint }
            | Self::KeyAbsent { thumbprint }
            | Self::Ended { thumbprint, .. }
            | Self::NotYetValid { thumbprint, .. } => Some(thumbprint),
            _ => None,
        }
    }

    /// Whether it is what a token gets that lacks a permission or a role.
    pub fn is_denial(&self) -> bool {
        matches!(
            self,
            Self::NoCmdlets
                | Self::ExchangeRefused { denial: Some(_), .. }
                | Self::GraphRefused { status: 401 | 403, .. }
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |instant: &Timestamp| instant.strftime("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::NoApplication => f.write_str("the tenant has no such application"),
            Self::NoServicePrincipal => f.write_str("the application has no service principal in this tenant"),
            Self::Disabled => f.write_str("its service principal is disabled (`accountEnabled` is false)"),
            Self::NoCertificate => f.write_str("none was made yet, and none is on the application"),
            Self::NotUploaded { thumbprint } => write!(f, "{thumbprint} is in its store and not on the application"),
            Self::KeyAbsent { thumbprint } => {
                write!(f, "{thumbprint} is on the application, and its private key is not in its store")
            }
            Self::Store { message } | Self::NoAnswer { message } | Self::NotOffered { message } => f.write_str(message),
            Self::Ended { thumbprint, end } => write!(f, "{thumbprint} has ended, on {}", day(end)),
            Self::NotYetValid { thumbprint, start } => write!(f, "{thumbprint} begins on {}", day(start)),
            Self::TokenRefused { status, message, codes: _ } => write!(f, "{message} (HTTP {status})"),
            Self::Claims { mismatches } => {
                let all: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
                f.write_str(&all.join("; "))
            }
            Self::MissingPermissions { missing, granted } => missing_in_token(f, missing, granted, "granted"),
            Self::MissingDirectoryRoles { missing, assigned } => missing_in_token(f, missing, assigned, "assigned"),
            Self::ExchangeRefused { status, message, request_id, cmdlet: _, denial: _ } => {
                write!(f, "{message} (HTTP {status}, client-request-id {request_id})")
            }
            Self::MissingExchangeRoles { missing } => write!(f, "it was not given {}", missing.join(", ")),
            Self::NoCmdlets => f.write_str("it may run no cmdlet at all"),
            Self::CmdletNotHeld { cmdlet, nearest: _ } => write!(f, "its roles do not hold `{cmdlet}`"),
            Self::OtherOrganization { wanted, found } if found.is_empty() => {
                write!(f, "it does not say which organization it is, and should be {wanted}")
            }
            Self::OtherOrganization { wanted, found } => write!(f, "the organization is {found} and not {wanted}"),
            Self::NoRows { cmdlet } => write!(f, "`{cmdlet}` gave nothing"),
            Self::GraphRefused { status, code, message, request_id, path: _ } => {
                write!(f, "{code}: {message} (HTTP {status}, request-id {request_id})")
            }
        }
    }
}

/// What the token lacks, and what Graph says of it.
fn missing_in_token(f: &mut fmt::Formatter<'_>, missing: &[String], known: &[String], participle: &str) -> fmt::Result {
    write!(f, "the token lacks {}", missing.join(", "))?;
    let open: Vec<&str> = missing.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    match (open.is_empty(), known.is_empty()) {
        (true, _) => write!(f, ", though {participle}"),
        (false, true) => write!(f, ": not {participle}"),
        (false, false) => write!(f, ": {} not {participle}", open.join(", ")),
    }
}

/// How many checks came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub waiting: usize,
    pub skipped: usize,
}

impl Tally {
    pub fn of<'c>(checks: impl IntoIterator<Item = &'c Check>) -> Self {
        let mut tally = Self::default();
        for check in checks {
            match check.outcome {
                Outcome::Passed { .. } => tally.passed += 1,
                Outcome::Failed { .. } => tally.failed += 1,
                Outcome::Waiting { .. } => tally.waiting += 1,
                Outcome::Skipped { .. } => tally.skipped += 1,
            }
        }
        tally
    }

    /// Whether nothing failed and nothing is waited for.
    pub fn is_good(self) -> bool {
        self.failed == 0 && self.waiting == 0
    }
}

impl Verification {
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.applications.iter().flat_map(|application| &application.checks)
    }

    pub fn tally(&self) -> Tally {
        Tally::of(self.checks())
    }
}
