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
        let past =
            |role: &str| permissions_past_the_scope_of(role).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(past("Application Mail.Read"), ["Mail.Read", "Mail.ReadWrite", "full_access_as_app"]);
        assert_eq!(past("Application Mail.Send"), ["Mail.Send", "full_access_as_app"]);
        assert_eq!(past("View-Only Recipients"), Vec::<String>::new());
    }
}
