//! Which filters hold, which are refused, and in which words.

use serde_json::json;

use super::{
    super::{
        schema::Kind,
        tables::{APP_ROLE_ASSIGNMENT, APPLICATION, SERVICE_PRINCIPAL, USER},
        world::Document,
    },
    filter::Filter,
};

fn holds_for(filter: &str, kind: &Kind, advanced: bool) -> Result<bool, String> {
    let document: Document = serde_json::from_value(json!({
        "id": "5e4f7a10-0000-4000-8000-000000000001",
        "appId": "0610a4a7-3535-4eb5-89ef-7935b1818f2d", "displayName": "It's one", "tags": ["a:b", "c"],
        "createdDateTime": "2025-04-08T09:40:20.2882444Z", "accountEnabled": true, "description": null,
        "mail": "one@contoso.com", "web": { "homePageUrl": "https://one" }, "info": { "termsOfServiceUrl": "https://t" },
        "resourceId": "0610a4a7-3535-4eb5-89ef-7935b1818f2d",
        "keyCredentials": [{ "keyId": "0610a4a7-3535-4eb5-89ef-7935b1818f2d", "endDateTime": "2026-01-01T00:00:00Z" }],
    }))
    .unwrap();
    Filter::parse(filter, kind, None, advanced)
        .map(|filter| filter.holds(&document, None))
        .map_err(|refusal| format!("{} {}", refusal.code, refusal.message))
}

fn holds(filter: &str) -> Result<bool, String> {
    holds_for(filter, &APPLICATION, false)
}

fn advanced(filter: &str) -> Result<bool, String> {
    holds_for(filter, &APPLICATION, true)
}

#[test]
fn served_filters_hold_or_not() {
    assert_eq!(holds("appid eq '0610A4A7-3535-4eb5-89ef-7935b1818f2d'"), Ok(true));
    assert_eq!(holds("displayName eq 'it''s one' AND tags/any(t:t eq 'a:b')"), Ok(true));
    assert_eq!(holds("(displayName in ('x','y') or startsWith( displayName, 'It'))"), Ok(true));
    assert_eq!(holds("startswith(displayName,'it') eq true"), Ok(true));
    assert_eq!(holds("tags/any(t:t eq 'd')"), Ok(false));
    assert_eq!(holds("tags/any (t:startswith(t, 'A'))"), Ok(true));
    assert_eq!(holds("createdDateTime ge 2025-04-08T00:00:00Z and createdDateTime lt 2025-04-09"), Ok(true));
    // A reader sees whole seconds, and compares what it saw.
    assert_eq!(holds("createdDateTime le 2025-04-08T09:40:20Z"), Ok(true));
    assert_eq!(holds_for("accountEnabled eq TRUE", &SERVICE_PRINCIPAL, false), Ok(true));
}

#[test]
fn advanced_queries_may_ask_for_more() {
    let more = [
        ("displayName ne 'x'", "Unsupported property filter clause operator 'NotEqualsMatch'."),
        ("not startswith(displayName,'x')", "Unsupported Query."),
        ("not (tags/any(t:t eq 'x'))", "Unsupported Query."),
        ("tags/$count eq 2", "Unsupported Query."),
        ("createdDateTime ne null", "Unsupported Query."),
        (
            "info/termsOfServiceUrl eq 'https://t'",
            "Unsupported or invalid query filter clause specified for property 'termsOfServiceUrl' of resource \
             'Application'.",
        ),
        (
            "keyCredentials/any(k:k/endDateTime le 2026-01-01T00:00:00Z)",
            "Complex query on property keyCredentials is not supported.",
        ),
        (
            "keyCredentials/any(k:k/keyId eq 0610a4a7-3535-4eb5-89ef-7935b1818f2d)",
            "Complex query on property keyCredentials is not supported.",
        ),
    ];
    for (filter, refusal) in more {
        assert_eq!(holds(filter), Err(format!("Request_UnsupportedQuery {refusal}")), "{filter}");
        assert_eq!(advanced(filter), Ok(true), "{filter}");
    }
    let ends = "endsWith(mail,'CONTOSO.com')";
    assert!(holds_for(ends, &USER, false).unwrap_err().contains("Operator 'endsWith' is not supported because"));
    assert_eq!(holds_for(ends, &USER, true), Ok(true));
}

#[test]
fn the_rest_is_refused() {
    for filter in [
        "uniqueName eq 'x'",
        "notes eq 'x'",
        "web/homePageUrl eq 'https://one'",
        "displayName eq notes",
        "'x' eq displayName",
        "tags/all(t:t eq 'x')",
        "tags/any()",
        "passwordCredentials/any(p:p/hint eq 'x')",
        "contains(displayName,'x')",
        "endswith(displayName,'x')",
        "tolower(displayName) eq 'x'",
        "keyCredentials/any(k:displayName eq 'x')",
        "displayName",
    ] {
        let refusal = advanced(filter).unwrap_err();
        assert!(refusal.starts_with("Request_UnsupportedQuery "), "{filter}: {refusal}");
    }
    for (filter, message) in [
        ("nonsense eq 'x'", "Could not find a property named 'nonsense' on type 'microsoft.graph.application'."),
        ("meeting", "Could not find a property named 'meeting' on type 'microsoft.graph.application'."),
        ("web/nonsense eq 'x'", "Could not find a property named 'nonsense' on type 'microsoft.graph.webApplication'."),
        ("tags/any(t:u eq 'x')", "Could not find a property named 'u'"),
        ("displayName eq 7", "Found operand types 'Edm.String' and 'Edm.Int32' for operator kind 'Equal'."),
        ("appId ne 0610a4a7-3535-4eb5-89ef-7935b1818f2d", "'Edm.String' and 'Edm.Guid' for operator kind 'NotEqual'"),
        ("createdDateTime ge '2025-01-01'", "'Edm.DateTimeOffset' and 'Edm.String'"),
        ("displayName eq", "Syntax error at position 14 in 'displayName eq'."),
        ("iswhatever 12", "Syntax error at position 13 in 'iswhatever 12'."),
        ("displayName eq 'x", "There is an unterminated string literal at position 17"),
        ("not displayName eq 'x'", "Found operand type 'Edm.String' for operator kind 'Not'."),
        ("substringof('x', displayName)", "An unknown function with name 'substringof' was found."),
        ("startswith(displayName,7)", "No function signature for the function with name 'startswith'"),
        ("displayName/any(d:d eq 'x')", "Any/All may only be used following a collection."),
        ("displayName = 'x'", "character '=' is not valid at position 12"),
    ] {
        let refusal = advanced(filter).unwrap_err();
        assert!(refusal.starts_with("BadRequest Invalid filter clause: "), "{filter}: {refusal}");
        assert!(refusal.contains(message), "{filter}: {refusal}");
    }
    for filter in ["displayName eq 'x' or", "((("] {
        assert!(holds(filter).is_err(), "{filter}");
    }
    for deep in ["(", "not ", "tags/any(t:", "not ("] {
        assert!(holds(&format!("{}displayName eq 'x'", deep.repeat(5000))).is_err());
    }
    let quoted = "resourceId eq '0610a4a7-3535-4eb5-89ef-7935b1818f2d'";
    assert!(holds_for(quoted, &APP_ROLE_ASSIGNMENT, false).unwrap_err().contains("'Edm.Guid' and 'Edm.String'"));
    assert_eq!(holds_for(&quoted.replace('\'', ""), &APP_ROLE_ASSIGNMENT, false), Ok(true));
}

#[test]
fn or_joins_fifteen_conditions_and_no_more() {
    let join = |count: usize| vec!["displayName eq 'x'"; count].join(" or ");
    assert_eq!(holds(&join(15)), Ok(false));
    assert!(holds(&join(16)).unwrap_err().contains("Max allowed: 15."));
    let values = |count: usize| format!("displayName in ({})", vec!["'x'"; count].join(","));
    assert_eq!(holds(&values(15)), Ok(false));
    assert!(holds(&values(16)).is_err());
}

proptest::proptest! {
    #[test]
    fn no_filter_is_too_strange(filter in "[a-zA-Z'():,/ =-]{0,40}|.{0,20}|(not |\\(|tags/any\\(t:|displayName eq 'x' (and|or) ){0,60}") {
        let _ = advanced(&filter);
    }
}
