//! A tenant, a working directory and the path from manifests to the tenant, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use accredit::catalog::least_privilege;
use accredit::emulator::{self, Emulator};
use accredit::exchange::{AdminEndpoint, Service};
use accredit::execute::{Execution, Keys, Report, execute};
use accredit::fetch::{FetchError, Sources, fetch};
use accredit::graph::{Client, Reader, Writer};
use accredit::identity::{CertificateSignIn, Clock, claims};
use accredit::keys::{Identities, KeyStore, Openers, Vaults};
use accredit::kinds::{Certificates, Intent};
use accredit::manifest;
use accredit::model::{
    CertificateSource, Desired, Operator, Plan, Problem, SecretReference, Selection, Snapshot, Thumbprint, Verification,
};
use accredit::patience::Patience;
use accredit::plan::{Limits, approve};
use accredit::render::{Paint, text};
use accredit::transport::{Detour, Http, TokenSource, Transport};
use accredit::verify::{Asked, Means, Waiting, verify};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::operator;

pub(crate) const TENANT: &str = "contoso.onmicrosoft.com";

pub(crate) const TENANT_ID: &str = "6f1d4b0e-0d3c-4a57-9d2b-0c1f5a7e9b11";

/// The instant at which tests begin.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// `instant` some days later.
pub(crate) fn days_after(instant: Timestamp, days: i64) -> Timestamp {
    instant + SignedDuration::from_hours(24 * days)
}

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) now: Timestamp,
    /// How far the tenant's clock, which runs, is set behind `now`.
    pub(crate) behind: SignedDuration,
    client: Client,
    /// How long our own runs wait.
    patience: Patience,
    transport: Arc<dyn Transport>,
    /// How others send; to set up another one of these takes a tenth of a second.
    pub(crate) others: Arc<dyn Transport>,
    /// Whoever else writes in the tenant.
    pub(crate) somebody_else: reqwest::Client,
    /// What opens key stores with encrypted keys.
    pub(crate) identities: Identities,
    /// Who signs in: the tenant's own operator, or whom a test made.
    credentials: emulator::Operator,
    /// What is known of whoever signs in: nothing, unless a test is about that.
    pub(crate) operator: Operator,
    /// How many applications are written side by side.
    pub(crate) parallelism: usize,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(noon()).await
    }

    pub(crate) async fn at(now: Timestamp) -> Self {
        let mut options = emulator::Options::new(TENANT);
        options.tenant_id = Some(TENANT_ID.to_owned());
        options.now = Some(now);
        Self::with(options, now).await
    }

    pub(crate) async fn with(options: emulator::Options, now: Timestamp) -> Self {
        let emulator = emulator::start(options).await.unwrap();
        let transport: Arc<dyn Transport> = Arc::new(Http::new(&[]).unwrap());
        // Tests do not sleep, and nothing has to become known: it is.
        let patience =
            Patience::new(Patience::TIMEOUT, Duration::ZERO).skipping(|_| Box::pin(tokio::task::yield_now()));
        let credentials = emulator.operator().clone();
        let client = client(&emulator, &credentials, Arc::clone(&transport), patience.clone());
        let directory = tempfile::tempdir().unwrap();
        let somebody_else = reqwest::Client::new();
        let others = Arc::clone(&transport);
        let identities = Identities::default();
        let behind = SignedDuration::ZERO;
        let operator = Operator::default();
        Self {
            emulator,
            directory,
            now,
            behind,
            client,
            patience,
            transport,
            others,
            somebody_else,
            identities,
            credentials,
            operator,
            parallelism: 8,
        }
    }

    /// From here on our own requests go this way.
    pub(crate) fn send_through(&mut self, transport: Arc<dyn Transport>) {
        self.client = client(&self.emulator, &self.credentials, Arc::clone(&transport), self.patience.clone());
        self.transport = transport;
    }

    /// From here on we sign in as this application, of which is known what its token says.
    pub(crate) async fn sign_in_as(&mut self, credentials: emulator::Operator) {
        let token = token(&self.emulator, &credentials, &self.others, GRAPH)().await.unwrap();
        self.operator = claims::operator(&token);
        self.client = client(&self.emulator, &credentials, Arc::clone(&self.transport), self.patience.clone());
        self.credentials = credentials;
    }

    /// From here on it is this instant, for us and for the tenant.
    pub(crate) async fn turn_to(&mut self, now: Timestamp) {
        if now == self.now {
            return;
        }
        self.now = now;
        let answer = self.control("POST", "clock", Some(json!({ "now": (now - self.behind).to_string() }))).await;
        assert!(answer.status().is_success(), "{answer:?}");
        // Tokens of another time are good for nothing.
        self.client = client(&self.emulator, &self.credentials, Arc::clone(&self.transport), self.patience.clone());
    }

    /// From here on our own runs wait like this.
    pub(crate) fn wait_with(&mut self, patience: Patience) {
        self.client = client(&self.emulator, &self.credentials, Arc::clone(&self.transport), patience.clone());
        self.patience = patience;
    }

    /// Patience whose waits pass for the tenant alone, whose clock has to stand still: no test sleeps.
    pub(crate) fn patience_of_the_tenant(&self, timeout: Duration, propagation_timeout: Duration) -> Patience {
        let (clock, http) = (format!("{}/_emulator/clock", self.emulator.url()), self.somebody_else.clone());
        Patience::new(timeout, propagation_timeout).skipping(move |wait| {
            let advance =
                http.post(&clock).json(&json!({ "advance": format!("{}ms", wait.as_millis() + 1), "stopped": true }));
            Box::pin(async move {
                let answer = advance.send().await.unwrap();
                assert!(answer.status().is_success(), "{answer:?}");
            })
        })
    }

    /// Writes a manifest into the working directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join("manifests").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What the manifests in the working directory ask for.
    pub(crate) fn desired(&self) -> Desired {
        self.load(&[self.directory.path().join("manifests")])
    }

    pub(crate) fn load(&self, paths: &[PathBuf]) -> Desired {
        let loaded = manifest::load(paths, self.directory.path());
        let problems = manifest::render_problems(&loaded.problems, &loaded.sources, false);
        loaded.desired.unwrap_or_else(|| panic!("{problems}"))
    }

    pub(crate) async fn snapshot(&self, desired: &Desired) -> Snapshot {
        self.try_snapshot(desired).await.unwrap()
    }

    pub(crate) async fn try_snapshot(&self, desired: &Desired) -> Result<Snapshot, FetchError> {
        self.try_snapshot_of(desired, &Selection::default()).await
    }

    async fn try_snapshot_of(&self, desired: &Desired, selection: &Selection) -> Result<Snapshot, FetchError> {
        let reader = Reader::new(self.client.clone());
        let (stores, sign_in) = (self.stores(desired), self.sign_in());
        let sources = Sources {
            reader: &reader,
            stores: &stores,
            sign_in: Some(&sign_in),
            operator: &self.operator,
            admin_endpoint: &|tenant_id| self.admin_endpoint(tenant_id, &self.credentials),
            selection,
        };
        let fetched = Box::pin(fetch(sources, desired, self.now)).await;
        for path in reader.reads() {
            assert!(least_privilege::find("GET", &path).is_some(), "the table does not know GET {path}");
        }
        fetched
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.client.clone())
    }

    /// Exchange's admin endpoint for an application.
    pub(crate) fn admin_endpoint(&self, tenant_id: &str, credentials: &emulator::Operator) -> AdminEndpoint {
        let detour = Arc::new(Detour::new(Arc::clone(&self.transport), self.emulator.url()));
        let token = token(&self.emulator, credentials, &self.others, EXCHANGE);
        Service::new(detour, EXCHANGE, self.patience.clone()).of_tenant(tenant_id, token)
    }

    fn vaults_by(&self, transport: &Arc<dyn Transport>) -> Vaults {
        let detour = Detour::new(Arc::clone(transport), self.emulator.url());
        Vaults::new(Arc::new(detour), token(&self.emulator, self.emulator.operator(), transport, KEY_VAULT))
    }

    /// Vaults as somebody else reaches them.
    pub(crate) fn vaults_of_others(&self) -> Vaults {
        self.vaults_by(&self.others)
    }

    /// The thumbprints of all versions of a vault's certificate.
    pub(crate) async fn vault_thumbprints(&self, vault: &str, name: &str) -> Vec<String> {
        use secrecy::ExposeSecret as _;
        let token = token(&self.emulator, self.emulator.operator(), &self.others, KEY_VAULT)().await.unwrap();
        let address = format!("{}/certificates/{name}/versions?api-version=7.4", self.emulator.url());
        let asked = self.somebody_else.get(address).bearer_auth(token.expose_secret()).header("host", vault);
        let versions: Json = asked.send().await.unwrap().json().await.unwrap();
        let hex = |version: &Json| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(version["x5t"].as_str().unwrap()).unwrap();
            Thumbprint::from_bytes(&bytes).to_string()
        };
        versions["value"].as_array().into_iter().flatten().map(hex).collect()
    }

    /// The places of all declared certificates.
    pub(crate) fn stores(&self, desired: &Desired) -> BTreeMap<(String, String), KeyStore> {
        let openers = Openers { identities: self.identities.clone(), vaults: self.vaults_by(&self.transport) };
        let mut stores = BTreeMap::new();
        for (handle, application) in &desired.applications {
            for (name, certificate) in application.certificates.iter().flatten() {
                let password = match &certificate.source {
                    CertificateSource::File { password: Some(SecretReference::File(path)), .. } => {
                        Some(Ok(std::fs::read_to_string(path).unwrap().into()))
                    }
                    _ => None,
                };
                let former = desired.former(handle.as_str()).map(|former| former.handle.as_str());
                let store = KeyStore::open(handle.as_str(), name, certificate, password, &openers).formerly(former);
                stores.insert((handle.to_string(), name.clone()), store);
            }
        }
        stores
    }

    fn sign_in(&self) -> CertificateSignIn {
        let now = self.now;
        let clock: Clock = Arc::new(move || now);
        CertificateSignIn {
            transport: Arc::clone(&self.transport),
            authority: self.emulator.url().to_owned(),
            tenant: TENANT.to_owned(),
            resource: GRAPH.to_owned(),
            clock,
            patience: self.patience.clone(),
        }
    }

    /// Proves the applications, all once.
    pub(crate) async fn verify(&self, desired: &Desired) -> Verification {
        self.verify_with(desired, &ASKED, |_| ()).await.unwrap()
    }

    /// The same as somebody wants it, whose sign-ins may differ.
    pub(crate) async fn verify_with(
        &self,
        desired: &Desired,
        asked: &Asked,
        change: impl FnOnce(&mut CertificateSignIn),
    ) -> Result<Verification, FetchError> {
        let detour: Arc<dyn Transport> = Arc::new(Detour::new(Arc::clone(&self.transport), self.emulator.url()));
        let mut sign_in = CertificateSignIn {
            transport: Arc::clone(&detour),
            authority: "https://login.microsoftonline.com".to_owned(),
            ..self.sign_in()
        };
        change(&mut sign_in);
        let service = |resource: &str| Service::new(Arc::clone(&detour), resource, self.patience.clone());
        let (exchange, compliance) =
            (service("https://outlook.office365.com"), service("https://ps.compliance.protection.outlook.com"));
        let (reader, stores) = (Reader::new(self.client.clone()), self.stores(desired));
        let means = Means {
            reader: &reader,
            stores: &stores,
            sign_in: &sign_in,
            graph: &self.client,
            exchange: &exchange,
            token: &|_| token(&self.emulator, &self.credentials, &self.others, EXCHANGE),
            security_and_compliance: Some(&compliance),
        };
        verify(means, desired, asked).await
    }

    pub(crate) async fn try_plan(&self, desired: &Desired, intent: Intent) -> Result<Plan, Vec<Problem>> {
        accredit::plan::plan(desired, &self.snapshot(desired).await, self.now, intent)
    }

    /// Plans a part of the estate.
    pub(crate) async fn try_plan_of(
        &self,
        desired: &Desired,
        intent: Intent,
        selection: &Selection,
    ) -> Result<Plan, Vec<Problem>> {
        let mut narrow = desired.clone();
        narrow.narrow(selection);
        let snapshot = self.try_snapshot_of(&narrow, selection).await.unwrap();
        accredit::plan::plan_selected(&narrow, &snapshot, self.now, intent, selection)
    }

    pub(crate) async fn plan(&self, desired: &Desired) -> Plan {
        let plan = self.try_plan(desired, Intent::Reconcile).await.unwrap();
        let mut done = BTreeSet::new();
        for step in &plan.steps {
            assert!(step.needs.is_subset(&done), "{} comes before what it needs", step.address);
            done.insert(step.address.clone());
        }
        plan
    }

    pub(crate) async fn plan_text(&self, desired: &Desired) -> String {
        text(&self.plan(desired).await, Paint::PLAIN)
    }

    /// Plans and carries out, whatever comes of it.
    pub(crate) async fn run(&self, desired: &Desired, intent: Intent) -> Report {
        let plan = self.try_plan(desired, intent).await.unwrap();
        self.carry_out(desired, plan).await
    }

    /// Carries out a plan that was made before.
    pub(crate) async fn carry_out(&self, desired: &Desired, plan: Plan) -> Report {
        let deletes = plan.steps.iter().filter(|step| step.action.is_delete() && step.address.kind == "application");
        let powers = plan.steps.iter().filter_map(|step| step.risk.as_ref()).flat_map(|risk| risk.powers.clone());
        let limits = Limits {
            allow_deletes: Some(deletes.count()),
            allow_privileged: powers.collect(),
            allow_self_removal: true,
            approved: plan.findings.iter().map(|finding| finding.subject.clone()).collect(),
            despite_missing_rights: true,
            ..Limits::default()
        };
        let made = plan.steps.iter().filter(|step| step.address.kind.starts_with("certificate"));
        let used: BTreeSet<(String, String)> =
            made.map(|step| (step.address.holder.clone(), step.address.name.clone())).collect();
        let stores = self.stores(desired);
        let keys = Keys::open(desired, &used, &stores, BTreeMap::new()).unwrap();
        let mut kept = BTreeMap::new();
        for (name, store) in &stores {
            kept.insert(name.clone(), store.list().await.unwrap());
        }
        let approved = approve(plan, &limits).unwrap();
        let writer = Writer::new(self.client.clone());
        let (stop, sign_in) = (AtomicBool::new(false), self.sign_in());
        let execution = Execution {
            writer: &writer,
            keys: &keys,
            certificates: Certificates::of(&kept, self.now),
            sign_in: &sign_in,
            admin_endpoint: &self.admin_endpoint(TENANT_ID, &self.credentials),
            on_event: &|_| {},
            stop: &stop,
            parallelism: self.parallelism,
        };
        execute(&approved, execution).await
    }

    /// Plans and carries out; fails the test if anything fails.
    pub(crate) async fn apply(&self, desired: &Desired) -> Report {
        let report = self.run(desired, Intent::Reconcile).await;
        assert!(report.is_complete(), "failed: {:#?}\nskipped: {:#?}", report.failed, report.skipped);
        report
    }

    /// Applies, then fails the test if a second plan is not empty.
    pub(crate) async fn converge(&self, desired: &Desired) -> Report {
        let report = self.apply(desired).await;
        let plan = self.plan(desired).await;
        assert!(plan.is_empty(), "a second plan is not empty:\n{}", text(&plan, Paint::PLAIN));
        report
    }

    /// Does something in the tenant as somebody else.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: Json) -> Json {
        let answer = self.ask(method, path, body).await;
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Json::Null)
    }

    async fn ask(&self, method: &str, path: &str, body: Json) -> reqwest::Response {
        self.control("POST", "graph", Some(json!({ "method": method, "path": path, "body": body }))).await
    }

    /// Reads something in the tenant as somebody else.
    pub(crate) async fn read(&self, path: &str) -> Json {
        self.admin("GET", path, Json::Null).await
    }

    /// The application of that handle.
    pub(crate) async fn application(&self, handle: &str) -> Json {
        self.find(handle).await.unwrap()
    }

    /// The same where there may be none.
    pub(crate) async fn find(&self, handle: &str) -> Option<Json> {
        let path = format!("/v1.0/applications(uniqueName='{handle}')");
        let answer = self.ask("GET", &path, Json::Null).await;
        if answer.status().is_success() { Some(answer.json().await.unwrap()) } else { None }
    }

    /// Somebody uploads the certificate of another application, `other`, to `exo` under a name of his choice.
    pub(crate) async fn intrude(&self, display_name: &str) {
        self.intrude_under("11111111-2222-4333-8444-555555555555", display_name).await;
    }

    /// The same under a `keyId` of the intruder's choice.
    pub(crate) async fn intrude_under(&self, key_id: &str, display_name: &str) {
        self.write("other.yaml", &one_of_everything("other"));
        self.converge(&self.desired()).await;
        let other = self.read("/v1.0/applications(uniqueName='other')?$select=keyCredentials").await;
        let mut foreign = other["keyCredentials"][0].clone();
        foreign["keyId"] = json!(key_id);
        foreign["displayName"] = json!(display_name);
        let application = self.application("exo").await;
        let mut credentials = application["keyCredentials"].as_array().unwrap().clone();
        credentials.push(foreign);
        let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
        self.admin("PATCH", &path, json!({ "keyCredentials": credentials })).await;
    }

    pub(crate) async fn faults(&self, faults: Json) {
        let answer = self.control("POST", "faults", Some(faults)).await;
        assert!(answer.status().is_success(), "{answer:?}");
    }

    pub(crate) async fn knobs(&self, knobs: Json) {
        let answer = self.control("PATCH", "knobs", Some(knobs)).await;
        assert!(answer.status().is_success(), "{answer:?}");
    }

    pub(crate) async fn no_faults(&self) {
        self.control("DELETE", "faults", None).await;
    }

    /// Method and path of every write so far.
    pub(crate) async fn writes(&self) -> Vec<String> {
        let log: Json = self.control("GET", "requests", None).await.json().await.unwrap();
        let log = log.as_array().unwrap().iter();
        let is_write = |entry: &&Json| {
            let path = entry["path"].as_str().unwrap();
            // What we put into a batch are reads.
            entry["method"] != "GET" && !path.contains("/oauth2/") && !path.ends_with("/$batch")
        };
        let writes = log.filter(is_write);
        writes
            .map(|entry| format!("{} {}", entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap()))
            .collect()
    }

    pub(crate) async fn forget_requests(&self) {
        self.control("DELETE", "requests", None).await;
    }

    pub(crate) async fn control(&self, method: &str, what: &str, body: Option<Json>) -> reqwest::Response {
        let url = format!("{}/_emulator/{what}", self.emulator.url());
        let mut request = self.somebody_else.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.directory.path().join(".accredit").join("keys")
    }
}

/// Nothing but what is always proven, once.
pub(crate) const ASKED: Asked = Asked {
    certificate: None,
    cmdlets: Vec::new(),
    security_and_compliance: false,
    show_mailboxes: false,
    waiting: Waiting::Never,
    propagation: Duration::ZERO,
};

const GRAPH: &str = "https://graph.microsoft.com";
pub(crate) const EXCHANGE: &str = "https://outlook.office365.com";
const KEY_VAULT: &str = "https://vault.azure.net";

/// Tokens of whoever signs in.
fn token(
    emulator: &Emulator,
    credentials: &emulator::Operator,
    transport: &Arc<dyn Transport>,
    resource: &'static str,
) -> TokenSource {
    operator::token(emulator, credentials, transport, TENANT, resource)
}

fn client(
    emulator: &Emulator,
    operator: &emulator::Operator,
    transport: Arc<dyn Transport>,
    patience: Patience,
) -> Client {
    let token = token(emulator, operator, &transport, GRAPH);
    Client::new(transport, token, emulator.url(), patience)
}

/// A manifest of one application that has one of everything.
pub(crate) fn one_of_everything(handle: &str) -> String {
    format!(
        "tenant: {TENANT}
estate: tests
applications:
  {handle}:
    displayName: {handle} automated
    signInAudience: AzureADMyOrg
    owners: [zoe.howard@{TENANT}]
    permissions:
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
    certificates:
      main:
        dnsNames: [{handle}.example]
        store: {{ directory: ../.accredit/keys }}
        export: [cer, pem, pfx]
        pfxPassword: {{ generate: true }}
    roles:
      - role: Exchange Administrator
"
    )
}

/// The repository's own file or directory.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
