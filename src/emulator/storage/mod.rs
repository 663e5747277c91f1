//! Where a tenant is kept: its journal, the files around it, and the lock that gives it to one process.

pub(crate) mod files;
pub(crate) mod journal;
pub(crate) mod running;
