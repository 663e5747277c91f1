//! One step: its references resolved, its writes carried out in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::graph::Created;
use crate::kinds::{Certificates, Request, Write, kind};
use crate::model::{CertificateProfile, DistinguishedName, Fields, Step, StoredCertificate, Value};

use super::keys::Keeper;
use super::{Execution, Outputs, StepError, credentials, uploaded_as};

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
            Write::Graph(request) => outputs.extend(send(&request, execution).await?),
            Write::KeyCredentials(change) => credentials::change(execution.writer, &change).await?,
            Write::MakeCertificate => {
                let keeper = keeper(&step, execution)?;
                let profile = profile(step.action.after().unwrap_or(&Fields::new()))?;
                let stored = blocking({
                    let keeper = keeper.clone();
                    move || keeper.make(&profile)
                })
                .await?;
                let thumbprint = stored.thumbprint.to_string();
                outputs.insert("keyCredential".to_owned(), uploaded_as(&thumbprint, &keeper.certificate.display_name));
                outputs.insert("thumbprint".to_owned(), Value::text(thumbprint));
                let mut certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
                certificates.stored.insert(stored.thumbprint.clone(), stored);
            }
            Write::ExportCertificate { thumbprint } => {
                let keeper = keeper(&step, execution)?.clone();
                let stored: Option<StoredCertificate> = {
                    let certificates = certificates.lock().unwrap_or_else(PoisonError::into_inner);
                    certificates.stored.values().find(|stored| stored.thumbprint.as_str() == thumbprint).cloned()
                };
                let stored = stored.ok_or(StepError::Unresolved(format!("the certificate {thumbprint}")))?;
                blocking(move || keeper.export(&stored)).await?;
            }
        }
    }
    Ok(outputs)
}

/// Sends one request; gives the ids of what it made.
async fn send(request: &Request, execution: &Execution<'_>) -> Result<BTreeMap<String, Value>, StepError> {
    let look = request.look.as_ref().map(|look| (look.path.as_str(), &look.having));
    if request.create_if_missing
        && let Some((path, having)) = look
    {
        // An upsert over an application that appeared since the plan would replace its certificates: that is another
        // plan, for another look.
        if execution.writer.look(path, having).await?.is_some() {
            return Err(StepError::MadeMeanwhile);
        }
    }
    let Request { method, path, body, create_if_missing, look: _ } = request;
    let created = execution.writer.write(method, path, body.as_ref(), *create_if_missing, look).await?;
    let object = match created {
        Created::Now(object) | Created::Found(object) => object,
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

/// Work that takes the processor or the disk for a while, off the thread that talks to Graph.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::keys::StoreError> + Send + 'static,
) -> Result<T, StepError> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| StepError::Thread)??)
}
