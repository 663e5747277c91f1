//! The discovery documents, with every address on the host that the client used.

use serde_json::{Value, json};

use super::{TokenRefusal, tenants::NO_PARTICULAR};

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// The hosts of the public cloud's authorities.
const PUBLIC: [&str; 4] = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];

/// What the documents of both versions have in common; `name` is the tenant's id or a word for any tenant.
fn common(origin: &str, name: &str) -> Value {
    json!({
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{origin}/{name}/oauth2/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "request_uri_parameter_supported": false,
        "kerberos_endpoint": format!("{origin}/{name}/kerberos"),
        "tenant_region_scope": if NO_PARTICULAR.contains(&name) { Value::Null } else { "EU".into() },
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": host(origin),
        "rbac_url": "https://pas.windows.net",
    })
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`. Of no particular tenant, the issuer is a pattern.
pub(crate) fn configuration(origin: &str, name: &str) -> Value {
    let root = format!("{origin}/{name}");
    let issuer = if NO_PARTICULAR.contains(&name) { "{tenantid}" } else { name };
    let mut document = common(origin, name);
    let own = [
        ("token_endpoint", json!(format!("{root}/oauth2/v2.0/token"))),
        ("jwks_uri", json!(format!("{root}/discovery/v2.0/keys"))),
        ("response_types_supported", json!(["code", "id_token", "code id_token", "id_token token"])),
        ("issuer", json!(format!("{origin}/{issuer}/v2.0"))),
        ("userinfo_endpoint", json!(format!("{origin}/oidc/userinfo"))),
        ("authorization_endpoint", json!(format!("{root}/oauth2/v2.0/authorize"))),
        ("device_authorization_endpoint", json!(format!("{root}/oauth2/v2.0/devicecode"))),
        ("end_session_endpoint", json!(format!("{root}/oauth2/v2.0/logout"))),
        (
            "claims_supported",
            json!([
                "sub",
                "iss",
                "cloud_instance_name",
                "cloud_instance_host_name",
                "cloud_graph_host_name",
                "msgraph_host",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "acr",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "ver",
                "at_hash",
                "c_hash",
                "email"
            ]),
        ),
    ];
    for (member, value) in own {
        document[member] = value;
    }
    document
}

/// `/{tenant}/.well-known/openid-configuration`: that of the first version.
pub(crate) fn configuration_v1(origin: &str, name: &str) -> Value {
    let root = format!("{origin}/{name}");
    let issuer = if NO_PARTICULAR.contains(&name) { "{tenantid}" } else { name };
    let mut document = common(origin, name);
    let own = [
        ("token_endpoint", json!(format!("{root}/oauth2/token"))),
        ("jwks_uri", json!(format!("{origin}/common/discovery/keys"))),
        ("response_types_supported", json!(["code", "id_token", "code id_token", "token id_token", "token"])),
        ("scopes_supported", json!(["openid"])),
        // Tokens of the first version say so, wherever the emulator is.
        ("issuer", json!(format!("https://sts.windows.net/{issuer}/"))),
        ("microsoft_multi_refresh_token", json!(true)),
        ("authorization_endpoint", json!(format!("{root}/oauth2/authorize"))),
        ("device_authorization_endpoint", json!(format!("{root}/oauth2/devicecode"))),
        ("check_session_iframe", json!(format!("{root}/oauth2/checksession"))),
        ("userinfo_endpoint", json!(format!("{root}/openid/userinfo"))),
        (
            "claims_supported",
            json!([
                "sub",
                "iss",
                "cloud_instance_name",
                "cloud_instance_host_name",
                "cloud_graph_host_name",
                "msgraph_host",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "acr",
                "amr",
                "nonce",
                "email",
                "given_name",
                "family_name",
                "nickname"
            ]),
        ),
    ];
    for (member, value) in own {
        document[member] = value;
    }
    document
}

/// `/{any}/discovery/instance`: this host and no other; the public cloud's hosts where the emulator stands for them. `endpoint` is the authorization endpoint that is asked about.
pub(crate) fn instance(
    origin: &str,
    own_urls: &[String],
    tenant_id: &str,
    version: &str,
    endpoint: &str,
) -> Result<Value, TokenRefusal> {
    let asked = endpoint.split_once("://").map_or("", |(_, rest)| rest);
    let (asked_host, path) = asked.split_once('/').unwrap_or((asked, ""));
    let is_own =
        own_urls.iter().map(String::as_str).chain([origin]).any(|url| host(url).eq_ignore_ascii_case(asked_host))
            || (PUBLIC.contains(&host(origin)) && PUBLIC.contains(&asked_host));
    if !asked_host.is_empty() && !is_own {
        return Err(TokenRefusal::new(400, "invalid_instance", 50049, "Unknown or invalid instance."));
    }
    let name = path.split('/').next().filter(|name| !name.is_empty()).unwrap_or(tenant_id);
    let middle = if path.contains("oauth2/authorize") { "" } else { "/v2.0" };
    let mut answer = json!({
        "tenant_discovery_endpoint": format!("{origin}/{name}{middle}/.well-known/openid-configuration"),
    });
    if version != "1.0" {
        answer["api-version"] = "1.1".into();
        answer["metadata"] = json!([cloud(host(origin))]);
    }
    Ok(answer)
}

/// What instance discovery says of the cloud at a host: the names that its authorities go by.
///
/// The public cloud's hosts, which the emulator stands for as a proxy, are one. An address of the emulator's own goes by its
/// host with the port and without: some libraries compare the one, some the other.
fn cloud(host: &str) -> Value {
    if PUBLIC.contains(&host) {
        return json!({
            "preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": PUBLIC,
        });
    }
    let mut aliases = vec![host];
    aliases.extend(host.rsplit_once(':').map(|(bare, _)| bare).filter(|bare| !bare.ends_with(':')));
    json!({ "preferred_network": host, "preferred_cache": host, "aliases": aliases })
}

/// `/common/userrealm/{user}`: how somebody would sign in. Nobody does so here, but libraries ask.
pub(crate) fn user_realm(user: &str, is_ours: bool) -> Value {
    let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !is_ours {
        return json!({ "ver": "1.0", "account_type": "Unknown", "domain_name": domain });
    }
    json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    })
}

/// The discovery document of the issuer that the emulator itself is.
pub(crate) fn own_issuer(origin: &str) -> Value {
    let issuer = format!("{origin}/_emulator/oidc");
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "token_endpoint": format!("{issuer}/token"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
        "scopes_supported": ["openid"],
    })
}
