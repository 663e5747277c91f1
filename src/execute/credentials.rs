//! A change to the certificates of an application or service principal. Graph has no optimistic locking: a write of the
//! whole list loses what somebody else added since it was read.
//!
//! So a certificate is added and removed by itself, with `addKey` and `removeKey`, wherever one of ours that is valid can
//! prove to Graph that this is no stranger. Only where there is none (the first certificate of an application that somebody
//! else made, one whose certificates have all ended) is the list written whole: read just before, sent with every other
//! entry as it was read. In both cases it is read again after: a credential that nobody meant to remove is never lost in
//! silence.
//! <https://learn.microsoft.com/graph/api/application-addkey>

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::graph::Writer;
use crate::identity::Clock;
use crate::keys::{JwsAlgorithm, KeyStore, Signer};
use crate::kinds::{KeyCredentialsChange, key_id, wire};
use crate::model::{KeyAccess, ObservedKeyCredential, StoredCertificate};

use super::StepError;

/// Who proofs are for: the directory, under its oldest name.
/// <https://learn.microsoft.com/graph/application-rollkey-prooftoken>
const PROOF_AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";
const PROOF_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A certificate whose key can be had.
pub(super) struct Available {
    pub(super) certificate: StoredCertificate,
    pub(super) store: KeyStore,
}

pub(super) async fn change(
    writer: &Writer,
    change: &KeyCredentialsChange,
    available: &[Available],
    clock: &Clock,
) -> Result<(), StepError> {
    let now = clock();
    let path = &change.holder;
    let before = writer.reader().get(path).await?;
    let credentials = observed(&before)?;
    let removed: BTreeSet<String> = credentials
        .iter()
        .filter(|credential| change.remove.iter().any(|name| is_named(credential, name)))
        .map(|credential| credential.key_id.clone())
        .collect();
    let there: BTreeSet<&str> = credentials.iter().map(|credential| credential.key_id.as_str()).collect();
    let added: Vec<&Json> = change.add.values().filter(|credential| !there.contains(id(credential))).collect();
    if removed.is_empty() && added.is_empty() {
        return Ok(());
    }
    let stays = |credential: &&ObservedKeyCredential| !removed.contains(&credential.key_id);
    let is_usable =
        |credential: &ObservedKeyCredential| credential.is_sign_in_certificate() && is_current(credential, now);
    let locks_out = credentials.iter().any(is_usable) && !credentials.iter().filter(stays).any(is_usable);
    if locks_out && change.add.is_empty() && !change.may_leave_none {
        return Err(StepError::NoneLeft);
    }

    let is_missing = |name: &&String| !credentials.iter().any(|credential| is_named(credential, name));
    if let Some(gone) = change.stay.iter().find(is_missing).filter(|_| !removed.is_empty()) {
        return Err(StepError::CredentialVanished(format!("the certificate {gone}, which the others make room for,")));
    }

    let latest = match prover(&credentials, &removed, available, now).await {
        Some(signer) if path.starts_with("/applications/") => {
            let holder = before["id"].as_str().unwrap_or_default();
            let taken = one_by_one(writer, path, holder, &added, &removed, &signer, clock).await?;
            seen(writer, path, &taken).await?
        }
        Some(_) | None => before.clone(),
    };
    let have = key_ids(&latest)?;
    let is_done = removed.is_disjoint(&have) && added.iter().all(|credential| have.contains(id(credential)));
    let latest = if is_done { latest } else { whole(writer, path, latest, change, &added, &removed).await? };
    check(&before, &latest, change, &added, &removed)
}

/// What Graph took of the changes that were sent one by one.
#[derive(Default)]
struct Taken {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

/// Adds and removes each by itself. Where Graph does not take the proof, the rest is left for [`whole`].
async fn one_by_one(
    writer: &Writer,
    path: &str,
    holder: &str,
    added: &[&Json],
    removed: &BTreeSet<String>,
    signer: &Signer,
    clock: &Clock,
) -> Result<Taken, StepError> {
    // A proof is dated when it is sent: before that it may have been waited for long.
    let sign = || async {
        use secrecy::ExposeSecret as _;
        let now = clock();
        let proof = json!({
            "aud": PROOF_AUDIENCE,
            "iss": holder,
            "nbf": now.as_second(),
            "exp": (now + PROOF_LIFE).as_second(),
        });
        let proof = signer.jwt(JwsAlgorithm::Rs256, &proof).await.map_err(StepError::Sign)?;
        Ok::<_, StepError>(proof.expose_secret().to_owned())
    };
    let mut taken = Taken::default();
    for credential in added {
        let body =
            async || Ok(json!({ "keyCredential": credential, "passwordCredential": null, "proof": sign().await? }));
        if let Some(answer) = sent(writer, path, "addKey", body, |have| have.contains(id(credential))).await? {
            // Graph may have given it another name than ours.
            let named = Some(id(&answer)).filter(|named| !named.is_empty());
            taken.added.insert(named.unwrap_or(id(credential)).to_owned());
        }
    }
    for key_id in removed {
        let body = async || Ok(json!({ "keyId": key_id, "proof": sign().await? }));
        if sent(writer, path, "removeKey", body, |have| !have.contains(key_id)).await?.is_some() {
            taken.removed.insert(key_id.clone());
        }
    }
    Ok(taken)
}

/// Sends one change; gives Graph's answer, `None` where it does not take the proof. Where the answer is lost a look tells, and
/// what it does not show is sent once more: a `keyId` is added and removed once, so nothing is done twice.
async fn sent(
    writer: &Writer,
    path: &str,
    action: &str,
    body: impl AsyncFn() -> Result<Json, StepError>,
    is_done: impl Fn(&BTreeSet<String>) -> bool,
) -> Result<Option<Json>, StepError> {
    let path_of_action = format!("{path}/{action}");
    let has_come = async || Ok::<_, StepError>(is_done(&key_ids(&writer.reader().get(path).await?)?));
    let (mut failures, mut lost) = (0, None);
    loop {
        let error = match writer.write_once("POST", &path_of_action, &body().await?, &mut failures).await {
            Ok(None) => continue,
            Ok(Some(answer)) => return Ok(Some(answer)),
            Err(error) => error,
        };
        // What is done already is done, though a replica may not show it yet.
        if (action == "removeKey" && error.already_gone()) || (action == "addKey" && error.already_exists()) {
            return Ok(Some(Json::Null));
        }
        if error.answer_lost() || lost.is_some() {
            if has_come().await? {
                return Ok(Some(Json::Null));
            }
            // A refusal of the second one may mean that the first was taken after all, which is not seen yet.
            match lost {
                Some(first) => return Err(StepError::Graph(first)),
                None => lost = Some(error),
            }
            continue;
        }
        // Only a proof that Graph does not take, or an action that it does not allow, is a reason for another way.
        if !matches!(error.status(), Some(400 | 401 | 403)) {
            return Err(error.into());
        }
        tracing::info!("{error}");
        return Ok(None);
    }
}

/// Reads until what Graph took can be seen: an older list must not be written back, nor taken for what is there.
async fn seen(writer: &Writer, path: &str, taken: &Taken) -> Result<Json, StepError> {
    let read = async || {
        let latest = writer.reader().get(path).await?;
        let have = key_ids(&latest)?;
        let is_latest = taken.added.is_subset(&have) && taken.removed.is_disjoint(&have);
        is_latest.then_some(latest).ok_or(StepError::NotSeen)
    };
    let is_older = |error: &StepError| matches!(error, StepError::NotSeen);
    writer.patience().until_known("an older list of certificates was read", read, is_older).await
}

/// Writes the whole list as it was read, without what goes and with what comes. Where Graph has it sent again, it is read anew: an
/// older list would undo what somebody else did in between.
async fn whole(
    writer: &Writer,
    path: &str,
    mut latest: Json,
    change: &KeyCredentialsChange,
    added: &[&Json],
    removed: &BTreeSet<String>,
) -> Result<Json, StepError> {
    let mut failures = 0;
    loop {
        let there = key_ids(&latest)?;
        let missing = added.iter().filter(|credential| !there.contains(id(credential)));
        // Graph keeps a certificate once: under our `keyId`, it goes from under another one.
        let replaced = duplicates(&latest, change)?;
        // Entries that stay are sent as they were read: Graph knows them by their keyId and refuses any other change.
        let list = latest["keyCredentials"].as_array().into_iter().flatten();
        let kept = list.filter(|credential| !removed.contains(id(credential)) && !replaced.contains(id(credential)));
        let sent: Vec<Json> = kept.chain(missing.copied()).cloned().collect();
        let body = json!({ "keyCredentials": sent });
        let sending = match writer.write_once("PATCH", path, &body, &mut failures).await {
            Ok(None) => {
                latest = writer.reader().get(path).await?;
                continue;
            }
            outcome => outcome.map(drop),
        };
        let read = async || {
            let after = writer.reader().get(path).await?;
            let have = key_ids(&after)?;
            let has_come = added.iter().all(|credential| have.contains(id(credential)));
            let is_as_sent = has_come && removed.is_disjoint(&have) && replaced.is_disjoint(&have);
            is_as_sent.then_some(after).ok_or(StepError::NotSeen)
        };
        return match sending {
            Ok(()) => {
                let is_older = |error: &StepError| matches!(error, StepError::NotSeen);
                match writer.patience().until_known("an older list of certificates was read", read, is_older).await {
                    // Somebody else may have written too; what became of ours is judged by what is there.
                    Err(StepError::NotSeen) => Ok(writer.reader().get(path).await?),
                    outcome => outcome,
                }
            }
            // Where the answer was lost and the write is there all the same, all is well.
            Err(error) => read().await.map_err(|_| error.into()),
        };
    }
}

/// That what should be there is, and that nothing else went.
fn check(
    before: &Json,
    after: &Json,
    change: &KeyCredentialsChange,
    added: &[&Json],
    removed: &BTreeSet<String>,
) -> Result<(), StepError> {
    let have = key_ids(after)?;
    if let Some(missing) = added.iter().map(|credential| id(credential)).find(|id| !have.contains(*id)) {
        return Err(StepError::NotUploaded(format!("with the keyId {missing}")));
    }
    let replaced = duplicates(before, change)?;
    let list = before["keyCredentials"].as_array().into_iter().flatten().map(id);
    let vanished = list.filter(|id| !removed.contains(*id) && !replaced.contains(*id)).find(|id| !have.contains(*id));
    match vanished {
        Some(vanished) => Err(StepError::CredentialVanished(format!("the credential with the keyId {vanished}"))),
        // Somebody may have added one at the same time; it is kept, and the next plan reports it.
        None => Ok(()),
    }
}

/// Certificates of the change that are there under another `keyId` than ours.
fn duplicates(holder: &Json, change: &KeyCredentialsChange) -> Result<BTreeSet<String>, StepError> {
    let ours: BTreeSet<&str> = change.add.values().map(id).collect();
    let same = observed(holder)?.into_iter().filter(|credential| {
        credential.is_sign_in_certificate()
            && credential.thumbprint.as_ref().is_some_and(|thumbprint| change.add.contains_key(thumbprint))
    });
    Ok(same.map(|credential| credential.key_id).filter(|id| !ours.contains(id.as_str())).collect())
}

/// The key of a valid certificate of ours that is there, one that stays where there is such a one.
async fn prover(
    credentials: &[ObservedKeyCredential],
    removed: &BTreeSet<String>,
    available: &[Available],
    now: Timestamp,
) -> Option<Signer> {
    let mut usable: Vec<&Available> = available
        .iter()
        .filter(|available| {
            let own = key_id(&available.certificate);
            let there = credentials.iter().find(|credential| credential.key_id.eq_ignore_ascii_case(&own));
            available.certificate.private_key != KeyAccess::Absent
                && there.is_some_and(|credential| is_current(credential, now))
        })
        .collect();
    usable.sort_by_key(|available| removed.contains(&key_id(&available.certificate)));
    for available in usable {
        match available.store.signer(&available.certificate).await {
            Ok(signer) => return Some(signer),
            Err(error) => tracing::info!("{error}"),
        }
    }
    None
}

fn is_current(credential: &ObservedKeyCredential, now: Timestamp) -> bool {
    credential.start.is_none_or(|start| start <= now) && credential.end.is_none_or(|end| now < end)
}

/// Whether a credential is named by its `keyId`, or is a certificate to sign in with and named by its thumbprint: the same one
/// may stand there for another use.
fn is_named(credential: &ObservedKeyCredential, name: &str) -> bool {
    let thumbprint = credential.thumbprint.as_ref().filter(|_| credential.is_sign_in_certificate());
    name.eq_ignore_ascii_case(&credential.key_id) || thumbprint.is_some_and(|thumbprint| thumbprint.as_str() == name)
}

fn id(credential: &Json) -> &str {
    credential["keyId"].as_str().unwrap_or_default()
}

fn key_ids(holder: &Json) -> Result<BTreeSet<String>, StepError> {
    Ok(observed(holder)?.into_iter().map(|credential| credential.key_id).collect())
}

/// What cannot be read must never pass for something without credentials.
fn observed(holder: &Json) -> Result<Vec<ObservedKeyCredential>, StepError> {
    wire::key_credentials(holder).map_err(StepError::Unreadable)
}
