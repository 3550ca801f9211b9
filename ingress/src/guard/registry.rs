//! Who is connected, and who goes first when there is no room.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::oneshot,
    time::{Duration, Instant},
};

use super::{GuardOptions, timing::Phase};

/// What every connection has to say something, however many want its place: without it a burst of
/// newcomers would throw out those whose first bytes are on their way.
const GRACE: Duration = Duration::from_millis(100);

/// All guarded connections of one acceptor.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Counts up with everything that happens, so that a smaller number is a longer wait.
    events: u64,
    members: HashMap<u64, Member>,
    per_address: HashMap<IpAddr, usize>,
    /// Those that wait for a request head, by when they began to.
    heads: BTreeMap<u64, u64>,
    /// Those that wait for a request body, by when they began to.
    bodies: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Member {
    address: Option<IpAddr>,
    phase: Phase,
    since: u64,
    /// When `since` was.
    entered: Instant,
    /// Dropping it tells the connection that it must go.
    _stay: oneshot::Sender<()>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The address has too many connections.
    Address,
    /// All connections have requests in our hands.
    Full,
    /// The connection that goes next has until then.
    Until(Instant),
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Admitted {
    registry: Arc<Registry>,
    id: u64,
    /// Resolves when it must go.
    pub(super) evicted: oneshot::Receiver<()>,
}

impl Registry {
    /// Finds a place, if need be by making another connection go.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        options: &GuardOptions,
        now: Instant,
    ) -> Result<Admitted, Refused> {
        let mut state = self.lock();
        let of_address = address.and_then(|address| state.per_address.get(&address));
        if of_address.is_some_and(|count| *count >= options.max_connections_per_address) {
            return Err(Refused::Address);
        }
        if state.members.len() >= options.max_connections {
            state.make_room(now)?;
        }
        let (stay, evicted) = oneshot::channel();
        let id = state.add(address, stay, now);
        drop(state);
        metrics::gauge!("ingress_connections_open").increment(1.0);
        Ok(Admitted { registry: Arc::clone(self), id, evicted })
    }

    /// Makes the connection go that waits longest for a client, and says whether there was one.
    pub(super) fn evict(&self) -> bool {
        let mut state = self.lock();
        let next = state.next_to_go();
        next.map(|id| state.evict(id)).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, address: Option<IpAddr>, stay: oneshot::Sender<()>, now: Instant) -> u64 {
        self.events += 1;
        let id = self.events;
        if let Some(address) = address {
            *self.per_address.entry(address).or_default() += 1;
        }
        let member = Member { address, phase: Phase::Head, since: id, entered: now, _stay: stay };
        self.members.insert(id, member);
        self.heads.insert(id, id);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Member> {
        let member = self.members.remove(&id)?;
        if let Some(queue) = self.queue(member.phase) {
            queue.remove(&member.since);
        }
        if let Some(address) = member.address
            && let Some(count) = self.per_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&address);
            }
        }
        metrics::gauge!("ingress_connections_open").decrement(1.0);
        Some(member)
    }

    fn make_room(&mut self, now: Instant) -> Result<(), Refused> {
        let id = self.next_to_go().ok_or(Refused::Full)?;
        if let Some(member) = self.members.get(&id)
            && now < member.entered + GRACE
        {
            return Err(Refused::Until(member.entered + GRACE));
        }
        self.evict(id);
        Ok(())
    }

    fn next_to_go(&self) -> Option<u64> {
        let oldest = self.heads.first_key_value().or_else(|| self.bodies.first_key_value());
        oldest.map(|(_, id)| *id)
    }

    fn evict(&mut self, id: u64) {
        self.remove(id);
        metrics::counter!("ingress_connections_evicted_total").increment(1);
    }

    /// Where those in `phase` wait to be evicted; who waits for us is not.
    fn queue(&mut self, phase: Phase) -> Option<&mut BTreeMap<u64, u64>> {
        match phase {
            Phase::Head => Some(&mut self.heads),
            Phase::Body => Some(&mut self.bodies),
            Phase::Answer => None,
        }
    }
}

impl Admitted {
    /// Notes that it begins to wait in `phase`; `false` if it must go instead.
    pub(super) fn enter(&self, phase: Phase, now: Instant) -> bool {
        let mut state = self.registry.lock();
        state.events += 1;
        let event = state.events;
        let Some(member) = state.members.get_mut(&self.id) else { return false };
        let (old, since) = (member.phase, member.since);
        (member.phase, member.since, member.entered) = (phase, event, now);
        if let Some(queue) = state.queue(old) {
            queue.remove(&since);
        }
        if let Some(queue) = state.queue(phase) {
            queue.insert(event, self.id);
        }
        true
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.registry.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use super::*;

    fn options(max_connections: usize, max_connections_per_address: usize) -> GuardOptions {
        GuardOptions {
            first_byte_timeout: Duration::from_secs(1),
            handler_timeout: Duration::from_secs(1),
            keep_alive_timeout: Duration::from_secs(1),
            max_connections,
            max_connections_per_address,
            exempt_loopback: false,
        }
    }

    fn is_evicted(admitted: &mut Admitted) -> bool {
        !matches!(admitted.evicted.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    #[test]
    fn who_waits_longest_for_a_head_makes_room_then_who_waits_for_a_body() {
        let registry = Arc::new(Registry::default());
        let now = Instant::now();
        let mut places: Vec<_> =
            (0..4).map(|_| registry.admit(None, &options(4, 0), now).unwrap()).collect();
        assert!(places[0].enter(Phase::Answer, now));
        assert!(places[1].enter(Phase::Body, now));
        assert!(places[2].enter(Phase::Head, now), "it waits anew, so the fourth waits longer");

        let young = registry.admit(None, &options(4, 0), now).unwrap_err();
        assert_eq!(young, Refused::Until(now + GRACE));
        let now = now + GRACE;

        let mut newcomers = Vec::new();
        for next in [3, 2, 1] {
            assert!(!is_evicted(&mut places[next]));
            newcomers.push(registry.admit(None, &options(4, 0), now).unwrap());
            assert!(newcomers.iter().all(|newcomer| newcomer.enter(Phase::Answer, now)));
            assert!(is_evicted(&mut places[next]));
        }

        assert_eq!(registry.admit(None, &options(4, 0), now).unwrap_err(), Refused::Full);
        assert!(!is_evicted(&mut places[0]), "its request is in our hands");
        assert!(!places[1].enter(Phase::Answer, now), "who must go may not ask");
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let registry = Arc::new(Registry::default());
        let now = Instant::now();
        let address = |last| Some(Ipv4Addr::new(10, 0, 0, last).into());
        let first = registry.admit(address(1), &options(9, 2), now).unwrap();
        let _second = registry.admit(address(1), &options(9, 2), now).unwrap();

        assert_eq!(registry.admit(address(1), &options(9, 2), now).unwrap_err(), Refused::Address);
        let _other = registry.admit(address(2), &options(9, 2), now).unwrap();
        let _exempt = registry.admit(None, &options(9, 2), now).unwrap();

        drop(first);
        registry.admit(address(1), &options(9, 2), now).unwrap();
    }

    #[test]
    fn nothing_is_left_of_those_who_are_gone() {
        let registry = Arc::new(Registry::default());
        let now = Instant::now();
        let address = Some(Ipv4Addr::LOCALHOST.into());
        for phase in [Phase::Head, Phase::Body, Phase::Answer] {
            let place = registry.admit(address, &options(2, 2), now).unwrap();
            assert!(place.enter(phase, now));
        }
        let evicted = registry.admit(address, &options(2, 2), now).unwrap();
        assert!(registry.evict() && !registry.evict());
        let last = registry.admit(address, &options(2, 2), now).unwrap();
        drop((evicted, last));

        let state = registry.lock();
        assert!(state.members.is_empty() && state.per_address.is_empty());
        assert!(state.heads.is_empty() && state.bodies.is_empty());
    }
}
