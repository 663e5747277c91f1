//! One file per verb. The only room that prints, reads the environment, or reads the clock.

pub mod apply;
pub mod certificate;
pub mod connect;
mod connection;
mod console;
mod custom_cloud;
pub mod doctor;
pub mod drift;
pub mod emulate;
pub mod estates;
mod failure;
pub mod fmt;
mod generated;
mod handover;
pub mod init;
mod manifests;
pub mod merge;
mod operator;
pub mod plan;
mod policies;
mod progress;
pub mod restore;
mod rights;
pub mod rotate;
pub mod saved;
mod secrets;
mod session;
mod show;
mod stream;
pub mod validate;
pub mod verify;
pub mod whoami;
mod written;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap_complete::Shell;
use jiff::Timestamp;

pub use crate::merge::Shard;
pub use crate::model::{Address, AuthenticationMethod, FindingClass, Pattern, Selection};
pub use crate::notify::WebhookKind;
pub use crate::verify::Waiting;

use console::Console;
use failure::Failure;

/// What was asked for on the command line.
#[derive(Debug)]
pub enum Command {
    Validate(validate::Arguments),
    Merge(merge::Arguments),
    Fmt(fmt::Arguments),
    Init(Box<init::Arguments>),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Restore(restore::Arguments),
    Rotate(rotate::Arguments),
    Connect(connect::Arguments),
    Verify(verify::Arguments),
    Drift(drift::Arguments),
    Whoami(whoami::Arguments),
    Doctor(doctor::Arguments),
    Show { file: PathBuf, format: Format },
    Certificate(certificate::Action),
    Emulate(Box<emulate::Arguments>),
    Schema { plan: bool, file: Option<PathBuf> },
    Completions { shell: Shell, command: clap::Command },
    Man { directory: PathBuf, command: clap::Command },
}

/// Where manifests are looked for when nobody says it.
pub const MANIFESTS: &str = "manifests";

/// The manifests and the tenant that a command is about.
#[derive(Clone, Debug)]
pub struct Target {
    pub paths: Vec<PathBuf>,
    pub service: Service,
    /// Which part of the estate.
    pub selection: Selection,
    pub now: Option<Timestamp>,
    pub limits: Limits,
}

impl Target {
    /// Has manifests looked for at these paths, where there are any, instead of where they are when nobody says it.
    pub fn lead_to(&mut self, paths: impl IntoIterator<Item = String>) {
        let mut paths = paths.into_iter().map(PathBuf::from).peekable();
        if paths.peek().is_some() {
            self.paths.retain(|path| path != Path::new(MANIFESTS));
            self.paths.splice(0..0, paths);
        }
    }
}

/// Which services a command speaks to.
#[derive(Clone, Debug)]
pub struct Service {
    /// `Some("")`: the embedded tenant; `Some(url)`: one that is served elsewhere on this machine.
    pub emulator: Option<String>,
    /// Where the services of a custom cloud are.
    pub cloud_file: Option<PathBuf>,
    /// How to sign in.
    pub authentication: Option<AuthenticationMethod>,
}

/// What a run may take of time and of Graph.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub timeout: Duration,
    pub requests_per_second: Option<f64>,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    JsonLines,
    Markdown,
    Html,
    Sarif,
    Github,
    Gitlab,
    Junit,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done, or nothing to do.
    Success,
    /// `plan --detailed-exitcode` found something to do, or `drift` something to look at.
    Changes,
}

/// Runs one command to its end.
pub fn run(color: Color, command: Command) -> ExitCode {
    let console = Console::new(color);
    console.start_log();
    let outcome = match command {
        Command::Validate(arguments) => in_runtime(validate::run(&console, arguments)),
        Command::Merge(arguments) => merge::run(&console, &arguments),
        Command::Init(arguments) => init::run(&console, &arguments),
        Command::Fmt(arguments) => fmt::run(&console, &arguments),
        Command::Show { file, format } => show::run(&console, &file, format),
        Command::Schema { plan, file } => generated::schema(&console, plan, file.as_deref()),
        Command::Completions { shell, command } => generated::completions(&console, shell, command),
        Command::Man { directory, command } => generated::manual(&console, &directory, command),
        Command::Certificate(action) => certificate::run(&console, action),
        Command::Plan(arguments) => in_runtime(plan::run(&console, arguments)),
        Command::Apply(arguments) => in_runtime(apply::run(&console, arguments)),
        Command::Restore(arguments) => in_runtime(restore::run(&console, arguments)),
        Command::Rotate(arguments) => in_runtime(rotate::run(&console, arguments)),
        Command::Connect(arguments) => in_runtime(connect::run(&console, arguments)),
        Command::Verify(arguments) => in_runtime(verify::run(&console, arguments)),
        Command::Drift(arguments) => in_runtime(drift::run(&console, arguments)),
        Command::Whoami(arguments) => in_runtime(whoami::run(&console, arguments)),
        Command::Doctor(arguments) => in_runtime(doctor::run(&console, arguments)),
        Command::Emulate(arguments) => in_runtime(emulate::run(&console, *arguments)),
    };
    match outcome {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Changes) => ExitCode::from(2),
        Err(failure) => {
            console.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn in_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|source| Failure::new("the program could not start its threads", source))?.block_on(command)
}

/// The instant that a command reckons with: the one it was given, or now.
#[expect(clippy::disallowed_methods, reason = "this is where the clock comes in")]
fn now(given: Option<Timestamp>) -> Timestamp {
    given.unwrap_or_else(Timestamp::now)
}
