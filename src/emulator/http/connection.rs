//! Connections that can be dropped without an answer: the only honest way to lose a response.
//!
//! Each connection has a switch, found by the client's address. When it is thrown, nothing more is written and the
//! connection ends.

use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The switches of all open connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<BTreeMap<SocketAddr, Arc<AtomicBool>>>>);

impl Connections {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<SocketAddr, Arc<AtomicBool>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the connection of this client; what is answered on it from now on is not sent.
    pub(crate) fn drop_connection(&self, peer: SocketAddr) {
        self.with(|switches| {
            if let Some(switch) = switches.get(&peer) {
                switch.store(true, Ordering::Release);
            }
        });
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let opened = stream.set_nodelay(true).and_then(|()| stream.peer_addr());
        ready(opened.map(|peer| {
            let dropped = Arc::new(AtomicBool::new(false));
            self.with(|switches| switches.insert(peer, Arc::clone(&dropped)));
            let connection = Connection { stream, dropped, peer, all: self.clone() };
            (connection, service)
        }))
    }
}

/// A TCP stream with a switch.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    dropped: Arc<AtomicBool>,
    peer: SocketAddr,
    all: Connections,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if self.dropped.load(Ordering::Acquire) {
            // Without lingering the client sees a reset, not a polite end.
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.with(|switches| switches.remove(&self.peer));
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
