//! Facts about Microsoft 365 as tables: clouds, APIs and their permissions, directory roles, and what each allows.
//!
//! Nothing here is read from a tenant, so everything here can be out of date: whoever finds a name missing asks the
//! tenant before calling it wrong. No I/O and no decisions about manifests.

pub mod apis;
pub mod capabilities;
pub mod clouds;
pub mod exchange_roles;
pub mod harmless_reads;
pub mod least_privilege;
mod nearest;
pub mod permissions;
pub mod powers;
pub mod risks;
pub mod roles;

pub use nearest::nearest;

/// The rows of a table: tab-separated cells, one row a line, `#` begins a comment.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split('\t').collect())
}
