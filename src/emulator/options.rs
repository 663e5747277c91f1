//! How to run an emulator.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::trouble::knobs::Knobs;

/// How to run an emulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the tenant is kept; without it, in memory only.
    pub file: Option<PathBuf>,
    /// The initial domain of a new tenant.
    pub domain: String,
    /// The id of a new tenant; random without it.
    pub tenant_id: Option<String>,
    /// The address to serve on; port 0 is a free port.
    pub http: SocketAddr,
    /// The address to serve on with TLS, by an authority of the tenant's own.
    pub https: Option<SocketAddr>,
    /// Where the clock starts; at the wall clock without it.
    pub now: Option<Timestamp>,
    /// How far the clock is ahead of that, or behind.
    pub clock_offset: SignedDuration,
    /// How many objects a page holds when the client does not say.
    pub page_size: usize,
    /// How the emulator misbehaves from the start; `page_size` is the one above.
    pub knobs: Knobs,
    /// The faults that are in force from the start: a list as `POST /_emulator/faults` takes it.
    pub faults: Option<Value>,
    /// Where random choices begin; somewhere without it.
    pub random_seed: Option<u64>,
    /// What a new tenant holds.
    pub seed: Option<Seed>,
    /// The operator of a new tenant; made up without it.
    pub operator: Option<Operator>,
    /// Further DNS names and addresses that the TLS certificate is for.
    pub hosts: Vec<String>,
    /// A file that gets a line of JSON for every request.
    pub log: Option<PathBuf>,
    /// Whether `<file>.running` tells others where to connect. Not for an emulator that ends with one command.
    pub announce: bool,
}

impl Options {
    /// A tenant in memory, on a free port of the loopback address, without TLS.
    pub fn new(domain: impl Into<String>) -> Self {
        Self {
            file: None,
            domain: domain.into(),
            tenant_id: None,
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            https: None,
            now: None,
            clock_offset: SignedDuration::ZERO,
            page_size: 100,
            knobs: Knobs::default(),
            faults: None,
            random_seed: None,
            seed: None,
            operator: None,
            hosts: Vec::new(),
            log: None,
            announce: true,
        }
    }
}

/// What a new tenant holds besides the usual.
#[derive(Debug, Clone)]
pub enum Seed {
    /// What a file says.
    File(PathBuf),
    /// So many finished applications.
    Applications(usize),
}

/// The application that is there from the start and may manage the tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
}

impl fmt::Debug for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Operator")
            .field("client_id", &self.client_id)
            .field("client_secret", &"[secret elided]")
            .finish()
    }
}
