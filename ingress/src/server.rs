//! Listening, and stopping without losing a request.

use std::{io, net::SocketAddr, time::Duration};

use boot::Shutdown;
use poem::{Endpoint, IntoEndpoint, Server, listener::Acceptor};

use crate::guard::{GuardOptions, NoDelay, guard, listen};

/// A port that is ours, and not yet served.
pub struct Bound {
    acceptor: NoDelay,
    address: SocketAddr,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Takes `address`; port 0 is any that is free. Must be called within a Tokio runtime.
pub fn bind(address: SocketAddr) -> io::Result<Bound> {
    let acceptor = listen(address)?;
    let bound = acceptor.local_addr().first().and_then(|addr| addr.as_socket_addr().copied());
    Ok(Bound { acceptor, address: bound.unwrap_or(address) })
}

impl Bound {
    /// Where we listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `endpoint` until `shutdown`, then lets running requests end, at most `drain`.
    pub async fn serve<E>(
        self,
        endpoint: E,
        options: GuardOptions,
        shutdown: Shutdown,
        drain: Duration,
    ) -> io::Result<()>
    where
        E: IntoEndpoint,
        E::Endpoint: Endpoint + 'static,
    {
        Server::new_with_acceptor(guard(self.acceptor, options))
            .run_with_graceful_shutdown(endpoint, shutdown.signalled(), Some(drain))
            .await
    }
}
