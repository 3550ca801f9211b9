//! How often who may ask.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use poem::{Addr, Request};

use crate::{Options, Problem};

/// Keys remembered before those that are long quiet are forgotten.
const KEYS: usize = 10_000;

/// The limits of this process.
#[derive(Debug)]
pub(crate) struct Limits {
    users: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    failures: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let per_minute = |n| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        Self {
            users: RateLimiter::keyed(per_minute(options.requests_per_minute)),
            addresses: RateLimiter::keyed(per_minute(options.requests_per_minute_per_address)),
            failures: RateLimiter::keyed(per_minute(options.signature_failures_per_minute)),
        }
    }

    /// Counts an API request from `address`.
    pub(crate) fn from(&self, address: IpAddr) -> Result<(), Problem> {
        check(&self.addresses, &address)
    }

    /// Counts an API request of `user`.
    pub(crate) fn of(&self, user: &str) -> Result<(), Problem> {
        check(&self.users, &user.to_owned())
    }

    /// Counts a webhook from `address` whose signature did not fit.
    pub(crate) fn signature_failure(&self, address: IpAddr) -> Result<(), Problem> {
        check(&self.failures, &address)
    }
}

fn check<K: Hash + Eq + Clone>(limit: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Problem> {
    if limit.len() > KEYS {
        limit.retain_recent();
    }
    let until = limit.check_key(key);
    until.map_err(|until| Problem::TooMany(until.wait_time_from(DefaultClock::default().now())))
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
