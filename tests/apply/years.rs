//! Four years of a daily apply: there is always a certificate that works, never more than two, and a foreign client signs
//! in every day with what its host was given.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use accredit::kinds::{Intent, key_id};
use accredit::model::{DistinguishedName, KeyAccess, KeyAlgorithm, Snapshot, StoredCertificate, Thumbprint};
use serde_json::{Value as Json, json};

use super::authority::Authority;
use super::life::{Life, Makers, YEARS};
use super::world::{TENANT, World, days_after, noon, repository};

/// A host and the certificate that it signs in with: it takes a new one some days after it is handed over.
struct Host {
    takes_after: i64,
    has: Option<StoredCertificate>,
    offered: Option<(Thumbprint, i64)>,
}

impl Host {
    fn new(takes_after: i64) -> Self {
        Self { takes_after, has: None, offered: None }
    }

    fn see(&mut self, day: i64, handed_over: &StoredCertificate) {
        let since = match &self.offered {
            Some((thumbprint, since)) if *thumbprint == handed_over.thumbprint => *since,
            _ => day,
        };
        self.offered = Some((handed_over.thumbprint.clone(), since));
        if self.has.is_none() || day >= since + self.takes_after {
            self.has = Some(handed_over.clone());
        }
    }
}

/// Python's MSAL, waiting for orders.
struct Msal {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Msal {
    fn start(world: &World) -> Self {
        let authority = world.directory.path().join("ca.pem");
        std::fs::write(&authority, world.emulator.certificate_authority_pem().unwrap()).unwrap();
        let python = std::env::var_os("ACCREDIT_PYTHON").unwrap_or_else(|| "python3".into());
        let mut child = Command::new(python)
            .arg(repository("tests/interop/msal_every_day.py"))
            .args([world.emulator.https_url().unwrap(), TENANT])
            .arg(&authority)
            .arg(&world.emulator.operator().client_id)
            .env("OPERATOR_SECRET", &world.emulator.operator().client_secret)
            // Azure's client for vaults goes to `team.vault.azure.net`, which the tenant answers for as a proxy.
            .env("HTTPS_PROXY", world.emulator.url())
            .env("REQUESTS_CA_BUNDLE", &authority)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    fn sign_in(&mut self, order: &Json) {
        writeln!(self.orders, "{order}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(answer, json!({ "token": true }), "{order}");
    }
}

impl Drop for Msal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lives through all the days and gives the timeline.
async fn live(makers: Makers) -> String {
    let mut life = Life::new(makers).await;
    let mut msal = Msal::start(&life.world);
    let mut hosts = [Host::new(0), Host::new(12)];
    // Files of one's own for what a host took: the source's may be replaced.
    let taken = life.world.directory.path().join("hosts");
    std::fs::create_dir(&taken).unwrap();
    for day in 0..=YEARS * 365 + 1 {
        life.world.turn_to(days_after(noon(), day)).await;
        life.others().await;
        let snapshot = daily_apply(&life, day).await;
        let application = life.world.application("exo").await;
        let active = life.handed_over(&snapshot);
        life.note(day, &application, active.as_ref());
        life.check(&application, day);
        let Some(active) = active else { continue };
        let file = taken.join(active.thumbprint.as_str());
        if !file.exists() {
            std::fs::write(&file, material(&life, &active)).unwrap();
        }
        for host in &mut hosts {
            host.see(day, &active);
        }
        let used: BTreeMap<&Thumbprint, &StoredCertificate> =
            hosts.iter().filter_map(|host| host.has.as_ref()).map(|has| (&has.thumbprint, has)).collect();
        for (thumbprint, certificate) in used {
            let file = taken.join(thumbprint.as_str());
            let mut order = json!({ "now": life.world.now.as_second(), "client_id": application["appId"] });
            match &certificate.private_key {
                KeyAccess::Vault { version, exportable: _ } => {
                    order["vault_key"] = json!(format!("https://team.vault.azure.net/keys/exo-main/{version}"));
                    order["certificate"] = json!(file);
                }
                _ => order["pem"] = json!(file),
            }
            msal.sign_in(&order);
        }
    }
    // Every key that was uploaded is there, and none that was not.
    if let Some(kept) = life.kept().await {
        assert_eq!(kept, life.numbers.keys().cloned().collect::<Vec<_>>());
    }
    life.timeline
}

/// What a host is given: key and certificate, or the certificate alone where a vault signs.
fn material(life: &Life, active: &StoredCertificate) -> Vec<u8> {
    match &life.makers {
        Makers::Colleague => std::fs::read(life.file()).unwrap(),
        Makers::Accredit | Makers::Authority(_) => {
            let generation = life.world.keys().join("exo/main").join(active.thumbprint.as_str());
            let read = |name: &str| std::fs::read(generation.join(name)).unwrap();
            [read("certificate.pem"), read("private-key.pem")].concat()
        }
        Makers::Vault | Makers::ColleagueWithVault => active.der.clone(),
    }
}

/// Plans and carries out, until there is nothing to do, which is after one run at most.
async fn daily_apply(life: &Life, day: i64) -> Snapshot {
    let plan =
        |snapshot: &Snapshot| accredit::plan::plan(&life.desired, snapshot, life.world.now, Intent::Reconcile).unwrap();
    let snapshot = life.world.snapshot(&life.desired).await;
    let first = plan(&snapshot);
    if first.is_empty() {
        return snapshot;
    }
    let report = life.world.carry_out(&life.desired, first).await;
    assert!(report.is_complete(), "day {day}: {:?}", report.failed);
    let snapshot = life.world.snapshot(&life.desired).await;
    assert!(plan(&snapshot).is_empty(), "day {day}: apply, then plan is empty");
    snapshot
}

#[expect(clippy::print_stdout, reason = "whoever runs it with --nocapture sees the four years")]
fn compare(name: &str, timeline: &str) {
    let file = repository(&format!("tests/timelines/{name}.txt"));
    if std::env::var_os("ACCREDIT_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, timeline).unwrap();
    }
    println!("{name}\n{timeline}");
    assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), timeline, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "four years take a while, and need Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn four_years_of_certificates_of_ones_own() {
    compare("self-signed", &Box::pin(live(Makers::Accredit)).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "four years take a while, and need Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn four_years_of_an_authority() {
    compare("csr", &Box::pin(live(Makers::Authority(Box::new(Authority::new())))).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "four years take a while, and need Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn four_years_of_a_colleagues_files() {
    compare("file", &Box::pin(live(Makers::Colleague)).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "four years take a while, and need Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn four_years_of_a_vault() {
    compare("key-vault", &Box::pin(live(Makers::Vault)).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "four years take a while, and need Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn four_years_of_a_colleagues_versions_in_a_vault() {
    compare("key-vault-of-others", &Box::pin(live(Makers::ColleagueWithVault)).await);
}

/// What is uploaded is known by its `keyId` for four years.
#[test]
fn a_key_id_depends_on_its_certificate_alone() {
    let stored = |digit: &str| StoredCertificate {
        thumbprint: Thumbprint::parse(&digit.repeat(40)).unwrap(),
        thumbprint_sha256: Thumbprint::parse(&digit.repeat(64)).unwrap(),
        subject: DistinguishedName("CN=exo".to_owned()),
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: noon(),
        not_after: noon(),
        der: Vec::new(),
        exports: [].into(),
        asked: None,
        follows: std::collections::BTreeSet::new(),
        private_key: KeyAccess::Absent,
    };
    assert_eq!(key_id(&stored("1")), "11111111-1111-8111-a111-111111111111");
    assert_ne!(key_id(&stored("1")), key_id(&stored("2")));
}
