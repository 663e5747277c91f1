//! `accredit emulate`: the tenant on this machine, for other programs.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::{self, Emulator, Knobs, Operator, Seed};

use super::console::{Console, environment};
use super::{Exit, Failure, connection};

/// The variable with the secret of a new tenant's operator.
const OPERATOR_SECRET: &str = "ACCREDIT_OPERATOR_SECRET";

/// What was typed after `emulate`.
#[derive(Debug)]
pub struct Arguments {
    /// `None`: where commands with `--emulator` look for it.
    pub file: Option<PathBuf>,
    pub in_memory: bool,
    pub domain: String,
    pub tenant_id: Option<String>,
    pub operator_client_id: Option<String>,
    pub operator_secret_file: Option<PathBuf>,
    /// A file, or a number of applications.
    pub seed: Option<String>,
    pub bind: IpAddr,
    pub http: u16,
    pub https: Option<u16>,
    pub hosts: Vec<String>,
    pub ca_out: Option<PathBuf>,
    pub ready_file: Option<PathBuf>,
    pub log: Option<PathBuf>,
    pub page_size: usize,
    pub latency: Vec<String>,
    pub lag: Vec<String>,
    pub replicas: Option<u64>,
    pub throttle: Option<String>,
    pub conflict_writes: Option<String>,
    pub conflict_creation: Option<String>,
    pub faults: Option<PathBuf>,
    pub random_seed: Option<u64>,
    pub now: Option<Timestamp>,
    pub clock_offset: Option<String>,
}

fn bad(option: &str, why: &str) -> Failure {
    Failure::new(format!("`{option}` cannot be used"), std::io::Error::other(why.to_owned()))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("`{}` could not be read", path.display()), error))
}

impl Arguments {
    fn options(&self) -> Result<emulator::Options, Failure> {
        let here = |port| SocketAddr::from((self.bind, port));
        let usual = connection::emulator_file(Path::new(""), &self.domain);
        let mut options = emulator::Options::new(self.domain.clone());
        options.file = (!self.in_memory).then(|| self.file.clone().unwrap_or(usual));
        options.tenant_id.clone_from(&self.tenant_id);
        options.http = here(self.http);
        options.https = self.https.map(here);
        options.hosts.clone_from(&self.hosts);
        options.page_size = self.page_size;
        options.now = self.now;
        options.random_seed = self.random_seed;
        options.log.clone_from(&self.log);
        if let Some(offset) = &self.clock_offset {
            options.clock_offset = offset
                .parse::<SignedDuration>()
                .or_else(|_| days(offset))
                .map_err(|why| bad("--clock-offset", &why))?;
        }
        options.seed = self.seed.as_ref().map(|seed| match seed.parse() {
            Ok(count) => Seed::Applications(count),
            Err(_) => Seed::File(PathBuf::from(seed)),
        });
        options.operator = self.operator()?;
        options.knobs = self.knobs()?;
        if let Some(path) = &self.faults {
            let orders = serde_json::from_str(&read(path)?).map_err(|error| bad("--faults", &error.to_string()))?;
            options.faults = Some(orders);
        }
        Ok(options)
    }

    fn operator(&self) -> Result<Option<Operator>, Failure> {
        let Some(client_id) = self.operator_client_id.clone() else { return Ok(None) };
        let secret = match &self.operator_secret_file {
            Some(path) => Some(read(path)?.trim().to_owned()),
            None => environment(OPERATOR_SECRET),
        };
        let client_secret = secret.ok_or_else(|| {
            bad("--operator-client-id", &format!("its secret is missing: --operator-secret-file or {OPERATOR_SECRET}"))
        })?;
        Ok(Some(Operator { client_id, client_secret }))
    }

    /// All that is wrong is told at once.
    fn knobs(&self) -> Result<Knobs, Failure> {
        let mut knobs = Knobs::default();
        let mut problems = Vec::new();
        let mut turn = |option: &str, change: Value| match knobs.changed(&change) {
            Ok(changed) => knobs = changed,
            // The message begins with the knob, which the option has named already.
            Err(why) => {
                let reason =
                    why.strip_prefix('`').and_then(|rest| rest.split_once("`: ")).map_or(&*why, |(_, reason)| reason);
                problems.push(format!("`{option}`: {reason}"));
            }
        };
        turn("--page-size", json!({ "pageSize": self.page_size }));
        for (option, name, values) in [("--latency", "latency", &self.latency), ("--lag", "lag", &self.lag)] {
            for value in values {
                turn(
                    option,
                    match value.split_once('=') {
                        None => json!({ name: value }),
                        Some((member, time)) => json!({ name: { member: time } }),
                    },
                );
            }
        }
        if let Some(replicas) = self.replicas {
            turn("--replicas", json!({ "lag": { "replicas": replicas } }));
        }
        if let Some(preset) = &self.throttle {
            turn("--throttle", json!({ "throttle": preset }));
        }
        if let Some(time) = &self.conflict_writes {
            turn("--conflict-writes", json!({ "conflicts": { "writes": time } }));
        }
        if let Some(time) = &self.conflict_creation {
            turn("--conflict-creation", json!({ "conflicts": { "creation": time } }));
        }
        if problems.is_empty() {
            return Ok(knobs);
        }
        Err(Failure::message(format!("the options cannot be used: {}", problems.join("; "))))
    }
}

/// `P30D`: days, which have no fixed length elsewhere, have 24 hours here.
fn days(text: &str) -> Result<SignedDuration, String> {
    let span: jiff::Span = text.parse().map_err(|_| format!("`{text}` is no time such as `PT10M`, `-1h` or `P30D`"))?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| format!("`{text}` has months or years, whose length differs; say it in days"))
}

/// As a shell reads it: what a tester chose as the secret may hold spaces and signs.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._~:/@%+,=[]".contains(character);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', "'\\''")) }
}

/// What other programs need to know, as lines that a shell can read. The secret is the emulator's own, made-up one.
fn variables(emulator: &Emulator) -> String {
    let operator = emulator.operator();
    let mut lines = vec![
        ("ACCREDIT_EMULATOR", emulator.url()),
        ("AZURE_TENANT_ID", emulator.tenant_id()),
        ("AZURE_CLIENT_ID", &operator.client_id),
        ("AZURE_CLIENT_SECRET", &operator.client_secret),
    ];
    if let Some(url) = emulator.https_url() {
        lines.insert(1, ("ACCREDIT_EMULATOR_HTTPS", url));
    }
    let lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect();
    lines.concat()
}

/// Removes a file, which need not be there.
fn remove(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("`{}` could not be removed", path.display()), error))
        }
        _ => Ok(()),
    }
}

/// Writes a file that its owner alone can read, whole or not at all.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(directory)?;
    fresh.write_all(text.as_bytes())?;
    fresh.persist(path)?;
    Ok(())
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let options = arguments.options()?;
    if let Some(path) = &arguments.ready_file {
        // One that an earlier run left behind would be taken for ours.
        remove(path)?;
    }
    let mut emulator = match emulator::start(options).await {
        Ok(emulator) => emulator,
        Err(emulator::Error::Seed(problems)) => {
            for problem in &problems {
                console.say(problem);
            }
            return Err(Failure::message("the seed cannot be used"));
        }
        Err(error) => return Err(Failure::new("the tenant could not be started", error)),
    };
    if let (Some(path), Some(authority)) = (&arguments.ca_out, emulator.certificate_authority_pem()) {
        std::fs::write(path, authority).map_err(|error| {
            Failure::new(format!("the certificate authority could not be written to `{}`", path.display()), error)
        })?;
    }
    let variables = variables(&emulator);
    console.data(&variables)?;
    if arguments.seed.is_some() && !emulator.is_new() {
        console.say("The tenant was there already and is served as it is; `--seed` is for a new one.");
    }
    console.say(&format!("Random choices begin at {} (`--random-seed`).", emulator.random_seed()));
    console.say(&format!("Serving the tenant {}. Interrupt to stop.", emulator.domain()));
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &variables)
            .map_err(|error| Failure::new(format!("`{}` could not be written", path.display()), error))?;
    }
    tokio::select! {
        () = emulator.stopped() => {}
        () = asked_to_stop() => emulator.stop().await,
    }
    if let Some(path) = &arguments.ready_file {
        remove(path)?;
    }
    Ok(Exit::Success)
}

/// An interrupt, or the signal by which containers are stopped.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
