//! A change to an application's certificates. Graph replaces the whole list and has no optimistic locking, so it is read
//! just before, sent with every other entry as it was read, and read again after: a credential that nobody meant to
//! remove is never lost in silence.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::graph::Writer;
use crate::kinds::{KeyCredentialsChange, wire};
use crate::model::ObservedKeyCredential;

use super::StepError;

pub(super) async fn change(writer: &Writer, change: &KeyCredentialsChange) -> Result<(), StepError> {
    let path = format!("/applications/{}", change.application);
    let before = writer.reader().get(&path).await?;
    let there = key_ids(&before)?;
    let removed: BTreeSet<String> = observed(&before)?
        .into_iter()
        .filter(|credential| {
            credential.thumbprint.as_ref().is_some_and(|thumbprint| change.remove.contains(thumbprint))
        })
        .map(|credential| credential.key_id)
        .collect();
    let id = |credential: &Json| credential["keyId"].as_str().unwrap_or_default().to_owned();
    let added: Vec<&Json> = change.add.values().filter(|credential| !there.contains(&id(credential))).collect();
    // Graph keeps a certificate once: under our `keyId`, it goes from under another that somebody gave it.
    let replaced: BTreeSet<String> = observed(&before)?
        .into_iter()
        .filter(|credential| {
            credential.thumbprint.as_ref().is_some_and(|thumbprint| change.add.contains_key(thumbprint))
        })
        .map(|credential| credential.key_id)
        .collect();
    if removed.is_empty() && added.is_empty() {
        return Ok(());
    }
    // Entries that stay are sent as they were read: Graph knows them by their keyId and refuses any other change.
    let list = before["keyCredentials"].as_array().into_iter().flatten();
    let kept = list.filter(|credential| !removed.contains(&id(credential)));
    let sent: Vec<Json> = kept.chain(added.iter().copied()).cloned().collect();
    let expected: BTreeSet<String> = sent.iter().map(id).collect();
    let sending = writer.write("PATCH", &path, Some(&json!({ "keyCredentials": sent })), false, None).await;
    let after = key_ids(&writer.reader().get(&path).await?)?;
    if after == expected {
        // Also where the answer was lost: the write is there.
        return Ok(());
    }
    sending?;
    if let Some(missing) = added.iter().map(|credential| id(credential)).find(|id| !after.contains(id)) {
        return Err(StepError::NotUploaded(format!("with the keyId {missing}")));
    }
    match expected.difference(&after).find(|id| !replaced.contains(*id)) {
        Some(vanished) => Err(StepError::CredentialVanished(format!("the credential with the keyId {vanished}"))),
        // Somebody added one at the same time; it is kept, and the next plan reports it.
        None => Ok(()),
    }
}

fn key_ids(application: &Json) -> Result<BTreeSet<String>, StepError> {
    Ok(observed(application)?.into_iter().map(|credential| credential.key_id).collect())
}

/// An application that cannot be read must never pass for one without credentials.
fn observed(application: &Json) -> Result<Vec<ObservedKeyCredential>, StepError> {
    Ok(wire::application(application).map_err(StepError::Unreadable)?.key_credentials)
}
