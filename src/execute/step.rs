//! One step: its references resolved, its writes carried out in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::graph::{Created, GraphError, Sending};
use crate::identity::ProofError;
use crate::kinds::{Certificates, Request, Write, kind};
use crate::model::{
    CertificateProfile, CertificateSource, DistinguishedName, Fields, RequestProfile, Step, StoredCertificate,
    Thumbprint, Value,
};

use super::cmdlet;
use super::credentials::{self, Available};
use super::keys::Keeper;
use super::{Execution, Outputs, StepError, uploaded_as};

/// Carries out `step` and gives what others may refer to.
pub(super) async fn run(
    step: &Step,
    execution: &Execution<'_>,
    certificates: &Mutex<Certificates>,
    known: &Outputs,
) -> Result<BTreeMap<String, Value>, StepError> {
    let resolve = |output: &crate::model::Output| known.get(&output.of)?.get(&output.name).cloned();
    let action = step.action.map_after(|value| value.resolved(&resolve));
    // A certificate's own outputs become known by this very step.
    let after = action.after().into_iter().flat_map(|after| after.values());
    if let Some(open) = after.flat_map(Value::outputs).find(|output| output.of != step.address) {
        return Err(StepError::Unresolved(format!("`{}` of {}", open.name, open.of)));
    }
    let step = Step { action, ..step.clone() };
    let (_, kind) = kind(&step.address.kind).ok_or_else(|| StepError::Unresolved(step.address.kind.clone()))?;
    let writes = {
        let certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
        kind.writes(&step, &certificates)
    };
    let mut outputs = BTreeMap::new();
    for write in writes {
        match write {
            Write::Graph(request) => {
                let made = send(&request, execution, &fresh(&step, known, &outputs)).await?;
                outputs.extend(made);
            }
            Write::KeyCredentials(change) => {
                let available = available(&step, execution, certificates);
                credentials::change(execution.writer, &change, &available, &execution.sign_in.clock).await?;
            }
            Write::MakeCertificate => {
                let keeper = keeper(&step, execution)?;
                let profile = profile(step.action.after().unwrap_or(&Fields::new()))?;
                let stored = keeper.make(&profile).await?;
                outputs.extend(made(&stored, keeper, certificates));
            }
            Write::MakeRequest => {
                let keeper = keeper(&step, execution)?;
                let certificate = &keeper.certificate;
                let usages = match &certificate.source {
                    CertificateSource::Request { usages } => usages.clone(),
                    CertificateSource::SelfSigned | CertificateSource::File { .. } | CertificateSource::KeyVault(_) => {
                        return Err(StepError::NoKeyStore);
                    }
                };
                let profile = RequestProfile {
                    subject: certificate.subject.clone(),
                    dns_names: certificate.dns_names.clone(),
                    usages,
                };
                let request = keeper.store.request(&profile, certificate.key).await?;
                outputs.insert("file".to_owned(), Value::text(request.file.display().to_string()));
            }
            Write::TakeInCertificate { request, thumbprint } => {
                let keeper = keeper(&step, execution)?;
                let field = |value: &str| StepError::Field { field: "thumbprint", value: value.to_owned() };
                let thumbprint = Thumbprint::parse(&thumbprint).ok_or_else(|| field(&thumbprint))?;
                let stored = keeper.store.take_in(&request, &thumbprint).await?;
                keeper.export(&stored).await?;
                outputs.extend(made(&stored, keeper, certificates));
            }
            Write::ExportCertificate { thumbprint } => {
                let stored = stored(&thumbprint, certificates)?;
                keeper(&step, execution)?.export(&stored).await?;
            }
            Write::ProtectKeys => keeper(&step, execution)?.store.protect().await?,
            Write::CopyKeys => keeper(&step, execution)?.store.copy_in().await?,
            Write::Cmdlet(cmdlet) => cmdlet::run(&cmdlet, execution, &fresh(&step, known, &outputs)).await?,
            Write::SignIn { app_id, thumbprint } => {
                let stored = stored(&thumbprint, certificates)?;
                let store = &keeper(&step, execution)?.store;
                execution.sign_in.prove_soon(&app_id, store, &stored).await.map_err(|error| match error {
                    ProofError::Key(error) => StepError::Keys(error),
                    ProofError::SignIn(error) => StepError::NotProven(error),
                })?;
                outputs.insert("thumbprint".to_owned(), Value::text(thumbprint));
            }
        }
    }
    Ok(outputs)
}

/// What others may refer to of a certificate that came into its store.
fn made(stored: &StoredCertificate, keeper: &Keeper, certificates: &Mutex<Certificates>) -> [(String, Value); 2] {
    let thumbprint = stored.thumbprint.to_string();
    let mut certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
    certificates.stored.insert(stored.thumbprint.clone(), stored.clone());
    [
        ("keyCredential".to_owned(), uploaded_as(&thumbprint, &keeper.certificate.display_name)),
        ("thumbprint".to_owned(), Value::text(thumbprint)),
    ]
}

fn stored(thumbprint: &str, certificates: &Mutex<Certificates>) -> Result<StoredCertificate, StepError> {
    let certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = certificates.stored.values();
    let found = known.find(|stored| stored.thumbprint.as_str() == thumbprint).cloned();
    found.ok_or_else(|| StepError::Unresolved(format!("the certificate {thumbprint}")))
}

/// The certificates that are declared for the step's application and were in their stores when the tenant was read.
fn available(step: &Step, execution: &Execution<'_>, certificates: &Mutex<Certificates>) -> Vec<Available> {
    let certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |name: &str| certificates.kept.get(&(step.address.holder.clone(), name.to_owned()));
    let keepers = execution.keys.of(&step.address.holder);
    keepers
        .flat_map(|(name, keeper)| {
            of(name).into_iter().flatten().filter_map(|thumbprint| {
                let certificate = certificates.stored.get(thumbprint)?.clone();
                Some(Available { certificate, store: keeper.store.clone() })
            })
        })
        .collect()
}

/// What names objects that this run made: their ids, and the handle of an application that this very step has made.
fn fresh(step: &Step, known: &Outputs, own: &BTreeMap<String, Value>) -> Vec<String> {
    let outputs = known.values().chain([own]);
    let ids = outputs.flat_map(|outputs| ["id", "appId"].into_iter().filter_map(|name| outputs.get(name)?.id()));
    let handle = step.action.after().filter(|_| !own.is_empty()).and_then(|after| after.get("uniqueName")?.id());
    ids.map(str::to_owned).chain(handle.map(|handle| format!("uniqueName='{handle}'"))).collect()
}

/// Whether a request is about one of the objects that this run made.
fn is_about(request: &Request, fresh: &[String]) -> bool {
    let body = request.body.as_ref().map(ToString::to_string).unwrap_or_default();
    fresh.iter().any(|name| request.path.contains(name) || body.contains(name))
}

/// How often it is waited for Exchange to notice that nothing uses any more what is to go: some 20 s. Who else uses it is not
/// waited for.
const WAITS_FOR_THE_LAST_USE: usize = 6;

/// Sends one request; gives the ids of what it made. Of what this run made it is waited for that it is known everywhere.
async fn send(
    request: &Request,
    execution: &Execution<'_>,
    fresh: &[String],
) -> Result<BTreeMap<String, Value>, StepError> {
    let Request { method, path, body, create_if_missing, look, removes } = request;
    let created = if let (true, Some(body), Some(look)) = (*create_if_missing, body, look) {
        execution.writer.upsert(path, body, (&look.path, &look.having), &look.mark).await?
    } else {
        let sending = Sending {
            method,
            path,
            body: body.as_ref(),
            // A deletion, and a change to a declared value.
            repeatable: *method != "POST",
            look: look.as_ref().map(|look| (look.path.as_str(), &look.having)),
        };
        let is_fresh = is_about(request, fresh);
        let is_replication = |error: &GraphError| is_fresh && error.may_be_replication();
        let why = format!("Microsoft Graph does not know everywhere yet what this run made ({method} {path})");
        let in_use = format!("something is still in use, or was until a moment ago ({method} {path})");
        let patience = execution.writer.patience();
        let attempt = async || execution.writer.write(sending).await;
        let write = async || {
            let attempt = async || patience.until_known(&why, attempt, is_replication).await;
            let waits = patience.propagation_waits().take(WAITS_FOR_THE_LAST_USE);
            patience.again(waits, &in_use, attempt, |error| *removes && error.is_still_in_use()).await
        };
        let outcome = match write().await {
            // What takes something away may be sent again.
            Err(error) if *removes && error.answer_lost() => write().await,
            outcome => outcome,
        };
        match outcome {
            Err(error) if *removes && error.already_gone() => return Ok(BTreeMap::new()),
            outcome => outcome?,
        }
    };
    let object = match created {
        Created::Now(object) | Created::Found(object) => object,
        Created::Foreign => return Err(StepError::MadeMeanwhile),
        Created::Changed => return Err(StepError::ChangedInstead),
        Created::Nothing => return Ok(BTreeMap::new()),
    };
    let ids = ["id", "appId"].into_iter();
    Ok(ids.filter_map(|name| Some((name.to_owned(), Value::text(object[name].as_str()?)))).collect())
}

fn keeper<'e>(step: &Step, execution: &Execution<'e>) -> Result<&'e Keeper, StepError> {
    execution.keys.keeper(&step.address.holder, &step.address.name).ok_or(StepError::NoKeyStore)
}

/// The certificate as planned, dates included.
fn profile(after: &Fields) -> Result<CertificateProfile, StepError> {
    let text = |field: &'static str| {
        let value = after.get(field).and_then(Value::id);
        value.ok_or_else(|| StepError::Field { field, value: String::new() })
    };
    let instant = |field: &'static str| {
        let value = text(field)?;
        value.parse().map_err(|_| StepError::Field { field, value: value.to_owned() })
    };
    let names = after.get("dnsNames").into_iter().flat_map(Value::members).filter_map(Value::id);
    let key = text("key")?;
    Ok(CertificateProfile {
        subject: DistinguishedName(text("subject")?.to_owned()),
        dns_names: names.map(str::to_owned).collect(),
        key: key.parse().map_err(|()| StepError::Field { field: "key", value: key.to_owned() })?,
        not_before: instant("notBefore")?,
        not_after: instant("notAfter")?,
    })
}
