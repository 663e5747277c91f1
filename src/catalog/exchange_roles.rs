//! Exchange Online's built-in management roles, application roles and role groups, and which permissions reach past the scope of
//! an application role.
//!
//! <https://learn.microsoft.com/exchange/permissions-exo/permissions-exo>
//! <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>

use super::apis::{EXCHANGE_ONLINE, MICROSOFT_GRAPH};
use super::nearest;

/// Names as Exchange spells them. Tenants have others beside them, of their own making.
#[derive(Debug)]
pub struct Table {
    names: &'static [&'static str],
}

impl Table {
    /// The name that is meant; case does not count.
    pub fn find(&self, text: &str) -> Option<&'static str> {
        self.names.iter().find(|name| name.eq_ignore_ascii_case(text.trim())).copied()
    }

    /// The names that `text` was probably meant to be.
    pub fn nearest(&self, text: &str) -> Vec<&'static str> {
        nearest(text, self.names.iter().copied())
    }
}

pub static ROLES: Table = Table {
    names: &[
        "Address Lists",
        "Application Calendars.Read",
        "Application Calendars.ReadWrite",
        "Application Contacts.Read",
        "Application Contacts.ReadWrite",
        "Application EWS.AccessAsApp",
        "Application Exchange Full Access",
        "Application Mail Full Access",
        "Application Mail-Advanced.ReadWrite.All",
        "Application Mail.Read",
        "Application Mail.ReadBasic",
        "Application Mail.ReadWrite",
        "Application Mail.Send",
        "Application MailTips.ReadBasic.All",
        "Application MailboxConfigItem.Read",
        "Application MailboxConfigItem.ReadWrite",
        "Application MailboxFolder.Read",
        "Application MailboxFolder.ReadWrite",
        "Application MailboxItem.ImportExport",
        "Application MailboxItem.Read",
        "Application MailboxSettings.Read",
        "Application MailboxSettings.ReadWrite",
        "Application SMTP.SendAsApp",
        "Audit Logs",
        "Compliance Admin",
        "Data Loss Prevention",
        "Distribution Groups",
        "E-Mail Address Policies",
        "Federated Sharing",
        "Information Rights Management",
        "Journaling",
        "Legal Hold",
        "Mail Enabled Public Folders",
        "Mail Recipient Creation",
        "Mail Recipients",
        "Mail Tips",
        "Mailbox Import Export",
        "Mailbox Search",
        "Message Tracking",
        "Migration",
        "Move Mailboxes",
        "Org Custom Apps",
        "Org Marketplace Apps",
        "Organization Client Access",
        "Organization Configuration",
        "Organization Transport Settings",
        "Public Folders",
        "Recipient Policies",
        "Remote and Accepted Domains",
        "Reset Password",
        "Retention Management",
        "Role Management",
        "Security Admin",
        "Security Group Creation and Membership",
        "Security Reader",
        "Team Mailboxes",
        "Tenant AllowBlockList Manager",
        "Transport Hygiene",
        "Transport Rules",
        "User Options",
        "View-Only Audit Logs",
        "View-Only Configuration",
        "View-Only Recipients",
    ],
};

pub static ROLE_GROUPS: Table = Table {
    names: &[
        "Compliance Management",
        "Discovery Management",
        "Help Desk",
        "Hygiene Management",
        "Organization Management",
        "Recipient Management",
        "Records Management",
        "Security Administrator",
        "Security Operator",
        "Security Reader",
        "View-Only Organization Management",
    ],
};

/// With what the names of roles begin that let an application use mailboxes by Microsoft Graph, EWS or SMTP. All others hold
/// cmdlets.
const APPLICATION: &str = "Application ";

/// Whether a role lets an application use mailboxes, and run no cmdlet.
pub fn is_application_role(role: &str) -> bool {
    role.get(..APPLICATION.len()).is_some_and(|start| start.eq_ignore_ascii_case(APPLICATION))
}

/// EWS with it reaches every mailbox and all in it.
const EVERYTHING: (&str, &str) = (EXCHANGE_ONLINE, "full_access_as_app");

/// Whether Office 365 Exchange Online has an application permission of this name too.
fn is_outlooks_too(name: &str) -> bool {
    ["Calendars.", "Contacts.", "Mail."].iter().any(|start| name.starts_with(start)) && !name.contains("Basic")
}

/// Permissions of Microsoft Graph that allow what a role does not bear in its name.
const ALLOWED_BY_MORE: &[(&str, &[&str])] = &[
    ("Calendars.Read", &["Calendars.ReadWrite"]),
    ("Contacts.Read", &["Contacts.ReadWrite"]),
    ("Mail.Read", &["Mail.ReadWrite"]),
    ("Mail.ReadBasic", &["Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"]),
    ("MailboxConfigItem.Read", &["MailboxConfigItem.ReadWrite"]),
    ("MailboxFolder.Read", &["MailboxFolder.ReadWrite", "MailboxFolder.Read.All", "MailboxFolder.ReadWrite.All"]),
    ("MailboxFolder.ReadWrite", &["MailboxFolder.ReadWrite.All"]),
    ("MailboxItem.ImportExport", &["MailboxItem.ImportExport.All"]),
    ("MailboxItem.Read", &["MailboxItem.Read.All"]),
    ("MailboxSettings.Read", &["MailboxSettings.ReadWrite"]),
];

/// Whether `role` allows for all mailboxes what `scoped` allows for some, or a part of it.
pub fn allows_the_same(role: &str, scoped: &str) -> bool {
    let graph = |role: &str| {
        let permissions = permissions_past_the_scope_of(role).into_iter();
        permissions.filter(|(api, _)| *api == MICROSOFT_GRAPH).map(|(_, name)| name).collect::<Vec<_>>()
    };
    let own = role.get(APPLICATION.len()..).filter(|_| is_application_role(role)).unwrap_or_default();
    let (scoped_to, is_full) = (graph(scoped), own.ends_with("Full Access"));
    role.eq_ignore_ascii_case(scoped)
        || scoped_to.iter().any(|name| name == own)
        || (is_full && graph(role).iter().any(|name| scoped_to.contains(name)))
}

/// The application permissions, by the API's appId and name, of which each lets its holder do in every mailbox what `role` allows
/// in those of its scope. What the two give adds up.
pub fn permissions_past_the_scope_of(role: &str) -> Vec<(&'static str, String)> {
    let everything = (EVERYTHING.0, EVERYTHING.1.to_owned());
    let graph = |names: &[&str]| names.iter().map(|name| (MICROSOFT_GRAPH, (*name).to_owned())).collect::<Vec<_>>();
    let Some(allowed) = role.get(APPLICATION.len()..).filter(|_| is_application_role(role)) else { return Vec::new() };
    let mut permissions = match allowed {
        "EWS.AccessAsApp" => Vec::new(),
        "SMTP.SendAsApp" => {
            vec![(EXCHANGE_ONLINE, "SMTP.SendAsApp".to_owned()), (EXCHANGE_ONLINE, "Mail.Send".to_owned())]
        }
        "Mail Full Access" => graph(&["Mail.Read", "Mail.ReadWrite", "Mail.Send"]),
        "Exchange Full Access" => graph(&[
            "Calendars.ReadWrite",
            "Contacts.ReadWrite",
            "Mail.ReadWrite",
            "Mail.Send",
            "MailboxSettings.ReadWrite",
        ]),
        name => {
            let more = ALLOWED_BY_MORE.iter().find(|(role, _)| *role == name).map_or(&[][..], |(_, more)| more);
            graph(&[&[name], more].concat())
        }
    };
    // Outlook's own interface had permissions of the same names. It is retired; that they reach nothing any more nobody says.
    let outlook = permissions.iter().filter(|(api, name)| *api == MICROSOFT_GRAPH && is_outlooks_too(name));
    let outlook: Vec<_> = outlook.map(|(_, name)| (EXCHANGE_ONLINE, name.clone())).collect();
    permissions.extend(outlook);
    permissions.push(everything);
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_misspelt_ones_suggested() {
        assert_eq!(ROLES.find("view-only recipients"), Some("View-Only Recipients"));
        assert_eq!(ROLES.nearest("View-Only Recipient").first(), Some(&"View-Only Recipients"));
        assert_eq!(ROLE_GROUPS.nearest("Hygeine Management").first(), Some(&"Hygiene Management"));
        assert_eq!(ROLE_GROUPS.find("Our Own"), None);
    }

    #[test]
    fn every_table_is_sorted_and_says_nothing_twice() {
        for table in [&ROLES, &ROLE_GROUPS] {
            assert!(table.names.is_sorted() && table.names.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }

    #[test]
    fn what_reaches_past_a_scope_is_known() {
        let past = |role: &str, of: &str| {
            let permissions = permissions_past_the_scope_of(role).into_iter().filter(|(api, _)| *api == of);
            permissions.map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(past("Application Mail.Read", MICROSOFT_GRAPH), ["Mail.Read", "Mail.ReadWrite"]);
        assert_eq!(
            past("Application Mail.Read", EXCHANGE_ONLINE),
            ["Mail.Read", "Mail.ReadWrite", "full_access_as_app"]
        );
        assert_eq!(
            past("Application MailboxSettings.Read", EXCHANGE_ONLINE),
            ["full_access_as_app"],
            "Outlook's own interface had no such permission for applications"
        );
        assert_eq!(past("View-Only Recipients", MICROSOFT_GRAPH), Vec::<String>::new());
    }

    #[test]
    fn a_role_for_all_makes_a_scope_of_the_same_or_of_less_useless() {
        for (role, scoped) in [
            ("Application Mail.Read", "Application Mail.Read"),
            ("View-Only Recipients", "view-only recipients"),
            ("Application Mail.ReadWrite", "Application Mail.Read"),
            ("Application Mail Full Access", "Application Mail.Send"),
            ("Application Exchange Full Access", "Application Calendars.Read"),
        ] {
            assert!(allows_the_same(role, scoped), "{role}, {scoped}");
        }
        for (role, scoped) in [
            ("Application Mail.Read", "Application Mail.Send"),
            ("Application Mail Full Access", "Application Calendars.Read"),
            ("View-Only Recipients", "Application Mail.Read"),
            ("Application EWS.AccessAsApp", "Application Mail.Read"),
        ] {
            assert!(!allows_the_same(role, scoped), "{role}, {scoped}");
        }
    }
}
