//! Each way of signing in, against something on this machine that speaks its protocol.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access_token;
mod chain;
#[cfg(unix)]
mod command_line;
mod device_code;
mod environment;
mod managed_identity;
mod scene;
mod stand_in;
#[cfg(unix)]
mod tools;
mod workload_identity;
