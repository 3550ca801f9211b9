use std::net::TcpListener;

/// A port of this machine on which nobody listens.
///
/// From below the range that Linux gives to outgoing connections, so that none of these takes it
/// while its owner is dead and about to be started again.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(10_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
