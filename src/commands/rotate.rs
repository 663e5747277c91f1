//! `accredit rotate`: a certificate's successor now, or the end of those that it followed.

use crate::kinds::Intent;
use crate::model::Rotate;

use super::apply::{Approval, proceed};
use super::console::Console;
use super::policies::policies;
use super::session::Session;
use super::{Exit, Failure, Selection, Target};

/// What was typed after `rotate`.
#[derive(Debug)]
pub struct Arguments {
    pub handle: String,
    /// Which of its certificates; none means all.
    pub certificate: Option<String>,
    pub finish: bool,
    pub target: Target,
    pub approval: Approval,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let console = &console.streaming(arguments.approval.json);
    console.told(Box::pin(rotate(console, arguments)).await)
}

async fn rotate(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { handle, certificate, finish, mut target, approval } = arguments;
    let itself = Selection::of([handle.clone()]);
    if !target.selection.is_everything() && target.selection != itself {
        return Err(Failure::message(format!("`rotate {handle}` is about that application alone"))
            .hint("leave `--target` and `--exclude` out, and run it once for each application"));
    }
    target.selection = itself;
    let rego = policies(&approval.policy)?;
    let mut session = Session::open(console, target, approval.propagation_timeout).await?.judged_by(rego);
    let step = if finish { Rotate::Finish } else { Rotate::Now };
    let declared = session.desired.applications.get_mut(handle.as_str());
    let Some(certificates) = declared.and_then(|application| application.certificates.as_mut()) else {
        return Err(Failure::message(format!("no certificates are declared for `{handle}`"))
            .hint("`accredit rotate` takes the handle of an application that stands in the manifests"));
    };
    let names: Vec<String> = certificates.keys().map(|name| format!("`{name}`")).collect();
    let chosen: Vec<_> = certificates
        .iter_mut()
        .filter(|(name, _)| certificate.as_ref().is_none_or(|wanted| wanted == *name))
        .map(|(_, declared)| declared)
        .collect();
    if chosen.is_empty() {
        let wanted = certificate.unwrap_or_default();
        return Err(Failure::message(format!("`{handle}` has no certificate `{wanted}`"))
            .hint(format!("it has {}", names.join(", "))));
    }
    for declared in chosen {
        declared.rotate = step;
    }
    proceed(console, &session, Intent::Reconcile, &approval).await?;
    Ok(Exit::Success)
}
