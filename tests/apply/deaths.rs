//! Runs that die: two years in which every second run meets its fate at a chosen request. That it goes on like that is for `years`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use accredit::kinds::Intent;
use accredit::transport::Transport;
use futures_util::future::join_all;

use super::authority::Authority;
use super::life::{Life, Makers};
use super::mortal::{Fate, Mortal};
use super::world::{days_after, noon};

/// Long enough for two rotations.
const YEARS: i64 = 2;

/// Two years in which every second run meets its fate at its `nth` request. Gives whether that request ever came.
async fn die_often(makers: Makers, fate: Fate, nth: usize) -> bool {
    let mut life = Life::new(makers).await;
    let mortal = Mortal::new(&life.world);
    life.world.send_through(Arc::clone(&mortal) as Arc<dyn Transport>);
    let mut day = 0;
    let mut runs = 0;
    while day <= YEARS * 365 + 40 {
        life.world.turn_to(days_after(noon(), day)).await;
        life.others().await;
        let snapshot = life.world.snapshot(&life.desired).await;
        let plan = accredit::plan::plan(&life.desired, &snapshot, life.world.now, Intent::Reconcile).unwrap();
        let (is_busy, is_quiet) = (!plan.is_empty(), plan.rotations.is_empty() && !life.numbers.is_empty());
        if is_busy {
            runs += 1;
            if runs % 2 == 1 {
                mortal.arm(nth, fate);
            }
            tokio::select! {
                report = life.world.carry_out(&life.desired, plan) => {
                    assert!(runs % 2 == 1 || report.is_complete(), "{fate:?} {nth}: {:?}", report.failed);
                }
                () = mortal.death() => {}
            }
            mortal.disarm();
        }
        if let Some(application) = life.world.find("exo").await {
            life.note(day, &application, None);
            life.check(&application, day);
        }
        let days_left = life.ends.duration_since(life.world.now).as_hours() / 24;
        day += match (is_busy, is_quiet) {
            (true, _) => 1,
            // For most of the year nothing happens.
            (false, true) if days_left > 45 => days_left - 40,
            (false, _) => 5,
        };
    }
    // The same end as without any trouble: one certificate, nothing to do, no key too many and none too few.
    let plan = life.world.plan(&life.desired).await;
    assert!(plan.is_empty(), "{fate:?} {nth}: {plan:?}");
    assert_eq!(life.numbers.len(), 3, "{fate:?} {nth}: {}", life.timeline);
    let application = life.world.application("exo").await;
    assert_eq!(application["keyCredentials"].as_array().unwrap().len(), 1, "{fate:?} {nth}: {}", life.timeline);
    if let Some(kept) = life.kept().await {
        let uploaded: Vec<String> = life.numbers.keys().cloned().collect();
        assert_eq!(kept, uploaded, "{fate:?} {nth}: {}", life.timeline);
    }
    assert_eq!(life.requests().len(), 0, "{fate:?} {nth}");
    mortal.has_come.load(Ordering::SeqCst)
}

/// Every request of a run in turn, with each fate, until the runs have no such request any more.
fn die_at_every_request(makers: fn() -> Makers) {
    // Side by side: vaults make one wait, and the rest is work for every processor there is.
    const AT_ONCE: usize = 3;
    let begin = |fate: Fate| {
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut first = 1;
            let lives = |first| (first..first + AT_ONCE).map(|nth| die_often(makers(), fate, nth));
            while runtime.block_on(join_all(lives(first))).into_iter().all(|has_come| has_come) {
                first += AT_ONCE;
            }
            assert!(first > 3, "{fate:?}: there were fewer than {AT_ONCE} requests");
        }
    };
    let fates = Fate::ALL.map(|fate| std::thread::spawn(begin(fate)));
    let outcomes = fates.map(std::thread::JoinHandle::join);
    assert!(outcomes.iter().all(Result::is_ok), "one did not survive");
}

#[test]
fn certificates_of_ones_own_survive_every_death() {
    die_at_every_request(|| Makers::Accredit);
}

#[test]
fn an_authoritys_certificates_survive_every_death() {
    die_at_every_request(|| Makers::Authority(Box::new(Authority::new())));
}

#[test]
fn a_colleagues_files_survive_every_death() {
    die_at_every_request(|| Makers::Colleague);
}

#[test]
fn certificates_in_a_vault_survive_every_death() {
    die_at_every_request(|| Makers::Vault);
}

#[test]
fn a_colleagues_versions_in_a_vault_survive_every_death() {
    die_at_every_request(|| Makers::ColleagueWithVault);
}
