//! Exchange's own roles and the groups that hold them: there from the start, in every tenant.

use serde_json::{Value, json};

use super::{
    super::{identifiers, world::World},
    ExchangeRefusal, Output, cmdlets,
    parameters::Call,
};

/// Roles that hold cmdlets.
const MANAGEMENT: [&str; 30] = [
    "Address Lists",
    "Audit Logs",
    "Compliance Admin",
    "Data Loss Prevention",
    "Distribution Groups",
    "E-Mail Address Policies",
    "Federated Sharing",
    "Information Rights Management",
    "Journaling",
    "Mail Enabled Public Folders",
    "Mail Recipient Creation",
    "Mail Recipients",
    "Mail Tips",
    "Message Tracking",
    "Migration",
    "Move Mailboxes",
    "Organization Configuration",
    "Public Folders",
    "Recipient Policies",
    "Remote and Accepted Domains",
    "Reset Password",
    "Retention Management",
    "Role Management",
    "Security Admin",
    "Security Reader",
    "Transport Hygiene",
    "Transport Rules",
    "View-Only Audit Logs",
    "View-Only Configuration",
    "View-Only Recipients",
];

/// Roles that let an application reach mailboxes: what they permit, without the `Application ` before it.
const APPLICATION: [&str; 24] = [
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Contacts.Read",
    "Contacts.ReadWrite",
    "EWS.AccessAsApp",
    "Exchange Full Access",
    "Mail Full Access",
    "Mail-Advanced.ReadWrite.All",
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailTips.ReadBasic.All",
    "MailboxConfigItem.Read",
    "MailboxConfigItem.ReadWrite",
    "MailboxFolder.Read",
    "MailboxFolder.ReadWrite",
    "MailboxItem.ImportExport",
    "MailboxItem.Read",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "SMTP.SendAsApp",
    "Calendars.ReadBasic",
    "Contacts.ReadBasic",
];

/// A role group of the product's.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    roles: &'static [&'static str],
}

/// The groups, and what each holds; the first holds everything.
pub(crate) const GROUPS: [Group; 8] = [
    Group { name: "Organization Management", roles: &MANAGEMENT },
    Group { name: "View-Only Organization Management", roles: &["View-Only Configuration", "View-Only Recipients"] },
    Group {
        name: "Recipient Management",
        roles: &[
            "Distribution Groups",
            "Mail Recipient Creation",
            "Mail Recipients",
            "Message Tracking",
            "Migration",
            "Move Mailboxes",
            "Recipient Policies",
            "Reset Password",
        ],
    },
    Group {
        name: "Compliance Management",
        roles: &[
            "Audit Logs",
            "Compliance Admin",
            "Data Loss Prevention",
            "Information Rights Management",
            "Journaling",
            "Message Tracking",
            "Retention Management",
            "Transport Rules",
            "View-Only Audit Logs",
            "View-Only Configuration",
            "View-Only Recipients",
        ],
    },
    Group {
        name: "Hygiene Management",
        roles: &["Transport Hygiene", "View-Only Configuration", "View-Only Recipients"],
    },
    Group { name: "Help Desk", roles: &["Reset Password", "View-Only Recipients"] },
    Group {
        name: "Security Administrator",
        roles: &["Security Admin", "View-Only Configuration", "View-Only Recipients"],
    },
    Group { name: "Security Reader", roles: &["Security Reader", "View-Only Configuration", "View-Only Recipients"] },
];

/// The roles of a group.
pub(crate) fn of_group(group: &Group) -> Vec<&'static str> {
    group.roles.to_vec()
}

/// A role of Exchange's own.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_application: bool,
}

impl Role {
    /// Its cmdlets with their parameters, as Graph writes them; or what it lets an application do.
    pub(crate) fn actions(&self) -> Vec<String> {
        if let Some(permission) = self.name.strip_prefix("Application ") {
            return vec![permission.to_owned()];
        }
        cmdlets::ALL
            .iter()
            .filter(|cmdlet| cmdlet.roles.contains(&self.name.as_str()))
            .map(|cmdlet| {
                let names = std::iter::once(cmdlet.name.to_owned());
                let parameters = cmdlet.parameters.iter().map(|parameter| format!("-{}", parameter.name));
                let words: Vec<String> = names.chain(parameters).collect();
                format!("(Microsoft.Exchange.Management.PowerShell.E2010) {}", words.join(" "))
            })
            .collect()
    }

    pub(crate) fn description(&self) -> String {
        if self.is_application {
            format!(
                "Lets an application use {} on the mailboxes in scope.",
                self.name.trim_start_matches("Application ")
            )
        } else {
            format!("Holds the cmdlets of {}.", self.name)
        }
    }
}

/// All roles, in the order of their names.
pub(crate) fn all(world: &World) -> Vec<Role> {
    let application = APPLICATION.iter().map(|name| format!("Application {name}"));
    let mut names: Vec<String> = application.chain(MANAGEMENT.iter().map(|name| (*name).to_owned())).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| Role {
            id: identifiers::derived_guid(&[world.tenant_id(), "exchange role", &name]),
            is_application: name.starts_with("Application "),
            name,
        })
        .collect()
}

/// Finds a role by its name or id.
pub(crate) fn find(world: &World, key: &str) -> Option<Role> {
    all(world).into_iter().find(|role| role.name.eq_ignore_ascii_case(key) || role.id.eq_ignore_ascii_case(key))
}

/// `Get-ManagementRole`.
pub(super) fn list(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let world = call.request.world;
    let chosen = match call.text("Identity") {
        None => all(world),
        Some(key) => vec![find(world, key).ok_or_else(|| ExchangeRefusal::not_found(key))?],
    };
    Ok(Output { rows: chosen.iter().map(row).collect(), ..Output::default() })
}

fn row(role: &Role) -> Value {
    json!({
        "Name": role.name,
        "Identity": role.name,
        "Guid": role.id,
        "RoleType": role.name.replace([' ', '.', '-'], ""),
        "Description": role.description(),
        "RoleEntries": role.actions(),
        "IsRootRole": true,
        "IsEndUserRole": false,
        "Parent": null,
        "ExchangeVersion": "0.12 (14.0.451.0)",
        "IsValid": true,
    })
}
