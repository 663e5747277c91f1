//! A cloud that is none of Microsoft's four: a file says where its services are.
//!
//! The file is named by whoever runs the command, never by a manifest: the operator's credentials go to the addresses in it,
//! and manifests are planned before anybody has reviewed them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::Cloud;

use super::console::environment;
use super::failure::Failure;

/// The variable that names the file where `--cloud-file` does not.
const FILE: &str = "ACCREDIT_CLOUD_FILE";

/// Where the services of one cloud are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CustomCloud {
    /// Where tokens are issued, such as `https://login.microsoftonline.com`.
    pub(super) login: String,
    /// Without a version, such as `https://graph.microsoft.com`.
    pub(super) graph: String,
    /// What Exchange's tokens are for, such as `https://outlook.office365.com`.
    pub(super) exchange: String,
    /// The same for Security & Compliance; without it, what needs it is not served.
    pub(super) security_and_compliance: Option<String>,
    /// What follows a vault's name in its host, such as `vault.azure.net`.
    pub(super) key_vault: String,
    /// A PEM file, relative to this one, with authorities to trust besides those of the machine.
    pub(super) certificate_authorities: Option<PathBuf>,
}

/// Reads the file, where the manifests' cloud is a custom one.
pub(super) fn load(cloud: Cloud, given: Option<&Path>) -> Result<Option<CustomCloud>, Failure> {
    if cloud != Cloud::Custom {
        return match given {
            Some(_) => Err(Failure::message("`--cloud-file` is given, and the manifests do not say `cloud: custom`")
                .hint("their tenant is in a cloud whose addresses are known; leave the file out")),
            None => Ok(None),
        };
    }
    let file = given.map(Path::to_owned).or_else(|| environment(FILE).map(PathBuf::from)).ok_or_else(|| {
        Failure::message("the manifests say `cloud: custom`, and no file says where its services are")
            .hint(format!("name one with `--cloud-file`, or in `{FILE}`; docs/clouds.md shows what it holds"))
    })?;
    let shown = file.display();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Failure::new(format!("the cloud file `{shown}` could not be read"), error))?;
    parse(&text, file.parent().unwrap_or(Path::new("")))
        .map(Some)
        .map_err(|reason| Failure::message(format!("`{shown}` does not describe a cloud: {reason}")))
}

fn parse(text: &str, directory: &Path) -> Result<CustomCloud, String> {
    let mut cloud: CustomCloud = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let always = [("login", &mut cloud.login), ("graph", &mut cloud.graph), ("exchange", &mut cloud.exchange)];
    let security_and_compliance = cloud.security_and_compliance.as_mut();
    for (name, address) in
        always.into_iter().chain(security_and_compliance.map(|address| ("securityAndCompliance", address)))
    {
        let bare = address.trim_end_matches('/');
        *address = bare.strip_suffix(":443").unwrap_or(bare).to_ascii_lowercase();
        let uri: Option<http::Uri> = address.parse().ok();
        let is_origin = uri.is_some_and(|uri| {
            uri.scheme_str() == Some("https")
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.path() == "/"
                && uri.query().is_none()
        });
        if !is_origin {
            return Err(format!("`{name}` is an address such as `https://{name}.example`, without a path"));
        }
    }
    let is_host = cloud.key_vault.contains('.')
        && cloud.key_vault.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    if !is_host {
        return Err("`keyVault` is what follows a vault's name in its host, such as `vault.azure.net`".to_owned());
    }
    cloud.certificate_authorities = cloud.certificate_authorities.map(|file| directory.join(file));
    Ok(cloud)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "login: https://login.example/\ngraph: https://graph.example:8443\nexchange: https://outlook.example\nkeyVault: vault.example\n";

    #[test]
    fn a_cloud_file_says_where_everything_is() {
        let text = format!("{WHOLE}certificateAuthorities: ca.pem\n");
        let cloud = parse(&text, Path::new("/etc/accredit")).unwrap();
        assert_eq!(cloud.login, "https://login.example");
        assert_eq!(cloud.graph, "https://graph.example:8443");
        assert_eq!(cloud.certificate_authorities, Some(PathBuf::from("/etc/accredit/ca.pem")));
    }

    #[test]
    fn half_a_file_and_odd_addresses_are_refused() {
        let changed = |from: &str, to: &str| parse(&WHOLE.replace(from, to), Path::new("")).unwrap_err();
        assert!(
            changed("keyVault: vault.example\n", "").contains("key"),
            "{}",
            changed("keyVault: vault.example\n", "")
        );
        assert!(changed("keyVault", "vault").contains("vault"));
        for odd in ["http://login.example", "login.example", "https://a@login.example", "https://login.example/path?q"]
        {
            assert!(changed("https://login.example/", odd).starts_with("`login` is an address"), "{odd}");
        }
        assert!(changed("vault.example", "https://vault.example").starts_with("`keyVault` is what follows"));
    }
}
