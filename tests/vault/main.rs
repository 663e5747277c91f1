//! Key Vault by the official clients, over real HTTP, against the emulator.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../shared/operator.rs"]
mod operator;

mod certificates;
mod orders;
mod secrets;
mod signing;
mod trouble;
mod world;
