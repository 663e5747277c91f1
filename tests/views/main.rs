//! The views of a plan: what they say, that they fit, and that nothing in a tenant can break out of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read where Python is")]

mod events;
mod html;
mod machines;
mod markdown;
mod plans;
mod schema;
mod text;
