use std::{collections::BTreeSet, net::TcpListener, sync::Mutex};

/// What was given out before, by this process.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of this machine on which nobody listens.
///
/// From below the range that Linux gives to outgoing connections, so that none of these takes it
/// while its owner is dead and about to be started again.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(10_000..32_000);
        // A process that was told a port takes a while to bind it: meanwhile nobody else gets it.
        let new = TAKEN.lock().unwrap().insert(port);
        if new && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
