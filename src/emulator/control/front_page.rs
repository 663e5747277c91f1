//! What the emulator says about itself: the answer to `GET /` without a token and to `GET /_emulator`.

use serde_json::{Value, json};

use super::super::{reply::Reply, world::World};

/// One control endpoint: its path below `/_emulator/`, the methods it takes, and what it is for.
struct Endpoint {
    route: &'static str,
    methods: &'static [&'static str],
    what: &'static str,
}

const fn endpoint(route: &'static str, methods: &'static [&'static str], what: &'static str) -> Endpoint {
    Endpoint { route, methods, what }
}

const ENDPOINTS: [Endpoint; 14] = [
    endpoint("state", &["GET"], "all objects, without secrets"),
    endpoint("dump", &["GET"], "the tenant as a seed file; with ?secrets=true whole"),
    endpoint("reset", &["POST"], "objects, knobs and faults as they were at the start"),
    endpoint("requests", &["GET", "DELETE"], "the log of requests"),
    endpoint("counters", &["GET", "DELETE"], "requests and retries by service, method, route and status"),
    endpoint("faults", &["GET", "POST", "DELETE"], "refusals, lost connections and silence on request"),
    endpoint("knobs", &["GET", "PATCH"], "latency, lag, throttling, conflicts, page size"),
    endpoint("clock", &["GET", "POST"], "what time it is"),
    endpoint("seed/key", &["GET"], "the private key of a numbered seed"),
    endpoint("graph", &["POST"], "a Graph call by an administrator"),
    endpoint("issuers", &["GET", "POST", "DELETE"], "the issuers whose federated tokens are trusted, with their keys"),
    endpoint("oidc/token", &["GET", "POST"], "a token of the emulator's own issuer, to rehearse federation"),
    endpoint("oidc/.well-known/openid-configuration", &["GET"], "discovery of that issuer"),
    endpoint("oidc/jwks", &["GET"], "its public key"),
];

const SERVICES: [(&str, &str); 5] = [
    ("token service", "/{tenant}/oauth2/v2.0/token, /{tenant}/v2.0/.well-known/openid-configuration"),
    ("Microsoft Graph", "/v1.0, /beta"),
    ("Exchange", "/adminapi/beta/{tenant}/InvokeCommand"),
    ("Key Vault", "/certificates, /keys, /secrets"),
    ("resource manager", "/metadata/endpoints, /tenants, /subscriptions, /arm"),
];

/// Where the emulator is described.
const DOCUMENTATION: &str = "docs/emulator.md in the source of accredit; `accredit emulate --help`";

/// The names of all control endpoints.
pub(super) fn routes() -> String {
    ENDPOINTS.map(|endpoint| endpoint.route).join(", ")
}

/// The methods that a control endpoint takes; none when there is no such endpoint.
pub(super) fn methods(route: &str) -> Option<&'static [&'static str]> {
    ENDPOINTS.iter().find(|endpoint| endpoint.route == route).map(|endpoint| endpoint.methods)
}

/// The page itself, for people when the client would rather have text.
pub(crate) fn page(world: &World, urls: &[String], accept: &str) -> Reply {
    if !prefers_text(accept) {
        return Reply::json(200, for_programs(world, urls));
    }
    let mut reply = Reply::json(200, for_people(world, urls).into());
    reply.set("content-type", "text/plain; charset=utf-8");
    reply
}

fn for_programs(world: &World, urls: &[String]) -> Value {
    let services: Value = SERVICES.iter().map(|(name, paths)| json!({ "name": name, "paths": paths })).collect();
    let control: Value = ENDPOINTS
        .iter()
        .map(|endpoint| {
            json!({
                "path": format!("/_emulator/{}", endpoint.route), "methods": endpoint.methods, "what": endpoint.what,
            })
        })
        .collect();
    json!({
        "emulator": "accredit", "version": env!("CARGO_PKG_VERSION"),
        "tenantId": world.tenant_id(), "domain": world.domain(), "addresses": urls,
        "services": services, "control": control, "documentation": DOCUMENTATION,
    })
}

fn for_people(world: &World, urls: &[String]) -> String {
    let mut lines = vec![
        format!(
            "A stand-in for Microsoft 365, by accredit {}. No real tenant is behind it.",
            env!("CARGO_PKG_VERSION")
        ),
        String::new(),
        format!("Tenant     {} ({})", world.tenant_id(), world.domain()),
        format!("Addresses  {}", urls.join(", ")),
        String::new(),
        "Services".to_owned(),
    ];
    lines.extend(SERVICES.iter().map(|(name, paths)| format!("  {name:<18}{paths}")));
    lines.extend([String::new(), "Control endpoints, below /_emulator/, without a token".to_owned()]);
    lines.extend(ENDPOINTS.iter().map(|endpoint| {
        let (route, methods) = (endpoint.route, endpoint.methods.join(", "));
        format!("  {route:<39}{methods:<20}{}", endpoint.what)
    }));
    lines.extend([String::new(), format!("More: {DOCUMENTATION}"), String::new()]);
    lines.join("\n")
}

/// Whether the first choice of an `Accept` header is a text and not JSON. `*/*` is content with JSON.
fn prefers_text(accept: &str) -> bool {
    let mut best = (0.0, false);
    for choice in accept.split(',') {
        let mut parts = choice.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        let weight =
            parts.find_map(|part| part.strip_prefix("q=").and_then(|weight| weight.parse().ok())).unwrap_or(1.0);
        let is_text = ["text/html", "text/plain", "text/*"].contains(&kind.as_str());
        let is_json = ["application/json", "application/*", "*/*"].contains(&kind.as_str());
        if (is_text || is_json) && weight > best.0 {
            best = (weight, is_text);
        }
    }
    best.1
}
