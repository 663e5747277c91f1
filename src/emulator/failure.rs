//! Why an emulator did not start.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the tenant.
    #[error(
        "the tenant in `{}` is already served by another emulator; several commands can share a tenant through \
         `accredit emulate`",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file cannot be read or written.
    #[error("cannot use the tenant file `{}`", file.display())]
    File {
        /// The tenant file.
        file: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A file other than the tenant's cannot be read or written.
    #[error("cannot use the {what} `{}`", file.display())]
    Other {
        /// What the file is for.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The domain is no DNS name.
    #[error("`{0}` is no domain such as contoso.onmicrosoft.com")]
    Domain(String),
    /// A certificate cannot be for this.
    #[error("`{0}` is no DNS name or address that a certificate can be for")]
    Host(String),
    /// The tenant is there already, with another id.
    #[error("the tenant is there already, with the id {0} and not the one asked for")]
    OtherTenant(String),
    /// The file is not what an emulator wrote.
    #[error(
        "the tenant file `{}` is damaged at line {line}, or something else than this version of the emulator wrote it; \
         it was not changed. Move it away, or name another one with `--file`",
        file.display()
    )]
    Damaged {
        /// The tenant file.
        file: PathBuf,
        /// The first line that is no journal entry, counted from one.
        line: usize,
    },
    /// The port is taken or not allowed.
    #[error("cannot serve on {address}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The tenant id is no GUID.
    #[error("`{0}` is not a tenant id: it must be a GUID")]
    TenantId(String),
    /// The certificate for localhost could not be made.
    #[error("cannot make a certificate for localhost")]
    Certificate(#[source] rcgen::Error),
    /// What the tenant is to hold is not right.
    #[error("the seed cannot be used:\n{}", .0.join("\n"))]
    Seed(Vec<String>),
    /// The faults are not right.
    #[error("the faults cannot be used: {0}")]
    Faults(String),
    /// The operator is not right, or the tenant has another one.
    #[error("{0}")]
    Operator(String),
}
