//! From arguments to a tenant one can read: the manifests, the sign-in, the snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::exchange::AdminEndpoint;
use crate::fetch::{FetchError, Sources, fetch};
use crate::graph::{Reader, Writer};
use crate::handover::CloudAddresses;
use crate::identity::CertificateSignIn;
use crate::keys::{KeyStore, Openers, Vaults};
use crate::kinds::Intent;
use crate::manifest;
use crate::model::{CertificateSource, Cloud, Desired, Operator, Plan, Severity, Snapshot, UnreadableStore};
use crate::patience::Patience;
use crate::verify;

use super::connection::{Connection, connect};
use super::console::Console;
use super::failure::{Failure, causes};
use super::{Target, manifests, now, secrets};

/// How far the clocks of a run and of the tenant may be apart: what Entra grants to clients too.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Everything a command works with.
pub(super) struct Session {
    pub(super) desired: Desired,
    sources: manifest::Sources,
    connection: Connection,
    /// The places of the declared certificates, by handle and name.
    pub(super) stores: BTreeMap<(String, String), KeyStore>,
    /// What the plan is reckoned for.
    pub(super) now: Timestamp,
    /// When it was opened, by the clock of this machine or as it was ordered.
    opened: Timestamp,
    only: Vec<String>,
    /// Manifests of the same estate that lie beside the given ones and were not given: what the estate has and the given
    /// ones do not declare may be declared there.
    left_out: Vec<PathBuf>,
    is_embedded: bool,
}

/// Somebody who is signed in, with no plan in mind.
pub(super) struct SignedIn {
    connection: Connection,
    cloud: Cloud,
}

impl SignedIn {
    /// Signs in to the tenant that the manifests name, and looks at nothing else that they say.
    pub(super) async fn open(console: &Console, target: Target) -> Result<Self, Failure> {
        let Target { paths, service, only: _, now, limits } = target;
        let directory = manifests::working_directory()?;
        let (desired, _) = manifests::load(console, &paths, &directory)?;
        let patience = console.patience(limits.timeout, Patience::PROPAGATION_TIMEOUT);
        let connection = connect(console, service, &desired, now, &directory, patience, limits).await?;
        Ok(Self { connection, cloud: desired.cloud })
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::new(self.connection.client.clone())
    }

    pub(super) fn operator(&self) -> &Operator {
        &self.connection.operator
    }

    pub(super) fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// How it signed in, as the end of "signed in …".
    pub(super) fn method(&self) -> &str {
        &self.connection.method
    }
}

impl Session {
    /// Loads the manifests and signs in.
    pub(super) async fn open(
        console: &Console,
        target: Target,
        propagation_timeout: Duration,
    ) -> Result<Self, Failure> {
        let loaded = manifests::load(console, &target.paths, &manifests::working_directory()?)?;
        Self::of(console, target, loaded, propagation_timeout).await
    }

    /// Signs in, for manifests that were loaded already.
    pub(super) async fn of(
        console: &Console,
        target: Target,
        (mut desired, sources): (Desired, manifest::Sources),
        propagation_timeout: Duration,
    ) -> Result<Self, Failure> {
        let Target { paths, service, only, now: given, limits } = target;
        let directory = manifests::working_directory()?;
        if !only.is_empty() {
            desired.applications.retain(|handle, _| only.iter().any(|wanted| wanted == handle.as_str()));
            desired.user_roles.clear();
        }
        let left_out = left_out(&paths, &directory, &desired.estate);
        let is_embedded = service.emulator.as_deref() == Some("");
        let patience = console.patience(limits.timeout, propagation_timeout);
        let connection = connect(console, service, &desired, given, &directory, patience, limits).await?;
        let stores = stores(&desired, &connection).await?;
        // Signing in may have taken a person minutes.
        let now_is = now(given);
        Ok(Self { desired, sources, connection, stores, now: now_is, opened: now_is, only, left_out, is_embedded })
    }

    /// Whether the tenant and its operator are of this program's own making.
    pub(super) fn is_embedded(&self) -> bool {
        self.is_embedded
    }

    /// Whether all manifests of the estate were given.
    pub(super) fn is_whole(&self) -> bool {
        self.only.is_empty() && self.left_out.is_empty()
    }

    /// Reckons for the instant of a plan that was made before.
    pub(super) fn reckoning_for(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// The SHA-256 of each manifest, by its name.
    pub(super) fn manifests(&self) -> BTreeMap<String, String> {
        self.sources.digests()
    }

    /// Lets others go before when Graph has too much to do.
    pub(super) fn yielding(mut self) -> Self {
        self.connection.client = self.connection.client.yielding();
        self
    }

    /// Where the services of a custom cloud are.
    pub(super) fn addresses(&self) -> Option<&CloudAddresses> {
        self.connection.addresses.as_ref()
    }

    pub(super) fn sign_in(&self) -> &CertificateSignIn {
        &self.connection.sign_in
    }

    /// What applications are proven with.
    pub(super) fn means<'a>(&'a self, reader: &'a Reader) -> verify::Means<'a> {
        let Connection { client, sign_in, exchange, security_and_compliance, token, .. } = &self.connection;
        verify::Means {
            reader,
            stores: &self.stores,
            sign_in,
            graph: client,
            exchange,
            token: &**token,
            security_and_compliance: security_and_compliance.as_ref(),
        }
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::new(self.connection.client.clone())
    }

    pub(super) fn vaults(&self) -> &Vaults {
        &self.connection.vaults
    }

    pub(super) fn patience(&self) -> &Patience {
        self.connection.client.patience()
    }

    pub(super) fn writer(&self) -> Writer {
        Writer::new(self.connection.client.clone())
    }

    /// Exchange's admin endpoint in the tenant of this id, for the operator.
    pub(super) fn admin_endpoint(&self, tenant_id: &str) -> AdminEndpoint {
        let exchange = &self.connection.exchange;
        exchange.of_tenant(tenant_id, (self.connection.token)(exchange.resource()))
    }

    /// Reads the tenant.
    pub(super) async fn snapshot(&self, console: &Console) -> Result<Snapshot, Failure> {
        let mut snapshot = self.fetched(&self.stores).await.map_err(Failure::of_fetch)?;
        if !self.only.is_empty() {
            let named: BTreeSet<&String> = self.only.iter().collect();
            snapshot.applications.retain(|name, _| named.contains(name));
            let known = |name: &String| {
                self.desired.applications.contains_key(name.as_str()) || snapshot.applications.contains_key(name)
            };
            if let Some(unknown) = self.only.iter().find(|name| !known(name)) {
                return Err(Failure::message(format!(
                    "`{unknown}` is neither declared nor an application of the estate `{}`",
                    self.desired.estate
                ))
                .hint("`--only` takes the handle that stands under `applications:` in a manifest"));
            }
        }
        if self.only.is_empty() {
            self.keep_what_others_declare(console, &mut snapshot);
        }
        Ok(snapshot)
    }

    /// Reads the tenant whole, and the key stores that can be read; says why the others cannot.
    pub(super) async fn as_far_as_readable(
        &self,
    ) -> Result<(Snapshot, BTreeMap<(String, String), UnreadableStore>), Failure> {
        match self.fetched(&self.stores).await {
            Ok(snapshot) => return Ok((snapshot, BTreeMap::new())),
            Err(FetchError::Keys { .. }) => {}
            Err(error) => return Err(Failure::of_fetch(error)),
        }
        let (mut stores, mut unreadable) = (BTreeMap::new(), BTreeMap::new());
        for (key, store) in &self.stores {
            match store.list().await {
                Ok(_) => {
                    stores.insert(key.clone(), store.clone());
                }
                Err(error) => {
                    let (trouble, reason) = (error.trouble(), causes(&error).join(": "));
                    unreadable.insert(key.clone(), UnreadableStore { trouble, reason });
                }
            }
        }
        Ok((self.fetched(&stores).await.map_err(Failure::of_fetch)?, unreadable))
    }

    async fn fetched(&self, stores: &BTreeMap<(String, String), KeyStore>) -> Result<Snapshot, FetchError> {
        let sources = Sources {
            reader: &self.reader(),
            stores,
            sign_in: &self.connection.sign_in,
            operator: &self.connection.operator,
            admin_endpoint: &|tenant_id| self.admin_endpoint(tenant_id),
        };
        fetch(sources, &self.desired, self.now).await
    }

    /// Takes what is not declared out of sight where the manifests are not the whole estate, so that nothing of it is
    /// deleted, and says so.
    fn keep_what_others_declare(&self, console: &Console, snapshot: &mut Snapshot) {
        let Some(beside) = self.left_out.first() else { return };
        let declared = |name: &String| self.desired.applications.contains_key(name.as_str());
        let kept: Vec<String> =
            snapshot.applications.keys().filter(|name| !declared(name)).map(|name| format!("`{name}`")).collect();
        if kept.is_empty() {
            return;
        }
        snapshot.applications.retain(|name, _| declared(name));
        console.say(&format!(
            "Not looked at: {}. They carry the tag of the estate `{}`, and not all of its manifests were given (`{}` was not); give the directory to plan what has left the manifests.\n",
            kept.join(", "),
            self.desired.estate,
            beside.display()
        ));
    }

    /// That the instant of this run is the one at which Graph answered. Certificates are dated, taken for ended and removed by
    /// it, and a wrong one would do that to those that work.
    pub(super) fn check_clock(&self) -> Result<(), Failure> {
        let Some(theirs) = self.connection.client.answered() else { return Ok(()) };
        let off = theirs.duration_since(self.opened).abs();
        if off <= CLOCK_TOLERANCE {
            return Ok(());
        }
        let ours = self.opened.strftime("%Y-%m-%d %H:%M UTC");
        let theirs = theirs.strftime("%Y-%m-%d %H:%M UTC");
        Err(Failure::message(format!("it is {ours} here and {theirs} in the tenant, so nothing was changed"))
            .hint("set the clock of this machine, or leave `--now` to `plan`"))
    }

    /// Plans, and shows what stands in the way of a plan.
    pub(super) fn plan(&self, console: &Console, snapshot: &Snapshot, intent: Intent) -> Result<Plan, Failure> {
        crate::plan::plan(&self.desired, snapshot, self.now, intent).map_err(|problems| {
            manifests::show(console, &problems, &self.sources);
            debug_assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
            Failure::of_problems(&problems)
        })
    }
}

/// Opens the places of all declared certificates. Nothing in them is read yet but the passwords of files.
async fn stores(desired: &Desired, connection: &Connection) -> Result<BTreeMap<(String, String), KeyStore>, Failure> {
    let openers = Openers { identities: secrets::identities()?, vaults: connection.vaults.clone() };
    let mut stores = BTreeMap::new();
    for (handle, application) in &desired.applications {
        for (name, certificate) in application.certificates.iter().flatten() {
            let password = match &certificate.source {
                CertificateSource::File { path, password: Some(reference) } => {
                    Some(secrets::opening(reference, path, &connection.vaults).await?)
                }
                CertificateSource::File { path: _, password: None }
                | CertificateSource::SelfSigned
                | CertificateSource::Request { .. }
                | CertificateSource::KeyVault(_) => None,
            };
            let store = KeyStore::open(handle.as_str(), name, certificate, password, &openers);
            stores.insert((handle.to_string(), name.clone()), store);
        }
    }
    Ok(stores)
}

/// Manifests of `estate` that lie around the given paths and were not given: anywhere below the directory of the working
/// directory that the path leads into, or beside a file that lies elsewhere.
fn left_out(paths: &[PathBuf], working_directory: &Path, estate: &str) -> Vec<PathBuf> {
    let given: BTreeSet<PathBuf> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let Ok(working_directory) = working_directory.canonicalize() else { return Vec::new() };
    let mut found = BTreeSet::new();
    for path in &given {
        let below = path.strip_prefix(&working_directory).ok();
        let room = below.and_then(|below| below.components().next()).map(|first| working_directory.join(first));
        match room {
            Some(room) if room.is_dir() => manifests_below(&room, &given, MAXIMUM_DEPTH, &mut found),
            Some(_) | None if path.is_file() => {
                manifests_below(path.parent().unwrap_or(path), &given, 1, &mut found);
            }
            Some(_) | None => {}
        }
    }
    found.into_iter().filter(|path| is_of_estate(path, estate)).collect()
}

/// Deeper directories hold no manifests.
const MAXIMUM_DEPTH: usize = 8;

fn manifests_below(directory: &Path, given: &BTreeSet<PathBuf>, depth: usize, found: &mut BTreeSet<PathBuf>) {
    if depth == 0 || given.contains(directory) {
        return;
    }
    for entry in directory.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            manifests_below(&path, given, depth - 1, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
            && path.canonicalize().is_ok_and(|real| !given.contains(&real))
        {
            found.insert(path);
        }
    }
}

/// Whether a file is a manifest of `estate`, or may be one: it says what applications there are and is not whole.
fn is_of_estate(path: &Path, estate: &str) -> bool {
    match manifest::load(&[path.to_owned()], Path::new("")).desired {
        Some(desired) => desired.estate == estate,
        None => std::fs::read_to_string(path).is_ok_and(|text| {
            text.lines().any(|line| line.starts_with("applications:") || line.starts_with("estate:"))
        }),
    }
}
