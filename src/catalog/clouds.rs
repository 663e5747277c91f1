//! The Microsoft clouds: hosts and ids that differ between them. Tokens of one are worth nothing in another.

use crate::model::Cloud;

use super::apis;

/// A permission by its API and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionId {
    pub api_id: &'static str,
    pub id: &'static str,
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
