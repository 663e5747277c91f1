//! The emulator over real HTTP, as other people's clients see it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod client;
mod credentials;
mod delta;
mod directory;
mod groups;
mod permissions;
mod policies;
mod replay;
mod roles;
mod rules;
mod running;
mod terraform;
