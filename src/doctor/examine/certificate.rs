//! The certificates and their keys: in their stores, and on the application.

use std::collections::BTreeMap;

use super::{Outcome, Subject, failed, unlisted};
use crate::doctor::recognize;
use crate::kinds::CertificateChain;
use crate::model::{
    CertificateSource, DesiredCertificate, ExportFormat, KeyAccess, PfxEncryption, RemarkSeverity, Remedy, Stage,
    StoreReference, StoreTrouble, StoredCertificate, StoredKeys, UnreadableStore, UnusableFile,
};

/// The certificates are there with their keys, and in time.
pub(super) fn kept(subject: &Subject<'_>) -> Outcome {
    let declared: Vec<_> = subject.desired.certificates.iter().flatten().collect();
    if declared.is_empty() {
        return Outcome::Skipped("no certificate is declared".to_owned());
    }
    let observed = subject.observed.snapshot;
    let is_made = |name: &String| {
        let key = (subject.handle.to_owned(), name.clone());
        observed.keys.get(&key).is_some_and(|kept| !kept.generations.is_empty() || kept.unusable.is_some())
            || subject.observed.unreadable.contains_key(&key)
    };
    if subject.application.is_none()
        && !observed.deleted.contains_key(subject.handle)
        && !declared.iter().any(|(name, _)| is_made(name))
    {
        return Outcome::Skipped("the application is not applied".to_owned());
    }
    let (mut evidence, mut notes) = (Vec::new(), Vec::new());
    for (name, certificate) in declared {
        match one(subject, name, certificate) {
            Ok((seen, worth_knowing)) => {
                evidence.push(seen);
                notes.extend(worth_knowing);
            }
            Err(failed) => return failed,
        }
    }
    Outcome::Passed { evidence, notes }
}

/// What there is to say of one certificate.
fn one(subject: &Subject<'_>, name: &str, certificate: &DesiredCertificate) -> Result<(String, Vec<String>), Outcome> {
    let key = (subject.handle.to_owned(), name.to_owned());
    if let Some(unreadable) = subject.observed.unreadable.get(&key) {
        return Err(unreadable_store(subject, certificate, name, unreadable));
    }
    let Some(kept) = subject.observed.snapshot.keys.get(&key) else {
        return Err(lost(subject, certificate, format!("{name}: nothing was read of its store")));
    };
    if let Some(unusable) = &kept.unusable {
        return Err(unusable_file(subject, name, unusable));
    }
    let stored = in_use(subject, certificate, kept);
    let stored = match stored {
        Some(Ok(stored)) => stored,
        Some(Err(thumbprint)) => {
            let place = place(certificate);
            return Err(lost(
                subject,
                certificate,
                format!("{name}: {thumbprint} is on the application, and {place} does not have it"),
            ));
        }
        None => {
            let evidence = vec![format!("{name}: {} has none", place(certificate))];
            let remedy = subject.apply("`accredit apply` has it made and uploads it");
            let cause = "no certificate was made for this application yet".to_owned();
            return Err(unlisted(Stage::LocalCertificate, "There is no certificate yet", cause, evidence, remedy));
        }
    };
    in_time(subject, name, stored)?;
    let days = days_until(subject, stored);
    let mut notes = notes(subject, &key, certificate);
    let ends = stored.not_after.strftime("%Y-%m-%d");
    let access = match &stored.private_key {
        KeyAccess::Plain => "key there",
        KeyAccess::Encrypted { recipients: _ } => "key there, encrypted with age",
        KeyAccess::Vault { version: _, exportable: _ } => "key in the vault",
        KeyAccess::Absent => {
            notes.push(format!("the key of `{name}` is kept elsewhere, so nobody can sign in with it from here"));
            "key elsewhere"
        }
    };
    Ok((format!("{name}: {}, {}, {access}, until {ends} ({days} days)", stored.thumbprint, stored.key), notes))
}

/// The certificate that one signs in with, or its thumbprint where the store lacks it; before an upload the newest there is.
fn in_use<'a>(
    subject: &Subject<'a>,
    certificate: &'a DesiredCertificate,
    kept: &'a StoredKeys,
) -> Option<Result<&'a StoredCertificate, String>> {
    let none = BTreeMap::new();
    let credentials = subject.application.map_or(&[][..], |application| &application.key_credentials);
    let sign_ins = subject.observed.snapshot.sign_ins.get(subject.handle);
    let chain = CertificateChain::new(
        certificate,
        &subject.desired.expiry,
        kept,
        credentials,
        sign_ins.unwrap_or(&none),
        subject.observed.now,
    );
    match chain.signs_in_with() {
        Some(Ok(stored)) => kept.generations.iter().find(|one| one.thumbprint == stored.thumbprint).map(Ok),
        // Others of this store may be on their way to the application.
        Some(Err(thumbprint)) if kept.generations.is_empty() => Some(Err(thumbprint.to_string())),
        Some(Err(_)) | None => kept.generations.last().map(Ok),
    }
}

fn in_time(subject: &Subject<'_>, name: &str, stored: &StoredCertificate) -> Result<(), Outcome> {
    let now = subject.observed.now;
    let instant = |instant: jiff::Timestamp| instant.strftime("%Y-%m-%d %H:%M UTC");
    if stored.not_after <= now {
        let evidence = vec![format!("{name}: {} ended on {}", stored.thumbprint, instant(stored.not_after))];
        let remedy = subject.run(
            "`accredit apply` makes and uploads the next one where Accredit makes them, `accredit rotate` does not wait for it to be due; for a certificate of somebody else's put the next one in its place first",
            &["accredit rotate HANDLE"],
        );
        return Err(failed(9, "the certificate's end has passed, so Entra gives no token for it", evidence, remedy));
    }
    if stored.not_before > now {
        let evidence = vec![format!("{name}: {} begins on {}", stored.thumbprint, instant(stored.not_before))];
        let remedy =
            subject.run("set the clock of this machine, or of the one that made it; else wait", &["timedatectl"]);
        return Err(failed(9, "the certificate's beginning lies ahead", evidence, remedy));
    }
    Ok(())
}

fn days_until(subject: &Subject<'_>, stored: &StoredCertificate) -> i64 {
    stored.not_after.duration_since(subject.observed.now).as_hours() / 24
}

/// The store cannot be read: mostly as something is the matter with a key in it.
fn unreadable_store(
    subject: &Subject<'_>,
    certificate: &DesiredCertificate,
    name: &str,
    UnreadableStore { trouble, reason }: &UnreadableStore,
) -> Outcome {
    let evidence = vec![format!("{name}: {reason}")];
    let instead = "move the certificate's directory out of the store, and have a new one made, which takes its place";
    let rotate = ["accredit rotate HANDLE"];
    let (title, cause, remedy) = match trouble {
        StoreTrouble::KeyMissing => {
            let cause = "the certificate is in its store and its private key is not: it was moved or deleted, and nobody can give it back but a copy";
            let remedy = subject.run(format!("put a copy of the key back; or {instead}"), &rotate);
            return failed(16, cause, evidence, remedy);
        }
        StoreTrouble::KeyOfAnother => (
            "The private key belongs to another certificate",
            "the certificate and the key beside it do not belong together: somebody copied or replaced one of them, and what is signed with this key Entra refuses",
            subject.run(format!("put the key of this certificate back; or {instead}"), &rotate),
        ),
        StoreTrouble::Exposed => (
            "Others than its owner can read the private key",
            "the mode of the key's file lets others on this machine read it, so it is not used",
            subject.run(
                "take the rights away with the `chmod` that the message names; if somebody may have read it, have a new one made, which takes its place",
                &rotate,
            ),
        ),
        StoreTrouble::WrongPassword | StoreTrouble::Other => (
            "The key store cannot be used",
            reason.as_str(),
            subject.run(format!("mend what the message says of {}", place(certificate)), &[]),
        ),
    };
    unlisted(Stage::LocalCertificate, title, cause.to_owned(), evidence, remedy)
}

/// The key is not where it should be.
fn lost(subject: &Subject<'_>, certificate: &DesiredCertificate, evidence: String) -> Outcome {
    let cause = "the private key is not in its store: it was moved, deleted, or made on another machine. Nobody can give it back but a copy";
    let remedy = subject.run(
        format!(
            "put a copy of the key back into {}, or have a new one made, which takes the place of this one",
            place(certificate)
        ),
        &["accredit rotate HANDLE"],
    );
    failed(16, cause, vec![evidence], remedy)
}

/// A declared file that cannot be used, by whatever reason is known.
fn unusable_file(subject: &Subject<'_>, name: &str, unusable: &UnusableFile) -> Outcome {
    let reason = &format!("{}: {}", unusable.file.display(), unusable.reason);
    let evidence = vec![format!("{name}: {reason}")];
    let remedy = Remedy { text: unusable.help.clone(), manifest: None, commands: Vec::new() };
    if unusable.trouble == StoreTrouble::WrongPassword {
        let cause = "the password does not open the file; Windows Server 2016 says so too where the file is encrypted with AES-256";
        return failed(22, cause, evidence, remedy);
    }
    if let Some(known) = recognize(reason, subject.handle).diagnoses.into_iter().next().and_then(|known| known.failure)
    {
        return failed(known.0, reason, evidence, remedy);
    }
    let title = "The declared file cannot be used";
    unlisted(Stage::LocalCertificate, title, reason.to_owned(), evidence, remedy)
}

/// What some machine would say to the files.
fn notes(subject: &Subject<'_>, key: &(String, String), certificate: &DesiredCertificate) -> Vec<String> {
    let mut notes = Vec::new();
    if certificate.export.contains(&ExportFormat::Pfx) && certificate.pfx_encryption == PfxEncryption::Modern {
        notes.push(
            "the exported `.pfx` is encrypted with AES-256: Windows Server 2016 and before calls its password wrong (F22) and wants `pfxEncryption: legacy`"
                .to_owned(),
        );
    }
    let found = subject.observed.files.get(key).into_iter().flat_map(|inspection| &inspection.findings);
    for finding in found {
        let number = match finding.code {
            "cng" | "no-provider" | "old-csp" => "F17",
            "pfx-not-legacy" => "F22",
            _ if finding.severity == RemarkSeverity::Note => continue,
            // Its dates were looked at already.
            "ends-soon" | "expired" | "not-yet-valid" => continue,
            _ => "",
        };
        let number = if number.is_empty() { String::new() } else { format!(" ({number})") };
        notes.push(format!("{}: {}{number}: {}", finding.file, finding.message, finding.help));
    }
    notes
}

/// The declared certificates are on the application.
pub(super) fn uploaded(subject: &Subject<'_>) -> Outcome {
    let Some(application) = subject.application else { return Outcome::Skipped(String::new()) };
    let credentials: Vec<_> =
        application.key_credentials.iter().filter(|credential| credential.is_sign_in_certificate()).collect();
    let mut evidence = Vec::new();
    for (name, certificate) in subject.desired.certificates.iter().flatten() {
        let key = (subject.handle.to_owned(), name.clone());
        let kept = subject.observed.snapshot.keys.get(&key);
        let Some(Ok(stored)) = kept.and_then(|kept| in_use(subject, certificate, kept)) else { continue };
        let found = credentials.iter().find(|credential| credential.thumbprint.as_ref() == Some(&stored.thumbprint));
        let Some(found) = found else {
            return not_uploaded(subject, name, stored, &credentials);
        };
        evidence.push(format!("{name}: {} as key {}", stored.thumbprint, found.key_id));
    }
    Outcome::Passed { evidence, notes: Vec::new() }
}

fn not_uploaded(
    subject: &Subject<'_>,
    name: &str,
    stored: &StoredCertificate,
    credentials: &[&crate::model::ObservedKeyCredential],
) -> Outcome {
    let mut evidence = vec![format!("{name}: its store has {}", stored.thumbprint)];
    let others: Vec<&str> = credentials
        .iter()
        .map(|credential| credential.thumbprint.as_ref().map_or("one without a thumbprint", |it| it.as_str()))
        .collect();
    evidence.push(match others.as_slice() {
        [] => "the application has no certificate".to_owned(),
        others => format!("the application has {}", others.join(", ")),
    });
    let holder = |thumbprint: &crate::model::Thumbprint| {
        let applications = subject.observed.snapshot.applications.iter().filter(|(name, _)| *name != subject.handle);
        let mut holders = applications.filter(|(_, application)| {
            application.key_credentials.iter().any(|credential| credential.thumbprint.as_ref() == Some(thumbprint))
        });
        holders.next().map(|(name, _)| name.clone())
    };
    let kept_by = |thumbprint: &crate::model::Thumbprint| {
        let mut kept = subject.observed.snapshot.keys.iter().filter(|((handle, _), _)| handle != subject.handle);
        let found = kept.find(|(_, kept)| kept.generations.iter().any(|one| one.thumbprint == *thumbprint));
        found.map(|((handle, _), _)| handle.clone())
    };
    let cause = if let Some(other) = holder(&stored.thumbprint) {
        format!("this certificate was uploaded to the application `{other}` instead")
    } else if let Some((thumbprint, other)) = credentials
        .iter()
        .filter_map(|credential| credential.thumbprint.as_ref())
        .find_map(|thumbprint| Some((thumbprint, holder(thumbprint).or_else(|| kept_by(thumbprint))?)))
    {
        format!("the certificate on the application, {thumbprint}, is that of `{other}`")
    } else {
        "the certificate is not on the application: it was never uploaded, or somebody removed it".to_owned()
    };
    let remedy = subject.apply("`accredit apply` uploads the one from the store");
    failed(8, cause, evidence, remedy)
}

/// Where a certificate is kept, in words.
fn place(certificate: &DesiredCertificate) -> String {
    let path = match (&certificate.source, &certificate.store) {
        (CertificateSource::File { path, password: _ }, _) | (_, StoreReference::Directory { path, recipients: _ }) => {
            path
        }
        (_, StoreReference::KeyVault { url }) => return format!("the vault {url}"),
    };
    format!("`{}`", path.display())
}
