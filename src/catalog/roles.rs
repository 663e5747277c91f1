//! Microsoft Entra's built-in directory roles.

use std::sync::LazyLock;

use super::{nearest, rows};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Today's display name.
    pub name: &'static str,
    /// The same in every tenant.
    pub template_id: &'static str,
    /// Whether Microsoft marks it as privileged.
    pub privileged: bool,
}

/// What `wids` of a token holds where there is no directory role: an application's, and a user's.
/// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
const NO_ROLE: [&str; 2] = ["0997a1d0-0d1d-4acb-b408-d5ca73121e90", "b79fbf4d-3ef9-4689-8143-76b194e85509"];

/// Whether an id in `wids` is that of a role.
pub fn is_role(id: &str) -> bool {
    !NO_ROLE.contains(&id)
}

static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    rows(include_str!("../facts/directory-roles.tsv"))
        .filter_map(|row| match row.as_slice() {
            [name, template_id, rest @ ..] => {
                Some(Role { name, template_id, privileged: rest.contains(&"privileged") })
            }
            _ => None,
        })
        .collect()
});

/// Names that roles had before, as scripts and articles still spell them, and today's names.
const FORMER_NAMES: &[(&str, &str)] = &[
    ("Azure AD Joined Device Local Administrator", "Microsoft Entra Joined Device Local Administrator"),
    ("B2C User Flow Administrator", "External ID User Flow Administrator"),
    ("B2C User Flow Attribute Administrator", "External ID User Flow Attribute Administrator"),
    ("CRM Service Administrator", "Dynamics 365 Administrator"),
    ("Company Administrator", "Global Administrator"),
    ("Device Administrators", "Microsoft Entra Joined Device Local Administrator"),
    ("Dynamics 365 Service Administrator", "Dynamics 365 Administrator"),
    ("Exchange Service Administrator", "Exchange Administrator"),
    ("Information Protection Administrator", "Azure Information Protection Administrator"),
    ("Intune Service Administrator", "Intune Administrator"),
    ("Lync Service Administrator", "Skype For Business Administrator"),
    ("Power BI Administrator", "Fabric Administrator"),
    ("Power BI Service Administrator", "Fabric Administrator"),
    ("Service Administrator", "Service Support Administrator"),
    ("SharePoint Service Administrator", "SharePoint Administrator"),
    ("Skype for Business Service Administrator", "Skype For Business Administrator"),
    ("Teams Service Administrator", "Teams Administrator"),
    ("User Account Administrator", "User Administrator"),
];

/// Roles that an app-only session of Exchange Online PowerShell accepts, and whether Security & Compliance
/// PowerShell accepts them too. <https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2>
const ACCEPTED: &[(&str, bool)] = &[
    ("Compliance Administrator", true),
    ("Exchange Administrator", false),
    ("Exchange Recipient Administrator", false),
    ("Global Administrator", true),
    ("Global Reader", true),
    ("Helpdesk Administrator", false),
    ("Security Administrator", true),
    ("Security Reader", true),
];

pub fn all() -> &'static [Role] {
    &ROLES
}

/// The role of this name, former name or template id; case does not count.
pub fn find(text: &str) -> Option<&'static Role> {
    let today =
        FORMER_NAMES.iter().find(|(former, _)| former.eq_ignore_ascii_case(text)).map_or(text, |(_, name)| name);
    ROLES.iter().find(|role| role.name.eq_ignore_ascii_case(today) || role.template_id.eq_ignore_ascii_case(text))
}

/// The names, former ones too, that `text` was probably meant to be.
pub fn nearest_names(text: &str) -> Vec<&'static str> {
    nearest(text, ROLES.iter().map(|role| role.name).chain(FORMER_NAMES.iter().map(|(former, _)| *former)))
}

/// Whether Exchange Online opens an app-only session for the holder of this role.
pub fn is_accepted_by_exchange(role: &Role) -> bool {
    ACCEPTED.iter().any(|(name, _)| *name == role.name)
}

/// Whether Security & Compliance PowerShell opens an app-only session for the holder of this role.
pub fn is_accepted_by_security_and_compliance(role: &Role) -> bool {
    ACCEPTED.contains(&(role.name, true))
}

/// The names of the roles that Exchange Online accepts.
pub fn names_accepted_by_exchange() -> impl Iterator<Item = &'static str> {
    ACCEPTED.iter().map(|(name, _)| *name)
}

/// The names of the roles that Security & Compliance PowerShell accepts.
pub fn names_accepted_by_security_and_compliance() -> impl Iterator<Item = &'static str> {
    ACCEPTED.iter().filter(|(_, both)| *both).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_tables_is_a_role() {
        for (former, name) in FORMER_NAMES {
            assert_eq!(find(former).map(|role| role.name), Some(*name), "{former}");
            assert!(!ROLES.iter().any(|role| role.name.eq_ignore_ascii_case(former)), "{former} is a role of its own");
        }
        for (name, _) in ACCEPTED {
            assert!(find(name).is_some_and(is_accepted_by_exchange), "{name}");
        }
    }

    #[test]
    fn finds_by_former_name_and_template_id() {
        for text in ["Exchange Service Administrator", "exchange administrator", "29232cdf-9323-42fd-ade2-1d097af3e4de"]
        {
            assert_eq!(find(text).map(|role| role.name), Some("Exchange Administrator"), "{text}");
        }
        assert_eq!(nearest_names("Exchange Adminstrator"), ["Exchange Administrator"]);
    }
}
