//! What an access token says of whoever holds it.
//!
//! A token is addressed to its API and opaque to everybody else, and its claims are not checked here: they tell what will
//! most likely be allowed, and decide nothing that Graph does not decide again.
//! <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use crate::model::{Claims, Operator, Powers};

/// Who holds this token for Microsoft Graph, as far as it can be read.
pub fn operator(token: &SecretString) -> Operator {
    read(&of(token.expose_secret()))
}

/// What an application's token says; `None` where it cannot be read.
pub fn application(token: &SecretString) -> Option<Claims> {
    let claims = of(token.expose_secret());
    let text = |name: &str| claims[name].as_str().map(str::to_owned);
    let list = |name: &str| -> Vec<String> {
        claims[name].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    claims.is_object().then(|| Claims {
        audience: text("aud"),
        tenant: text("tid"),
        app_id: text("appid").or_else(|| text("azp")),
        object_id: text("oid"),
        credential: text("appidacr").or_else(|| text("azpacr")),
        identity_type: text("idtyp"),
        permissions: list("roles"),
        directory_roles: list("wids"),
        expires: claims["exp"].as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok()),
    })
}

/// All claims of a token; `null` where it cannot be read.
pub(super) fn of(token: &str) -> Json {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).unwrap_or_default();
    serde_json::from_slice(&claims).unwrap_or_default()
}

fn read(claims: &Json) -> Operator {
    let text = |name: &str| claims[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let list = |name: &str| -> BTreeSet<String> {
        claims[name].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let app_id = text("appid").or_else(|| text("azp"));
    let is_user = text("scp").is_some() || text("idtyp").as_deref() == Some("user");
    let powers = match (&app_id, text("oid")) {
        // Without these it is no token of the kind that one knows, and what it does not say means nothing.
        (None, _) | (_, None) => Powers::Unknown,
        (Some(_), Some(_)) if is_user => Powers::User {
            scopes: text("scp").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            roles: list("wids"),
        },
        (Some(_), Some(_)) => Powers::Application { permissions: list("roles"), roles: list("wids") },
    };
    let user = text("upn").or_else(|| text("preferred_username")).or_else(|| text("unique_name"));
    Operator {
        tenant: text("tid"),
        object_id: text("oid"),
        app_id,
        name: if is_user { user } else { text("app_displayname") },
        powers,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Json) -> SecretString {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part("{}"), part(&claims.to_string()), part("signature")).into()
    }

    #[test]
    fn an_application_has_permissions_and_roles() {
        let read = operator(&token(&json!({
            "tid": "t", "oid": "o", "appid": "a", "app_displayname": "Operator", "idtyp": "app",
            "roles": ["Application.Read.All"], "wids": ["w"],
        })));
        assert_eq!((read.tenant.as_deref(), read.name.as_deref()), (Some("t"), Some("Operator")));
        let powers = Powers::Application {
            permissions: ["Application.Read.All".to_owned()].into(),
            roles: ["w".to_owned()].into(),
        };
        assert_eq!(read.powers, powers);
    }

    #[test]
    fn tokens_of_both_versions_say_who_they_are_of() {
        let first = json!({ "aud": "https://outlook.office365.com", "appid": "a", "appidacr": "2", "idtyp": "app",
            "roles": ["Exchange.ManageAsApp"], "wids": ["w"], "exp": 1_764_331_200 });
        let second = json!({ "aud": "api", "azp": "a", "azpacr": "2" });
        for claims in [first, second] {
            let read = application(&token(&claims)).unwrap();
            assert_eq!((read.app_id.as_deref(), read.credential.as_deref()), (Some("a"), Some("2")), "{claims}");
            assert_eq!(read.expires.is_some(), claims.get("exp").is_some());
        }
        for opaque in ["", "opaque", "a.b.c"] {
            assert_eq!(application(&opaque.to_owned().into()), None, "{opaque}");
        }
    }

    #[test]
    fn a_user_has_scopes_and_roles() {
        let read = operator(&token(&json!({
            "oid": "o", "appid": "a", "app_displayname": "CLI", "upn": "zoe@contoso.com", "scp": "User.Read Directory.Read.All",
        })));
        assert_eq!(read.name.as_deref(), Some("zoe@contoso.com"));
        let scopes = ["User.Read".to_owned(), "Directory.Read.All".to_owned()].into();
        assert_eq!(read.powers, Powers::User { scopes, roles: BTreeSet::new() });
    }

    #[test]
    fn without_permissions_is_something_else_than_not_readable() {
        let none = operator(&token(&json!({ "oid": "o", "azp": "a" })));
        assert_eq!(none.powers, Powers::Application { permissions: BTreeSet::new(), roles: BTreeSet::new() });
        for opaque in ["", "opaque", "a.b.c", "EwBwA8l6BAAU.%%%.x"] {
            assert_eq!(operator(&opaque.to_owned().into()), Operator::default(), "{opaque}");
        }
        assert_eq!(operator(&token(&json!({ "sub": "somebody" }))).powers, Powers::Unknown);
    }
}
