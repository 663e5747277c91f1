//! What the best-known directory roles of Microsoft's allow. The other roles are there without their actions.

use serde_json::{Value, json};

const DIRECTORY_READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";

const APPLICATIONS: &[&str] = &[
    "microsoft.directory/applications/appRoles/update",
    "microsoft.directory/applications/audience/update",
    "microsoft.directory/applications/authentication/update",
    "microsoft.directory/applications/basic/update",
    "microsoft.directory/applications/create",
    "microsoft.directory/applications/credentials/update",
    "microsoft.directory/applications/delete",
    "microsoft.directory/applications/owners/update",
    "microsoft.directory/applications/permissions/update",
    "microsoft.directory/applications/policies/update",
    "microsoft.directory/servicePrincipals/appRoleAssignedTo/update",
    "microsoft.directory/servicePrincipals/basic/update",
    "microsoft.directory/servicePrincipals/create",
    "microsoft.directory/servicePrincipals/credentials/update",
    "microsoft.directory/servicePrincipals/delete",
    "microsoft.directory/servicePrincipals/owners/update",
    "microsoft.directory/servicePrincipals/permissions/update",
];

const KNOWN: &[(&str, &[&str])] = &[
    // Application Administrator and Cloud Application Administrator
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", APPLICATIONS),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", APPLICATIONS),
    // Application Developer
    (
        "cf1c38e5-3621-4004-a7cb-879624dced7c",
        &[
            "microsoft.directory/applications/createAsOwner",
            "microsoft.directory/oAuth2PermissionGrants/createAsOwner",
            "microsoft.directory/servicePrincipals/createAsOwner",
        ],
    ),
    // Privileged Role Administrator
    (
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        &[
            "microsoft.directory/administrativeUnits/allProperties/allTasks",
            "microsoft.directory/directoryRoles/allProperties/allTasks",
            "microsoft.directory/groupsAssignableToRoles/allProperties/update",
            "microsoft.directory/oAuth2PermissionGrants/allProperties/allTasks",
            "microsoft.directory/roleAssignments/allProperties/allTasks",
            "microsoft.directory/roleDefinitions/allProperties/allTasks",
            "microsoft.directory/servicePrincipals/appRoleAssignedTo/allTasks",
        ],
    ),
    // Exchange Administrator
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", &["microsoft.office365.exchange/allEntities/basic/allTasks"]),
];

/// The permissions of a role that Microsoft defines.
pub(crate) fn of(id: &str) -> Value {
    let known = KNOWN.iter().find(|(role, _)| *role == id);
    known.map(|(_, actions)| json!({ "allowedResourceActions": actions, "condition": null })).into_iter().collect()
}

/// The roles that it takes further permissions from: nearly all may read the directory.
pub(crate) fn inherited(id: &str) -> Value {
    if id == DIRECTORY_READERS { json!([]) } else { json!([{ "id": DIRECTORY_READERS }]) }
}
