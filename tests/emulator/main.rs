//! The emulator over real HTTP, as other people's clients see it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod client;
mod directory;
mod fuzz;
mod query;
mod replay;
mod running;
