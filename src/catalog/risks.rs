//! What permissions and roles put at risk: the classes of `docs/policy.md`, as tables.
//!
//! A permission is one of an API, by its ids in [`super::permissions`]; a directory role is one by its template id in
//! [`super::roles`]. So a permission of somebody's own API that has a famous name is none of these.
//!
//! <https://learn.microsoft.com/graph/permissions-reference>
//! <https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions>

use super::apis::{EXCHANGE_ONLINE, MICROSOFT_GRAPH, SHAREPOINT_ONLINE};
use super::{permissions, roles};
use crate::model::{PermissionType, RiskClass};

use RiskClass::{High, TenantTakeover};

/// What is at risk, and why.
pub type Judgement = (RiskClass, &'static str);

const SIGNS_IN_AS_ANYBODY: &str = "can make itself a way to sign in as any user, administrators included";
const WRITES_MAIL: &str = "can read and change the mail of every mailbox";
const READS_MAIL: &str = "can read the mail of every mailbox";
const ALL_FILES: &str = "can read and change every file of SharePoint and OneDrive";
const READS_FILES: &str = "can read every file of SharePoint and OneDrive";
const MANAGES_DEVICES: &str = "can run what it likes on managed devices, those of administrators included";

/// Application permissions with what their holder can do.
const PERMISSIONS: &[(&str, &str, RiskClass, &str)] = &[
    (
        MICROSOFT_GRAPH,
        "AppRoleAssignment.ReadWrite.All",
        TenantTakeover,
        "amounts to Global Administrator: it can grant itself any permission",
    ),
    (
        MICROSOFT_GRAPH,
        "RoleManagement.ReadWrite.Directory",
        TenantTakeover,
        "amounts to Global Administrator: it can give itself any role",
    ),
    (
        MICROSOFT_GRAPH,
        "RoleAssignmentSchedule.ReadWrite.Directory",
        TenantTakeover,
        "amounts to Global Administrator: it can give itself any role",
    ),
    (
        MICROSOFT_GRAPH,
        "RoleEligibilitySchedule.ReadWrite.Directory",
        TenantTakeover,
        "can make anybody eligible for any role",
    ),
    (
        MICROSOFT_GRAPH,
        "Application.ReadWrite.All",
        TenantTakeover,
        "can sign in as any application of the tenant that it adds a credential to",
    ),
    (
        MICROSOFT_GRAPH,
        "Application.ReadUpdate.All",
        TenantTakeover,
        "can sign in as any application of the tenant that it adds a credential to",
    ),
    (
        MICROSOFT_GRAPH,
        "Policy.ReadWrite.PermissionGrant",
        TenantTakeover,
        "can permit itself to consent to any permission",
    ),
    (
        MICROSOFT_GRAPH,
        "Domain.ReadWrite.All",
        TenantTakeover,
        "can have an identity provider of its own vouch for any user of a domain",
    ),
    (
        MICROSOFT_GRAPH,
        "Domain-InternalFederation.ReadWrite.All",
        TenantTakeover,
        "can have an identity provider of its own vouch for any user of a domain",
    ),
    (MICROSOFT_GRAPH, "UserAuthenticationMethod.ReadWrite.All", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    (MICROSOFT_GRAPH, "UserAuthMethod-TAP.ReadWrite.All", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    (MICROSOFT_GRAPH, "UserAuthMethod-Passkey.ReadWrite.All", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    (MICROSOFT_GRAPH, "UserAuthMethod-Password.ReadWrite.All", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    (
        MICROSOFT_GRAPH,
        "PrivilegedAccess.ReadWrite.AzureADGroup",
        TenantTakeover,
        "can join any group, those that hold directory roles included",
    ),
    (
        MICROSOFT_GRAPH,
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        TenantTakeover,
        "can join any group, those that hold directory roles included",
    ),
    (
        MICROSOFT_GRAPH,
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        TenantTakeover,
        "can make anybody eligible for any group, those that hold directory roles included",
    ),
    (MICROSOFT_GRAPH, "Application.ReadWrite.OwnedBy", High, "can sign in as every application that it owns"),
    (MICROSOFT_GRAPH, "DelegatedPermissionGrant.ReadWrite.All", High, "can let any application act for every user"),
    (MICROSOFT_GRAPH, "Directory.ReadWrite.All", High, "can change most of the directory"),
    (MICROSOFT_GRAPH, "RoleManagement.ReadWrite.Exchange", High, "can let any application read and send all mail"),
    (MICROSOFT_GRAPH, "RoleManagement.ReadWrite.CloudPC", High, "can give itself any role over Cloud PCs"),
    (MICROSOFT_GRAPH, "RoleManagement.ReadWrite.Defender", High, "can give itself any role in Defender"),
    (
        MICROSOFT_GRAPH,
        "RoleManagementPolicy.ReadWrite.Directory",
        High,
        "can take away what an eligible role asks for before it is active",
    ),
    (
        MICROSOFT_GRAPH,
        "RoleManagementPolicy.ReadWrite.AzureADGroup",
        High,
        "can take away what an eligible membership asks for before it is active",
    ),
    (
        MICROSOFT_GRAPH,
        "AdministrativeUnit.ReadWrite.All",
        High,
        "can bring users within reach of those who administer a unit",
    ),
    (MICROSOFT_GRAPH, "EntitlementManagement.ReadWrite.All", High, "can hand out access packages, to itself too"),
    (
        MICROSOFT_GRAPH,
        "Group.ReadWrite.All",
        High,
        "can join every group that holds no directory role, and read its files and mail",
    ),
    (MICROSOFT_GRAPH, "GroupMember.ReadWrite.All", High, "can join every group that holds no directory role"),
    (MICROSOFT_GRAPH, "User.ReadWrite.All", High, "can change every user who is no administrator"),
    (
        MICROSOFT_GRAPH,
        "User-PasswordProfile.ReadWrite.All",
        High,
        "can set the password of every user who is no administrator",
    ),
    (MICROSOFT_GRAPH, "User.EnableDisableAccount.All", High, "can lock every user out"),
    (
        MICROSOFT_GRAPH,
        "Organization.ReadWrite.All",
        High,
        "can trust a certificate authority of its own for signing in",
    ),
    (
        MICROSOFT_GRAPH,
        "PublicKeyInfrastructure.ReadWrite.All",
        High,
        "can trust a certificate authority of its own for signing in",
    ),
    (
        MICROSOFT_GRAPH,
        "Policy.ReadWrite.ApplicationConfiguration",
        High,
        "can lift what limits credentials of applications",
    ),
    (MICROSOFT_GRAPH, "Policy.ReadWrite.AuthenticationMethod", High, "can permit weaker ways of signing in"),
    (MICROSOFT_GRAPH, "Policy.ReadWrite.Authorization", High, "can change what every user may do"),
    (
        MICROSOFT_GRAPH,
        "Policy.ReadWrite.ConditionalAccess",
        High,
        "can lift every condition of access, or lock all out",
    ),
    (MICROSOFT_GRAPH, "Policy.ReadWrite.CrossTenantAccess", High, "can let another tenant's users in"),
    (MICROSOFT_GRAPH, "Policy.ReadWrite.SecurityDefaults", High, "can switch the security defaults off"),
    (MICROSOFT_GRAPH, "IdentityProvider.ReadWrite.All", High, "can add identity providers"),
    (
        MICROSOFT_GRAPH,
        "Synchronization.ReadWrite.All",
        High,
        "can have users and their attributes written from elsewhere",
    ),
    (
        MICROSOFT_GRAPH,
        "OnPremDirectorySynchronization.ReadWrite.All",
        High,
        "can change how users are matched with those of another directory",
    ),
    (MICROSOFT_GRAPH, "DeviceManagementConfiguration.ReadWrite.All", High, MANAGES_DEVICES),
    (MICROSOFT_GRAPH, "DeviceManagementScripts.ReadWrite.All", High, MANAGES_DEVICES),
    (MICROSOFT_GRAPH, "DeviceManagementApps.ReadWrite.All", High, MANAGES_DEVICES),
    (MICROSOFT_GRAPH, "DeviceManagementRBAC.ReadWrite.All", High, "can give itself any role of Intune"),
    (MICROSOFT_GRAPH, "DeviceManagementManagedDevices.PrivilegedOperations.All", High, "can wipe every managed device"),
    (MICROSOFT_GRAPH, "Mail.ReadWrite", High, WRITES_MAIL),
    (MICROSOFT_GRAPH, "Mail.Read", High, READS_MAIL),
    (MICROSOFT_GRAPH, "Mail.Send", High, "can send mail as every mailbox"),
    (MICROSOFT_GRAPH, "MailboxItem.ImportExport.All", High, "can export every mailbox and import into it"),
    (MICROSOFT_GRAPH, "MailboxItem.Export.All", High, "can export every mailbox"),
    (MICROSOFT_GRAPH, "MailboxItem.ReadWrite.All", High, WRITES_MAIL),
    (MICROSOFT_GRAPH, "MailboxItem.Read.All", High, READS_MAIL),
    (MICROSOFT_GRAPH, "MailboxSettings.ReadWrite", High, "can have every mailbox forward its mail"),
    (MICROSOFT_GRAPH, "Chat.ReadWrite.All", High, "can read and write every chat"),
    (MICROSOFT_GRAPH, "Chat.Read.All", High, "can read every chat"),
    (MICROSOFT_GRAPH, "ChannelMessage.Read.All", High, "can read every message of every team"),
    (MICROSOFT_GRAPH, "Files.ReadWrite.All", High, ALL_FILES),
    (MICROSOFT_GRAPH, "Files.Read.All", High, READS_FILES),
    (MICROSOFT_GRAPH, "Sites.FullControl.All", High, ALL_FILES),
    (MICROSOFT_GRAPH, "Sites.Manage.All", High, ALL_FILES),
    (MICROSOFT_GRAPH, "Sites.ReadWrite.All", High, ALL_FILES),
    (MICROSOFT_GRAPH, "Sites.Read.All", High, READS_FILES),
    (MICROSOFT_GRAPH, "eDiscovery.ReadWrite.All", High, "can search and export what anybody keeps in the tenant"),
    (MICROSOFT_GRAPH, "eDiscovery.Read.All", High, "can read what anybody keeps in the tenant and a case has found"),
    (EXCHANGE_ONLINE, "full_access_as_app", High, "can do anything in every mailbox"),
    (EXCHANGE_ONLINE, "Mail.ReadWrite", High, WRITES_MAIL),
    (EXCHANGE_ONLINE, "Mail.Read", High, READS_MAIL),
    (EXCHANGE_ONLINE, "Mail.Send", High, "can send mail as every mailbox"),
    (EXCHANGE_ONLINE, "Mailbox.Migration", High, "can move every mailbox"),
    (SHAREPOINT_ONLINE, "Sites.FullControl.All", High, ALL_FILES),
    (SHAREPOINT_ONLINE, "Sites.Manage.All", High, ALL_FILES),
    (SHAREPOINT_ONLINE, "Sites.ReadWrite.All", High, ALL_FILES),
    (SHAREPOINT_ONLINE, "Sites.Read.All", High, READS_FILES),
];

/// Directory roles with what their holder can do, the whole tenant in reach. What Microsoft marks as privileged besides is of the
/// class high.
const ROLES: &[(&str, RiskClass, &str)] = &[
    ("Global Administrator", TenantTakeover, "can do anything"),
    ("Privileged Role Administrator", TenantTakeover, "amounts to Global Administrator: it can give itself any role"),
    ("Privileged Authentication Administrator", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    ("Partner Tier2 Support", TenantTakeover, SIGNS_IN_AS_ANYBODY),
    (
        "Application Administrator",
        TenantTakeover,
        "can sign in as any application of the tenant that it adds a credential to",
    ),
    (
        "Cloud Application Administrator",
        TenantTakeover,
        "can sign in as any application of the tenant that it adds a credential to",
    ),
    (
        "Hybrid Identity Administrator",
        TenantTakeover,
        "can change how users are matched and vouched for by another directory",
    ),
    (
        "Domain Name Administrator",
        TenantTakeover,
        "can have an identity provider of its own vouch for any user of a domain",
    ),
    ("Exchange Administrator", High, "can read, change and send the mail of every mailbox, and let others do so"),
    ("SharePoint Administrator", High, ALL_FILES),
    ("Teams Administrator", High, "can change every team"),
    ("Groups Administrator", High, "can join every group that holds no directory role"),
    ("Compliance Administrator", High, "can give itself what searches the content of the tenant"),
    ("Authentication Policy Administrator", High, "can permit weaker ways of signing in"),
    ("Fabric Administrator", High, "can read every workspace of Power BI and Fabric"),
    ("Power Platform Administrator", High, "can read and change every environment of Power Platform"),
    ("Yammer Administrator", High, "can read every community"),
];

/// Built-in roles of Exchange's own that reach far over the whole organization.
const EXCHANGE_ROLES: &[(&str, &str)] = &[
    ("Application EWS.AccessAsApp", "can do anything in every mailbox"),
    ("Application Exchange Full Access", "can do anything in every mailbox"),
    ("Application Mail Full Access", WRITES_MAIL),
    ("Application Mail.Read", READS_MAIL),
    ("Application Mail.ReadWrite", WRITES_MAIL),
    ("Application Mail.Send", "can send mail as every mailbox"),
    ("Application MailboxItem.ImportExport", "can export every mailbox and import into it"),
    ("Application MailboxItem.Read", READS_MAIL),
    ("Application MailboxSettings.ReadWrite", "can have every mailbox forward its mail"),
    ("Application SMTP.SendAsApp", "can send mail as every mailbox"),
    ("Journaling", "can have a copy of all mail sent elsewhere"),
    ("Mail Recipients", "can let anybody into a mailbox, and have it forward its mail"),
    ("Mailbox Import Export", "can export every mailbox and import into it"),
    ("Mailbox Search", "can search every mailbox"),
    ("Organization Configuration", "can change how the whole organization works"),
    ("Role Management", "can give itself any role of Exchange's own"),
    ("Transport Rules", "can have mail read, changed and sent elsewhere"),
];

/// Exchange's role groups that reach far.
const ROLE_GROUPS: &[(&str, &str)] = &[
    ("Discovery Management", "can search every mailbox"),
    ("Organization Management", "can do anything in Exchange, and let others do so"),
    ("Recipient Management", "can let anybody into a mailbox, and have it forward its mail"),
];

/// What an application permission puts at risk, by the API's appId and the permission's id or value.
///
/// A delegated permission is used for a user who is there and reaches no further than that user: one class less.
pub fn of_permission(
    api_id: &str,
    permission_type: PermissionType,
    permission: &str,
) -> Option<(&'static str, Judgement)> {
    let permission = permissions::find(api_id, permission_type, permission)?;
    let (_, name, class, why) =
        PERMISSIONS.iter().find(|(api, name, _, _)| *api == permission.api_id && *name == permission.value)?;
    match (permission_type, class) {
        (PermissionType::Application, class) => Some((name, (*class, why))),
        (PermissionType::Delegated, TenantTakeover) => Some((name, (High, why))),
        (PermissionType::Delegated, High) => None,
    }
}

/// What an application permission of Microsoft Graph puts at risk.
pub fn of_graph_permission(name: &str) -> Option<Judgement> {
    of_permission(MICROSOFT_GRAPH, PermissionType::Application, name).map(|(_, judgement)| judgement)
}

/// What a directory role puts at risk, by its template id. For a part of the tenant it is one class less.
pub fn of_role(template_id: &str, is_tenant_wide: bool) -> Option<(&'static str, Judgement)> {
    let role = roles::find(template_id)?;
    let named = ROLES.iter().find(|(name, _, _)| *name == role.name).map(|(_, class, why)| (*class, *why));
    let marked = role.privileged.then_some((High, "is one of those that Microsoft marks as privileged"));
    let judgement = match (named.or(marked)?, is_tenant_wide) {
        (judgement, true) => judgement,
        ((TenantTakeover, why), false) => (High, why),
        ((High, _), false) => return None,
    };
    Some((role.name, judgement))
}

/// What a role of Exchange's own over the whole organization puts at risk.
pub fn of_exchange_role(name: &str) -> Option<(&'static str, Judgement)> {
    EXCHANGE_ROLES.iter().find(|(role, _)| role.eq_ignore_ascii_case(name)).map(|(role, why)| (*role, (High, *why)))
}

/// What membership in one of Exchange's role groups puts at risk.
pub fn of_role_group(name: &str) -> Option<(&'static str, Judgement)> {
    ROLE_GROUPS.iter().find(|(group, _)| group.eq_ignore_ascii_case(name)).map(|(group, why)| (*group, (High, *why)))
}

/// The application permissions of Microsoft Graph that put anything at risk, each with its judgement.
pub fn graph_permissions() -> impl Iterator<Item = (&'static str, Judgement)> {
    let of_graph = PERMISSIONS.iter().filter(|(api, _, _, _)| *api == MICROSOFT_GRAPH);
    of_graph.map(|(_, name, class, why)| (*name, (*class, *why)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use PermissionType::{Application, Delegated};

    use super::super::exchange_roles;
    use super::*;

    #[test]
    fn every_name_of_the_tables_is_one_of_the_official_lists_and_stands_there_once() {
        let mut seen = BTreeSet::new();
        for (api, name, _, _) in PERMISSIONS {
            let found = permissions::find(api, Application, name);
            assert_eq!(found.map(|found| found.value), Some(*name), "{api}");
            assert!(seen.insert((api, name)), "{name} twice");
        }
        for (name, _, _) in ROLES {
            assert_eq!(roles::find(name).map(|role| role.name), Some(*name));
            assert!(seen.insert((&"", name)), "{name} twice");
        }
        for (name, _) in EXCHANGE_ROLES {
            assert_eq!(exchange_roles::ROLES.find(name), Some(*name));
        }
        for (name, _) in ROLE_GROUPS {
            assert_eq!(exchange_roles::ROLE_GROUPS.find(name), Some(*name));
        }
    }

    #[test]
    fn ids_decide_and_names_of_other_apis_do_not() {
        let class = |api: &str, of, permission: &str| of_permission(api, of, permission).map(|(_, (class, _))| class);
        // The ids are those of the permissions reference.
        for (id, expected) in [
            ("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", Some(TenantTakeover)),
            ("06b708a9-e830-4db3-a914-8e69da51d44f", Some(TenantTakeover)),
            ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", Some(TenantTakeover)),
            ("18a4783c-866b-4cc7-a460-3d5e5662c884", Some(High)),
            ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", Some(High)),
            ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", Some(High)),
            ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", None),
        ] {
            assert_eq!(class(MICROSOFT_GRAPH, Application, id), expected, "{id}");
            assert_eq!(class("22222222-3333-4444-8555-666666666666", Application, id), None, "{id}");
        }
        assert_eq!(class(EXCHANGE_ONLINE, Application, "dc890d15-9560-4a4c-9b7f-a736ec74ec40"), Some(High));
        assert_eq!(
            class(EXCHANGE_ONLINE, Application, "Exchange.ManageAsApp"),
            None,
            "it is the role that reaches far"
        );
    }

    #[test]
    fn for_a_user_and_for_a_part_of_the_tenant_it_is_one_class_less() {
        let delegated = |name| of_permission(MICROSOFT_GRAPH, Delegated, name).map(|(_, (class, _))| class);
        assert_eq!(delegated("RoleManagement.ReadWrite.Directory"), Some(High));
        assert_eq!(delegated("Mail.ReadWrite"), None);
        let role = |id, whole| of_role(id, whole).map(|(name, (class, _))| (name, class));
        for (id, name, wide, narrow) in [
            ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", TenantTakeover, Some(High)),
            ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator", TenantTakeover, Some(High)),
            (
                "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
                "Privileged Authentication Administrator",
                TenantTakeover,
                Some(High),
            ),
            ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator", High, None),
            ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator", High, None),
        ] {
            assert_eq!(role(id, true), Some((name, wide)));
            assert_eq!(role(id, false), narrow.map(|class| (name, class)));
        }
        assert_eq!(of_role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", true), None, "Directory Readers");
    }

    #[test]
    fn every_role_that_microsoft_marks_has_a_class() {
        for role in roles::all().iter().filter(|role| role.privileged) {
            assert!(of_role(role.template_id, true).is_some(), "{}", role.name);
        }
    }
}
