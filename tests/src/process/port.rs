use std::{collections::BTreeSet, net::TcpListener, ops::Range, sync::Mutex};

/// From below the range that Linux gives to outgoing connections, so that none of these takes one
/// while its owner is dead and about to be started again.
const PORTS: Range<u16> = 10_000..32_000;

/// Most tests at once that have ports of their own.
const SLOTS: u16 = 40;

/// What was given out before, by this process.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of this machine on which nobody listens, and which no other test is given meanwhile.
///
/// A process that was told a port takes a while to bind it; if another test's took it, each would
/// take the other's answers for its own.
pub fn free_port() -> u16 {
    let slot = std::env::var("NEXTEST_TEST_GLOBAL_SLOT").ok().and_then(|slot| slot.parse().ok());
    let ports = ports(slot);
    let mut taken = TAKEN.lock().unwrap();
    loop {
        let port = rand::random_range(ports.clone());
        if taken.len() == ports.len() {
            taken.clear();
        }
        if taken.insert(port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The ports of the test that runs in `slot`: nextest gives no two tests the same at a time. Without
/// it, tests that start processes run one after the other.
fn ports(slot: Option<u16>) -> Range<u16> {
    let each = (PORTS.end - PORTS.start) / SLOTS;
    match slot {
        Some(slot) => {
            let start = PORTS.start + slot % SLOTS * each;
            start..start + each
        }
        None => PORTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_slots_share_a_port() {
        for slot in 1..SLOTS {
            assert!(ports(Some(slot - 1)).end <= ports(Some(slot)).start);
            assert!(ports(Some(slot)).end <= PORTS.end && ports(Some(slot)).len() > 500);
        }
    }
}
