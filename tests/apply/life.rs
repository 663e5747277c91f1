//! The life of one certificate in one tenant: who makes it, what the others do, and what has to be true on every day.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use accredit::emulator::Options;
use accredit::keys::self_signed;
use accredit::kinds::CertificateChain;
use accredit::model::{
    CertificateProfile, CertificateSource, Desired, DesiredCertificate, DistinguishedName, KeyAlgorithm, Snapshot,
    StoreReference, StoredCertificate,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::authority::Authority;
use super::world::{TENANT, TENANT_ID, World, days_after, noon};

pub(crate) const YEARS: i64 = 4;

/// Who makes the certificates, and what that takes of others.
pub(crate) enum Makers {
    Accredit,
    /// An authority that takes some days to sign.
    Authority(Box<Authority>),
    /// Somebody who puts a new file there some days before the end.
    Colleague,
    /// Accredit, in a vault that keeps the keys.
    Vault,
    /// Somebody who makes a new version in a vault some days before the end.
    ColleagueWithVault,
}

impl Makers {
    fn manifest(&self) -> &'static str {
        match self {
            Self::Accredit => "{ dnsNames: [exo.example], store: { directory: ../.accredit/keys } }",
            Self::Authority(_) => "{ source: csr, dnsNames: [exo.example], store: { directory: ../.accredit/keys } }",
            Self::Colleague => "{ source: { file: ../exo.pem } }",
            Self::Vault => "{ source: keyVault, dnsNames: [exo.example], store: { keyVault: team } }",
            Self::ColleagueWithVault => "{ source: { keyVault: { create: false } }, store: { keyVault: team } }",
        }
    }
}

/// One simulated tenant.
pub(crate) struct Life {
    pub(crate) world: World,
    pub(crate) makers: Makers,
    pub(crate) desired: Desired,
    /// When the colleague's certificate ends.
    colleagues_end: Timestamp,
    /// When the newest certificate on the application ends.
    pub(crate) ends: Timestamp,
    /// Thumbprints of what was uploaded, in the order of their coming.
    pub(crate) numbers: BTreeMap<String, usize>,
    pub(crate) timeline: String,
    last: String,
}

impl Life {
    pub(crate) async fn new(makers: Makers) -> Self {
        let mut options = Options::new(TENANT);
        options.tenant_id = Some(TENANT_ID.to_owned());
        // What a vault dates by its own clock is dated before noon, however long it takes until it does.
        let behind = match &makers {
            Makers::Vault => SignedDuration::from_secs(60),
            Makers::Accredit | Makers::Authority(_) | Makers::Colleague | Makers::ColleagueWithVault => {
                SignedDuration::ZERO
            }
        };
        options.now = Some(noon() - behind);
        options.https = Some(([127, 0, 0, 1], 0).into());
        let mut world = World::with(options, noon()).await;
        world.behind = behind;
        let desired = declared(&world, makers.manifest());
        Self {
            world,
            makers,
            desired,
            colleagues_end: noon(),
            ends: noon(),
            numbers: BTreeMap::new(),
            timeline: String::new(),
            last: String::new(),
        }
    }

    /// From here on the certificate is declared like this.
    pub(crate) fn declare(&mut self, certificate: &str) {
        self.desired = declared(&self.world, certificate);
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.world.directory.path().join("exo.pem")
    }

    pub(crate) fn certificate(&self) -> &DesiredCertificate {
        let application = self.desired.applications.values().next().unwrap();
        &application.certificates.as_ref().unwrap()["main"]
    }

    pub(crate) fn certificate_mut(&mut self) -> &mut DesiredCertificate {
        let application = self.desired.applications.values_mut().next().unwrap();
        application.certificates.as_mut().unwrap().get_mut("main").unwrap()
    }

    /// What others do on this day, before the daily apply.
    pub(crate) async fn others(&mut self) {
        // Three weeks before what there is ends.
        let is_due = self.colleagues_end < days_after(self.world.now, 21);
        match &self.makers {
            Makers::Accredit | Makers::Vault => {}
            Makers::Authority(authority) => {
                for request in self.requests() {
                    // The request lies there for three days before somebody gets to it.
                    let since = request.with_extension("since");
                    let day = std::fs::read_to_string(&since).ok().and_then(|text| text.parse::<Timestamp>().ok());
                    match day {
                        None => std::fs::write(&since, self.world.now.to_string()).unwrap(),
                        Some(day) if days_after(day, 3) <= self.world.now => {
                            let text = std::fs::read_to_string(request.join("exo-main.csr")).unwrap();
                            let signed = authority.sign(&text, self.world.now, days_after(self.world.now, 365));
                            std::fs::write(request.join("signed.cer"), signed).unwrap();
                        }
                        Some(_) => {}
                    }
                }
            }
            Makers::Colleague => {
                if is_due {
                    self.put_file();
                }
            }
            Makers::ColleagueWithVault => {
                if is_due {
                    self.make_version().await;
                }
            }
        }
    }

    fn colleagues_profile(&mut self) -> CertificateProfile {
        let profile = CertificateProfile {
            subject: DistinguishedName("CN=theirs".to_owned()),
            dns_names: Vec::new(),
            key: KeyAlgorithm::Rsa2048,
            not_before: self.world.now - SignedDuration::from_mins(10),
            not_after: self.certificate().valid_for.after(self.world.now),
        };
        self.colleagues_end = profile.not_after;
        profile
    }

    fn put_file(&mut self) {
        use secrecy::ExposeSecret as _;
        use std::os::unix::fs::PermissionsExt as _;
        let pair = self_signed(&self.colleagues_profile());
        std::fs::write(self.file(), pair.unwrap().bundle_pem().expose_secret()).unwrap();
        std::fs::set_permissions(self.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    async fn make_version(&mut self) {
        let profile = self.colleagues_profile();
        let (CertificateSource::KeyVault(theirs), StoreReference::KeyVault { url }) =
            (&self.certificate().source, &self.certificate().store)
        else {
            panic!("it is in a vault")
        };
        self.world.vaults_of_others().certificate(url, theirs).make(&profile).await.unwrap();
    }

    /// The directories of the requests that wait.
    pub(crate) fn requests(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.world.keys().join("exo/main"));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_dir() && path.to_string_lossy().contains("/request-")).collect()
    }

    /// The thumbprints of everything that was ever made and kept, in order; `None` where others keep it.
    pub(crate) async fn kept(&self) -> Option<Vec<String>> {
        let mut kept: Vec<String> = match &self.makers {
            Makers::Accredit | Makers::Authority(_) => {
                let generations = std::fs::read_dir(self.world.keys().join("exo/main"));
                let names = generations.into_iter().flatten().map(|entry| entry.unwrap().file_name());
                names.map(|name| name.into_string().unwrap()).filter(|name| name.len() == 40).collect()
            }
            Makers::Vault | Makers::ColleagueWithVault => {
                self.world.vault_thumbprints("team.vault.azure.net", "exo-main").await
            }
            Makers::Colleague => return None,
        };
        kept.sort();
        Some(kept)
    }

    /// The certificate that is handed over today, if there is one yet.
    pub(crate) fn handed_over(&self, snapshot: &Snapshot) -> Option<StoredCertificate> {
        let application = snapshot.applications.get("exo")?;
        let declared = self.desired.applications.values().next().unwrap();
        let kept = &snapshot.keys[&("exo".to_owned(), "main".to_owned())];
        let credentials = &application.key_credentials;
        let (certificate, now) = (self.certificate(), self.world.now);
        let sign_ins = snapshot.sign_ins.get("exo").cloned().unwrap_or_default();
        let chain = CertificateChain::new(certificate, &declared.expiry, kept, credentials, &sign_ins, now);
        chain.signs_in_with().map(|found| found.unwrap().clone())
    }

    /// Writes down what is different from yesterday.
    pub(crate) fn note(&mut self, day: i64, application: &Json, active: Option<&StoredCertificate>) {
        let mut shown = Vec::new();
        for credential in application["keyCredentials"].as_array().unwrap() {
            let thumbprint = credential["customKeyIdentifier"].as_str().unwrap().to_owned();
            self.ends = self.ends.max(credential["endDateTime"].as_str().unwrap().parse().unwrap());
            let next = self.numbers.len() + 1;
            let number = *self.numbers.entry(thumbprint.clone()).or_insert(next);
            let is_active = active.is_some_and(|active| active.thumbprint.as_str() == thumbprint);
            shown.push(format!("#{number}{}", if is_active { " active" } else { "" }));
        }
        if shown.is_empty() {
            shown.push("none yet".to_owned());
        }
        let line = shown.join(", ");
        if line != self.last {
            let date = self.world.now.strftime("%Y-%m-%d");
            writeln!(self.timeline, "{date}  day {day:>4}  {line}").unwrap();
            self.last = line;
        }
    }

    /// What the daily apply has to keep true.
    pub(crate) fn check(&self, application: &Json, day: i64) {
        let credentials = application["keyCredentials"].as_array().unwrap();
        assert!(credentials.len() <= 2, "day {day}: {credentials:#?}");
        let instant = |value: &Json| value.as_str().unwrap().parse::<Timestamp>().unwrap();
        let now = self.world.now;
        let works = |key: &&Json| instant(&key["startDateTime"]) <= now && now < instant(&key["endDateTime"]);
        // Before an authority has signed for the first time there is nothing.
        if !self.numbers.is_empty() {
            assert!(credentials.iter().any(|key| works(&key)), "day {day}: no certificate works: {credentials:#?}");
        }
    }
}

fn declared(world: &World, certificate: &str) -> Desired {
    let manifest = format!(
        "tenant: {TENANT}\nestate: years\napplications:\n  exo:\n    displayName: Exo\n    certificates:\n      main: {certificate}\n"
    );
    world.write("exo.yaml", &manifest);
    world.desired()
}
