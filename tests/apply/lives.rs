//! Whatever comes in whatever order, days, deaths, other declarations, rotations, others who write: what works goes on
//! working, no key is lost, and it all ends well.

use std::collections::BTreeSet;
use std::sync::Arc;

use accredit::kinds::Intent;
use accredit::model::Rotate;
use accredit::transport::Transport;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use super::authority::Authority;
use super::life::{Life, Makers};
use super::mortal::{Fate, Mortal};
use super::world::{days_after, noon};

#[derive(Clone, Debug)]
enum Event {
    Days(i64),
    Apply,
    /// The request of that number meets its fate.
    FatedApply(usize, Fate),
    Rotate(Rotate),
    Declare(Declaration),
    /// Somebody adds a certificate of his own.
    Intrusion,
}

/// What a manifest may say of one certificate.
#[derive(Clone, Debug)]
struct Declaration {
    subject: &'static str,
    months: i64,
    overlap: i64,
    renew_before: i64,
}

impl Declaration {
    fn text(&self, is_signed: bool) -> String {
        let Self { subject, months, overlap, renew_before } = self;
        // An authority decides by itself how long what it signs is valid.
        let source = if is_signed { "source: csr".to_owned() } else { format!("validFor: P{months}M") };
        format!(
            "{{ {source}, subject: {subject}, store: {{ directory: ../.accredit/keys }} }}\n    \
             expiry: {{ renewBefore: P{renew_before}D, overlap: P{overlap}D }}"
        )
    }
}

fn declaration() -> impl Strategy<Value = Declaration> {
    let subject = prop_oneof![Just("CN=one"), Just("CN=other")];
    (subject, prop_oneof![Just(6_i64), Just(12)], 1_i64..20, 20_i64..60)
        .prop_map(|(subject, months, overlap, renew_before)| Declaration { subject, months, overlap, renew_before })
}

fn event() -> impl Strategy<Value = Event> {
    let fate = prop::sample::select(Fate::ALL.to_vec());
    prop_oneof![
        2 => (1_i64..40).prop_map(Event::Days),
        2 => (1_i64..400).prop_map(Event::Days),
        4 => Just(Event::Apply),
        6 => (1_usize..24, fate).prop_map(|(nth, fate)| Event::FatedApply(nth, fate)),
        2 => prop_oneof![Just(Rotate::Now), Just(Rotate::Finish)].prop_map(Event::Rotate),
        2 => declaration().prop_map(Event::Declare),
        1 => Just(Event::Intrusion),
    ]
}

struct Story {
    life: Life,
    mortal: Arc<Mortal>,
    day: i64,
    is_signed: bool,
    intruders: BTreeSet<String>,
}

impl Story {
    async fn begin(is_signed: bool, declaration: &Declaration) -> Self {
        let makers = if is_signed { Makers::Authority(Box::new(Authority::new())) } else { Makers::Accredit };
        let mut life = Life::new(makers).await;
        let mortal = Mortal::new(&life.world);
        life.world.send_through(Arc::clone(&mortal) as Arc<dyn Transport>);
        life.declare(&declaration.text(is_signed));
        Self { life, mortal, day: 0, is_signed, intruders: BTreeSet::new() }
    }

    async fn live(&mut self, event: &Event) {
        match event {
            Event::Days(days) => {
                self.day += days;
                self.life.world.turn_to(days_after(noon(), self.day)).await;
                self.life.others().await;
            }
            Event::Apply => self.apply(Rotate::WhenDue).await,
            Event::FatedApply(nth, fate) => {
                self.mortal.arm(*nth, *fate);
                self.apply(Rotate::WhenDue).await;
                self.mortal.disarm();
            }
            Event::Rotate(rotate) => self.apply(*rotate).await,
            Event::Declare(declaration) => self.life.declare(&declaration.text(self.is_signed)),
            Event::Intrusion => self.intrude().await,
        }
    }

    async fn apply(&mut self, rotate: Rotate) {
        self.life.certificate_mut().rotate = rotate;
        tokio::select! {
            () = self.run(rotate) => {}
            () = self.mortal.death() => {}
        }
        self.life.certificate_mut().rotate = Rotate::WhenDue;
    }

    async fn run(&self, rotate: Rotate) {
        let life = &self.life;
        let is_fated = self.mortal.is_armed();
        let snapshot = match life.world.try_snapshot(&life.desired).await {
            Ok(snapshot) => snapshot,
            Err(_) if is_fated => return,
            Err(error) => panic!("{error}"),
        };
        match accredit::plan::plan(&life.desired, &snapshot, life.world.now, Intent::Reconcile) {
            Ok(plan) => {
                let report = life.world.carry_out(&life.desired, plan).await;
                assert!(is_fated || report.is_complete(), "{:?}", report.failed);
            }
            // A rotation that is under way, or none that could be finished.
            Err(problems) => assert_ne!(rotate, Rotate::WhenDue, "{problems:?}"),
        }
    }

    async fn intrude(&mut self) {
        let Some(application) = self.life.world.find("exo").await else { return };
        let key = self_signed();
        let id = uuid::Uuid::new_v4().to_string();
        let mut credentials = application["keyCredentials"].as_array().unwrap().clone();
        credentials.push(json!({ "keyId": id, "type": "AsymmetricX509Cert", "usage": "Verify", "key": key }));
        let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
        self.life.world.admin("PATCH", &path, json!({ "keyCredentials": credentials })).await;
        self.intruders.insert(id);
    }

    /// What is always true.
    async fn check(&self) {
        let Some(application) = self.life.world.find("exo").await else { return };
        let kept = self.life.kept().await.unwrap();
        let mut intruders = self.intruders.clone();
        for credential in application["keyCredentials"].as_array().unwrap() {
            if intruders.remove(credential["keyId"].as_str().unwrap()) {
                continue;
            }
            let thumbprint = credential["customKeyIdentifier"].as_str().unwrap();
            assert!(kept.iter().any(|kept| kept == thumbprint), "the key of {thumbprint} is lost: {kept:?}");
        }
        assert!(intruders.is_empty(), "those of somebody else are gone: {intruders:?}");
    }

    /// Some quiet weeks later there is one certificate, and nothing is to be done.
    async fn end(&mut self) {
        for _ in 0..9 {
            self.live(&Event::Days(6)).await;
            self.apply(Rotate::WhenDue).await;
            self.apply(Rotate::WhenDue).await;
            self.check().await;
        }
        let life = &self.life;
        let plan = life.world.plan(&life.desired).await;
        assert!(plan.is_empty(), "{plan:?}");
        let application = life.world.application("exo").await;
        let (now, mut ours) = (life.world.now, Vec::new());
        for credential in application["keyCredentials"].as_array().unwrap() {
            let id = credential["keyId"].as_str().unwrap();
            let instant = |name: &str| credential[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            if !self.intruders.contains(id) {
                ours.push((id, instant("startDateTime") <= now && now < instant("endDateTime")));
            }
        }
        let is_rotating = !plan.rotations.is_empty();
        assert!(ours.iter().any(|(_, works)| *works), "{ours:?}");
        assert!(ours.len() == 1 || (is_rotating && ours.len() == 2), "{ours:?} {:?}", plan.rotations);
    }
}

/// A certificate of somebody else, base64.
fn self_signed() -> Json {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    BASE64_STANDARD.encode(certificate.der()).into()
}

#[test]
fn whatever_comes_in_whatever_order_ends_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let stories = (any::<bool>(), declaration(), prop::collection::vec(event(), 4..20));
    runner
        .run(&stories, |(is_signed, declaration, events)| {
            runtime.block_on(async {
                let mut story = Story::begin(is_signed, &declaration).await;
                for event in &events {
                    story.live(event).await;
                    story.check().await;
                }
                story.end().await;
            });
            Ok(())
        })
        .unwrap();
}
