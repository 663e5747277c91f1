//! Microsoft Graph over HTTP: a [`Reader`] that can only read, a [`Writer`] that can write, retry, paging and typed
//! errors. It knows no kinds of resources.

mod batch;
mod encode;
mod error;
mod exchange;
mod pace;
mod reader;
mod writer;

pub use encode::{literal, segment};
pub use error::GraphError;
pub use exchange::Client;
pub use reader::Reader;
pub use writer::{Created, Sending, Writer};
