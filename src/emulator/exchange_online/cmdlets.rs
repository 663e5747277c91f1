//! The cmdlets that are served: their parameters, the management roles that hold them, and what runs them.

use super::{
    ExchangeRefusal, Output, authorization, organization,
    parameters::{Call, Form, Parameter},
    recipients, role_assignments, role_groups, roles, scopes, service_principals,
};

/// One cmdlet.
pub(super) struct Cmdlet {
    pub(super) name: &'static str,
    pub(super) roles: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    /// Whether it changes roles, which a dehydrated organization refuses.
    pub(super) customizes: bool,
    pub(super) run: fn(&Call<'_>) -> Result<Output, ExchangeRefusal>,
}

const READ_RECIPIENTS: &[&str] = &["View-Only Recipients", "Mail Recipients", "Mail Recipient Creation"];
const READ_ORGANIZATION: &[&str] =
    &["View-Only Configuration", "View-Only Recipients", "Organization Configuration", "Mail Recipients"];
const READ_AUDIT: &[&str] = &["View-Only Configuration", "Audit Logs", "View-Only Audit Logs"];
const READ_ROLES: &[&str] = &["Role Management", "View-Only Configuration"];
const WRITE_ROLES: &[&str] = &["Role Management"];

pub(super) const fn optional(name: &'static str, form: Form) -> Parameter {
    Parameter { name, form, is_mandatory: false }
}

const fn mandatory(name: &'static str, form: Form) -> Parameter {
    Parameter { name, form, is_mandatory: true }
}

const IDENTITY: Parameter = optional("Identity", Form::Text);
const THIS: Parameter = mandatory("Identity", Form::Text);
const SIZE: Parameter = optional("ResultSize", Form::Size);

/// Every cmdlet, by name.
pub(super) const ALL: &[Cmdlet] = &[
    Cmdlet {
        name: "Add-RoleGroupMember",
        roles: WRITE_ROLES,
        parameters: &[THIS, mandatory("Member", Form::Text), optional("BypassSecurityGroupManagerCheck", Form::Flag)],
        customizes: true,
        run: role_groups::add_member,
    },
    Cmdlet {
        name: "Enable-OrganizationCustomization",
        roles: &["Organization Configuration"],
        parameters: &[],
        customizes: false,
        run: organization::enable,
    },
    Cmdlet {
        name: "Get-AcceptedDomain",
        roles: READ_ORGANIZATION,
        parameters: &[IDENTITY, SIZE],
        customizes: false,
        run: organization::domains,
    },
    Cmdlet {
        name: "Get-AdminAuditLogConfig",
        roles: READ_AUDIT,
        parameters: &[],
        customizes: false,
        run: organization::audit,
    },
    Cmdlet {
        name: "Get-Mailbox",
        roles: READ_RECIPIENTS,
        parameters: &[
            IDENTITY,
            SIZE,
            optional("Anr", Form::Text),
            optional(
                "RecipientTypeDetails",
                Form::OneOf(&[
                    "UserMailbox",
                    "SharedMailbox",
                    "RoomMailbox",
                    "EquipmentMailbox",
                    "SchedulingMailbox",
                    "DiscoveryMailbox",
                    "TeamMailbox",
                ]),
            ),
        ],
        customizes: false,
        run: recipients::mailboxes,
    },
    Cmdlet {
        name: "Get-ManagementRole",
        roles: READ_ROLES,
        parameters: &[IDENTITY],
        customizes: false,
        run: roles::list,
    },
    Cmdlet {
        name: "Get-ManagementRoleAssignment",
        roles: READ_ROLES,
        parameters: &[
            IDENTITY,
            optional("Role", Form::Text),
            optional("RoleAssignee", Form::Text),
            optional("RoleAssigneeType", Form::OneOf(role_assignments::ASSIGNEE_TYPES)),
            optional("CustomRecipientWriteScope", Form::Text),
            optional("Enabled", Form::Flag),
        ],
        customizes: false,
        run: role_assignments::list,
    },
    Cmdlet {
        name: "Get-ManagementScope",
        roles: READ_ROLES,
        parameters: &[IDENTITY, optional("Exclusive", Form::Flag), optional("Orphan", Form::Flag)],
        customizes: false,
        run: scopes::list,
    },
    Cmdlet {
        name: "Get-OrganizationConfig",
        roles: READ_ORGANIZATION,
        parameters: &[],
        customizes: false,
        run: organization::config,
    },
    Cmdlet {
        name: "Get-Recipient",
        roles: READ_RECIPIENTS,
        parameters: &[IDENTITY, SIZE],
        customizes: false,
        run: recipients::recipients,
    },
    Cmdlet {
        name: "Get-RoleGroup",
        roles: READ_ROLES,
        parameters: &[IDENTITY, SIZE],
        customizes: false,
        run: role_groups::list,
    },
    Cmdlet {
        name: "Get-RoleGroupMember",
        roles: READ_ROLES,
        parameters: &[THIS, SIZE],
        customizes: false,
        run: role_groups::members_of_group,
    },
    Cmdlet {
        name: "Get-ServicePrincipal",
        roles: READ_ROLES,
        parameters: &[IDENTITY],
        customizes: false,
        run: service_principals::list,
    },
    Cmdlet {
        name: "Get-TransportRule",
        roles: READ_ORGANIZATION,
        parameters: &[IDENTITY, SIZE],
        customizes: false,
        run: organization::rules,
    },
    Cmdlet {
        name: "Get-User",
        roles: READ_RECIPIENTS,
        parameters: &[IDENTITY, SIZE],
        customizes: false,
        run: recipients::users,
    },
    Cmdlet {
        name: "New-ManagementRoleAssignment",
        roles: WRITE_ROLES,
        parameters: &[
            optional("Name", Form::Text),
            mandatory("Role", Form::Text),
            optional("App", Form::Text),
            optional("User", Form::Text),
            optional("SecurityGroup", Form::Text),
            optional("CustomResourceScope", Form::Text),
            optional("CustomRecipientWriteScope", Form::Text),
            optional("RecipientAdministrativeUnitScope", Form::Text),
            optional("RecipientGroupScope", Form::Text),
        ],
        customizes: true,
        run: role_assignments::create,
    },
    Cmdlet {
        name: "New-ManagementScope",
        roles: WRITE_ROLES,
        parameters: &[
            mandatory("Name", Form::Text),
            mandatory("RecipientRestrictionFilter", Form::Text),
            optional("RecipientRoot", Form::Text),
            optional("Exclusive", Form::Flag),
            optional("Force", Form::Flag),
        ],
        customizes: true,
        run: scopes::create,
    },
    Cmdlet {
        name: "New-ServicePrincipal",
        roles: WRITE_ROLES,
        parameters: &[
            mandatory("AppId", Form::Guid),
            optional("ObjectId", Form::Guid),
            optional("ServiceId", Form::Guid),
            optional("DisplayName", Form::Text),
        ],
        customizes: false,
        run: service_principals::create,
    },
    Cmdlet {
        name: "Remove-ManagementRoleAssignment",
        roles: WRITE_ROLES,
        parameters: &[THIS, optional("Force", Form::Flag)],
        customizes: true,
        run: role_assignments::remove,
    },
    Cmdlet {
        name: "Remove-ManagementScope",
        roles: WRITE_ROLES,
        parameters: &[THIS, optional("Force", Form::Flag)],
        customizes: true,
        run: scopes::remove,
    },
    Cmdlet {
        name: "Remove-RoleGroupMember",
        roles: WRITE_ROLES,
        parameters: &[THIS, mandatory("Member", Form::Text), optional("BypassSecurityGroupManagerCheck", Form::Flag)],
        customizes: true,
        run: role_groups::remove_member,
    },
    Cmdlet {
        name: "Remove-ServicePrincipal",
        roles: WRITE_ROLES,
        parameters: &[THIS],
        customizes: false,
        run: service_principals::remove,
    },
    Cmdlet {
        name: "Set-ManagementRoleAssignment",
        roles: WRITE_ROLES,
        parameters: &[
            THIS,
            optional("CustomResourceScope", Form::Text),
            optional("CustomRecipientWriteScope", Form::Text),
            optional("RecipientAdministrativeUnitScope", Form::Text),
            optional("RecipientGroupScope", Form::Text),
            optional("Force", Form::Flag),
        ],
        customizes: true,
        run: role_assignments::change,
    },
    Cmdlet {
        name: "Set-ManagementScope",
        roles: WRITE_ROLES,
        parameters: &[
            THIS,
            optional("Name", Form::Text),
            optional("RecipientRestrictionFilter", Form::Text),
            optional("Force", Form::Flag),
        ],
        customizes: true,
        run: scopes::change,
    },
    Cmdlet {
        name: "Set-ServicePrincipal",
        roles: WRITE_ROLES,
        parameters: &[THIS, optional("DisplayName", Form::Text)],
        customizes: false,
        run: service_principals::change,
    },
    Cmdlet {
        name: "Test-ServicePrincipalAuthorization",
        roles: READ_ROLES,
        parameters: &[THIS, optional("Resource", Form::Text)],
        customizes: false,
        run: authorization::test,
    },
];
