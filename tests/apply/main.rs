//! From manifests to a tenant and back, against the emulator over real HTTP.

mod certificates;
mod changes;
mod command_line;
mod crash;
mod interop;
mod property;
mod safety;
mod scenarios;
mod walkthroughs;
mod world;
