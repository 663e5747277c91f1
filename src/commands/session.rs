//! From arguments to a tenant one can read: the manifests, the sign-in, the snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::catalog::nearest;
use crate::exchange::AdminEndpoint;
use crate::fetch::{FetchError, Sources, fetch};
use crate::graph::{Reader, Writer};
use crate::handover::CloudAddresses;
use crate::identity::CertificateSignIn;
use crate::keys::{KeyStore, Openers, Vaults};
use crate::kinds::Intent;
use crate::manifest;
use crate::model::{
    CertificateSource, Cloud, Desired, Finding, Operator, Pattern, Plan, Problem, Selection, Severity, Snapshot,
    Unread, UnreadableStore,
};
use crate::patience::Patience;
use crate::rego::Rego;
use crate::verify;

use super::connection::{Connection, connect};
use super::console::Console;
use super::failure::{Failure, causes};
use super::{Address, Target, manifests, now, secrets};

/// How many names are worth reading where none is near.
const MOST_NAMED: usize = 10;

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
    selection: Selection,
    /// All handles and users of the manifests, selected or not.
    declared: BTreeSet<String>,
    /// Manifests of the same estate that lie beside the given ones and were not given: what the estate has and the given
    /// ones do not declare may be declared there.
    left_out: Vec<PathBuf>,
    is_embedded: bool,
    /// Whether certificates that others are to retire for are tried while the tenant is read.
    proves: bool,
    /// Policies that every plan is held against, beside those of the manifests.
    rego: Rego,
}

/// Somebody who is signed in, with no plan in mind.
pub(super) struct SignedIn {
    connection: Connection,
    cloud: Cloud,
}

impl SignedIn {
    /// Signs in to the tenant that the manifests name, and looks at nothing else that they say.
    pub(super) async fn open(console: &Console, target: Target) -> Result<Self, Failure> {
        let Target { paths, service, selection: _, now, limits } = target;
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
        let Target { paths, service, selection, now: given, limits } = target;
        let directory = manifests::working_directory()?;
        let declared = desired.holders();
        desired.narrow(&selection);
        let left_out = left_out(&paths, &directory, &desired.estate);
        let is_embedded = service.emulator.as_deref() == Some("");
        let patience = console.patience(limits.timeout, propagation_timeout);
        let connection = connect(console, service, &desired, given, &directory, patience, limits).await?;
        let stores = stores(&desired, &connection).await?;
        // Signing in may have taken a person minutes.
        let now_is = now(given);
        Ok(Self {
            desired,
            sources,
            connection,
            stores,
            now: now_is,
            opened: now_is,
            selection,
            declared,
            left_out,
            is_embedded,
            proves: true,
            rego: Rego::default(),
        })
    }

    /// Whether the tenant and its operator are of this program's own making.
    pub(super) fn is_embedded(&self) -> bool {
        self.is_embedded
    }

    /// Has successors made of what is named.
    pub(super) fn replace(&mut self, addresses: &[Address]) -> Result<(), Failure> {
        for address in addresses {
            crate::plan::replace(&mut self.desired, address)
                .map_err(|refusal| Failure::message(refusal.to_string()).hint(refusal.hint()))?;
            if !self.selection.covers(address) {
                return Err(Failure::message(format!("`--replace {address}` is not among what is selected"))
                    .hint("name it with `--target` too, or leave `--target` and `--exclude` out"));
            }
        }
        Ok(())
    }

    /// Whether all manifests of the estate were given.
    pub(super) fn is_whole(&self) -> bool {
        self.selection.is_everything() && self.left_out.is_empty()
    }

    /// Holds every plan against these policies too.
    pub(super) fn judged_by(self, rego: Rego) -> Self {
        Self { rego, ..self }
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

    /// Signs in with no certificate of the estate: whoever only looks leaves no sign-ins behind, and needs no private key.
    pub(super) fn proving_nothing(self) -> Self {
        Self { proves: false, ..self }
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
        let snapshot = self.fetched(&self.stores, &self.selection).await.map_err(Failure::of_fetch)?;
        self.narrowed(console, snapshot)
    }

    /// What this run is about.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// What this run is about, of all that was read.
    pub(super) fn narrowed(&self, console: &Console, mut snapshot: Snapshot) -> Result<Snapshot, Failure> {
        self.check_selected(&snapshot)?;
        self.keep_what_others_declare(console, &mut snapshot);
        Ok(snapshot)
    }

    /// That every pattern means an application or user that is declared or was found.
    fn check_selected(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let found = snapshot.applications.keys().chain(&snapshot.passed_over);
        self.check_known(&self.declared.iter().chain(found).collect())
    }

    /// That every pattern means something declared, for whoever looks at nothing else.
    pub(super) fn check_declared(&self) -> Result<(), Failure> {
        self.check_known(&self.declared.iter().collect())
    }

    fn check_known(&self, known: &BTreeSet<&String>) -> Result<(), Failure> {
        let means_nothing = |pattern: &Pattern| !known.iter().any(|holder| pattern.means_holder(holder));
        let Some((option, pattern)) = self.selection.patterns().find(|(_, pattern)| means_nothing(pattern)) else {
            return Ok(());
        };
        let holder = pattern.holder();
        let near = nearest(holder, known.iter().map(|known| known.as_str()));
        let hint = if near.is_empty() {
            let there: Vec<String> = known.iter().take(MOST_NAMED).map(|known| format!("`{known}`")).collect();
            let more = if known.len() > MOST_NAMED { " and more" } else { "" };
            format!("there is {}{more}", there.join(", "))
        } else {
            let near: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
            format!("did you mean {}?", near.join(" or "))
        };
        let estate = &self.desired.estate;
        let message =
            format!("`{option} {pattern}`: `{holder}` is neither declared nor an application of the estate `{estate}`");
        Err(Failure::message(message).hint(hint))
    }

    /// Reads what of the tenant is selected here, and the key stores that can be read; says why the others cannot.
    pub(super) async fn as_far_as_readable(
        &self,
        selection: &Selection,
    ) -> Result<(Snapshot, BTreeMap<(String, String), UnreadableStore>), Failure> {
        match self.fetched(&self.stores, selection).await {
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
        Ok((self.fetched(&stores, selection).await.map_err(Failure::of_fetch)?, unreadable))
    }

    async fn fetched(
        &self,
        stores: &BTreeMap<(String, String), KeyStore>,
        selection: &Selection,
    ) -> Result<Snapshot, FetchError> {
        let sources = Sources {
            reader: &self.reader(),
            stores,
            sign_in: self.proves.then_some(&self.connection.sign_in),
            operator: &self.connection.operator,
            admin_endpoint: &|tenant_id| self.admin_endpoint(tenant_id),
            selection,
        };
        Box::pin(fetch(sources, &self.desired, self.now)).await
    }

    /// Takes what is not declared out of sight where the manifests are not the whole estate, so that nothing of it is
    /// deleted, and says so.
    fn keep_what_others_declare(&self, console: &Console, snapshot: &mut Snapshot) {
        let Some(beside) = self.left_out.first() else { return };
        let declared = |name: &String| {
            let name = name.as_str();
            self.desired.applications.contains_key(name)
                || self.desired.let_go.contains_key(name)
                || self.selection.names(name)
        };
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
        let planned = crate::plan::plan_selected(&self.desired, snapshot, self.now, intent, &self.selection);
        let mut plan = planned.map_err(|problems| self.refused(console, &problems))?;
        // That there is nothing to do can only be said of what was seen.
        if let (true, Intent::Reconcile, Some(unread)) = (plan.is_empty(), intent, snapshot.exchange.unread().next()) {
            let Unread { what, brief: _, error, hint } = unread;
            return Err(Failure::message(format!("{what} could not be read: {error}")).hint(hint.clone()));
        }
        self.judge(&mut plan)?;
        Ok(plan)
    }

    /// Plans, and finds everything that somebody should look at.
    pub(super) fn drift(&self, console: &Console, snapshot: Snapshot) -> Result<Plan, Failure> {
        let found = crate::drift::drift(self.desired.clone(), snapshot, self.now, &self.selection);
        let mut plan = found.map_err(|problems| self.refused(console, &problems))?;
        self.judge(&mut plan)?;
        Ok(plan)
    }

    /// Adds what policies in Rego find.
    fn judge(&self, plan: &mut Plan) -> Result<(), Failure> {
        let judged = self.rego.judge(plan);
        let judged = judged.map_err(|error| Failure::new("the plan could not be held against the policies", error))?;
        let at_home =
            |finding: Finding| Finding { place: self.desired.place_of(&finding.address.holder).cloned(), ..finding };
        plan.findings.extend(judged.into_iter().map(at_home));
        Ok(())
    }

    fn refused(&self, console: &Console, problems: &[Problem]) -> Failure {
        manifests::show(console, problems, &self.sources);
        debug_assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
        Failure::of_problems(problems)
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
            let former = desired.former(handle.as_str()).map(|former| former.handle.as_str());
            let store = KeyStore::open(handle.as_str(), name, certificate, password, &openers).formerly(former);
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
