//! `accredit emulate`: the tenant on this machine, for other programs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::emulator;

use super::console::Console;
use super::{Exit, Failure, session};

/// What was typed after `emulate`.
#[derive(Debug)]
pub struct Arguments {
    /// `None`: where commands with `--emulator` look for it.
    pub file: Option<PathBuf>,
    pub in_memory: bool,
    pub domain: String,
    pub http: u16,
    pub https: Option<u16>,
    pub ca_out: Option<PathBuf>,
    pub page_size: usize,
    pub now: Option<Timestamp>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { file, in_memory, domain, http, https, ca_out, page_size, now } = arguments;
    let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let usual = session::emulator_file(Path::new(""), &domain);
    let mut options = emulator::Options::new(domain);
    options.file = (!in_memory).then(|| file.unwrap_or(usual));
    options.http = here(http);
    options.https = https.map(here);
    options.page_size = page_size;
    options.now = now;
    let started = emulator::start(options).await;
    let mut emulator = started.map_err(|error| Failure::new("the tenant could not be started", error))?;
    if let (Some(path), Some(authority)) = (ca_out, emulator.certificate_authority_pem()) {
        std::fs::write(&path, authority).map_err(|error| {
            Failure::new(format!("the certificate authority could not be written to `{}`", path.display()), error)
        })?;
    }
    let mut lines = vec![
        ("ACCREDIT_EMULATOR", emulator.url().to_owned()),
        ("AZURE_TENANT_ID", emulator.tenant_id().to_owned()),
        ("AZURE_CLIENT_ID", emulator.operator().client_id.clone()),
        ("AZURE_CLIENT_SECRET", emulator.operator().client_secret.clone()),
    ];
    if let Some(url) = emulator.https_url() {
        lines.insert(1, ("ACCREDIT_EMULATOR_HTTPS", url.to_owned()));
    }
    // Lines that a shell can read: this is the emulator's own, made-up secret.
    for (name, value) in lines {
        console.data(&format!("{name}={value}\n"))?;
    }
    console.say(&format!("Serving the tenant {}. Interrupt to stop.", emulator.domain()));
    tokio::select! {
        () = emulator.stopped() => {}
        _ = tokio::signal::ctrl_c() => emulator.stop().await,
    }
    Ok(Exit::Success)
}
