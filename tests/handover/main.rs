//! What is handed over, read by other people's parsers: PowerShell's grammar, a shell, YAML and JSON.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read whether to bless")]

mod connections;
mod golden;
mod powershell;
mod recipes;
mod samples;
mod values;
