//! Carries out an approved plan: applications side by side, the writes to one application one after the other, deletions
//! last. It decides nothing; what cannot be done as planned fails and is reported.

mod cmdlet;
mod credentials;
mod keys;
mod report;
mod step;

pub use keys::{CertificateName, Keeper, Keys};
pub use report::{Failure, Report, Skipped, StepError};

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};

use crate::exchange::AdminEndpoint;
use crate::graph::Writer;
use crate::identity::CertificateSignIn;
use crate::kinds::Certificates;
use crate::model::{Address, Named, Step, Value};
use crate::plan::Approved;

/// What a finished step tells those that refer to it: property → value.
pub type Outputs = BTreeMap<Address, BTreeMap<String, Value>>;

/// Something that happened while a plan is carried out.
#[derive(Debug)]
pub enum Event<'a> {
    Started(&'a Step),
    Finished(&'a Step),
    Failed(&'a Step, &'a StepError),
}

/// Everything that a run needs besides its plan.
pub struct Execution<'a> {
    pub writer: &'a Writer,
    pub keys: &'a Keys,
    /// The public halves of all certificates in the key stores.
    pub certificates: Certificates,
    /// Tries certificates that others are to retire for.
    pub sign_in: &'a CertificateSignIn,
    /// Runs cmdlets in the tenant's Exchange organization, as the operator.
    pub admin_endpoint: &'a AdminEndpoint,
    /// Told of each step; called from one place at a time.
    pub on_event: &'a (dyn Fn(Event<'_>) + Sync),
    /// How many applications are written side by side.
    pub parallelism: usize,
    /// Once true, steps in flight are finished and no other is begun.
    pub stop: &'a AtomicBool,
}

/// Carries out the plan and reports on every step of it.
pub async fn execute(plan: &Approved, execution: Execution<'_>) -> Report {
    let mut report = Report::default();
    let (deletes, others): (Vec<&Step>, Vec<&Step>) = plan.steps().iter().partition(|step| step.action.is_delete());
    let certificates = Mutex::new(execution.certificates.clone());
    phase(&others, &execution, &certificates, &mut report).await;
    if report.is_complete() {
        phase(&deletes, &execution, &certificates, &mut report).await;
    } else {
        let because = "nothing is destroyed when not all before it was done".to_owned();
        report
            .skipped
            .extend(deletes.iter().map(|step| Skipped { address: step.address.clone(), because: because.clone() }));
    }
    report
}

/// Runs steps of which none refers to a step of another holder.
async fn phase(steps: &[&Step], execution: &Execution<'_>, certificates: &Mutex<Certificates>, report: &mut Report) {
    let mut holders: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        holders.entry(&step.address.holder).or_default().push(step);
    }
    let reports: Vec<Report> = stream::iter(holders.into_values())
        .map(|steps| holder(steps, execution, certificates))
        .buffer_unordered(execution.parallelism.max(1))
        .collect()
        .await;
    for one in reports {
        report.merge(one);
    }
}

/// Runs the steps of one application or user, in order.
async fn holder(steps: Vec<&Step>, execution: &Execution<'_>, certificates: &Mutex<Certificates>) -> Report {
    let mut report = Report::default();
    for step in steps {
        let address = step.address.clone();
        if execution.stop.load(Ordering::SeqCst) {
            report.skipped.push(Skipped { address, because: "the run was interrupted".to_owned() });
            continue;
        }
        if let Err(over) = execution.writer.patience().check() {
            report.skipped.push(Skipped { address, because: over.to_string() });
            continue;
        }
        if let Some(needed) = step.needs.iter().find(|needed| report.is_undone(needed)) {
            report.skipped.push(Skipped { address, because: format!("it needs {needed}") });
            continue;
        }
        (execution.on_event)(Event::Started(step));
        match step::run(step, execution, certificates, &report.outputs).await {
            Ok(outputs) => {
                report.outputs.insert(address, outputs);
                report.done.push(step.clone());
                (execution.on_event)(Event::Finished(step));
            }
            Err(error) => {
                (execution.on_event)(Event::Failed(step, &error));
                report.failed.push(Failure { address, error });
            }
        }
    }
    report
}

/// The name and thumbprint by which a certificate that was made is uploaded.
fn uploaded_as(thumbprint: &str, display_name: &str) -> Value {
    Value::Named(Named { id: thumbprint.to_owned(), name: display_name.to_owned() })
}
