//! Certificate files: what `accredit certificate` writes is read by OpenSSL, Python and Java, and what they write is read
//! by it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "where Python is stands in the environment")]
#![allow(clippy::print_stderr, reason = "a test that judges nothing says so")]

mod bench;
mod java;
mod junk;
mod openssl;
mod python;
mod secrets;
mod verbs;
