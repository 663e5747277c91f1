//! How the emulator misbehaves on request: what is behind, slow, too much, in conflict, or broken.
//!
//! All of it is values and counters; `exchange` asks them about each request.

pub(crate) mod chance;
pub(crate) mod conflicts;
pub(crate) mod faults;
pub(crate) mod knobs;
pub(crate) mod span;
pub(crate) mod throttle;
