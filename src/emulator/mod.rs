//! A tenant on this machine for other people's clients: the Entra token service, the part of Microsoft Graph that
//! identity work uses, Exchange's admin endpoint, Key Vault.
//!
//! It is written from the public description of the services and from recorded traffic, imports nothing from the rest
//! of the crate, and is reached only over HTTP. `docs/emulator.md` says what it serves and what it refuses.
//!
//! Reading order: `world` what a tenant holds, `schema` and `tables` what types look like; the services as pure
//! functions: `token`, `graph` with `odata`, `exchange_online`, `vault`, `resource_manager`; `exchange` one request from
//! beginning to end, `http` the ways in; `trouble` how it misbehaves, `control` how a tester tells it to, `seed` how a
//! tenant begins, `storage` where it is kept.

mod certificates;
mod clock;
mod clouds;
mod control;
mod credentials;
mod exchange;
mod exchange_online;
mod failure;
mod graph;
mod http;
mod identifiers;
mod odata;
mod options;
mod refusal;
mod reply;
mod resource_manager;
mod role_permissions;
mod schema;
mod seed;
mod storage;
mod tables;
mod tenant;
mod token;
mod trouble;
mod unsettled;
mod vault;
mod world;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use clock::Clock;
use exchange::Service;
pub use failure::Error;
use http::server::{self, Port};
use http::tls::Authority;
pub use options::{Operator, Options, Seed};
use storage::journal::{Journal, JournalError};
use storage::running::Claim;
pub use storage::running::{Running, running};
use tenant::Tenant;
use trouble::faults::Faults;
pub use trouble::knobs::{Conflicts, Knobs, Latency};
pub use trouble::span::Span;
pub use trouble::throttle::{Limit, Throttle};
pub use unsettled::{AddKeyNames, EndedKeys, Unsettled};
use world::World;
pub use world::lag::Lag;

const AUTHORITY: &str = "~authority";

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    facts: Running,
    authority: Option<String>,
    is_new: bool,
    random_seed: u64,
    service: Arc<Service>,
    ports: Vec<Port>,
    // Last, so that the file is given up after everything else has ended.
    claim: Option<Claim>,
}

/// Starts an emulator: opens or seeds the tenant, and serves it.
pub async fn start(options: Options) -> Result<Emulator, Error> {
    let clock = Clock::new(options.now, options.clock_offset);
    let random_seed = options.random_seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    if let Some(host) = options.hosts.iter().find(|host| !identifiers::is_host(host)) {
        return Err(Error::Host(host.clone()));
    }
    let mut faults = Faults::default();
    if let Some(orders) = &options.faults {
        faults.add(trouble::faults::read(orders).map_err(Error::Faults)?);
    }
    let (claim, mut journal, mut world) = open(options.file.as_ref())?;
    let file_error = |source| Error::File { file: options.file.clone().unwrap_or_default(), source };
    // Without a tenant of its own a file was left by a process that did not get to the end of seeding.
    let is_new = world.tenant().is_none();
    if is_new {
        world = new_world(&options, &clock, random_seed)?;
        if let Some(journal) = &mut journal {
            journal.rewrite(&world).map_err(file_error)?;
        }
    } else {
        check_tenant(&options, &world)?;
    }
    let mut tenant = Tenant::new(world, journal);
    let knobs = Knobs { page_size: options.page_size.max(1), ..options.knobs.clone() };
    tenant.trouble(knobs, faults, random_seed);
    if let Some(path) = &options.log {
        let failed = |source| Error::Other { what: "log", file: path.clone(), source };
        let mut file = storage::files::open_private(path).map_err(failed)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(failed)?;
        tenant.record.write_to(file);
    }
    let bind = |address| server::bind(address).map_err(|source| Error::Bind { address, source });
    let (http, http_address) = bind(options.http)?;
    let mut tls_port = None;
    let mut facts = facts(&tenant.world, format!("http://{}", reachable(http_address)));
    let mut ports = vec![(http, None)];
    let mut authority = None;
    if let Some(address) = options.https {
        let (https, address) = bind(address)?;
        let stored = tenant.world.tenant().and_then(|tenant| tenant.get(AUTHORITY));
        let own = if let Some(own) = stored.and_then(Authority::read) {
            own
        } else {
            let own = Authority::generate().map_err(Error::Certificate)?;
            tenant.remember(vec![(AUTHORITY, own.store())]).map_err(file_error)?;
            own
        };
        let identity = own.issue(&options.hosts).map_err(Error::Certificate)?;
        tls_port = Some(address.port());
        facts.https_url = Some(format!("https://localhost:{}", address.port()));
        authority = Some(own.certificate);
        ports.push((https, Some(identity)));
    }
    let service = Arc::new(Service {
        tenant: Mutex::new(tenant),
        clock,
        urls: std::iter::once(facts.url.clone()).chain(facts.https_url.clone()).collect(),
    });
    let mut emulator = Emulator { facts, authority, is_new, random_seed, service, ports: Vec::new(), claim: None };
    for (listener, identity) in ports {
        let address = if identity.is_some() { options.https.unwrap_or(options.http) } else { options.http };
        let port = server::open(Arc::clone(&emulator.service), listener, identity, tls_port)
            .await
            .map_err(|source| Error::Bind { address, source })?;
        emulator.ports.push(port);
    }
    if let Some(claim) = claim.as_ref().filter(|_| options.announce) {
        claim.announce(&emulator.facts).map_err(file_error)?;
    }
    emulator.claim = claim;
    Ok(emulator)
}

/// An address that a client on this machine can use.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

fn new_world(options: &Options, clock: &Clock, random_seed: u64) -> Result<World, Error> {
    let now = clock.now();
    if let Some(operator) = &options.operator {
        if !identifiers::is_guid(&operator.client_id) {
            return Err(Error::Operator(format!("`{}` is no client id: it must be a GUID", operator.client_id)));
        }
        if operator.client_secret.is_empty() {
            return Err(Error::Operator("the operator's secret is empty".to_owned()));
        }
    }
    if !identifiers::is_domain(&options.domain) {
        return Err(Error::Domain(options.domain.clone()));
    }
    let tenant_id = match &options.tenant_id {
        Some(id) if !identifiers::is_guid(id) => return Err(Error::TenantId(id.clone())),
        Some(id) => id.to_lowercase(),
        None => identifiers::guid(),
    };
    let usual = |operator| seed::tenant(&tenant_id, &options.domain, now, operator);
    let mut world = World::default();
    match &options.seed {
        Some(Seed::File(path)) => {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Other {
                what: "seed file",
                file: path.clone(),
                source,
            })?;
            let usual = usual(options.operator.as_ref());
            world = seed::file::read(&text, usual, now, options).map_err(|problems| {
                Error::Seed(problems.into_iter().map(|problem| format!("{}: {problem}", path.display())).collect())
            })?;
        }
        Some(Seed::Applications(count)) => {
            world.apply(usual(options.operator.as_ref()));
            seed::estate::plant(&mut world, *count, now, random_seed).map_err(|problem| Error::Seed(vec![problem]))?;
        }
        None => world.apply(usual(options.operator.as_ref())),
    }
    Ok(world)
}

/// A tenant that is there already has its own id and operator.
fn check_tenant(options: &Options, world: &World) -> Result<(), Error> {
    if options.tenant_id.as_ref().is_some_and(|asked| !asked.eq_ignore_ascii_case(world.tenant_id())) {
        return Err(Error::OtherTenant(world.tenant_id().to_owned()));
    }
    let Some(asked) = &options.operator else { return Ok(()) };
    let own = facts(world, String::new()).operator;
    if own.client_id.eq_ignore_ascii_case(&asked.client_id) && own.client_secret == asked.client_secret {
        return Ok(());
    }
    Err(Error::Operator("the tenant is there already, with another operator than the one asked for".to_owned()))
}

type Opened = (Option<Claim>, Option<Journal>, World);

fn open(file: Option<&PathBuf>) -> Result<Opened, Error> {
    let Some(file) = file else {
        return Ok((None, None, World::default()));
    };
    let failed = |source| Error::File { file: file.clone(), source };
    let file = &storage::running::real_path(file).map_err(failed)?;
    let claim = storage::running::claim(file).map_err(failed)?.ok_or_else(|| Error::InUse(file.clone()))?;
    let (journal, world) = Journal::open(file).map_err(|error| match error {
        JournalError::Damaged { line } => Error::Damaged { file: file.clone(), line },
        JournalError::Io(source) => failed(source),
    })?;
    Ok((Some(claim), Some(journal), world))
}

fn facts(world: &World, url: String) -> Running {
    let operator = world.tenant().and_then(|tenant| tenant.get("~operator"));
    let text =
        |name: &str| operator.and_then(|operator| operator[name].as_str()).map_or_else(String::new, str::to_owned);
    Running {
        url,
        https_url: None,
        tenant_id: world.tenant_id().to_owned(),
        domain: world.domain().to_owned(),
        operator: Operator { client_id: text("clientId"), client_secret: text("clientSecret") },
    }
}

impl Emulator {
    /// `http://127.0.0.1:49152`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.facts.url
    }

    /// `https://localhost:49153`, when TLS was asked for.
    pub fn https_url(&self) -> Option<&str> {
        self.facts.https_url.as_deref()
    }

    /// The certificate of the authority behind `https_url`, for clients to trust.
    pub fn certificate_authority_pem(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> &str {
        &self.facts.tenant_id
    }

    /// The tenant's initial domain.
    pub fn domain(&self) -> &str {
        &self.facts.domain
    }

    /// The application that is there from the start.
    pub fn operator(&self) -> &Operator {
        &self.facts.operator
    }

    /// Whether the tenant was made by this start.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Where random choices began.
    pub fn random_seed(&self) -> u64 {
        self.random_seed
    }

    /// Stops serving: open requests are finished first.
    pub async fn stop(mut self) {
        for port in std::mem::take(&mut self.ports) {
            port.close().await;
        }
    }

    /// Resolves when the server ends by itself.
    pub async fn stopped(&mut self) {
        for port in &mut self.ports {
            port.closed().await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        for port in &self.ports {
            port.abort();
        }
        self.service.tenant().close();
    }
}
