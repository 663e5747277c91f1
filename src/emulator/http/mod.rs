//! The ways in: ports, connections that can be dropped, TLS by the tenant's own authority, the proxy.

mod connection;
mod inflate;
pub(crate) mod proxy;
pub(crate) mod server;
pub(crate) mod tls;
