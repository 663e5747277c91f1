//! `accredit connect`: what the user of an application needs to sign in as it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::catalog::nearest;
use crate::execute::Report;
use crate::handover::{
    ApplicationPermission, Handover, KeyPlace, RecipeFile, Row, SigningCertificate, block, commands, commands_in_short,
    lacking, onto_windows, preferred, recipe, rows, values,
};
use crate::keys::{self, CSP_NAME, Replace};
use crate::kinds::{exchanges_own, mailbox_roles};
use crate::model::{
    Desired, Handle, HeldPermission, ObservedApplication, ObservedRoleAssignment, ObservedServicePrincipal,
    SecretReference, Snapshot,
};
use crate::patience::Patience;
use crate::render::printable;

use super::console::Console;
use super::handover::{Handed, certificates};
use super::session::Session;
use super::{Exit, Failure, Selection, Target, manifests};

pub use crate::handover::{Format, Host, Recipe, Service};

/// What was typed after `connect`.
#[derive(Debug)]
pub struct Arguments {
    pub handle: String,
    /// Which of its certificates; `None`: the one that there is, or the first that can be used.
    pub certificate: Option<String>,
    pub show: Show,
    pub target: Target,
}

/// What is shown.
#[derive(Debug)]
pub enum Show {
    /// The values for people, and the commands for all services.
    Everything,
    Values(Format),
    Commands(Service),
    /// How the key comes to another machine with Windows.
    Import,
    Recipe {
        recipe: Recipe,
        host: Host,
        out: Option<PathBuf>,
        force: bool,
    },
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { handle, certificate, show, mut target } = arguments;
    let loaded = manifests::load(console, &target.paths, &manifests::working_directory()?)?;
    // Found out before anybody signs in.
    if !loaded.0.applications.contains_key(handle.as_str()) {
        return Err(undeclared(&handle, &loaded.0));
    }
    if let Show::Recipe { recipe, .. } = &show
        && let Some(why) = recipe.refused_in(loaded.0.cloud)
    {
        return Err(Failure::message(format!("this recipe cannot be had: {why}"))
            .hint("`--recipe mailbox-export` is for every cloud"));
    }
    target.selection = Selection::of([handle.clone()]);
    let session = Session::of(console, target, loaded, Patience::PROPAGATION_TIMEOUT).await?;
    let snapshot = session.snapshot(console).await?;
    let Some(declared) = session.desired.applications.get(handle.as_str()) else {
        return Err(undeclared(&handle, &session.desired));
    };
    let Some(application) = snapshot.applications.get(&handle) else { return Err(not_applied(&handle, &snapshot)) };
    let handed = certificates(&session, &snapshot, &Report::default(), &handle, declared).await;
    let chosen = choose(console, &handle, certificate.as_deref(), &handed)?;
    let handover = assemble(&session, &snapshot, application, chosen);
    if handover.service_principal_object_id.is_none() {
        console.say(&format!(
            "Note: `{handle}` has no service principal, so nobody can sign in as it yet: `accredit apply` makes it."
        ));
    }
    let name = &handover.certificate.name;
    if handover.certificate.key == KeyPlace::Elsewhere && !matches!(show, Show::Everything) {
        console.say(&format!(
            "Note: the key of `{name}` is not in the declared store: what is shown works only where the key is."
        ));
    }
    let is_followed = handed.iter().any(|handed| handed.name == *name && handed.has_next());
    if let Some(end) = handover.certificate.not_after
        && declared.expiry.warn_before.before(end) <= session.now
        && !is_followed
    {
        console.say(&format!(
            "Note: `{name}` expires on {}, and nothing follows it yet: `accredit rotate {handle}` makes the next one.",
            end.strftime("%Y-%m-%d")
        ));
    }
    match show {
        Show::Everything => {
            let mut shown = rows(&handover);
            let rotating = handed.iter().filter(|handed| handed.name == handover.certificate.name);
            let rotation = rotating.flat_map(|handed| handed.rotation_rows(console.paint)).enumerate();
            let rotation: Vec<Row> =
                rotation.map(|(index, (_, line))| (if index == 0 { "Rotation" } else { "" }, line)).collect();
            let before = shown.iter().position(|(label, _)| *label == "Key id").unwrap_or(shown.len());
            shown.splice(before..before, rotation);
            console.data(&block(&handle, &handover.display_name, &shown, console.paint))?;
            for service in Service::ALL.into_iter().filter(|service| *service != Service::AzureAd) {
                console.data(&format!("\n{}", commands_in_short(service, &handover, console.paint)))?;
            }
            console.data(&format!("\n{}", onto_windows(&handover, CSP_NAME)))?;
        }
        Show::Values(format) => console.data(&values(&handover, format))?,
        Show::Commands(service) => console.data(&commands(service, &handover, console.paint))?,
        Show::Import => console.data(&onto_windows(&handover, CSP_NAME))?,
        Show::Recipe { recipe: wanted, host, out, force } => {
            if !handover.certificate.can_be_installed() {
                return Err(Failure::message(format!(
                    "the key of `{handle}` never leaves its vault, and the scripts need to have it"
                ))
                .hint("declare `exportable: true` for its certificate and rotate"));
            }
            for lack in lacking(Service::ExchangeOnline, &handover) {
                console.say(&format!("Note: `{handle}` {lack}, without which the script is refused."));
            }
            deliver(console, recipe(wanted, host, &handover), out.as_deref(), force)?;
        }
    }
    Ok(Exit::Success)
}

fn undeclared(handle: &str, desired: &Desired) -> Failure {
    let failure = Failure::message(format!("no application `{}` is declared", printable(handle)));
    let handles = || desired.applications.keys().map(Handle::as_str);
    match nearest(handle, handles()).as_slice() {
        [] if desired.applications.is_empty() => failure.hint("the manifests declare no application"),
        [] => failure.hint(format!("the manifests declare {}", quoted(handles()))),
        near => failure.hint(format!("did you mean {}?", quoted(near.iter().copied()))),
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn not_applied(handle: &str, snapshot: &Snapshot) -> Failure {
    let tenant = &snapshot.tenant.initial_domain;
    if snapshot.deleted.contains_key(handle) {
        return Failure::message(format!("`{handle}` was deleted from {tenant}"))
            .hint(format!("`accredit restore {handle}` brings it back with its application id"));
    }
    Failure::message(format!("`{handle}` is declared and not yet in {tenant}"))
        .hint(format!("`accredit apply --target {handle}` makes it; what it then connects with is shown at the end"))
}

/// The certificate to sign in with; which one it is, is said where there are several.
fn choose<'a>(
    console: &Console,
    handle: &str,
    wanted: Option<&str>,
    handed: &'a [Handed],
) -> Result<&'a SigningCertificate, Failure> {
    let names = quoted(handed.iter().map(|handed| handed.name.as_str()));
    if let Some(wanted) = wanted
        && !handed.iter().any(|handed| handed.name == wanted)
    {
        let failure = Failure::message(format!("`{handle}` has no certificate `{}`", printable(wanted)));
        return Err(if handed.is_empty() { failure } else { failure.hint(format!("it has {names}")) });
    }
    let candidates = || handed.iter().filter(move |handed| wanted.is_none_or(|wanted| handed.name == wanted));
    let signing: Vec<&SigningCertificate> =
        candidates().filter_map(|handed| handed.signing.as_ref().ok()?.as_ref()).collect();
    if let Some(chosen) = preferred(signing.iter().copied()) {
        if handed.len() > 1 && wanted.is_none() {
            let name = &chosen.name;
            console.say(&format!("`{handle}` has the certificates {names}; this is `{name}` (`--certificate NAME`)."));
        }
        return Ok(chosen);
    }
    if let Some((name, error)) = candidates().find_map(|handed| Some((&handed.name, handed.signing.as_ref().err()?))) {
        return Err(Failure::message(format!("the keys of `{handle}`'s certificate `{name}` cannot be read: {error}")));
    }
    if let Some((name, end)) = candidates().find_map(|handed| Some((&handed.name, handed.expired()?))) {
        let end = end.strftime("%Y-%m-%d");
        return Err(Failure::message(format!("`{handle}`'s certificate `{name}` expired on {end}")).hint(format!(
            "`accredit rotate {handle}` makes the next one, and `accredit plan --target {handle}` says what it waits for"
        )));
    }
    if let Some((name, note)) = candidates().find_map(|handed| Some((&handed.name, handed.waiting()?))) {
        return Err(Failure::message(format!(
            "`{handle}`'s certificate `{name}` is not there yet: {}",
            printable(note)
        )));
    }
    let failure = Failure::message(format!("`{handle}` has no certificate to sign in with"));
    Err(if handed.is_empty() {
        failure.hint("declare one under `certificates:` and apply")
    } else {
        failure.hint(format!("`accredit plan --target {handle}` says what it waits for"))
    })
}

fn assemble(
    session: &Session,
    snapshot: &Snapshot,
    application: &ObservedApplication,
    certificate: &SigningCertificate,
) -> Handover {
    let service_principal = application.service_principal.as_ref();
    Handover {
        handle: application.handle.clone(),
        display_name: application.display_name.clone(),
        app_id: application.app_id.clone(),
        app_object_id: application.id.clone(),
        service_principal_object_id: service_principal.map(|holder| holder.id.clone()),
        tenant_id: snapshot.tenant.id.clone(),
        organization: snapshot.tenant.initial_domain.clone(),
        cloud: session.desired.cloud,
        addresses: session.addresses().cloned(),
        roles: service_principal.map(|holder| roles(holder, snapshot)).unwrap_or_default(),
        exchange_roles: exchange_roles(session, snapshot, application),
        mailbox_roles: service_principal.map(|holder| mailbox_roles(holder, snapshot)).unwrap_or_default(),
        granted: service_principal.map(|holder| granted(holder, snapshot)).unwrap_or_default(),
        certificate: SigningCertificate { key: from_anywhere(&certificate.key), ..certificate.clone() },
    }
}

/// Roles of Exchange's own. Where they could not be looked at, what is declared counts: nobody is told to add a role for it.
fn exchange_roles(session: &Session, snapshot: &Snapshot, application: &ObservedApplication) -> Vec<String> {
    let mut roles: Vec<String> =
        application.service_principal.iter().flat_map(|holder| exchanges_own(holder, snapshot)).collect();
    let declared = session.desired.applications.get(application.handle.as_str());
    let unread = snapshot.exchange.unread().filter(|_| declared.is_some_and(|declared| declared.exchange.is_some()));
    roles.extend(unread.map(|unread| format!("{} as declared, which could not be read", unread.what)));
    roles
}

/// The same place for whoever reads of it in another directory.
fn from_anywhere(key: &KeyPlace) -> KeyPlace {
    // Only without a working directory there is no absolute path.
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let password = |password: &Option<SecretReference>| {
        password.as_ref().map(|reference| match reference {
            SecretReference::File(path) => SecretReference::File(absolute(path)),
            other => other.clone(),
        })
    };
    match key {
        KeyPlace::Directory { directory, private_key, exports, pfx_password } => KeyPlace::Directory {
            directory: absolute(directory),
            private_key: absolute(private_key),
            exports: exports.iter().map(|(format, path)| (*format, absolute(path))).collect(),
            pfx_password: password(pfx_password),
        },
        KeyPlace::File { path, has_key, password: of_file } => {
            KeyPlace::File { path: absolute(path), has_key: *has_key, password: password(of_file) }
        }
        KeyPlace::KeyVault { .. } | KeyPlace::Elsewhere => key.clone(),
    }
}

/// The names of its directory roles. One for a part of the tenant opens no service, and is told apart.
fn roles(holder: &ObservedServicePrincipal, snapshot: &Snapshot) -> Vec<String> {
    let with_scope = |assignment: &ObservedRoleAssignment| {
        let id = assignment.role_definition_id.as_str();
        let definition = snapshot.role_definitions.iter().find(|definition| definition.has_id(id));
        let name = definition.map_or(id, |definition| &definition.display_name);
        match assignment.directory_scope_id.as_str() {
            "/" => name.to_owned(),
            scope => format!("{name} in {scope}"),
        }
    };
    let names: BTreeSet<String> = holder.role_assignments.iter().map(with_scope).collect();
    names.into_iter().collect()
}

/// The application permissions that it has consent to, as far as their APIs are known.
fn granted(holder: &ObservedServicePrincipal, snapshot: &Snapshot) -> BTreeSet<ApplicationPermission> {
    let named = |held: HeldPermission<'_>| {
        Some(ApplicationPermission { api_id: held.api.app_id.clone(), value: held.value?.to_owned() })
    };
    holder.application_permissions(&snapshot.apis).filter_map(named).collect()
}

/// Writes the files, or the first of them to standard output.
fn deliver(console: &Console, files: Vec<RecipeFile>, out: Option<&Path>, force: bool) -> Result<(), Failure> {
    let Some(directory) = out else {
        let mut files = files.into_iter();
        if let Some(RecipeFile { path: _, text }) = files.next() {
            console.data(&text)?;
        }
        for RecipeFile { path, text: _ } in files {
            console.say(&format!("\n`--out DIRECTORY` writes `{path}` too."));
        }
        return Ok(());
    };
    let existing = if force { Replace::Allowed } else { Replace::Never };
    let files: Vec<(PathBuf, String)> =
        files.into_iter().map(|RecipeFile { path, text }| (directory.join(path), text)).collect();
    if let Some((there, _)) = files.iter().find(|(path, _)| !force && path.symlink_metadata().is_ok()) {
        return Err(Failure::message(format!("`{}` is there already, and nothing was written", there.display()))
            .hint("write into another directory, or replace it with `--force`"));
    }
    for (path, text) in &files {
        let parent = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(parent)
            .map_err(|error| Failure::new(format!("`{}` could not be made", parent.display()), error))?;
        keys::place(path, text.as_bytes(), false, existing)?;
        console.say(&format!("Wrote `{}`.", path.display()));
    }
    Ok(())
}
