//! The APIs that applications hold permissions of.

use std::sync::LazyLock;

use super::{nearest, rows};

/// An API by which an application acts: a service principal of Microsoft's in every tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    pub name: &'static str,
    /// The appId, the same in every tenant of a cloud.
    pub id: &'static str,
}

pub const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";
pub const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";
pub const SHAREPOINT_ONLINE: &str = "00000003-0000-0ff1-ce00-000000000000";
pub const EXCHANGE_ONLINE_PROTECTION: &str = "00000007-0000-0ff1-ce00-000000000000";

static APIS: LazyLock<Vec<Api>> = LazyLock::new(|| {
    rows(include_str!("../facts/apis.tsv"))
        .filter_map(|row| match row.as_slice() {
            [name, id] => Some(Api { name, id }),
            _ => None,
        })
        .collect()
});

/// What people call the APIs besides their display names.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("Graph", MICROSOFT_GRAPH),
    ("MS Graph", MICROSOFT_GRAPH),
    ("Exchange", EXCHANGE_ONLINE),
    ("Exchange Online", EXCHANGE_ONLINE),
    ("Exchange Online Protection", EXCHANGE_ONLINE_PROTECTION),
    ("SharePoint", SHAREPOINT_ONLINE),
    ("SharePoint Online", SHAREPOINT_ONLINE),
    ("Office 365 Management", "c5393580-f805-4401-95e8-94b7a6ef2fc2"),
    ("Office 365 Management API", "c5393580-f805-4401-95e8-94b7a6ef2fc2"),
    ("Azure AD Graph", "00000002-0000-0000-c000-000000000000"),
    ("Azure Active Directory Graph", "00000002-0000-0000-c000-000000000000"),
    ("Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"),
    ("Power BI", "00000009-0000-0000-c000-000000000000"),
];

pub fn all() -> &'static [Api] {
    &APIS
}

/// The API of this display name, short name or appId; case does not count.
pub fn find(text: &str) -> Option<&'static Api> {
    let id = SHORT_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map_or(text, |(_, id)| id);
    APIS.iter().find(|api| api.name.eq_ignore_ascii_case(text) || api.id.eq_ignore_ascii_case(id))
}

/// The names that `text` was probably meant to be.
pub fn nearest_names(text: &str) -> Vec<&'static str> {
    nearest(text, APIS.iter().map(|api| api.name).chain(SHORT_NAMES.iter().map(|(name, _)| *name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_name_is_one_of_an_api_in_the_table() {
        for (name, id) in SHORT_NAMES {
            assert_eq!(find(name).map(|api| api.id), Some(*id), "{name}");
        }
    }

    #[test]
    fn finds_by_name_short_name_and_id() {
        for text in ["office 365 exchange online", "Exchange", EXCHANGE_ONLINE] {
            assert_eq!(find(text).map(|api| api.name), Some("Office 365 Exchange Online"), "{text}");
        }
        assert_eq!(nearest_names("Ofice 365 Exchange Online"), ["Office 365 Exchange Online"]);
    }
}
