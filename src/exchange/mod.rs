//! Exchange Online's admin endpoint: cmdlets over HTTP, as its PowerShell module runs them. Microsoft does not document it; what
//! is known of it is in `docs/exchange.md`.

mod admin;
mod error;
mod service;

pub use admin::AdminEndpoint;
pub use error::ExchangeError;
pub use service::Service;
