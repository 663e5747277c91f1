//! Accredit: a declarative reconciler for app-only access to Microsoft 365.
//!
//! The crate is a one-way path from manifests to a tenant. Read the rooms in this order; each imports only from
//! rooms above it (`tests/floors.rs` holds that, `docs/architecture.md` draws it):
//!
//! | floor | rooms |
//! |---|---|
//! | 0 | [`model`] the vocabulary, [`catalog`] facts as tables |
//! | 1 | [`diff`], [`keys`], [`graph`], [`exchange`], [`identity`] |
//! | 2 | [`kinds`] one folder per kind of resource, [`policy`] what is not in line with the estate's policies |
//! | 3 | [`manifest`] YAML to desired state, [`doctor`] known failures and their remedies, [`plan`] the pure planner, [`render`] views of a plan, [`handover`] what the user of an application is given |
//! | 4 | [`saved`] a plan in a file, [`rego`] a plan held against policies in Rego, [`fetch`] the tenant to a snapshot, [`execute`] an approved plan to a report |
//! | 5 | [`verify`] proofs that applications work |
//! | 6 | [`commands`] one file per verb |
//!
//! [`emulator`] stands apart: it imports nothing from the rest and is reached only over HTTP.

pub mod catalog;
pub mod cli;
pub mod commands;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod emulator;
pub mod exchange;
pub mod execute;
pub mod fetch;
pub mod graph;
pub mod handover;
pub mod identity;
pub mod keys;
pub mod kinds;
pub mod manifest;
pub mod merge;
pub mod model;
pub mod notify;
pub mod patience;
pub mod plan;
pub mod policy;
pub mod rego;
pub mod render;
pub mod saved;
pub mod transport;
pub mod verify;
