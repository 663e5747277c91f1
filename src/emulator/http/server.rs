//! HTTP and TLS around the exchange: ports, requests into values, values into responses.

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority},
    response::{IntoResponse, Response},
};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use futures_util::{StreamExt as _, stream};
use tokio::{sync::oneshot, task::JoinHandle};

use super::super::{
    exchange::{Incoming, Outgoing, Service},
    http::connection::Connections,
    http::inflate::inflate,
    http::proxy,
    http::tls::Identity,
    reply::Reply,
};

const LARGEST_BODY: usize = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(2);
const BEFORE_BREAKING: Duration = Duration::from_millis(50);

type Job = Box<dyn FnOnce() + Send>;

/// The thread that serves a port's requests, one after another: they would wait for the tenant anyway, and what one
/// thread allocates and frees does not pile up in the arenas of many.
#[derive(Clone)]
struct Worker(mpsc::Sender<Job>);

impl Worker {
    fn start() -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || {
            for job in jobs {
                // Whoever waits for the job learns that it ended without a result.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        });
        Self(sender)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let job = Box::new(move || {
            let _ = done.send(work());
        });
        self.0.send(job).ok()?;
        result.await.ok()
    }
}

/// One open port.
#[derive(Debug)]
pub(crate) struct Port {
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

#[derive(Clone)]
struct Door {
    service: Arc<Service>,
    connections: Connections,
    worker: Worker,
    scheme: &'static str,
    tls_port: Option<u16>,
}

/// Takes a port, before anybody knows its number.
pub(crate) fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves on a port, with TLS when there is an identity for it.
///
/// `tls_port` is where a client is led that uses this port as a proxy.
pub(crate) async fn open(
    service: Arc<Service>,
    listener: TcpListener,
    identity: Option<Identity>,
    tls_port: Option<u16>,
) -> io::Result<Port> {
    let connections = Connections::default();
    let scheme = if identity.is_some() { "https" } else { "http" };
    let door = Door { service, connections: connections.clone(), worker: Worker::start(), scheme, tls_port };
    let app = Router::new().fallback(answer).with_state(door).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let server = axum_server::from_tcp(listener)?.handle(handle.clone());
    let task = match identity {
        None => tokio::spawn(server.acceptor(connections).serve(app)),
        Some(identity) => {
            let config = RustlsConfig::from_pem(identity.chain.into_bytes(), identity.key.into_bytes()).await?;
            let acceptor = RustlsAcceptor::new(config).acceptor(connections);
            tokio::spawn(server.acceptor(acceptor).serve(app))
        }
    };
    Ok(Port { handle, task })
}

impl Port {
    /// Lets open requests finish, then closes.
    pub(crate) async fn close(self) {
        self.handle.graceful_shutdown(Some(PATIENCE));
        let _ = self.task.await;
    }

    /// Closes at once.
    pub(crate) fn abort(&self) {
        self.handle.shutdown();
        self.task.abort();
    }

    /// Resolves when the port closes by itself.
    pub(crate) async fn closed(&mut self) {
        let _ = (&mut self.task).await;
    }
}

/// The scheme that the client used: that of the port, unless something in front of it took TLS off and says so.
fn scheme<'a>(headers: &'a HeaderMap, of_the_port: &'a str) -> &'a str {
    let forwarded = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    forwarded.filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or(of_the_port)
}

async fn answer(State(door): State<Door>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    if request.method() == Method::CONNECT {
        return proxy::connect(request, door.tls_port);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let encoding = parts.headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
    let body = match inflate(encoding.unwrap_or_default(), body.to_vec(), LARGEST_BODY) {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| parts.uri.authority().map(Authority::as_str))
        .unwrap_or("localhost");
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        origin: format!("{}://{host}", scheme(&parts.headers, door.scheme)),
        headers: read_headers(&parts.headers),
        body,
    };
    // Writes wait for the disk and keys take long to make: neither belongs on the runtime's own threads.
    let service = Arc::clone(&door.service);
    let begun = door.worker.run(move || {
        let plan = service.plan(&incoming);
        if plan.wait.is_zero() {
            Ok(service.exchange(&incoming, &plan))
        } else {
            Err(Box::new((service, incoming, plan)))
        }
    });
    let outgoing = match begun.await {
        Some(Ok(outgoing)) => Some(outgoing),
        Some(Err(waiting)) => {
            let (service, incoming, plan) = *waiting;
            tokio::time::sleep(plan.wait).await;
            door.worker.run(move || service.exchange(&incoming, &plan)).await
        }
        None => None,
    };
    match outgoing {
        Some(Outgoing::Answer(reply)) => respond(&reply),
        Some(Outgoing::Late(reply, wait)) => {
            tokio::time::sleep(wait).await;
            respond(&reply)
        }
        Some(Outgoing::Torn(reply, bytes)) => tear(&reply, bytes),
        // The server gives up on a handler whose client has gone.
        Some(Outgoing::Hang) => std::future::pending().await,
        Some(Outgoing::Drop) => {
            door.connections.drop_connection(peer);
            StatusCode::NO_CONTENT.into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The answer's head with its full length, and the beginning of its body; then the connection breaks.
fn tear(reply: &Reply, bytes: Option<usize>) -> Response {
    let mut whole = reply.text().into_owned().into_bytes();
    let length = whole.len();
    whole.truncate(bytes.unwrap_or(length / 2).min(length.saturating_sub(1)));
    let begun = stream::once(std::future::ready(Ok(whole)));
    let broken = stream::once(async {
        // What was begun is on its way by then.
        tokio::time::sleep(BEFORE_BREAKING).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let mut response = respond(reply);
    *response.body_mut() = Body::from_stream(begun.chain(broken));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn read_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

fn respond(reply: &Reply) -> Response {
    let mut response = Response::new(Body::from(reply.text().into_owned()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        // A tester may have ordered a header that is none; it is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
