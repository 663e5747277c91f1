//! The national clouds: what services are called there. A token service gives tokens for the services of its own cloud, and a
//! service takes none of another.

use serde::{Deserialize, Serialize};

/// One national cloud.
struct National {
    login: &'static [&'static str],
    /// A service's host in the public cloud, and in this one; some have several.
    services: &'static [(&'static str, &'static str)],
}

/// The public cloud's token service.
const LOGIN: [&str; 2] = ["login.microsoftonline.com", "login.windows.net"];

const NATIONAL: [National; 2] = [
    // The US government, L4 and L5
    National {
        login: &["login.microsoftonline.us"],
        services: &[
            ("graph.microsoft.com", "graph.microsoft.us"),
            ("graph.microsoft.com", "dod-graph.microsoft.us"),
            ("outlook.office365.com", "outlook.office365.us"),
            ("outlook.office365.com", "outlook-dod.office365.us"),
            ("outlook.office365.com", "webmail.apps.mil"),
            ("ps.compliance.protection.outlook.com", "ps.compliance.protection.office365.us"),
            ("management.azure.com", "management.usgovcloudapi.net"),
            ("vault.azure.net", "vault.usgovcloudapi.net"),
        ],
    },
    // 21Vianet's in China
    National {
        login: &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
        services: &[
            ("graph.microsoft.com", "microsoftgraph.chinacloudapi.cn"),
            ("outlook.office365.com", "partner.outlook.cn"),
            ("ps.compliance.protection.outlook.com", "ps.compliance.protection.partner.outlook.cn"),
            ("management.azure.com", "management.chinacloudapi.cn"),
            ("vault.azure.net", "vault.azure.cn"),
        ],
    },
];

/// The cloud that a tenant is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HomeCloud {
    /// Whichever a client looks for it in.
    #[default]
    Any,
    Global,
    UsGovernment,
    China,
}

impl HomeCloud {
    /// Whether the tenant is known at this address of a token service. One that belongs to no cloud knows it.
    pub(crate) fn is_at(self, origin: &str) -> bool {
        let host = host_of(origin);
        let national = NATIONAL.iter().position(|cloud| cloud.login.contains(&host.as_str()));
        let cloud = match national {
            Some(0) => Self::UsGovernment,
            Some(_) => Self::China,
            None if LOGIN.contains(&host.as_str()) => Self::Global,
            None => return true,
        };
        self == Self::Any || self == cloud
    }
}

/// The names of resources as they are where `origin`, an address such as `https://graph.microsoft.us`, belongs to: those of the
/// public cloud, unless it is a national one's. Ids are the same everywhere.
pub(crate) fn names_at(origin: &str, public: &[&str]) -> Vec<String> {
    let host = host_of(origin);
    let is_in = |cloud: &&National| {
        cloud.login.contains(&host.as_str())
            || cloud.services.iter().any(|(_, national)| {
                host.strip_suffix(national).is_some_and(|name| name.is_empty() || name.ends_with('.'))
            })
    };
    let Some(cloud) = NATIONAL.iter().find(is_in) else {
        return public.iter().map(|name| (*name).to_owned()).collect();
    };
    let national = |name: &&str| {
        let Some((scheme, rest)) = name.split_once("://") else { return vec![(*name).to_owned()] };
        let (known, slash) = rest.strip_suffix('/').map_or((rest, ""), |known| (known, "/"));
        let named = cloud.services.iter().filter(|(public, _)| *public == known);
        named.map(|(_, national)| format!("{scheme}://{national}{slash}")).collect()
    };
    public.iter().flat_map(national).collect()
}

/// The host of an address, in lower case, without its port.
fn host_of(origin: &str) -> String {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host).to_ascii_lowercase();
    host.split_once(':').map_or(host.as_str(), |(host, _)| host).to_owned()
}

/// What stands before a service's host at this address, and the host as the address's cloud has it: nothing for the host itself,
/// a region's label for one below it. None where it is no host of that service.
pub(crate) fn region_at(origin: &str, public: &str) -> Option<(String, String)> {
    let host = host_of(origin);
    let national = NATIONAL.iter().flat_map(|cloud| cloud.services).filter(|(known, _)| *known == public);
    std::iter::once(public).chain(national.map(|(_, national)| *national)).find_map(|known| {
        let label = host.strip_suffix(known)?;
        let label = label.strip_suffix('.').map_or_else(|| label.is_empty().then_some(""), Some)?;
        (!label.contains('.')).then(|| (label.to_owned(), known.to_owned()))
    })
}

/// Whether this address belongs to the US government.
pub(crate) fn is_of_us_government(origin: &str) -> bool {
    let host = host_of(origin);
    [".us", ".apps.mil"].iter().any(|end| host.ends_with(end))
}

/// Whether this is the host that a cloud's vaults are below.
pub(crate) fn has_vaults(host: &str) -> bool {
    let mut hosts = NATIONAL.iter().flat_map(|cloud| cloud.services).filter(|(public, _)| *public == "vault.azure.net");
    host.eq_ignore_ascii_case("vault.azure.net") || hosts.any(|(_, national)| host.eq_ignore_ascii_case(national))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_at_home_in_one_cloud() {
        let at = |home: HomeCloud| {
            ["login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn", "127.0.0.1:80"]
                .map(|host| home.is_at(&format!("https://{host}")))
        };
        assert_eq!(at(HomeCloud::Any), [true; 4]);
        assert_eq!(at(HomeCloud::Global), [true, false, false, true]);
        assert_eq!(at(HomeCloud::UsGovernment), [false, true, false, true]);
        assert_eq!(at(HomeCloud::China), [false, false, true, true]);
    }

    #[test]
    fn each_cloud_has_its_own_names() {
        let graph = ["https://graph.microsoft.com", "https://graph.microsoft.com/", "0000"];
        assert_eq!(names_at("http://127.0.0.1:80", &graph), graph);
        assert_eq!(names_at("https://login.microsoftonline.com", &graph), graph);
        assert_eq!(
            names_at("https://microsoftgraph.chinacloudapi.cn", &graph),
            ["https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/", "0000"]
        );
        let vaults = ["https://vault.azure.net"];
        assert_eq!(names_at("https://team.vault.usgovcloudapi.net", &vaults), ["https://vault.usgovcloudapi.net"]);
        assert_eq!(names_at("https://login.microsoftonline.us:443", &vaults), ["https://vault.usgovcloudapi.net"]);
        let compliance = "ps.compliance.protection.outlook.com";
        let region = |origin: &str| region_at(origin, compliance).map(|(label, _)| label);
        assert_eq!(region("https://ps.compliance.protection.outlook.com").as_deref(), Some(""));
        assert_eq!(region("https://eur01b.ps.compliance.protection.office365.us:443").as_deref(), Some("eur01b"));
        for other in
            ["https://outlook.office365.com", "http://a.b.ps.compliance.protection.outlook.com", "http://localhost"]
        {
            assert_eq!(region(other), None, "{other}");
        }
        assert!(has_vaults("vault.azure.cn") && !has_vaults("vault.localhost"));
    }
}
