//! Listening, as suits a guard.

use std::{io, net::SocketAddr};

use http::uri::Scheme;
use poem::{
    listener::{Acceptor, TcpAcceptor},
    web::{LocalAddr, RemoteAddr},
};
use tokio::net::{TcpSocket, TcpStream};

/// How many connections the kernel may keep for us, which the guard fills when it holds newcomers
/// back. The usual 128 overflow in any burst, and who was dropped tries again only after a second.
const BACKLOG: u32 = 4_096;

/// Listens on `address` with room for a burst; must be called within a Tokio runtime.
pub fn listen(address: SocketAddr) -> io::Result<NoDelay> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // So that a restart need not wait for the connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    TcpAcceptor::from_tokio(socket.listen(BACKLOG)?).map(NoDelay)
}

/// Accepts connections on which small answers are not held back (`TCP_NODELAY`).
pub struct NoDelay(
    /// Where they come from.
    pub TcpAcceptor,
);

impl Acceptor for NoDelay {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.0.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let accepted = self.0.accept().await?;
        // It fails if the client is gone already, which the first read will tell.
        let _ = accepted.0.set_nodelay(true);
        Ok(accepted)
    }
}
