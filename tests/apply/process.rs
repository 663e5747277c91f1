//! The real program against a tenant in a process of its own, whose requests can be stopped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value as Json, json};

use super::world::{TENANT, TENANT_ID, days_after, noon};

/// A tenant in a process of its own, and a working directory.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
    server: Child,
    url: String,
    http: tokio::runtime::Runtime,
    day: i64,
}

impl Bench {
    /// `manifest` says everything but the tenant.
    pub(crate) fn new(manifest: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("manifests")).unwrap();
        let file = format!(".accredit/emulator/{TENANT}.json");
        let now = noon().to_string();
        let mut server = Command::new(env!("CARGO_BIN_EXE_accredit"))
            .args(["emulate", "--file", &file, "--domain", TENANT, "--tenant-id", TENANT_ID, "--now", &now])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = url_of(&mut server);
        let http = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Self { directory, server, url, http, day: 0 };
        bench.control("POST", "clock", &json!({ "stopped": true }));
        bench.declare(manifest);
        bench
    }

    pub(crate) fn declare(&self, manifest: &str) {
        std::fs::write(self.path().join("manifests/exo.yaml"), format!("tenant: {TENANT}\n{manifest}")).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the tenant is served.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the tenant is kept.
    pub(crate) fn tenant_file(&self) -> std::path::PathBuf {
        self.path().join(format!(".accredit/emulator/{TENANT}.json"))
    }

    pub(crate) fn control(&self, method: &str, what: &str, body: &Json) -> Json {
        self.http.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.request(method.parse().unwrap(), format!("{}/_emulator/{what}", self.url));
            let answer = request.json(body).send().await.unwrap();
            assert!(answer.status().is_success(), "{method} {what}: {answer:?}");
            answer.json().await.unwrap_or(Json::Null)
        })
    }

    pub(crate) fn turn_to_day(&mut self, day: i64) {
        self.day = day;
        self.control("POST", "clock", &json!({ "now": days_after(noon(), day).to_string() }));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.args(arguments);
        if arguments[0] != "certificate" {
            command.args(["--emulator", "--now", &days_after(noon(), self.day).to_string()]);
        }
        command.current_dir(self.path()).env_remove("ACCREDIT_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The same as the tenant's operator at its address, where the manifests call the tenant something else than its domain.
    pub(crate) fn command_at_its_address(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.args(arguments).arg(format!("--emulator={}", self.url));
        command.args(["--now", &days_after(noon(), self.day).to_string()]);
        let tenant = std::fs::read_to_string(self.tenant_file()).unwrap();
        let first: Json = serde_json::from_str(tenant.lines().next().unwrap()).unwrap();
        let operator = &first[0]["put"]["document"]["~operator"];
        for (variable, name) in [("AZURE_CLIENT_ID", "clientId"), ("AZURE_CLIENT_SECRET", "clientSecret")] {
            command.env(variable, operator[name].as_str().unwrap());
        }
        command.env("AZURE_TENANT_ID", TENANT_ID).current_dir(self.path()).env_remove("ACCREDIT_LOG");
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn apply(&self) -> Output {
        self.command(&["apply", "--auto-approve"]).output().unwrap()
    }

    pub(crate) fn applied(&self) -> String {
        let output = self.apply();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins a run and waits until its chosen request is under way; `None` where it has no such request.
    pub(crate) fn stopped(&self, fault: &Json) -> Option<Child> {
        self.control("POST", "faults", fault);
        let mut apply = self.command(&["apply", "--auto-approve"]).spawn().unwrap();
        loop {
            if self.control("GET", "faults", &Json::Null) == json!([]) {
                return Some(apply);
            }
            if apply.try_wait().unwrap().is_some() {
                self.control("DELETE", "faults", &Json::Null);
                return None;
            }
            std::thread::yield_now();
        }
    }

    fn application(&self) -> Json {
        let order = json!({ "method": "GET", "path": "/v1.0/applications(uniqueName='exo')", "body": null });
        self.control("POST", "graph", &order)
    }

    /// Thumbprints on the application that work now.
    pub(crate) fn working(&self) -> Vec<String> {
        let now = days_after(noon(), self.day);
        let application = self.application();
        let instant = |value: &Json| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let keys = application["keyCredentials"].as_array().unwrap().iter();
        let works = |key: &&Json| instant(&key["startDateTime"]) <= now && now < instant(&key["endDateTime"]);
        keys.filter(works).map(|key| key["customKeyIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(".accredit/keys/exo/main")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut kept: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        kept.sort();
        kept
    }

    pub(crate) fn private_key(&self, thumbprint: &str) -> String {
        let directory = self.path().join(".accredit/keys/exo/main").join(thumbprint);
        std::fs::read_to_string(directory.join("private-key.pem")).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where a process of `accredit emulate` serves, as soon as it does.
pub(crate) fn url_of(server: &mut Child) -> String {
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("ACCREDIT_EMULATOR=")).unwrap();
    line.trim_start_matches("ACCREDIT_EMULATOR=").to_owned()
}

pub(crate) fn kill(mut apply: Child) {
    // SIGKILL: nothing of it runs any more.
    apply.kill().unwrap();
    apply.wait().unwrap();
}
