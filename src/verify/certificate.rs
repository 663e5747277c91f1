//! The declared certificates of one application: which is in use, whether its key is here, and whether it signs in.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::identity::ProofError;
use crate::keys::{KeyStore, Signer};
use crate::kinds::CertificateChain;
use crate::model::{
    Cause, Check, KeyAccess, ObservedApplication, Outcome, SignIn, StoredCertificate, StoredKeys, Subject, Thumbprint,
};

use super::application::Proof;
use super::failure;

/// Tries every declared certificate, or the one that was asked for. Gives the signer of the first that signs in.
pub(super) async fn prove(proof: Proof<'_>, application: &ObservedApplication) -> (Vec<Check>, Option<Signer>) {
    let mut checks = Vec::new();
    let mut signer = None;
    let wanted = proof.asked.certificate.as_ref();
    for (name, certificate) in proof.declared.certificates.iter().flatten() {
        let key = (proof.handle.to_string(), name.clone());
        let Some(store) = proof.means.stores.get(&key).filter(|_| wanted.is_none_or(|wanted| wanted == name)) else {
            continue;
        };
        let kept = match store.list().await {
            Ok(kept) => kept,
            Err(error) => {
                checks.push(failure::of_store(Subject::Certificate(name.clone()), &error));
                continue;
            }
        };
        let Proof { declared, now, .. } = proof;
        let credentials = &application.key_credentials;
        let chain = CertificateChain::new(certificate, &declared.expiry, &kept, credentials, &NO_SIGN_INS, now);
        let mut told = Vec::new();
        match in_use(proof, &chain, &kept, application) {
            Ok(in_use) => {
                for stored in in_use {
                    told.push(stored.thumbprint.clone());
                    let (check, proven) = sign_in(proof, application, name, store, stored).await;
                    checks.push(check);
                    signer = signer.or(proven);
                }
            }
            Err(cause) => {
                told.extend(cause.thumbprint().cloned());
                let hint = remedy(&cause);
                checks.push(Check::failed(None, Subject::Certificate(name.clone()), cause, hint));
            }
        }
        let untried = untried(proof, &chain, &kept, application, &told);
        let subject = || Subject::Certificate(name.clone());
        checks.extend(untried.into_iter().map(|outcome| Check::of(None, subject(), outcome)));
    }
    (checks, signer)
}

static NO_SIGN_INS: BTreeMap<Thumbprint, SignIn> = BTreeMap::new();

/// The certificate in use, then the one that is about to take over: as long as nothing has signed in, the older of two is in use.
fn in_use<'c>(
    proof: Proof<'_>,
    chain: &'c CertificateChain<'_>,
    kept: &StoredKeys,
    application: &ObservedApplication,
) -> Result<Vec<&'c StoredCertificate>, Cause> {
    let Proof { declared, now, .. } = proof;
    let next = chain.waited_for(&application.key_credentials, declared.foreign_credentials);
    let active = match (chain.signs_in_with(), next) {
        (Some(Ok(stored)), _) if stored.private_key != KeyAccess::Absent => Some(stored),
        (Some(_), Some(_)) => None,
        (Some(elsewhere), None) => {
            let thumbprint = elsewhere.map_or_else(Clone::clone, |stored| stored.thumbprint.clone());
            return Err(Cause::KeyAbsent { thumbprint });
        }
        (None, _) => {
            let uploaded = chain.uploaded().filter_map(|named| Thumbprint::parse(&named.id)).last();
            return Err(unusable(uploaded, kept, application, now));
        }
    };
    let is_other = |next: &&StoredCertificate| active.is_none_or(|active| active.thumbprint != next.thumbprint);
    Ok(active.into_iter().chain(next.filter(is_other)).collect())
}

/// What stands in the way of a rotation: a certificate that was made and is not on the application, and those in force there
/// whose keys are not here. `told` are those that were spoken of already.
fn untried(
    proof: Proof<'_>,
    chain: &CertificateChain<'_>,
    kept: &StoredKeys,
    application: &ObservedApplication,
    told: &[Thumbprint],
) -> Vec<Outcome> {
    let now = proof.now;
    let failed = |cause: Cause| {
        let hint = Some(remedy(&cause).to_owned());
        Outcome::Failed { cause, hint }
    };
    let mut outcomes = Vec::new();
    for thumbprint in chain.uploaded().filter_map(|named| Thumbprint::parse(&named.id)) {
        let mut of_it =
            application.key_credentials.iter().filter(|credential| credential.thumbprint.as_ref() == Some(&thumbprint));
        let is_in_force = of_it.any(|credential| {
            credential.start.is_none_or(|start| start <= now) && credential.end.is_none_or(|end| now < end)
        });
        if told.contains(&thumbprint) || !is_in_force {
            continue;
        }
        match kept.generations.iter().find(|stored| stored.thumbprint == thumbprint) {
            Some(stored) if stored.private_key == KeyAccess::Absent => {
                outcomes.push(failed(Cause::KeyAbsent { thumbprint }));
            }
            Some(_) => {
                let because = format!("{thumbprint} was followed by another one, and goes in its time");
                outcomes.push(Outcome::Skipped { because });
            }
            // Somebody with another store may work with it.
            None => {
                let because = format!("{thumbprint} is on the application too, and was not made in this store");
                outcomes.push(Outcome::Skipped { because });
            }
        }
    }
    let coming = chain.coming_from_store().filter(|stored| !told.contains(&stored.thumbprint));
    outcomes.extend(coming.map(|stored| failed(Cause::NotUploaded { thumbprint: stored.thumbprint.clone() })));
    outcomes
}

/// Why there is none to sign in with. `uploaded` is the one that was uploaded last.
fn unusable(
    uploaded: Option<Thumbprint>,
    kept: &StoredKeys,
    application: &ObservedApplication,
    now: Timestamp,
) -> Cause {
    let Some(thumbprint) = uploaded else {
        return match kept.generations.last() {
            Some(stored) => Cause::NotUploaded { thumbprint: stored.thumbprint.clone() },
            None => Cause::NoCertificate,
        };
    };
    let mut credentials = application.key_credentials.iter();
    let credential = credentials.find(|credential| credential.thumbprint.as_ref() == Some(&thumbprint));
    let (start, end) = credential.map_or((None, None), |credential| (credential.start, credential.end));
    match (start, end) {
        (_, Some(end)) if end <= now => Cause::Ended { thumbprint, end },
        (Some(start), _) if now < start => Cause::NotYetValid { thumbprint, start },
        _ => Cause::NotUploaded { thumbprint },
    }
}

async fn sign_in(
    proof: Proof<'_>,
    application: &ObservedApplication,
    name: &str,
    store: &KeyStore,
    stored: &StoredCertificate,
) -> (Check, Option<Signer>) {
    let subject = Subject::Certificate(name.to_owned());
    match proof.means.sign_in.prove(&application.app_id, store, stored).await {
        Ok(signer) => {
            let place = match &stored.private_key {
                KeyAccess::Vault { .. } => ", its vault signs",
                KeyAccess::Plain | KeyAccess::Encrypted { .. } | KeyAccess::Absent => "",
            };
            let end = stored.not_after.strftime("%Y-%m-%d");
            let evidence = format!("{} signs in{place}; it ends on {end}", stored.thumbprint);
            (Check::passed(None, subject, evidence), Some(signer))
        }
        Err(ProofError::Key(error)) => (failure::of_store(subject, &error), None),
        Err(ProofError::SignIn(error)) => (failure::of_sign_in(None, subject, &error), None),
    }
}

fn remedy(cause: &Cause) -> &'static str {
    match cause {
        Cause::KeyAbsent { .. } => {
            "run it where the key is, put the key back from a copy, or make another one here with `accredit rotate`"
        }
        Cause::Ended { .. } => "`accredit apply` makes its successor; the clock of this machine may be wrong too",
        Cause::NotYetValid { .. } => "wait until then, or look at the clock of this machine",
        _ => "`accredit apply` makes and uploads it",
    }
}
