//! Requests to Microsoft Graph that read next to nothing, and the permissions that allow them: by one of them an application
//! shows that its permission is more than a word in a token. None reads what people wrote, and each asks for one id at most.

/// A request, and the application permissions of which each allows it.
const READS: &[(&str, &[&str])] = &[
    (
        "/organization?$select=id",
        &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    ),
    ("/users?$top=1&$select=id", &["User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All"]),
    (
        "/groups?$top=1&$select=id",
        &["Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All"],
    ),
    (
        "/applications?$top=1&$select=id",
        &["Application.Read.All", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"],
    ),
    (
        "/roleManagement/directory/roleDefinitions?$select=id",
        &["RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All"],
    ),
    ("/domains?$select=id", &["Domain.Read.All", "Domain.ReadWrite.All"]),
    (
        "/directory/administrativeUnits?$top=1&$select=id",
        &["AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All"],
    ),
    ("/policies/defaultAppManagementPolicy", &["Policy.Read.All"]),
    ("/devices?$top=1&$select=id", &["Device.Read.All", "Device.ReadWrite.All"]),
    ("/sites/root?$select=id", &["Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"]),
    ("/teams?$top=1&$select=id", &["Team.ReadBasic.All", "TeamSettings.Read.All", "TeamSettings.ReadWrite.All"]),
    ("/auditLogs/directoryAudits?$top=1&$select=id", &["AuditLog.Read.All"]),
    ("/admin/serviceAnnouncement/healthOverviews?$top=1&$select=id", &["ServiceHealth.Read.All"]),
    ("/admin/serviceAnnouncement/messages?$top=1&$select=id", &["ServiceMessage.Read.All"]),
    (
        "/deviceManagement/managedDevices?$top=1&$select=id",
        &["DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"],
    ),
    ("/security/alerts_v2?$top=1", &["SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"]),
    ("/security/incidents?$top=1", &["SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"]),
];

/// The first request that one of these permissions allows.
pub fn find<'p>(held: impl IntoIterator<Item = &'p str>) -> Option<&'static str> {
    let held: Vec<&str> = held.into_iter().collect();
    READS.iter().find(|(_, allowing)| allowing.iter().any(|name| held.contains(name))).map(|(path, _)| *path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::apis::MICROSOFT_GRAPH;
    use crate::catalog::permissions;
    use crate::model::PermissionType;

    #[test]
    fn every_permission_is_one_of_graphs_and_no_request_reads_more_than_a_little() {
        for (path, allowing) in READS {
            for name in *allowing {
                let found = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, name);
                assert!(found.is_some(), "{name}");
                assert_eq!(find([*name]), Some(*path), "{name}: another request comes first");
            }
            let is_small = path.contains("$top=1") || path.contains("$select=id") || path.contains("/policies/");
            assert!(is_small, "{path}");
        }
    }

    #[test]
    fn what_people_wrote_is_read_by_nobody() {
        assert_eq!(find(["Mail.Read", "Calendars.Read", "Files.Read.All", "Chat.Read.All"]), None);
        assert_eq!(find(["Mail.Read", "User.Read.All"]), Some("/users?$top=1&$select=id"));
    }
}
