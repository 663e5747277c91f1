//! The program as it runs on a real tenant, with nothing on its command line or in its environment that is not there too: the
//! real hosts' names, a proxy on the way, an authority to trust.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use accredit::emulator::{self, Emulator, Options};
use serde_json::{Value as Json, json};

use super::world::{TENANT, TENANT_ID, World, one_of_everything};

struct Company {
    emulator: Emulator,
    directory: tempfile::TempDir,
    operator: emulator::Operator,
}

impl Company {
    async fn new(cloud: &str) -> Self {
        let options = Options {
            https: Some("127.0.0.1:0".parse().unwrap()),
            tenant_id: Some(TENANT_ID.to_owned()),
            ..Options::new(TENANT)
        };
        let emulator = emulator::start(options).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("manifests")).unwrap();
        let manifest = format!("cloud: {cloud}\n{}", one_of_everything("exo"));
        std::fs::write(directory.path().join("manifests/exo.yaml"), manifest).unwrap();
        std::fs::write(directory.path().join("ca.pem"), emulator.certificate_authority_pem().unwrap()).unwrap();
        let operator = emulator.operator().clone();
        Self { emulator, directory, operator }
    }

    /// Another checkout of the same manifests, with a key store of its own.
    fn checkout(&self) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("manifests")).unwrap();
        for file in ["manifests/exo.yaml", "ca.pem"] {
            std::fs::copy(self.path().join(file), directory.path().join(file)).unwrap();
        }
        directory
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The program with an environment of its own.
    async fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
        self.run_in(self.path(), arguments, environment).await
    }

    async fn run_in(
        &self,
        directory: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.args(arguments).current_dir(directory).env_clear().envs(environment.iter().copied());
        command.env("AZURE_CLIENT_ID", &self.operator.client_id);
        command.env("AZURE_CLIENT_SECRET", &self.operator.client_secret);
        command.stdin(Stdio::null());
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    async fn requests(&self) -> Vec<Json> {
        let asked = reqwest::get(format!("{}/_emulator/requests", self.emulator.url())).await.unwrap();
        asked.json().await.unwrap()
    }

    /// From nothing to "No changes".
    async fn does_the_job(&self, arguments: &[&str], environment: &[(&str, &str)]) {
        let with = |verb: &[&'static str]| -> Vec<String> {
            verb.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect()
        };
        let (code, out, err) = self.run(&borrowed(&with(&["plan", "--detailed-exitcode"])), environment).await;
        assert_eq!(code, Some(2), "{out}{err}");
        assert!(out.contains("Plan: 5 to add, 0 to change, 0 to destroy."), "{out}{err}");
        let (code, out, err) = self.run(&borrowed(&with(&["apply", "--auto-approve"])), environment).await;
        assert_eq!(code, Some(0), "{out}{err}");
        let (code, out, err) = self.run(&borrowed(&with(&["plan", "--detailed-exitcode"])), environment).await;
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.starts_with("No changes."), "{out}{err}");
    }
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_is_done_in_every_cloud_through_a_proxy() {
    for cloud in ["global", "usGovL4", "usGovL5", "china"] {
        let company = Company::new(cloud).await;
        let proxy = company.emulator.url().to_owned();
        company.does_the_job(&[], &[("HTTPS_PROXY", &proxy), ("SSL_CERT_FILE", "ca.pem")]).await;
        assert!(!company.requests().await.is_empty());
    }
}

/// Exchange Online and Security & Compliance at the hosts of each cloud, with the permissions that each wants there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_are_proven_in_every_cloud() {
    for cloud in ["global", "usGovL4", "usGovL5", "china"] {
        let company = Company::new(cloud).await;
        let proxy = company.emulator.url().to_owned();
        let environment = [("HTTPS_PROXY", proxy.as_str()), ("SSL_CERT_FILE", "ca.pem")];
        let mut manifest = format!("cloud: {cloud}\n{}", one_of_everything("exo"))
            .replace("role: Exchange Administrator", "role: Global Reader");
        if cloud.starts_with("usGov") {
            let other = "      - api: Microsoft Exchange Online Protection\n        application: [Exchange.ManageAsApp]\n    certificates:";
            manifest = manifest.replace("    certificates:", other);
        }
        std::fs::write(company.path().join("manifests/exo.yaml"), manifest).unwrap();
        let (code, out, err) = company.run(&["apply", "--auto-approve", "--verify"], &environment).await;
        assert_eq!(code, Some(0), "{cloud}: {out}{err}");
        assert!(out.contains("Get-RetentionCompliancePolicy") && out.contains("Proven: "), "{cloud}: {out}");
        let is_called = |words: &str| assert!(out.contains(words), "{cloud}: {words}: {out}");
        match cloud {
            "usGovL4" => is_called("a new one for https://outlook.office365.us"),
            "usGovL5" => is_called("a new one for https://outlook-dod.office365.us"),
            "china" => is_called("a new one for https://partner.outlook.cn"),
            _ => is_called("a new one for https://ps.compliance.protection.outlook.com"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_of_ones_own_is_described_by_a_file() {
    let company = Company::new("custom").await;
    let url = company.emulator.https_url().unwrap();
    let file = format!(
        "login: {url}\ngraph: {url}\nexchange: {url}\nkeyVault: vault.example\ncertificateAuthorities: ca.pem\n"
    );
    std::fs::write(company.path().join("cloud.yaml"), file).unwrap();
    company.does_the_job(&["--cloud-file", "cloud.yaml"], &[]).await;
    let (code, _, err) = company.run(&["plan"], &[("ACCREDIT_CLOUD_FILE", "cloud.yaml")]).await;
    assert_eq!(code, Some(0), "{err}");

    let (code, _, err) = company.run(&["plan"], &[]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("`cloud: custom`") && err.contains("--cloud-file"), "{err}");
    let global = Company::new("global").await;
    let (code, _, err) = global.run(&["plan", "--cloud-file", "cloud.yaml"], &[]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("do not say `cloud: custom`"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_the_way_is_named() {
    let company = Company::new("global").await;
    let proxy = company.emulator.url().to_owned();
    // No authority that one trusts.
    let (code, _, err) = company.run(&["plan"], &[("HTTPS_PROXY", &proxy)]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("login.microsoftonline.com") && err.contains("UnknownIssuer"), "{err}");
    assert!(err.contains("SSL_CERT_FILE"), "{err}");
    // A proxy that is not there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://user:hunter2@{nobody}");
    let (code, _, err) = company.run(&["plan"], &[("HTTPS_PROXY", &gone), ("SSL_CERT_FILE", "ca.pem")]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("login.microsoftonline.com") && !err.contains("hunter2"), "{err}");
    // Credentials for another cloud than the manifests'.
    let other = [("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")];
    let (code, _, err) = company.run(&["plan"], &other).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("`AZURE_AUTHORITY_HOST` says https://login.microsoftonline.us/"), "{err}");
    // A bundle that is none.
    std::fs::write(company.path().join("empty.pem"), "").unwrap();
    for (file, words) in [("missing.pem", "could not be read"), ("empty.pem", "no certificate")] {
        let (code, _, err) = company.run(&["plan"], &[("HTTPS_PROXY", &proxy), ("SSL_CERT_FILE", file)]).await;
        assert_eq!(code, Some(1));
        assert!(err.contains(file) && err.contains(words), "{err}");
    }
    assert_eq!(company.requests().await.len(), 0);
}

/// Two people who have approved the same plan: both succeed, or one is told what happened, and never are there two of
/// anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_apply_at_once() {
    let company = Company::new("global").await;
    let proxy = company.emulator.url().to_owned();
    let environment = [("HTTPS_PROXY", proxy.as_str()), ("SSL_CERT_FILE", "ca.pem")];
    // Long enough for each to read before the other writes.
    let knobs = json!({ "latency": { "graph": "50ms..150ms" } });
    let http = reqwest::Client::new();
    let turned = http.patch(format!("{proxy}/_emulator/knobs")).json(&knobs).send().await.unwrap();
    assert!(turned.status().is_success());
    let other = company.checkout();
    let apply = ["apply", "--auto-approve"];
    let (one, two) =
        tokio::join!(company.run(&apply, &environment), company.run_in(other.path(), &apply, &environment));
    assert!(one.0 == Some(0) || two.0 == Some(0), "{}\n{}", one.2, two.2);
    for (code, _, err) in [&one, &two] {
        let is_told = ["somebody else makes it at this time", "appeared in the moment it was made"];
        assert!(*code == Some(0) || is_told.iter().any(|words| err.contains(words)), "{err}");
        assert!(*code == Some(0) || err.contains("hint: "), "{err}");
    }
    // Whoever was told runs it again, and then there is nothing left to do for either.
    for directory in [company.path(), other.path()] {
        let (code, _, err) = company.run_in(directory, &apply, &environment).await;
        assert_eq!(code, Some(0), "{err}");
    }
    for directory in [company.path(), other.path()] {
        let (code, out, err) = company.run_in(directory, &["plan", "--detailed-exitcode"], &environment).await;
        assert_eq!(code, Some(0), "{out}{err}");
    }
    let order = json!({ "method": "GET", "path": "/v1.0/applications?$filter=displayName eq 'exo automated'" });
    let asked = http.post(format!("{proxy}/_emulator/graph")).json(&order).send().await.unwrap();
    let found: Json = asked.json().await.unwrap();
    assert_eq!(found["value"].as_array().unwrap().len(), 1, "{found}");
}

/// Graph's answers may name other addresses; nothing of ours goes there, and no list passes for whole without its next page.
#[tokio::test]
async fn no_answer_leads_a_token_to_another_host() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}", stranger.local_addr().unwrap());
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    let next = json!({ "value": [], "@odata.nextLink": format!("{elsewhere}/v1.0/applications?$skiptoken=2") });
    let redirect = |status: u16| json!({ "status": status, "headers": { "Location": elsewhere } });
    for (method, path, then) in [
        ("GET", "/applications", json!({ "status": 200, "body": next })),
        ("GET", "/organization", redirect(302)),
        ("GET", "/organization", redirect(307)),
        ("POST", "oauth2/v2.0/token", redirect(308)),
    ] {
        world.faults(json!([{ "method": method, "path": path, "times": 1, "then": then }])).await;
        let outcome = world.try_snapshot(&desired).await;
        assert!(outcome.is_err() || method == "POST", "{path} {then}");
        world.no_faults().await;
    }
    for (path, status) in [("applications(uniqueName", 307), ("/servicePrincipals", 308)] {
        let method = if status == 307 { "PATCH" } else { "POST" };
        let plan = world.plan(&desired).await;
        world.faults(json!([{ "method": method, "path": path, "then": redirect(status) }])).await;
        let report = world.carry_out(&desired, plan).await;
        assert!(!report.is_complete(), "{path}");
        world.no_faults().await;
    }
    assert_eq!(stranger.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "a token went astray");
    world.converge(&desired).await;
}
