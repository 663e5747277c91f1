//! What is asked of a vault, and of which of its objects: every error begins with it.

use std::fmt;

/// Something that is asked of one object of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    pub deed: Deed,
    /// The vault's address, without a slash at the end.
    pub vault: String,
    pub name: String,
    pub version: Option<String>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    ListVersions,
    ReadCertificate,
    MakeCertificate,
    AwaitCertificate,
    Sign,
    ReadSecret,
    WriteSecret,
}

impl Errand {
    pub(super) fn new(deed: Deed, vault: &str, name: &str, version: Option<&str>) -> Self {
        Self { deed, vault: vault.to_owned(), name: name.to_owned(), version: version.map(str::to_owned) }
    }

    /// The vault's own name, by which `az` knows it.
    pub(super) fn vault_name(&self) -> &str {
        let host = self.vault.split_once("://").map_or(self.vault.as_str(), |(_, host)| host);
        host.split(['.', ':', '/']).next().unwrap_or_default()
    }
}

impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deed, vault, name, version } = self;
        f.write_str(deed.words())?;
        write!(f, " `{vault}/{}/{name}", deed.objects())?;
        if let Some(version) = version {
            write!(f, "/{version}")?;
        }
        f.write_str("`")
    }
}

impl Deed {
    fn words(self) -> &'static str {
        match self {
            Self::ListVersions => "listing the versions of",
            Self::ReadCertificate | Self::ReadSecret => "reading",
            Self::MakeCertificate => "making a version of",
            Self::AwaitCertificate => "waiting for a version of",
            Self::Sign => "signing with",
            Self::WriteSecret => "writing",
        }
    }

    /// The kind of object, as addresses have it.
    pub(super) fn objects(self) -> &'static str {
        match self {
            Self::ListVersions | Self::ReadCertificate | Self::MakeCertificate | Self::AwaitCertificate => {
                "certificates"
            }
            Self::Sign => "keys",
            Self::ReadSecret | Self::WriteSecret => "secrets",
        }
    }
}
