//! From arguments to services that one is signed in to: which cloud, by which way, as whom. Real tenants and those on this
//! machine are reached alike, by the addresses of their cloud; to an emulator these are only led another way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::clouds;
use crate::emulator::{self, Emulator};
use crate::exchange;
use crate::graph::Client;
use crate::handover::CloudAddresses;
use crate::identity::{CertificateSignIn, Clock};
use crate::keys::Vaults;
use crate::model::{Cloud, Desired, Operator};
use crate::patience::{Patience, shown};
use crate::transport::{Authority, Confined, Detour, Http, TokenSource, Transport};

use super::console::{Console, environment};
use super::custom_cloud::{self, CustomCloud};
use super::failure::Failure;
use super::operator::{self, Place, SignIn};
use super::{Limits, Service};

/// The login host of the cloud that credentials in the environment are for.
const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
/// A bundle of certificate authorities, as OpenSSL names it.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// A tenant that one is signed in to.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Who signed in.
    pub(super) operator: Operator,
    /// How, as the end of "signed in …".
    pub(super) method: String,
    /// Signs in as applications of the estate.
    pub(super) sign_in: CertificateSignIn,
    pub(super) vaults: Vaults,
    pub(super) exchange: exchange::Service,
    /// None in a custom cloud whose file does not say where it is.
    pub(super) security_and_compliance: Option<exchange::Service>,
    /// Gives the operator's tokens for a resource, such as `https://outlook.office365.com`.
    pub(super) token: Arc<dyn Fn(&str) -> TokenSource + Send + Sync>,
    /// Of the services of a custom cloud.
    pub(super) addresses: Option<CloudAddresses>,
    /// Serves the tenant as long as the session lives, where it is an embedded one.
    _emulator: Option<Emulator>,
}

/// The addresses of a cloud's services.
struct Services {
    /// With the scheme, as all of these.
    login: String,
    graph: String,
    exchange: String,
    security_and_compliance: Option<String>,
    /// What tokens for vaults are for; vaults are hosts below it.
    key_vault: String,
}

impl Services {
    fn of(cloud: Cloud, custom: Option<&CustomCloud>) -> Self {
        if let Some(custom) = custom {
            let CustomCloud { login, graph, exchange, security_and_compliance, key_vault, certificate_authorities: _ } =
                custom.clone();
            let key_vault = format!("https://{key_vault}");
            return Self { login, graph, exchange, security_and_compliance, key_vault };
        }
        let facts = clouds::facts(cloud);
        let https = |host: &str| format!("https://{host}");
        Self {
            login: https(facts.login_host),
            graph: https(facts.graph_host),
            exchange: https(facts.exchange_host),
            security_and_compliance: Some(https(facts.security_and_compliance_host)),
            key_vault: https(facts.key_vault_suffix),
        }
    }
}

/// A tenant that one can sign in to.
struct Tenant {
    /// By its id or a domain.
    name: String,
    place: Place,
    emulator: Option<Emulator>,
    /// Where it is served on this machine.
    url: Option<String>,
}

pub(super) async fn connect(
    console: &Console,
    service: Service,
    desired: &Desired,
    now: Option<Timestamp>,
    directory: &Path,
    patience: Patience,
    limits: Limits,
) -> Result<Connection, Failure> {
    let custom = custom_cloud::load(desired.cloud, service.cloud_file.as_deref())?;
    let Services { login, graph, exchange, security_and_compliance, key_vault } =
        Services::of(desired.cloud, custom.as_ref());
    let Tenant { name: tenant, place, emulator, url } =
        find_tenant(service.emulator, &desired.tenant, now, directory).await?;
    if url.is_none() {
        check_authority(&login)?;
    }
    let is_embedded = matches!(place, Place::Embedded { .. });
    // Nothing of an embedded tenant leaves this machine; to set up each way out takes milliseconds. What is wrong with the
    // authorities is said of the file that names them, so that comes first.
    let internet = if is_embedded { None } else { Some(internet(custom.as_ref())?) };
    let machine = Http::of_this_machine().map_err(|error| Failure::new("HTTP could not be set up", error))?;
    let machine: Arc<dyn Transport> = Arc::new(machine);
    let internet = internet.unwrap_or_else(|| Arc::clone(&machine));
    let transport: Arc<dyn Transport> = match &url {
        // What stays on this machine has no business in a proxy.
        Some(url) if url.starts_with("http://") => Arc::new(Detour::new(Arc::clone(&machine), url)),
        Some(url) => Arc::new(Detour::new(Arc::clone(&internet), url)),
        None => Arc::clone(&internet),
    };
    // A token goes only where it is meant to go, whatever an answer or a manifest says.
    let only = |hosts: &[&str]| -> Arc<dyn Transport> { Arc::new(Confined::new(Arc::clone(&transport), hosts)) };
    // A real token service goes by its own clock, whatever instant a plan is reckoned for.
    let now = if matches!(place, Place::Real) { None } else { now };
    let clock: Clock = Arc::new(move || super::now(now));
    let to = SignIn {
        authority: &login,
        tenant: &tenant,
        graph: &graph,
        token_service: only(&[&login]),
        internet,
        machine,
        clock: Arc::clone(&clock),
        place,
    };
    let signing_in = operator::sign_in(console, service.authentication, desired.authentication, to);
    let operator = patience.attend("nobody is signed in yet", signing_in).await.map_err(|_| {
        Failure::message(format!("nobody was signed in within {}", shown(limits.timeout)))
            .hint("give it more time with `--timeout`, or name the way to sign in with `--auth`")
    })??;
    let operator = Arc::new(operator);
    let holder = operator.holder().clone();
    let method = if is_embedded { "as the embedded tenant's own operator".to_owned() } else { operator.description() };
    // Regions of Exchange are told apart by a label before its host.
    let cmdlets =
        |resource: &str| exchange::Service::new(only(&[resource, &below(resource)]), resource, patience.clone());
    let token = move |resource: &str| -> TokenSource {
        let (operator, resource) = (Arc::clone(&operator), resource.to_owned());
        Arc::new(move || {
            let (operator, resource) = (Arc::clone(&operator), resource.clone());
            Box::pin(async move { operator.token(&resource).await.map_err(Into::into) })
        })
    };
    let mut client = Client::new(only(&[&graph]), token(&graph), &graph, patience.clone());
    if let Some(requests) = limits.requests_per_second {
        client = client.at_most(requests);
    }
    Ok(Connection {
        client,
        operator: holder,
        method,
        vaults: Vaults::new(only(&[&below(&key_vault)]), token(&key_vault)),
        exchange: cmdlets(&exchange),
        security_and_compliance: security_and_compliance.as_deref().map(cmdlets),
        token: Arc::new(token),
        sign_in: CertificateSignIn {
            transport: only(&[&login]),
            authority: login,
            tenant,
            resource: graph,
            clock,
            patience,
        },
        addresses: custom.map(|custom| CloudAddresses {
            login: custom.login,
            graph: custom.graph,
            exchange: custom.exchange,
            security_and_compliance: custom.security_and_compliance,
        }),
        _emulator: emulator,
    })
}

/// The hosts one label below the one of an address.
fn below(address: &str) -> String {
    format!("*.{}", address.trim_start_matches("https://"))
}

/// That the manifests mean the cloud that the environment names, where it names one: its credentials go there.
fn check_authority(login: &str) -> Result<(), Failure> {
    let host = |address: &str| address.trim_start_matches("https://").trim_end_matches('/').to_ascii_lowercase();
    match environment(AUTHORITY_HOST).filter(|named| !named.is_empty()) {
        Some(named) if host(&named) != host(login) => Err(Failure::message(format!(
            "the manifests' cloud signs in at {login}, and `{AUTHORITY_HOST}` says {named}: nothing was sent to either"
        ))
        .hint("check `cloud:` in the manifests, then the variable")),
        Some(_) | None => Ok(()),
    }
}

/// The way out of this machine.
pub(super) fn internet(custom: Option<&CustomCloud>) -> Result<Arc<dyn Transport>, Failure> {
    let mut authorities = Vec::new();
    let files = custom.and_then(|custom| custom.certificate_authorities.clone()).into_iter();
    for file in files.chain(environment(AUTHORITIES).filter(|file| !file.is_empty()).map(PathBuf::from)) {
        let what = format!("the certificate authorities in `{}` could not be read", file.display());
        match std::fs::read(&file).map(|bundle| Authority::read(&bundle)) {
            Ok(Ok(read)) => authorities.extend(read),
            Ok(Err(error)) => return Err(Failure::new(what, error)),
            Err(error) => return Err(Failure::new(what, error)),
        }
    }
    let http = Http::new(&authorities).map_err(|error| Failure::new("HTTPS could not be set up", error).hint(
        "where the machine has no certificate authorities, as in an empty container, name a bundle of them in `SSL_CERT_FILE`",
    ))?;
    Ok(Arc::new(http))
}

async fn find_tenant(
    emulator: Option<String>,
    tenant: &str,
    now: Option<Timestamp>,
    directory: &Path,
) -> Result<Tenant, Failure> {
    match emulator {
        Some(url) if url.is_empty() => embedded(tenant, now, directory).await,
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            Err(Failure::message(format!("`--emulator={url}` is no address"))
                .hint("write it as `--emulator=http://127.0.0.1:PORT`, or `--emulator` alone for an embedded tenant"))
        }
        Some(url) => {
            let place = Place::Emulator { url: url.clone() };
            Ok(Tenant { name: tenant.to_owned(), place, emulator: None, url: Some(url) })
        }
        None => Ok(Tenant { name: tenant.to_owned(), place: Place::Real, emulator: None, url: None }),
    }
}

/// The tenant that is kept below the working directory, under whichever of its names the manifest calls it.
async fn embedded(tenant: &str, now: Option<Timestamp>, directory: &Path) -> Result<Tenant, Failure> {
    let file = emulator_file(directory, tenant);
    let known = |url: String, name: String, operator: emulator::Operator, emulator| Tenant {
        name,
        place: Place::Embedded { client_id: operator.client_id, client_secret: operator.client_secret },
        emulator,
        url: Some(url),
    };
    if let Some(running) = emulator::running(&file) {
        return Ok(known(running.url, running.tenant_id, running.operator, None));
    }
    keep_out_of_git(directory)?;
    let mut options = emulator::Options::new(initial_domain(tenant));
    options.tenant_id = uuid::Uuid::try_parse(tenant).ok().map(|id| id.to_string());
    options.file = Some(file);
    options.now = now;
    // It lives only as long as this command: others must not connect to it.
    options.announce = false;
    let emulator = emulator::start(options)
        .await
        .map_err(|error| Failure::new("the embedded tenant could not be started", error))?;
    let (url, name, operator) =
        (emulator.url().to_owned(), emulator.tenant_id().to_owned(), emulator.operator().clone());
    Ok(known(url, name, operator, Some(emulator)))
}

/// The embedded tenant holds secrets of its own making; they are nobody's, and still have no place in a repository.
fn keep_out_of_git(directory: &Path) -> Result<(), Failure> {
    let directory = directory.join(".accredit");
    let failed = |error| Failure::new(format!("`{}` could not be made", directory.display()), error);
    std::fs::create_dir_all(&directory).map_err(failed)?;
    let ignore = directory.join(".gitignore");
    if ignore.exists() { Ok(()) } else { std::fs::write(ignore, "*\n").map_err(failed) }
}

/// Where the embedded tenant of that name is kept.
pub(super) fn emulator_file(directory: &Path, tenant: &str) -> PathBuf {
    directory.join(".accredit").join("emulator").join(format!("{}.json", tenant.to_lowercase()))
}

/// The initial domain of an embedded tenant that a manifest calls `tenant`, by its id or one of its domains.
fn initial_domain(tenant: &str) -> String {
    let tenant = tenant.to_lowercase();
    if uuid::Uuid::try_parse(&tenant).is_ok() {
        return "contoso.onmicrosoft.com".to_owned();
    }
    if tenant.ends_with(".onmicrosoft.com") {
        return tenant;
    }
    format!("{}.onmicrosoft.com", tenant.split('.').next().unwrap_or_default())
}
