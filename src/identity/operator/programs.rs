//! Runs other people's programs that are signed in already.

use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use azure_identity::Executor;

use super::surroundings::Surroundings;

/// The slowest of them start in ten seconds.
const LONGEST: Duration = Duration::from_mins(1);

/// Runs programs that are looked for where `PATH` says.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    path: Option<String>,
}

impl Programs {
    pub(super) fn new(surroundings: &Surroundings) -> Self {
        Self { path: surroundings.variable("PATH") }
    }
}

#[async_trait]
impl Executor for Programs {
    /// Runs one to its end and gives what it printed. It is asked nothing, and killed when it takes too long.
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        let output = tokio::time::timeout(LONGEST, command.output()).await;
        output.unwrap_or_else(|_| {
            let text = format!("it took longer than {} seconds", LONGEST.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        })
    }
}
