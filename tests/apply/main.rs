//! From manifests to a tenant and back, against the emulator over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read where Python is and whether to bless")]
#![allow(clippy::format_push_string, reason = "manifests are put together from pieces")]

#[path = "../shared/operator.rs"]
mod operator;

mod authority;
mod brakes;
mod certificates;
mod changes;
mod command_line;
mod connect;
mod crash;
mod deaths;
mod doctor;
mod drift;
mod estates;
mod exchange;
mod handles;
mod interop;
#[cfg(unix)]
mod kills;
mod life;
mod lives;
mod mortal;
mod pipelines;
mod policies;
mod process;
mod production;
mod proofs;
mod property;
mod races;
mod rights;
mod safety;
mod saved;
mod scenarios;
#[cfg(unix)]
mod secrets;
mod selecting;
mod sources;
mod story;
mod trouble;
mod vaults;
mod verify;
mod walkthroughs;
mod world;
mod years;
