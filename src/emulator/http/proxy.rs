//! A way in for clients whose hosts are fixed in their code: the emulator as their proxy, standing for Microsoft's hosts.
//!
//! Such a client is given `HTTPS_PROXY=http://127.0.0.1:PORT` and the tenant's authority to trust. Its `CONNECT` is led to the
//! port with TLS of this very process; nothing ever leaves the machine, and every other host is refused at once.

use axum::{
    extract::Request,
    http::{StatusCode, uri::Authority},
    response::{IntoResponse, Response},
};
use hyper_util::rt::TokioIo;
use tokio::{io::copy_bidirectional, net::TcpStream};

/// The hosts of sign-in, Graph, Exchange, Security & Compliance, Key Vault and Resource Manager, in every cloud, as a certificate names them.
pub(crate) const HOSTS: &[&str] = &[
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "outlook.office365.com",
    "outlook.office.com",
    "outlook.office365.us",
    "outlook-dod.office365.us",
    "webmail.apps.mil",
    "partner.outlook.cn",
    "ps.compliance.protection.outlook.com",
    "*.ps.compliance.protection.outlook.com",
    "ps.compliance.protection.office365.us",
    "*.ps.compliance.protection.office365.us",
    "ps.compliance.protection.partner.outlook.cn",
    "*.ps.compliance.protection.partner.outlook.cn",
    "management.azure.com",
    "management.usgovcloudapi.net",
    "management.chinacloudapi.cn",
    "*.vault.azure.net",
    "*.vault.usgovcloudapi.net",
    "*.vault.azure.cn",
];

/// Whether the emulator answers in the place of this host.
fn stands_for(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str())
        || HOSTS.iter().any(|known| match known.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(name, rest)| !name.is_empty() && rest == parent),
            None => host == *known,
        })
}

/// Answers `CONNECT host:port`, whatever the port.
pub(crate) fn connect(request: Request, tls_port: Option<u16>) -> Response {
    let host = request.uri().authority().map(Authority::host).unwrap_or_default().to_owned();
    if !stands_for(&host) {
        let message = format!("The emulator does not stand for `{host}`, and is no way out of this machine.\n");
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    let Some(port) = tls_port else {
        let message = "The emulator serves no HTTPS: start it with `--https PORT`.\n";
        return (StatusCode::BAD_GATEWAY, message).into_response();
    };
    tokio::spawn(async move {
        // A client that has gone away before it was led through has nothing to be told.
        if let Ok(client) = hyper::upgrade::on(request).await
            && let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await
        {
            let _ = copy_bidirectional(&mut TokioIo::new(client), &mut server).await;
        }
    });
    StatusCode::OK.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_of_the_services_are_stood_for() {
        for host in ["login.microsoftonline.com", "GRAPH.microsoft.com", "contoso.vault.azure.net", "localhost"] {
            assert!(stands_for(host), "{host}");
        }
        for host in
            ["example.com", ".vault.azure.net", "vault.azure.net", "a.b.vault.azure.net", "graph.microsoft.com.evil"]
        {
            assert!(!stands_for(host), "{host}");
        }
    }
}
