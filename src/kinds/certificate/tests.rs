//! The life of a certificate, instant by instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::key_id;
use super::chain::CertificateChain;
use super::choice::{Choice, back_dated};
use crate::model::{
    Address, AskedFor, CertificateSource, DesiredCertificate, DistinguishedName, Expiry, GenerationState, KeyAccess,
    KeyAlgorithm, ObservedKeyCredential, OnExpired, PfxEncryption, Place, Prune, Rotate, SignIn, SignedCertificate,
    StoreReference, StoredCertificate, StoredKeys, StoredRequest, Thumbprint, UnusableFile, Usage, Value,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn desired() -> DesiredCertificate {
    let place = Place { file: "exo.yaml".into(), line: 1, column: 1, start: 0, end: 1 };
    DesiredCertificate {
        place: place.clone(),
        source: CertificateSource::SelfSigned,
        source_place: place.clone(),
        lifetime_place: Some(place.clone()),
        key_place: place,
        rotate: Rotate::WhenDue,
        display_name: "main".to_owned(),
        subject: DistinguishedName("CN=exo".to_owned()),
        subject_by_handle: false,
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        valid_for: "1y".parse().unwrap(),
        friendly_name: None,
        store: StoreReference::Directory { path: "keys".into(), recipients: BTreeSet::new() },
        export: BTreeSet::new(),
        pfx_password: None,
        pfx_encryption: PfxEncryption::default(),
        hosts: Vec::new(),
    }
}

fn of_authority() -> DesiredCertificate {
    DesiredCertificate {
        source: CertificateSource::Request { usages: BTreeSet::from([Usage::ClientAuthentication]) },
        ..desired()
    }
}

fn of_file() -> DesiredCertificate {
    DesiredCertificate { source: CertificateSource::File { path: "exo.cer".into(), password: None }, ..desired() }
}

fn expiry() -> Expiry {
    let period = |text: &str| text.parse().unwrap();
    Expiry {
        renew_before: period("30d"),
        overlap: period("14d"),
        maximum_lifetime: period("1y"),
        warn_before: period("30d"),
        on_expired: OnExpired::Renew,
        prune: Prune::Nothing,
    }
}

fn thumbprint(digit: char) -> Thumbprint {
    Thumbprint::parse(&digit.to_string().repeat(40)).unwrap()
}

/// One that was made at `made`, with a thumbprint of one repeated digit.
fn stored(digit: char, made: &str) -> StoredCertificate {
    let made = at(made);
    StoredCertificate {
        thumbprint: thumbprint(digit),
        thumbprint_sha256: Thumbprint::parse(&digit.to_string().repeat(64)).unwrap(),
        subject: desired().subject,
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: back_dated(made),
        not_after: desired().valid_for.after(made),
        der: Vec::new(),
        exports: BTreeSet::new(),
        asked: None,
        follows: BTreeSet::new(),
        private_key: KeyAccess::Plain,
    }
}

fn asked() -> AskedFor {
    AskedFor { subject: desired().subject, dns_names: Vec::new(), usages: vec!["clientAuth".to_owned()] }
}

fn uploaded(stored: &StoredCertificate) -> ObservedKeyCredential {
    ObservedKeyCredential {
        key_id: key_id(stored),
        display_name: Some("main".to_owned()),
        thumbprint: Some(stored.thumbprint.clone()),
        start: Some(stored.not_before),
        end: Some(stored.not_after),
        key_type: "AsymmetricX509Cert".to_owned(),
        usage: "Verify".to_owned(),
    }
}

/// A world in which one certificate is looked at.
struct World {
    desired: DesiredCertificate,
    expiry: Expiry,
    keys: StoredKeys,
    uploaded: Vec<ObservedKeyCredential>,
    sign_ins: BTreeMap<Thumbprint, SignIn>,
}

impl World {
    fn new(desired: DesiredCertificate, generations: Vec<StoredCertificate>) -> Self {
        let uploaded = generations.iter().map(uploaded).collect();
        let keys = StoredKeys { generations, ..StoredKeys::default() };
        Self { desired, expiry: expiry(), keys, uploaded, sign_ins: BTreeMap::new() }
    }

    fn signs_in(mut self, digit: char) -> Self {
        self.sign_ins.insert(thumbprint(digit), SignIn::Accepted);
        self
    }

    fn chain(&self, now: &str) -> CertificateChain<'_> {
        CertificateChain::new(&self.desired, &self.expiry, &self.keys, &self.uploaded, &self.sign_ins, at(now))
    }

    /// What is chosen ("make", … or a digit), and the digits that the application is to have.
    fn outcome(&self, now: &str) -> (String, String) {
        let chain = self.chain(now);
        let chosen = match &chain.choice {
            Choice::Make { .. } => "make".to_owned(),
            Choice::Request { .. } => "request".to_owned(),
            Choice::Wait { .. } => "wait".to_owned(),
            Choice::TakeIn { signed, .. } => format!("take {}", &signed.certificate.thumbprint.as_str()[..1]),
            Choice::InStore(stored) => stored.thumbprint.as_str()[..1].to_owned(),
            Choice::Elsewhere { thumbprint } => thumbprint.as_str()[..1].to_owned(),
            Choice::Nothing => "nothing".to_owned(),
        };
        let wanted = chain.key_credentials(Value::text("+"));
        (chosen, wanted.iter().filter_map(Value::id).map(|id| &id[..1]).collect())
    }

    /// The states of the generations, in one line.
    fn states(&self, now: &str) -> String {
        let rotation = self.chain(now).rotation(Address::new("exo", "certificate", "main"));
        let generations = rotation.into_iter().flat_map(|rotation| rotation.generations);
        let shown = generations.map(|generation| {
            let digit = generation.thumbprint.map_or("+".to_owned(), |thumbprint| thumbprint.as_str()[..1].to_owned());
            format!("{digit} {}", generation.state.as_str())
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

fn is(chosen: &str, wanted: &str) -> (String, String) {
    (chosen.to_owned(), wanted.to_owned())
}

#[test]
fn the_renewal_period_begins_to_the_second() {
    let world = World::new(desired(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    assert_eq!(world.outcome("2026-12-01T23:59:59Z"), is("1", "1"));
    assert_eq!(world.states("2026-12-01T23:59:59Z"), "", "there is nothing to say");
    assert_eq!(world.outcome("2026-12-02T00:00:00Z"), is("make", "1+"));
    assert_eq!(world.states("2026-12-02T00:00:00Z"), "1 active, + next");
}

#[test]
fn the_overlap_ends_to_the_second_and_the_old_one_goes_then() {
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
    let world = World::new(desired(), two).signs_in('2');
    assert_eq!(world.outcome("2026-12-15T23:59:59Z"), is("2", "12"));
    assert_eq!(world.states("2026-12-15T23:59:59Z"), "1 retiring, 2 active");
    assert_eq!(world.outcome("2026-12-16T00:00:00Z"), is("2", "2"));
}

#[test]
fn the_old_one_stays_until_it_ends_where_the_next_has_not_signed_in() {
    let two = || vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
    let mut world = World::new(desired(), two());
    assert_eq!(world.outcome("2026-12-31T23:59:59Z"), is("2", "12"));
    assert_eq!(world.states("2026-12-20T00:00:00Z"), "1 active, 2 next");
    let proof = world.chain("2026-12-20T00:00:00Z").unproven(Value::Null, false);
    assert_eq!(proof.unwrap().id().unwrap(), thumbprint('2').as_str());
    world.sign_ins.insert(thumbprint('2'), SignIn::Refused("AADSTS53003: blocked".to_owned()));
    assert_eq!(world.outcome("2026-12-31T23:59:59Z"), is("2", "12"));
    let rotation = world.chain("2026-12-20T00:00:00Z").rotation(Address::new("exo", "certificate", "main")).unwrap();
    assert!(rotation.notes.iter().any(|note| note.contains("AADSTS53003")), "{rotation:?}");
    assert_eq!(
        world.outcome("2027-01-01T00:00:00Z"),
        is("2", "12"),
        "a clock that is ahead removes nothing that works"
    );
    world.keys.generations[1].private_key = KeyAccess::Absent;
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("2", "2"), "it has ended, and nobody here can prove the next");
    assert!(
        World::new(desired(), two()).signs_in('2').chain("2026-12-20T00:00:00Z").unproven(Value::Null, false).is_none()
    );
}

#[test]
fn the_only_one_is_active_though_nobody_has_seen_it_sign_in() {
    let world = World::new(desired(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    let chain = world.chain("2026-06-01T00:00:00Z");
    assert_eq!(chain.signs_in_with().unwrap().unwrap().thumbprint, thumbprint('1'));
    assert!(chain.unproven(Value::Null, false).is_none(), "nothing waits for it");
    assert!(chain.unproven(Value::Null, true).is_some(), "what left the manifest waits for it");
}

#[test]
fn a_key_that_waits_in_the_store_is_used_and_no_other_made() {
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
    let mut world = World::new(desired(), two);
    world.uploaded.truncate(1);
    assert_eq!(world.outcome("2026-12-03T00:00:00Z"), is("2", "12"));
    world.uploaded.clear();
    assert_eq!(world.outcome("2026-12-03T00:00:00Z"), is("2", "2"));
}

#[test]
fn a_rotation_that_was_begun_goes_on_before_it_would_be_due() {
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-03-01T00:00:00Z")];
    let mut world = World::new(desired(), two);
    world.uploaded.truncate(1);
    assert_eq!(world.outcome("2026-03-02T00:00:00Z"), is("2", "12"));
}

#[test]
fn an_expired_one_is_replaced_and_goes_once_the_next_has_signed_in() {
    let one = || vec![stored('1', "2026-01-01T00:00:00Z")];
    let mut world = World::new(desired(), one());
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("make", "1+"));
    assert_eq!(world.states("2027-01-01T00:00:00Z"), "1 expired, + next");
    assert!(world.chain("2027-01-01T00:00:00Z").unproven(Value::Null, false).is_some());
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2027-01-01T00:00:00Z")];
    assert_eq!(World::new(desired(), two).signs_in('2').outcome("2027-01-02T00:00:00Z"), is("2", "2"));
    world.expiry.prune = Prune::Expired;
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("make", "+"), "the manifest says so");
    world.expiry.prune = Prune::Nothing;
    world.expiry.on_expired = OnExpired::Warn;
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("1", "1"));
    assert_eq!(world.outcome("2026-12-31T00:00:00Z"), is("make", "1+"), "before its end it is renewed all the same");
    world.desired.rotate = Rotate::Now;
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("make", "1+"));
    world.desired.rotate = Rotate::WhenDue;
    world.expiry.on_expired = OnExpired::Refuse;
    let problems = world.chain("2027-01-02T00:00:00Z").problems();
    assert!(problems[0].message.contains("ended 1 days ago"), "{problems:?}");
}

#[test]
fn one_whose_key_is_elsewhere_is_known_by_its_name_and_its_key_id() {
    let one = stored('1', "2026-01-01T00:00:00Z");
    let mut world = World::new(desired(), Vec::new());
    world.uploaded = vec![uploaded(&one)];
    assert_eq!(world.outcome("2026-06-01T00:00:00Z"), is("1", "1"));
    world.uploaded[0].display_name = Some("by hand".to_owned());
    assert_eq!(world.outcome("2026-06-01T00:00:00Z"), is("make", "+"));
    world.uploaded = vec![uploaded(&one)];
    world.uploaded[0].key_id = "11111111-2222-4333-8444-555555555555".to_owned();
    assert_eq!(world.outcome("2026-06-01T00:00:00Z"), is("make", "+"), "anybody can give it our name");
}

/// Another machine has rotated; this one has the keys of before, and signs in with them.
#[test]
fn what_another_machine_made_is_kept_and_does_not_renew_what_is_used_here() {
    let (ours, theirs) = (stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-11-01T00:00:00Z"));
    let mut world = World::new(desired(), vec![ours]);
    world.uploaded.push(uploaded(&theirs));
    assert_eq!(world.outcome("2026-11-20T00:00:00Z"), is("2", "12"), "nobody here can prove the new one");
    assert_eq!(world.outcome("2026-12-03T00:00:00Z"), is("make", "12+"), "the one whose key is here is due");
    world.expiry.warn_before = "60d".parse().unwrap();
    let rotation = world.chain("2026-11-20T00:00:00Z").rotation(Address::new("exo", "certificate", "main")).unwrap();
    assert!(rotation.notes.iter().any(|note| note.contains("is not in `keys`")), "{rotation:?}");
    assert!(rotation.notes.iter().any(|note| note.contains("it ends in 42 days")), "{rotation:?}");
    world.desired.rotate = Rotate::Now;
    assert_eq!(world.outcome("2026-11-20T00:00:00Z"), is("make", "12+"), "whoever leaked it can have another one");
    assert!(world.chain("2026-11-20T00:00:00Z").problems().is_empty());
}

/// A pull request's runner has no keys: what was uploaded last is taken for what is in use.
#[test]
fn without_a_key_the_last_one_is_taken_for_the_active_one() {
    let two = [stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
    let mut world = World::new(desired(), Vec::new());
    world.uploaded = two.iter().map(uploaded).collect();
    assert_eq!(world.states("2026-12-05T00:00:00Z"), "1 retiring, 2 active");
    assert_eq!(world.outcome("2026-12-30T00:00:00Z"), is("2", "12"), "but nothing is removed for that");
}

/// What was taken off the application by hand, as after a leak, is not what `rotate` brings back.
#[test]
fn rotating_makes_a_key_that_nobody_has_had() {
    let mut world = World::new(desired(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    world.uploaded.clear();
    assert_eq!(world.outcome("2026-03-01T00:00:00Z"), is("1", "1"));
    world.desired.rotate = Rotate::Now;
    assert_eq!(world.outcome("2026-03-01T00:00:00Z"), is("make", "+"));
}

/// Authorities date back to midnight: the second one of a day begins before the first was uploaded.
#[test]
fn the_order_in_the_store_tells_which_came_later() {
    let midnight = |digit: char| StoredCertificate {
        not_before: at("2026-03-01T00:00:00Z"),
        asked: Some(asked()),
        ..stored(digit, "2026-03-01T00:10:00Z")
    };
    let (first, mut second) = (midnight('1'), midnight('2'));
    second.follows.insert(thumbprint('1'));
    let mut world = World::new(of_authority(), vec![first, second]);
    for credential in &mut world.uploaded {
        credential.start = Some(at("2026-03-01T09:00:00Z"));
    }
    let second = world.uploaded.pop().unwrap();
    assert_eq!(world.outcome("2026-03-01T10:00:00Z"), is("2", "12"), "a rotation that was begun goes on");
    world.uploaded = vec![second];
    assert_eq!(world.outcome("2026-03-01T10:00:00Z"), is("2", "2"), "what was removed does not come back");
}

/// Every certificate stays for the overlap after its own successor came, however many came since.
#[test]
fn a_later_renewal_keeps_none_of_the_earlier_ones() {
    let three = vec![
        stored('1', "2026-01-01T00:00:00Z"),
        stored('2', "2026-06-01T00:00:00Z"),
        stored('3', "2026-06-10T00:00:00Z"),
    ];
    let world = World::new(desired(), three).signs_in('3');
    assert_eq!(world.outcome("2026-06-14T00:00:00Z"), is("3", "123"));
    assert_eq!(world.outcome("2026-06-15T00:00:00Z"), is("3", "23"));
    assert_eq!(world.outcome("2026-06-24T00:00:00Z"), is("3", "3"));
}

#[test]
fn a_policy_without_end_is_no_trouble() {
    let world = World::new(desired(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    let chain = world.chain("2026-06-01T00:00:00Z").limited(Some(("p", "P9000Y".parse().unwrap())));
    assert_eq!(chain.new_dates().1, at("2027-06-01T00:00:00Z"));
}

#[test]
fn a_leap_day_is_no_trouble() {
    let one = stored('1', "2028-02-29T12:00:00Z");
    assert_eq!(one.not_after, at("2029-02-28T12:00:00Z"));
    assert_eq!(World::new(desired(), vec![one]).outcome("2028-03-01T00:00:00Z"), is("1", "1"));
}

#[test]
fn one_that_begins_in_the_future_does_not_take_over_yet() {
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-10T00:00:00Z")];
    let world = World::new(desired(), two).signs_in('2');
    assert_eq!(world.states("2026-12-05T00:00:00Z"), "1 active, 2 next");
    assert_eq!(world.outcome("2026-12-05T00:00:00Z"), is("2", "12"));
}

#[test]
fn rotating_now_makes_one_and_refuses_a_third() {
    let mut world = World::new(desired(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    world.desired.rotate = Rotate::Now;
    assert_eq!(world.outcome("2026-03-01T00:00:00Z"), is("make", "1+"));
    assert!(world.chain("2026-03-01T00:00:00Z").problems().is_empty());
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-03-01T00:00:00Z")];
    world = World::new(DesiredCertificate { rotate: Rotate::Now, ..desired() }, two);
    let problems = world.chain("2026-03-02T00:00:00Z").problems();
    assert!(problems[0].message.contains("being rotated already"), "{problems:?}");
}

#[test]
fn a_rotation_is_finished_early_only_once_the_next_has_signed_in() {
    let two = || vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-03-01T00:00:00Z")];
    let finish = || DesiredCertificate { rotate: Rotate::Finish, ..desired() };
    let world = World::new(finish(), two());
    assert_eq!(world.outcome("2026-03-02T00:00:00Z"), is("2", "12"));
    assert!(world.chain("2026-03-02T00:00:00Z").problems()[0].message.contains("has not signed in"));
    let world = world.signs_in('2');
    assert_eq!(world.outcome("2026-03-02T00:00:00Z"), is("2", "2"));
    assert!(world.chain("2026-03-02T00:00:00Z").problems().is_empty());
    let world = World::new(finish(), vec![stored('1', "2026-01-01T00:00:00Z")]);
    assert!(world.chain("2026-03-02T00:00:00Z").problems()[0].message.contains("no rotation is under way"));
}

fn request(signed: Vec<StoredCertificate>) -> StoredRequest {
    let signed = signed.into_iter().map(|certificate| SignedCertificate { file: "signed.cer".into(), certificate });
    StoredRequest {
        id: "0123456789abcdef".to_owned(),
        file: "exo-main.csr".into(),
        asked: asked(),
        key: KeyAlgorithm::Rsa2048,
        signed: signed.collect(),
        unusable: Vec::new(),
    }
}

#[test]
fn an_authority_is_asked_waited_for_and_taken_at_its_word() {
    let mut world = World::new(of_authority(), Vec::new());
    assert_eq!(world.outcome("2026-01-01T00:00:00Z"), is("request", ""));
    world.keys.requests = vec![request(Vec::new())];
    assert_eq!(world.outcome("2026-01-01T00:00:00Z"), is("wait", ""));
    assert_eq!(world.states("2026-01-01T00:00:00Z"), "+ requested");
    let early = stored('1', "2026-01-05T00:00:00Z");
    world.keys.requests = vec![request(vec![early.clone()])];
    assert_eq!(world.outcome("2026-01-01T00:00:00Z"), is("wait", ""), "it is not valid yet");
    assert_eq!(world.outcome("2026-01-06T00:00:00Z"), is("take 1", "+"));
    assert_eq!(world.outcome("2027-01-06T00:00:00Z"), is("wait", ""), "it has ended");
    // What it signed is another subject than was asked for, and that is no reason to ask again.
    let signed =
        StoredCertificate { subject: DistinguishedName("CN=exo, O=Contoso".to_owned()), asked: Some(asked()), ..early };
    world = World::new(of_authority(), vec![signed]);
    assert_eq!(world.outcome("2026-06-01T00:00:00Z"), is("1", "1"));
    assert_eq!(world.outcome("2026-12-10T00:00:00Z"), is("request", "1"));
    world.keys.requests = vec![request(Vec::new())];
    assert_eq!(world.states("2026-12-10T00:00:00Z"), "1 active, + requested");
    world.keys.requests = vec![request(vec![stored('2', "2026-12-10T12:00:00Z")])];
    assert_eq!(world.outcome("2026-12-11T00:00:00Z"), is("take 2", "1+"));
}

#[test]
fn a_request_for_something_else_is_not_waited_for() {
    let mut world = World::new(of_authority(), Vec::new());
    world.keys.requests = vec![request(Vec::new())];
    world.desired.subject = DistinguishedName("CN=other".to_owned());
    assert_eq!(world.outcome("2026-01-01T00:00:00Z"), is("request", ""));
}

#[test]
fn an_authority_that_gives_little_time_is_not_asked_every_day() {
    let short = StoredCertificate {
        not_after: at("2026-01-21T00:00:00Z"),
        asked: Some(asked()),
        ..stored('1', "2026-01-01T00:00:00Z")
    };
    let world = World::new(of_authority(), vec![short]);
    assert_eq!(world.outcome("2026-01-02T00:00:00Z"), is("1", "1"));
    assert_eq!(world.outcome("2026-01-15T00:00:00Z"), is("request", "1"));
}

#[test]
fn a_file_is_what_is_used_whatever_it_holds() {
    let two = vec![stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
    let mut world = World::new(of_file(), two.clone());
    world.keys.generations.remove(0);
    assert_eq!(world.outcome("2026-12-03T00:00:00Z"), is("2", "12"));
    // Somebody puts the one before back.
    world.keys.generations = vec![two[0].clone()];
    assert_eq!(world.outcome("2026-12-03T00:00:00Z"), is("1", "21"));
    // Nobody renews it here.
    world = World::new(of_file(), vec![two[1].clone()]);
    assert_eq!(world.outcome("2027-11-20T00:00:00Z"), is("2", "2"));
    let rotation = world.chain("2027-11-20T00:00:00Z").rotation(Address::new("exo", "certificate", "main")).unwrap();
    assert!(rotation.notes[0].contains("ends in 12 days"), "{rotation:?}");
    assert!(rotation.notes[0].contains("put the next one at `exo.cer`"), "{rotation:?}");
}

#[test]
fn a_file_without_its_key_lets_the_one_before_live_to_its_end() {
    let public = |stored| StoredCertificate { private_key: KeyAccess::Absent, ..stored };
    let two = vec![public(stored('1', "2026-01-01T00:00:00Z")), public(stored('2', "2026-12-02T00:00:00Z"))];
    let mut world = World::new(of_file(), two);
    world.keys.generations.remove(0);
    assert_eq!(world.outcome("2026-12-31T00:00:00Z"), is("2", "12"));
    assert!(world.chain("2026-12-31T00:00:00Z").unproven(Value::Null, false).is_none());
    assert_eq!(world.outcome("2027-01-01T00:00:00Z"), is("2", "2"));
}

#[test]
fn what_others_make_must_fit_the_policy() {
    let long = StoredCertificate { not_after: at("2029-01-01T00:00:00Z"), ..stored('1', "2026-01-01T00:00:00Z") };
    let mut world = World::new(of_file(), vec![long]);
    assert!(world.chain("2026-06-01T00:00:00Z").problems().is_empty(), "it is in use already");
    let rotation = world.chain("2026-06-01T00:00:00Z").rotation(Address::new("exo", "certificate", "main")).unwrap();
    assert!(rotation.notes[0].contains("may live longer than 1y"), "{rotation:?}");
    world.uploaded.clear();
    assert!(world.chain("2026-06-01T00:00:00Z").problems()[0].message.contains("may live longer than 1y"));
    world.keys = StoredKeys {
        unusable: Some(UnusableFile::new("exo.cer", "it is not there", "put it there")),
        ..StoredKeys::default()
    };
    assert!(world.chain("2026-06-01T00:00:00Z").problems()[0].message.contains("it is not there"));
}

#[test]
fn states_have_the_names_of_the_documents() {
    let names: Vec<&str> = [
        GenerationState::Active,
        GenerationState::Next,
        GenerationState::Retiring,
        GenerationState::Expired,
        GenerationState::Requested,
    ]
    .into_iter()
    .map(GenerationState::as_str)
    .collect();
    assert_eq!(names, ["active", "next", "retiring", "expired", "requested"]);
}
