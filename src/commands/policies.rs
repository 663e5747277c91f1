//! Policies in Rego that a plan is held against.

use std::path::PathBuf;

use crate::rego::Rego;

use super::failure::Failure;

/// Reads the policies that were given with `--policy`.
pub(super) fn policies(paths: &[PathBuf]) -> Result<Rego, Failure> {
    Rego::read(paths).map_err(|error| {
        Failure::new("the policies cannot be used", error).hint(
            "`--policy` takes files in Rego, or directories of them, in the package `accredit`: see docs/policy.md",
        )
    })
}
