//! Results of several estates, or of several runs, as one document.
//!
//! A run over several estates gives a document of its own ([`document`]). Runs that share the estates out among themselves
//! (shards) give one each, and [`merge`] puts these together. Nothing is lost on the way: what is there twice and what is
//! missing is an error.

mod document;
mod merged;
mod shard;

pub use document::{Outcome, Refusal, Reported, document, sarif, shard_line};
pub use merged::{MergeError, Merged, Part, merge};
pub use shard::{InvalidShard, Shard};
