//! What a client asks a token for: the scope or resource it sent, and the API that this means.

use std::borrow::Cow;

use super::{
    super::{
        clouds::{has_vaults, is_of_us_government, names_at},
        seed::{MICROSOFT_GRAPH, first_party},
        unsettled::ComplianceApi,
        world::{Collection, Document, text},
    },
    Endpoint, SignIn, TokenRefusal, tenants,
};

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
pub(super) const RESOURCE_MANAGER: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
pub(super) const KEY_VAULT: &str = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093";
const EXCHANGE_PROTECTION: &str = "00000007-0000-0ff1-ce00-000000000000";
/// Security & Compliance: another service of the same APIs.
const COMPLIANCE: &str = "https://ps.compliance.protection.outlook.com";
const DIRECTORY_GRAPH: &str = "00000002-0000-0000-c000-000000000000";

/// Scopes that libraries add to every request; they say nothing about the resource.
const OPENID: [&str; 4] = ["openid", "profile", "offline_access", "email"];

/// APIs that a token can be had for even when the tenant holds no service principal of theirs, and their addresses.
const WELL_KNOWN: [(&str, &[&str]); 5] = [
    (MICROSOFT_GRAPH, &["https://graph.microsoft.com"]),
    (EXCHANGE, &["https://outlook.office365.com", "https://outlook.office.com"]),
    (RESOURCE_MANAGER, &["https://management.azure.com", "https://management.core.windows.net"]),
    (KEY_VAULT, &["https://vault.azure.net", "https://managedhsm.azure.net"]),
    (DIRECTORY_GRAPH, &["https://graph.windows.net"]),
];

/// An API, as one token names it.
pub(super) struct Target<'a> {
    /// What the token's `aud` says.
    pub(super) audience: String,
    pub(super) principal: Cow<'a, Document>,
    /// The application behind it, when it is one of the tenant's own.
    pub(super) application: Option<&'a Document>,
}

impl Target<'_> {
    /// Whether the API asked for tokens of the second version. Microsoft's own take the first, as addressed here.
    pub(super) fn takes_v2(&self) -> bool {
        self.application.is_some_and(|application| application["api"]["requestedAccessTokenVersion"] == 2)
    }

    pub(super) fn app_id(&self) -> &str {
        text(&self.principal, "appId")
    }
}

/// The resource as the client names it.
pub(super) fn asked(request: &SignIn<'_>) -> Result<String, TokenRefusal> {
    if request.endpoint == Endpoint::V1 {
        return request.parameter("resource").map(str::to_owned);
    }
    if request.form.contains_key("resource") {
        return Err(TokenRefusal::invalid_request(901_002, "The 'resource' request parameter is not supported."));
    }
    let sent = request.parameter("scope")?;
    let mut scopes: Vec<&str> = sent.split_whitespace().filter(|scope| !OPENID.contains(scope)).collect();
    scopes.dedup();
    let invalid = |code: u32, message: String| TokenRefusal::new(400, "invalid_scope", code, message);
    let [scope] = scopes[..] else {
        let suffix = |scope: &&str| scope.to_lowercase().ends_with("/.default");
        return Err(if scopes.len() > 1 && scopes.iter().all(suffix) {
            TokenRefusal::invalid_request(
                700_022,
                format!(
                    "The provided value for the input parameter scope '{sent}' is not valid because it contains more \
                     than one resource."
                ),
            )
        } else {
            invalid(
                70011,
                format!(
                    "The provided request must include a 'scope' input parameter. The provided value for the input \
                     parameter 'scope' is not valid. The scope {sent} is not valid."
                ),
            )
        });
    };
    let resource = scope.len().checked_sub("/.default".len()).and_then(|end| {
        let suffix = scope.get(end..)?;
        suffix.eq_ignore_ascii_case("/.default").then(|| scope[..end].to_owned())
    });
    resource.filter(|resource| !resource.is_empty()).ok_or_else(|| {
        invalid(
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
                 with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    })
}

/// The API that a resource names: by an address, an identifier URI, its `appId`, or an address of this emulator.
pub(super) fn find<'a>(request: &SignIn<'a>, resource: &str) -> Result<Target<'a>, TokenRefusal> {
    let bare = resource.trim_end_matches('/');
    let own = own_service(request, bare);
    let is_at = |addresses: &[&str]| names_at(request.origin, addresses).iter().any(|address| is_same(address, bare));
    let by_address = || WELL_KNOWN.iter().find(|(_, addresses)| is_at(addresses)).map(|(app_id, _)| *app_id);
    let by_id = || {
        let known = WELL_KNOWN.iter().map(|(app_id, _)| *app_id).chain([EXCHANGE_PROTECTION]);
        known.into_iter().find(|app_id| is_same(app_id, bare))
    };
    let well_known = match &own {
        Some((app_id, _)) => Some(*app_id),
        None if is_at(&[COMPLIANCE]) => Some(compliance_api(request)),
        None => by_address().or_else(by_id),
    };
    // The tenant's service principals keep the names of the public cloud, which mean nothing to the token service of another.
    let is_anothers = WELL_KNOWN.iter().any(|(_, public)| public.iter().any(|address| is_same(address, bare)));
    if well_known.is_none() && (is_anothers || is_same(COMPLIANCE, bare)) {
        return Err(unknown(request, resource));
    }
    let named = |name: &str| request.seen.find(Collection::ServicePrincipals, "servicePrincipalNames", name);
    let held = match well_known {
        Some(app_id) => request.seen.find(Collection::ServicePrincipals, "appId", app_id),
        None => named(bare).or_else(|| named(&format!("{bare}/"))),
    };
    let principal = match (held, well_known) {
        (Some(held), _) => Cow::Borrowed(held),
        (None, Some(app_id)) => first_party(app_id).map(Cow::Owned).ok_or_else(|| unknown(request, resource))?,
        (None, None) => return Err(unknown(request, resource)),
    };
    if principal.get("accountEnabled").is_some_and(|enabled| enabled == false) {
        return Err(TokenRefusal::new(
            400,
            "invalid_resource",
            500_014,
            format!(
                "The service principal for resource '{resource}' is disabled. This indicate that a subscription within \
                 the tenant has lapsed, or that the administrator for this tenant has disabled the application, \
                 preventing tokens from being issued for it."
            ),
        ));
    }
    let application = request.seen.find(Collection::Applications, "appId", text(&principal, "appId"));
    let audience = own.and_then(|(_, audience)| audience).unwrap_or(resource).to_owned();
    let mut target = Target { audience, principal, application };
    if target.takes_v2() {
        target.audience = target.app_id().to_owned();
    }
    Ok(target)
}

/// The API whose app roles a token for Security & Compliance holds.
fn compliance_api(request: &SignIn<'_>) -> &'static str {
    match request.unsettled.compliance_api {
        ComplianceApi::OfCloud if is_of_us_government(request.origin) => EXCHANGE_PROTECTION,
        ComplianceApi::ExchangeOnlineProtection => EXCHANGE_PROTECTION,
        ComplianceApi::OfCloud | ComplianceApi::ExchangeOnline => EXCHANGE,
    }
}

/// The service at an address of the emulator's own, and what a token for it calls it when that is no address of the
/// emulator's. Vaults are `NAME.vault.HOST`, and their clients ask for a resource of that host.
fn own_service(request: &SignIn<'_>, bare: &str) -> Option<(&'static str, Option<&'static str>)> {
    let (_, host) = bare.split_once("://")?;
    if host.to_lowercase().starts_with("vault.") && !has_vaults(host) {
        return Some((KEY_VAULT, None));
    }
    request.addresses().into_iter().find_map(|address| {
        if is_same(bare, address) {
            return Some((MICROSOFT_GRAPH, Some("https://graph.microsoft.com")));
        }
        let is_manager = is_same(bare, &format!("{address}/arm"));
        is_manager.then_some((RESOURCE_MANAGER, Some("https://management.azure.com")))
    })
}

fn is_same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

fn unknown(request: &SignIn<'_>, resource: &str) -> TokenRefusal {
    TokenRefusal::new(
        400,
        "invalid_resource",
        500_011,
        format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant.",
            tenants::display_name(request.world)
        ),
    )
}
