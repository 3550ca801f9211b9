//! Keeps slow and greedy clients from taking all connections.
//!
//! poem reads heads without a time limit: whoever sends a byte every few seconds holds a connection
//! for ever. Here a byte of the answer must appear in time, or the connection is closed. A request
//! that has fully arrived is in our hands, so the wait is our fault and may take longer.
//!
//! When connections run out, the one that has waited longest for the end of a request head makes
//! room: refusing the new one would refuse the honest client, as the others do not leave.

mod framing;
mod registry;
mod stream;
mod tcp;
mod timing;

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::uri::Scheme;
use poem::{
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::time::Instant;

use self::registry::{Admitted, Refused, Registry};
pub use self::{
    stream::GuardedStream,
    tcp::{NoDelay, listen},
};

/// First pause after the machine has refused us a connection, mostly for want of file handles.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Longest pause. Each lets a connection go, and honest clients wait for that.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How often to say so.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// What clients may take.
#[derive(Clone, Debug)]
pub struct GuardOptions {
    /// Longest time for a byte of the answer while the request is still arriving: from the
    /// connection's begin, from the request's first byte, or from the last byte that we wrote. Also
    /// the longest time for the client to take a byte of the answer.
    pub first_byte_timeout: Duration,
    /// Longest time for a byte of the answer once the request has fully arrived.
    pub handler_timeout: Duration,
    /// Longest rest between two requests.
    pub keep_alive_timeout: Duration,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once from one address, or from one IPv6 network (/64); 0 for no limit.
    /// Behind a proxy all have the proxy's address.
    pub max_connections_per_address: usize,
    /// Whether connections from this machine do not count for
    /// [`max_connections_per_address`](Self::max_connections_per_address): they come from a proxy
    /// on it, or from a test.
    pub exempt_loopback: bool,
}

impl From<&boot::config::Http> for GuardOptions {
    fn from(http: &boot::config::Http) -> Self {
        Self {
            first_byte_timeout: http.first_byte_timeout(),
            handler_timeout: http.handler_timeout(),
            keep_alive_timeout: http.keep_alive_timeout(),
            max_connections: http.max_connections,
            max_connections_per_address: http.max_connections_per_address,
            exempt_loopback: true,
        }
    }
}

/// Guards what `inner` accepts. With TLS, `inner` is what takes the TLS off: requests must be
/// readable here. The handshake's time counts as the request's.
pub fn guard<A: Acceptor>(inner: A, options: GuardOptions) -> Guarded<A> {
    Guarded { inner, options: Arc::new(options), registry: Arc::default(), complained: None }
}

/// An acceptor whose connections are guarded, and that no error ends; see [`guard`].
pub struct Guarded<A> {
    inner: A,
    options: Arc<GuardOptions>,
    registry: Arc<Registry>,
    /// When the log was last told that accepting fails.
    complained: Option<Instant>,
}

impl<A: Acceptor> Acceptor for Guarded<A> {
    type Io = GuardedStream<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let mut pause = FIRST_PAUSE;
        loop {
            let (io, local, remote, scheme) = match self.inner.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_the_clients(&error) => continue,
                Err(error) => {
                    self.give_way(&error);
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                    continue;
                }
            };
            let address = remote.as_socket_addr().map(SocketAddr::ip);
            let address = address.and_then(|ip| self.counted(ip));
            // Who is not admitted is closed by being dropped.
            if let Some(admitted) = admit(&self.registry, address, &self.options).await {
                let io = GuardedStream::new(io, admitted, Arc::clone(&self.options));
                return Ok((io, local, remote, scheme));
            }
        }
    }
}

impl<A> Guarded<A> {
    /// Lets a connection go: most likely file handles ran out, and its one comes back.
    fn give_way(&mut self, error: &io::Error) {
        let evicted = self.registry.evict();
        metrics::counter!("ingress_accept_errors_total").increment(1);
        if self.complained.is_none_or(|instant| instant.elapsed() > COMPLAIN_EVERY) {
            self.complained = Some(Instant::now());
            tracing::error!(%error, evicted, "cannot accept connections; is `ulimit -n` too low?");
        }
    }

    /// Whom a connection from `ip` is counted for.
    fn counted(&self, ip: IpAddr) -> Option<IpAddr> {
        let ip = ip.to_canonical();
        if self.options.max_connections_per_address == 0
            || (self.options.exempt_loopback && ip.is_loopback())
        {
            return None;
        }
        Some(match ip {
            IpAddr::V4(_) => ip,
            // A home has 2^64 addresses.
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        })
    }
}

/// Whether only the connection failed, and not accepting.
fn is_the_clients(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Finds a place; further connections wait in the kernel's queue meanwhile.
async fn admit(
    registry: &Arc<Registry>,
    address: Option<IpAddr>,
    options: &GuardOptions,
) -> Option<Admitted> {
    let reason = loop {
        match registry.admit(address, options, Instant::now()) {
            Ok(admitted) => return Some(admitted),
            Err(Refused::Until(instant)) => tokio::time::sleep_until(instant).await,
            Err(Refused::Address) => break "address",
            Err(Refused::Full) => break "full",
        }
    };
    tracing::debug!(reason, "refused a connection");
    metrics::counter!("ingress_connections_refused_total", "reason" => reason).increment(1);
    None
}
