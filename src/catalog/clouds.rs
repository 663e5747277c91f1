//! The Microsoft clouds: hosts and ids that differ between them. Tokens of one are worth nothing in another.

use crate::model::Cloud;

use super::apis;

/// A permission by its API and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionId {
    pub api_id: &'static str,
    pub id: &'static str,
}

/// What `Connect-IPPSSession` has to be told outside of the worldwide cloud.
/// <https://learn.microsoft.com/powershell/exchange/connect-to-scc-powershell>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityAndComplianceAddresses {
    /// For `-ConnectionUri`.
    pub connection: &'static str,
    /// For `-AzureADAuthorizationEndpointUri`.
    pub authorization: &'static str,
    /// What another page of Microsoft's says instead of `connection`.
    pub otherwise: Option<&'static str>,
}

/// What other programs call a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesInTools {
    /// `Connect-MicrosoftTeams -TeamsEnvironmentName`; `None` where there is nothing to say.
    /// <https://learn.microsoft.com/powershell/module/microsoftteams/connect-microsoftteams>
    pub teams: Option<&'static str>,
    /// `Connect-MgGraph -Environment`.
    /// <https://learn.microsoft.com/powershell/module/microsoft.graph.authentication/connect-mggraph>
    pub microsoft_graph: &'static str,
    /// `Connect-PnPOnline -AzureEnvironment`. <https://pnp.github.io/powershell/cmdlets/Connect-PnPOnline.html>
    pub pnp: &'static str,
    /// `Connect-SPOService -Region`.
    /// <https://learn.microsoft.com/powershell/module/microsoft.online.sharepoint.powershell/connect-sposervice>
    pub sharepoint_region: &'static str,
    /// What follows a tenant's name in the hosts of its SharePoint.
    pub sharepoint_suffix: &'static str,
    /// `Connect-AzAccount -Environment` and `az cloud set --name`.
    /// <https://learn.microsoft.com/powershell/module/az.accounts/connect-azaccount>
    pub azure: &'static str,
    /// `m365 login --cloud`. <https://pnp.github.io/cli-microsoft365/cmd/login>
    pub cli_for_microsoft_365: &'static str,
}

/// What differs from cloud to cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudFacts {
    pub cloud: Cloud,
    /// As manifests write it.
    pub name: &'static str,
    /// Where tokens are issued.
    pub login_host: &'static str,
    pub graph_host: &'static str,
    /// For `Connect-ExchangeOnline -ExchangeEnvironmentName`.
    pub exchange_environment: &'static str,
    /// The host of Exchange Online's REST endpoint; `https://{host}/.default` is the scope of its tokens.
    pub exchange_host: &'static str,
    /// The same of Security & Compliance; empty where it is not known.
    pub security_and_compliance_host: &'static str,
    /// What follows a vault's name in its host.
    /// <https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-object-identifiers>
    pub key_vault_suffix: &'static str,
    /// `Exchange.ManageAsApp` as Exchange Online PowerShell wants it.
    pub exchange_permission: PermissionId,
    /// `Exchange.ManageAsApp` as Security & Compliance PowerShell wants it: in the clouds of the US government it is
    /// another API's.
    pub security_and_compliance_permission: PermissionId,
    /// `None` where the module knows them itself, or nobody does.
    pub security_and_compliance_powershell: Option<SecurityAndComplianceAddresses>,
    /// `None` where nobody but its operator knows.
    pub tools: Option<NamesInTools>,
}

const EXCHANGE: PermissionId =
    PermissionId { api_id: apis::EXCHANGE_ONLINE, id: "dc50a0fb-09a3-484d-be87-e023b12c6440" };
const PROTECTION: PermissionId =
    PermissionId { api_id: apis::EXCHANGE_ONLINE_PROTECTION, id: "455e5cd2-84e8-4751-8344-5672145dfa17" };

const CLOUDS: [CloudFacts; 5] = [
    CloudFacts {
        cloud: Cloud::Global,
        name: "global",
        login_host: "login.microsoftonline.com",
        graph_host: "graph.microsoft.com",
        exchange_environment: "O365Default",
        exchange_host: "outlook.office365.com",
        security_and_compliance_host: "ps.compliance.protection.outlook.com",
        key_vault_suffix: "vault.azure.net",
        exchange_permission: EXCHANGE,
        security_and_compliance_permission: EXCHANGE,
        security_and_compliance_powershell: None,
        tools: Some(NamesInTools {
            teams: None,
            microsoft_graph: "Global",
            pnp: "Production",
            sharepoint_region: "Default",
            sharepoint_suffix: "sharepoint.com",
            azure: "AzureCloud",
            cli_for_microsoft_365: "Public",
        }),
    },
    CloudFacts {
        cloud: Cloud::UsGovL4,
        name: "usGovL4",
        login_host: "login.microsoftonline.us",
        graph_host: "graph.microsoft.us",
        exchange_environment: "O365USGovGCCHigh",
        exchange_host: "outlook.office365.us",
        security_and_compliance_host: "ps.compliance.protection.office365.us",
        key_vault_suffix: "vault.usgovcloudapi.net",
        exchange_permission: EXCHANGE,
        security_and_compliance_permission: PROTECTION,
        security_and_compliance_powershell: Some(SecurityAndComplianceAddresses {
            connection: "https://ps.compliance.protection.office365.us/powershell-liveid/",
            authorization: "https://login.microsoftonline.us/organizations",
            otherwise: None,
        }),
        tools: Some(NamesInTools {
            teams: Some("TeamsGCCH"),
            microsoft_graph: "USGov",
            pnp: "USGovernmentHigh",
            sharepoint_region: "ITAR",
            sharepoint_suffix: "sharepoint.us",
            azure: "AzureUSGovernment",
            cli_for_microsoft_365: "USGovHigh",
        }),
    },
    CloudFacts {
        cloud: Cloud::UsGovL5,
        name: "usGovL5",
        login_host: "login.microsoftonline.us",
        graph_host: "dod-graph.microsoft.us",
        exchange_environment: "O365USGovDoD",
        exchange_host: "outlook-dod.office365.us",
        security_and_compliance_host: "ps.compliance.protection.office365.us",
        key_vault_suffix: "vault.usgovcloudapi.net",
        exchange_permission: EXCHANGE,
        security_and_compliance_permission: PROTECTION,
        // The page about app-only sign-in says another address than the one about connecting; we take the latter's, which is
        // of the same form as the other clouds'.
        security_and_compliance_powershell: Some(SecurityAndComplianceAddresses {
            connection: "https://l5.ps.compliance.protection.office365.us/powershell-liveid/",
            authorization: "https://login.microsoftonline.us/organizations",
            otherwise: Some("https://compliance.dod.microsoft.com/powershell-liveid"),
        }),
        tools: Some(NamesInTools {
            teams: Some("TeamsDOD"),
            microsoft_graph: "USGovDoD",
            pnp: "USGovernmentDoD",
            sharepoint_region: "ITAR",
            sharepoint_suffix: "sharepoint-mil.us",
            azure: "AzureUSGovernment",
            cli_for_microsoft_365: "USGovDoD",
        }),
    },
    CloudFacts {
        cloud: Cloud::China,
        name: "china",
        login_host: "login.chinacloudapi.cn",
        graph_host: "microsoftgraph.chinacloudapi.cn",
        exchange_environment: "O365China",
        exchange_host: "partner.outlook.cn",
        security_and_compliance_host: "ps.compliance.protection.partner.outlook.cn",
        key_vault_suffix: "vault.azure.cn",
        exchange_permission: EXCHANGE,
        security_and_compliance_permission: EXCHANGE,
        security_and_compliance_powershell: Some(SecurityAndComplianceAddresses {
            connection: "https://ps.compliance.protection.partner.outlook.cn/powershell-liveid",
            authorization: "https://login.chinacloudapi.cn/organizations",
            otherwise: None,
        }),
        tools: Some(NamesInTools {
            teams: Some("TeamsChina"),
            microsoft_graph: "China",
            pnp: "China",
            sharepoint_region: "China",
            sharepoint_suffix: "sharepoint.cn",
            azure: "AzureChinaCloud",
            cli_for_microsoft_365: "China",
        }),
    },
    // Where it is stands in a file of its own; what its permissions are called is as everywhere.
    CloudFacts {
        cloud: Cloud::Custom,
        name: "custom",
        login_host: "",
        graph_host: "",
        exchange_environment: "",
        exchange_host: "",
        security_and_compliance_host: "",
        key_vault_suffix: "",
        exchange_permission: EXCHANGE,
        security_and_compliance_permission: EXCHANGE,
        security_and_compliance_powershell: None,
        tools: None,
    },
];

/// The facts of a cloud.
pub fn facts(cloud: Cloud) -> &'static CloudFacts {
    match cloud {
        Cloud::Global => &CLOUDS[0],
        Cloud::UsGovL4 => &CLOUDS[1],
        Cloud::UsGovL5 => &CLOUDS[2],
        Cloud::China => &CLOUDS[3],
        Cloud::Custom => &CLOUDS[4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::permissions;
    use crate::model::PermissionType;

    #[test]
    fn each_cloud_has_its_own_facts_and_its_permissions_are_in_the_catalog() {
        for entry in &CLOUDS {
            assert_eq!(facts(entry.cloud), entry);
            for wanted in [entry.exchange_permission, entry.security_and_compliance_permission] {
                let found = permissions::find(wanted.api_id, PermissionType::Application, "Exchange.ManageAsApp");
                assert_eq!(found.map(|permission| permission.id), Some(wanted.id), "{}", entry.name);
            }
        }
    }
}
