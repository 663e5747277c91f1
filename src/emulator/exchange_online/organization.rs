//! What Exchange says of the organization as a whole.

use serde_json::{Value, json};

use super::{
    super::{
        identifiers,
        token::tenants,
        world::{Change, Collection, World},
    },
    ExchangeRefusal, Output,
    parameters::Call,
};

fn one(row: Value) -> Output {
    Output { rows: vec![row], ..Output::default() }
}

/// What is said of changes to the roles of a dehydrated organization.
pub(crate) const DEHYDRATED: &str = "The command you tried to run isn't currently allowed in your organization. To run this \
                                     command, you first need to run the command: Enable-OrganizationCustomization.";
/// The member of the tenant that says that somebody has enabled it.
const CUSTOMIZED: &str = "~customized";

/// Whether the organization refuses changes to its roles: it began so, and nobody has enabled them.
pub(crate) fn is_dehydrated(world: &World, began_so: bool) -> bool {
    began_so && !world.tenant().is_some_and(|tenant| tenant.get(CUSTOMIZED) == Some(&Value::Bool(true)))
}

/// `Enable-OrganizationCustomization`, once.
pub(super) fn enable(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let world = call.request.world;
    let (true, Some(tenant)) = (call.request.dehydrated, world.tenant()) else {
        return Err(ExchangeRefusal::rejected(
            "This operation is not required. Organization is already enabled for customization.",
        ));
    };
    let mut tenant = tenant.clone();
    tenant.insert(CUSTOMIZED.into(), true.into());
    Ok(Output { rows: Vec::new(), changes: vec![Change::put(Collection::Tenant, tenant)] })
}

/// `Get-OrganizationConfig`.
#[expect(clippy::unnecessary_wraps, reason = "every cmdlet may fail")]
pub(super) fn config(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let world = call.request.world;
    let domain = world.domain();
    let mut row = json!({
        "Name": domain,
        "Identity": domain,
        "Guid": identifiers::derived_guid(&[world.tenant_id(), "exchange organization"]),
        "DisplayName": world.tenant().map_or(Value::Null, |tenant| tenant["displayName"].clone()),
        "OAuth2ClientProfileEnabled": true,
        "AuditDisabled": false,
        "IsDehydrated": call.request.dehydrated,
        "CustomerLockboxEnabled": false,
        "EwsEnabled": true,
        "EwsAllowOutlook": null,
        "EwsAllowMacOutlook": null,
        "EwsApplicationAccessPolicy": null,
        "AutoExpandingArchiveEnabled": false,
        "MailTipsAllTipsEnabled": true,
        "MailTipsExternalRecipientsTipsEnabled": false,
        "ConnectorsEnabled": true,
        "ConnectorsEnabledForOutlook": true,
        "ConnectorsEnabledForTeams": true,
        "ConnectorsEnabledForYammer": true,
        "PublicFoldersEnabled": "Local",
        "PublicComputersDetectionEnabled": false,
        "ActivityBasedAuthenticationTimeoutEnabled": true,
        "ActivityBasedAuthenticationTimeoutInterval": "06:00:00",
        "ActivityBasedAuthenticationTimeoutWithSingleSignOnEnabled": true,
    });
    // In two parts, since the macro reads no longer list.
    let more = json!({
        "DefaultAuthenticationPolicy": null,
        "SendFromAliasEnabled": false,
        "AutodiscoverPartialDirSync": false,
        "BookingsEnabled": true,
        "OutlookMobileGCCRestrictionsEnabled": false,
        "FocusedInboxOn": null,
        "LinkPreviewEnabled": true,
        "MessageRemindersEnabled": true,
        "SmtpActionableMessagesEnabled": true,
        "IPListBlocked": [],
        "WorkspaceTenantEnabled": true,
        "MessageRecallEnabled": null,
        "DirectReportsGroupAutoCreationEnabled": false,
        "UnblockUnsafeSenderPromptEnabled": true,
        "MaskClientIpInReceivedHeadersEnabled": true,
        "ElcProcessingDisabled": false,
        "HierarchicalAddressBookRoot": null,
        "IsMixedMode": false,
    });
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
        row.extend(more);
    }
    Ok(one(row))
}

/// `Get-AcceptedDomain`.
pub(super) fn domains(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let world = call.request.world;
    let mut names: Vec<&str> = tenants::names(world).into_iter().skip(1).collect();
    names.dedup();
    if let Some(key) = call.text("Identity") {
        names.retain(|name| name.eq_ignore_ascii_case(key));
        if names.is_empty() {
            return Err(ExchangeRefusal::not_found(key));
        }
    }
    let rows = names
        .into_iter()
        .map(|name| {
            json!({
                "DomainName": name,
                "DomainType": "Authoritative",
                "Default": name == world.domain(),
                "InitialDomain": name == world.domain(),
                "MatchSubDomains": false,
                "SmtpDaneStatus": "Disabled",
                "AuthenticationType": "Managed",
                "RawAuthenticationType": "Managed",
                "ExternallyManaged": false,
                "PendingRemoval": false,
                "PendingCompletion": false,
                "OutboundOnly": false,
                "EmailOnly": false,
                "AddressBookEnabled": true,
                "SendingFromDomainDisabled": false,
                "SendingToDomainDisabled": false,
                "IsCoexistenceDomain": false,
                "CatchAllRecipientID": null,
                "FederatedOrganizationLink": "Federation",
                "Name": name,
                "Identity": name,
                "DistinguishedName": format!("CN={name},CN=Accepted Domains"),
                "ExchangeVersion": "0.20 (15.0.0.0)",
                "AdminDisplayName": "",
                "MailFlowRegion": "",
                "AzureProvisioningRegion": "",
            })
        })
        .collect();
    Ok(Output { rows, ..Output::default() })
}

/// `Get-AdminAuditLogConfig`.
#[expect(clippy::unnecessary_wraps, reason = "every cmdlet may fail")]
pub(super) fn audit(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let since = call.request.world.tenant().map_or(Value::Null, |tenant| tenant["createdDateTime"].clone());
    Ok(one(json!({
        "AdminAuditLogEnabled": true,
        "LogLevel": "None",
        "TestCmdletLoggingEnabled": false,
        "AdminAuditLogAgeLimit": "90.00:00:00",
        "LoadBalancerCount@data.type": "System.Int32",
        "LoadBalancerCount": 3,
        "UnifiedAuditLogIngestionEnabled": true,
        "UnifiedAuditLogFirstOptInDate@data.type": "System.DateTime",
        "UnifiedAuditLogFirstOptInDate": since,
        "Name": "Admin Audit Log Settings",
        "Identity": "Admin Audit Log Settings",
    })))
}

/// `Get-TransportRule`: there are none.
pub(super) fn rules(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    match call.text("Identity") {
        None => Ok(Output::default()),
        Some(key) => Err(ExchangeRefusal::not_found(key)),
    }
}
