//! Azure Key Vault's data plane: one request in, one answer and the changes to the world out.
//!
//! Pure: no I/O, no clock. A vault reads its own writes at once, so everything is read from the truth. `route` is the
//! map of what is served. Who may do what in a vault is not decided here: that lives in Azure Resource Manager.

mod body;
mod certificates;
mod deletion;
mod import;
mod issue;
mod keys;
mod operations;
mod pages;
mod pending;
mod pfx;
mod pfx_reader;
mod policy;
mod private_key;
mod refusal;
mod secrets;
mod store;
mod subject;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    odata,
    world::{Change, World},
};
pub(crate) use pending::settle;
pub(crate) use refusal::Refusal;
use store::{CERTIFICATES, KEYS, SECRETS};

/// The versions of the interface that are known.
const API_VERSIONS: &[&str] =
    &["2015-06-01", "2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];
const NEWEST_API_VERSION: &str = "2026-04-01";

/// A request to a vault.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Timestamp,
    /// `https://host` as the client wrote it.
    pub(crate) origin: &'a str,
    pub(crate) vault: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

/// What a vault answers, and what it changes.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) location: Option<String>,
    /// Seconds that a client should wait before it asks again.
    pub(crate) retry_after: Option<u32>,
    pub(crate) changes: Vec<Change>,
}

impl Answer {
    fn ok(body: Value, changes: Vec<Change>) -> Self {
        Self { status: 200, body: Some(body), changes, ..Self::default() }
    }

    fn no_content(changes: Vec<Change>) -> Self {
        Self { status: 204, changes, ..Self::default() }
    }
}

/// Whether a path belongs to Key Vault.
pub(crate) fn is_path(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_ascii_lowercase();
    let first = first.strip_prefix("deleted").unwrap_or(&first);
    [SECRETS, KEYS, CERTIFICATES].iter().any(|kind| kind.plural == first)
}

/// The vault that a host names, as `NAME.vault.anything`, and the resource that tokens for it are asked for.
pub(crate) fn of_host(origin: &str) -> (&str, Option<String>) {
    let (scheme, host) = origin.split_once("://").unwrap_or(("https", origin));
    match host.split_once('.') {
        // The name becomes a part of keys inside the world, so it holds nothing that separates there.
        Some((name, parent)) if is_name(name) && parent.to_ascii_lowercase().starts_with("vault.") => {
            (name, Some(format!("{scheme}://{parent}")))
        }
        _ => ("default", None),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
}

/// The error body of a refusal.
pub(crate) fn error_body(refusal: &Refusal) -> Value {
    refusal.body()
}

/// Serves one request.
pub(crate) fn serve(request: &Request<'_>) -> Result<Answer, Refusal> {
    let version = request.parameter("api-version");
    match version.as_deref() {
        None | Some("") => return Err(Refusal::bad_parameter("The api-version query parameter must be specified.")),
        // Previews are taken for the version that they came before.
        Some(version) if !API_VERSIONS.contains(&version.split("-preview").next().unwrap_or_default()) => {
            return Err(Refusal::bad_parameter(format!(
                "The specified version ({version}) is not recognized. Consider using the latest supported version \
                 ({NEWEST_API_VERSION})."
            )));
        }
        Some(_) => {}
    }
    let segments: Vec<String> =
        request.path.split('/').filter(|part| !part.is_empty()).map(|part| odata::decode(part, false)).collect();
    let mut names: Vec<&str> = segments.iter().map(String::as_str).collect();
    let first = names.first().map_or_else(String::new, |first| first.to_ascii_lowercase());
    if let Some(name) = names.first_mut() {
        *name = &first;
    }
    route(request, &names)
}

fn route(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    let known: &[&str] = match names {
        ["certificates" | "deletedcertificates"] => &["api-version", "maxresults", "$skiptoken", "includepending"],
        [_] | [_, _, "versions"] => &["api-version", "maxresults", "$skiptoken"],
        [_, _, "pending"] => &["api-version", "request_id"],
        ["secrets", ..] => &["api-version", "outcontenttype"],
        _ => &["api-version"],
    };
    if let Some(unknown) = request.unknown_parameter(known) {
        return Err(Refusal::bad_parameter(format!("The query parameter {unknown} is not known.")));
    }
    match (request.method, names) {
        (_, ["certificates", "issuers" | "contacts", ..]) => certificates::outside(request, names),
        (_, [_, _, "backup"] | [_, "restore"]) if request.method == "POST" => {
            Err(Refusal::not_served("backup and restore"))
        }

        ("GET", ["secrets"]) => pages::list(request, &SECRETS, false),
        ("PUT", ["secrets", name]) => secrets::set(request, name),
        ("GET", ["secrets", name, "versions"]) => pages::versions(request, &SECRETS, name),
        ("GET", ["secrets", name]) => secrets::get(request, name, None),
        ("GET", ["secrets", name, version]) => secrets::get(request, name, Some(version)),
        ("PATCH", ["secrets", name]) => secrets::update(request, name, None),
        ("PATCH", ["secrets", name, version]) => secrets::update(request, name, Some(version)),
        ("DELETE", ["secrets", name]) => deletion::delete(request, &SECRETS, secrets::without_value, name),
        ("GET", ["deletedsecrets"]) => pages::list(request, &SECRETS, true),
        ("GET", ["deletedsecrets", name]) => deletion::get_deleted(request, &SECRETS, secrets::without_value, name),
        ("DELETE", ["deletedsecrets", name]) => deletion::purge(request, &SECRETS, name),
        ("POST", ["deletedsecrets", name, "recover"]) => {
            deletion::recover(request, &SECRETS, secrets::without_value, name)
        }

        ("GET", ["keys"]) => pages::list(request, &KEYS, false),
        ("POST", ["keys", name, "create"]) => keys::create(request, name),
        ("POST", ["keys", name, "rotate"]) => keys::rotate(request, name),
        ("PUT", ["keys", name]) => keys::import(request, name),
        (_, ["keys", _, "rotationpolicy"]) => Err(Refusal::not_served("rotation policies of keys")),
        ("GET", ["keys", name, "versions"]) => pages::versions(request, &KEYS, name),
        ("GET", ["keys", name]) => keys::get(request, name, None),
        ("GET", ["keys", name, version]) => keys::get(request, name, Some(version)),
        ("PATCH", ["keys", name]) => keys::update(request, name, None),
        ("PATCH", ["keys", name, version]) => keys::update(request, name, Some(version)),
        ("DELETE", ["keys", name]) => deletion::delete(request, &KEYS, keys::bundle, name),
        ("POST", ["keys", name, operation]) => operations::perform(request, name, None, operation),
        ("POST", ["keys", name, version, operation]) => operations::perform(request, name, Some(version), operation),
        ("GET", ["deletedkeys"]) => pages::list(request, &KEYS, true),
        ("GET", ["deletedkeys", name]) => deletion::get_deleted(request, &KEYS, keys::bundle, name),
        ("DELETE", ["deletedkeys", name]) => deletion::purge(request, &KEYS, name),
        ("POST", ["deletedkeys", name, "recover"]) => deletion::recover(request, &KEYS, keys::bundle, name),

        ("GET", ["certificates"]) => pages::list(request, &CERTIFICATES, false),
        ("POST", ["certificates", name, "create"]) => pending::create(request, name),
        ("POST", ["certificates", name, "import"]) => import::import(request, name),
        ("POST", ["certificates", name, "pending", "merge"]) => pending::merge(request, name),
        ("GET", ["certificates", name, "pending"]) => pending::get(request, name),
        ("PATCH", ["certificates", name, "pending"]) => pending::cancel(request, name),
        ("DELETE", ["certificates", name, "pending"]) => pending::delete(request, name),
        ("GET", ["certificates", name, "policy"]) => certificates::get_policy(request, name),
        ("PATCH", ["certificates", name, "policy"]) => certificates::update_policy(request, name),
        ("GET", ["certificates", name, "versions"]) => pages::versions(request, &CERTIFICATES, name),
        ("GET", ["certificates", name]) => certificates::get(request, name, None),
        ("GET", ["certificates", name, version]) => certificates::get(request, name, Some(version)),
        ("PATCH", ["certificates", name]) => certificates::update(request, name, None),
        ("PATCH", ["certificates", name, version]) => certificates::update(request, name, Some(version)),
        ("DELETE", ["certificates", name]) => certificates::delete(request, name),
        ("GET", ["deletedcertificates"]) => pages::list(request, &CERTIFICATES, true),
        ("GET", ["deletedcertificates", name]) => certificates::get_deleted(request, name),
        ("DELETE", ["deletedcertificates", name]) => certificates::purge(request, name),
        ("POST", ["deletedcertificates", name, "recover"]) => certificates::recover(request, name),
        _ => Err(Refusal::new(405, "MethodNotAllowed", "The HTTP method is not allowed on this path.")),
    }
}

impl Request<'_> {
    /// A query parameter, by its name in any case.
    fn parameter(&self, name: &str) -> Option<String> {
        odata::pairs(self.query).find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn unknown_parameter(&self, known: &[&str]) -> Option<String> {
        odata::pairs(self.query).map(|(name, _)| name).find(|name| !known.contains(&name.to_ascii_lowercase().as_str()))
    }
}
