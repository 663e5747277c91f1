//! Clients that know one host only: the emulator as their proxy.

use accredit::emulator::{self, Options};
use serde_json::json;

use super::client::*;

#[tokio::test]
async fn a_client_with_fixed_hosts_is_served_through_the_proxy_and_led_nowhere_else() {
    let options = Options { https: Some("127.0.0.1:0".parse().unwrap()), ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let authority = reqwest::Certificate::from_pem(emulator.certificate_authority_pem().unwrap().as_bytes()).unwrap();
    let proxy = reqwest::Proxy::all(emulator.url()).unwrap();
    let http = reqwest::Client::builder().proxy(proxy).tls_certs_only([authority]).build().unwrap();

    let operator = emulator.operator();
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_id", operator.client_id.as_str()),
        ("client_secret", operator.client_secret.as_str()),
    ];
    let sign_in = format!("https://login.microsoftonline.com/{DOMAIN}/oauth2/v2.0/token");
    let token = Answer::read(http.post(sign_in).form(&form).send().await.unwrap()).await;
    assert_eq!(token.status, 200, "{}", token.body);
    let users = http
        .get("https://graph.microsoft.com/v1.0/users?$top=2&$select=id")
        .bearer_auth(token.body["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let users = Answer::read(users).await;
    assert_eq!(users.body["@odata.context"], "https://graph.microsoft.com/v1.0/$metadata#users(id)");
    let next = users.body["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with("https://graph.microsoft.com/v1.0/users?"), "{next}");
    assert_eq!(users.body["value"].as_array().unwrap().len(), 2);

    // The names of the public cloud's authorities are those of one cloud, whichever is asked about.
    for asked in ["login.microsoftonline.com", "login.windows.net"] {
        let query = format!("api-version=1.1&authorization_endpoint=https://{asked}/common/oauth2/v2.0/authorize");
        let known = http.get(format!("https://login.microsoftonline.com/common/discovery/instance?{query}"));
        let known = Answer::read(known.send().await.unwrap()).await;
        assert_eq!(known.body["metadata"][0]["preferred_cache"], "login.windows.net", "{}", known.body);
    }

    assert!(http.get("https://example.com/").send().await.unwrap_err().is_connect());
    emulator.stop().await;
}

#[tokio::test]
async fn without_tls_the_proxy_says_what_is_missing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let emulator = start().await;
    for (host, status, words) in [
        ("graph.microsoft.com:443", "502", "--https"),
        ("example.com:443", "403", "does not stand for `example.com`"),
        ("[::1", "400", ""),
    ] {
        let mut stream = tokio::net::TcpStream::connect(emulator.url().strip_prefix("http://").unwrap()).await.unwrap();
        let request = format!("CONNECT {host} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(words), "{answer}");
    }
    assert_eq!(control(&emulator, reqwest::Method::GET, "requests", None).await.body, json!([]));
}
