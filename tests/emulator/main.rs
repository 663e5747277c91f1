//! The emulator over real HTTP, as other people's clients see it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod attacks;
mod client;
mod command_lines;
mod control;
mod credentials;
mod deleted;
mod delta;
mod directory;
mod exchange_online;
mod fuzz;
mod groups;
mod interop;
mod interop_vault;
mod keeping;
mod permissions;
mod policies;
mod proxy;
mod query;
mod replay;
mod roles;
mod rules;
mod running;
mod shapes;
mod spellings;
mod terraform;
mod token;
mod trouble;
mod vault;
