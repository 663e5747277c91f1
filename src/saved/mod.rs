//! A plan in a file, to be reviewed now and carried out later: what it was made from, what shows that nobody changed it, and what
//! has moved since.

mod document;
mod moved;
mod schema;

pub use document::{InvalidSavedPlan, MadeFrom, SavedPlan, Signature};
pub use moved::{Moved, moved};
pub use schema::schema;
