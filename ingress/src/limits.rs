//! How often who may ask.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use poem::{Addr, Request};

use crate::{Options, Problem};

/// Keys remembered before those that are long quiet are forgotten.
const KEYS: usize = 10_000;

type Limiter<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The limits of this process.
#[derive(Debug)]
pub(crate) struct Limits {
    users: Limit<String>,
    addresses: Limit<IpAddr>,
    failures: Limit<IpAddr>,
}

/// How a client stands to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub name: &'static str,
    /// Requests in a minute.
    pub quota: u32,
    /// What is left of them now.
    pub remaining: u32,
    /// When one more is free.
    pub reset: Duration,
}

/// How often an address may try to sign in: tokens must not be tried out, nor sessions piled up.
#[derive(Clone, Debug)]
pub struct SignIns {
    limit: Arc<Limit<IpAddr>>,
    trust_forwarded_for: bool,
}

impl SignIns {
    /// At most `per_minute` tries of an address; with `trust_forwarded_for`, of the one that our own
    /// proxy names.
    pub fn new(per_minute: u32, trust_forwarded_for: bool) -> Self {
        Self { limit: Arc::new(Limit::new("sign-in", per_minute)), trust_forwarded_for }
    }

    /// Where `request` comes from.
    pub fn address(&self, request: &Request) -> IpAddr {
        address(request, self.trust_forwarded_for)
    }

    /// Counts the try `request`.
    pub fn admit(&self, request: &Request) -> Result<Standing, Problem> {
        self.limit.check(&address(request, self.trust_forwarded_for))
    }
}

#[derive(Debug)]
struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    quota: NonZeroU32,
    limiter: Limiter<K>,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            users: Limit::new("user", options.requests_per_minute),
            addresses: Limit::new("address", options.requests_per_minute_per_address),
            failures: Limit::new("signature", options.signature_failures_per_minute),
        }
    }

    /// Counts an API request from `address`.
    pub(crate) fn from(&self, address: IpAddr) -> Result<Standing, Problem> {
        self.addresses.check(&address)
    }

    /// Counts an API request of `user`.
    pub(crate) fn of(&self, user: &str) -> Result<Standing, Problem> {
        self.users.check(&user.to_owned())
    }

    /// Counts a webhook from `address` whose signature did not fit.
    pub(crate) fn signature_failure(&self, address: IpAddr) -> Result<Standing, Problem> {
        self.failures.check(&address)
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(name: &'static str, per_minute: u32) -> Self {
        let quota = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(Quota::per_minute(quota));
        Self { name, quota, limiter: limiter.with_middleware() }
    }

    fn check(&self, key: &K) -> Result<Standing, Problem> {
        if self.limiter.len() > KEYS {
            self.limiter.retain_recent();
        }
        let standing = |remaining, reset| Standing {
            name: self.name,
            quota: self.quota.get(),
            remaining,
            reset,
        };
        match self.limiter.check_key(key) {
            Ok(state) => {
                let one = Duration::from_mins(1) / self.quota.get();
                Ok(standing(state.remaining_burst_capacity(), one))
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(Problem::TooMany(standing(0, wait)))
            }
        }
    }
}

/// The address at the other end: of the connection, or as our own proxy saw it.
pub(crate) fn address(request: &Request, trust_forwarded_for: bool) -> IpAddr {
    let forwarded = || {
        let header = request.headers().get_all("x-forwarded-for").iter().next_back()?;
        // The last one is what our proxy added; those before it anybody can write.
        header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    if let Some(address) = trust_forwarded_for.then(forwarded).flatten() {
        return address;
    }
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => address.ip(),
        Addr::Unix(_) | Addr::Custom(..) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
