//! The failures that application-only connections are known to end in: what they look like, why they come, what helps.
//!
//! Two ways lead to a cause: an error text that somebody pasted ([`recognize`]), and what was observed of an application
//! from its key to what Exchange answers. Both name the same failures, and docs/doctor.md lists them. Nothing is read or
//! sent here, and of a pasted text nothing goes on but what is known to be no secret.

mod entra_codes;
mod examine;
mod failure;
mod failures;
mod pasted;
mod pasted_command;
mod recognize;
mod sign;

pub use examine::{Observed, can_sign_in, examine, with_proof};
pub use failure::{KnownFailure, ManifestLines, Variant, failures};
pub use recognize::{is_known, recognize};
