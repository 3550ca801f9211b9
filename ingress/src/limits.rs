//! How often who may ask.

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use poem::{Addr, web::RemoteAddr};

use crate::{Options, Problem};

/// Keys remembered before those that are long quiet are forgotten.
const KEYS: usize = 10_000;

/// The limits of this process.
#[derive(Debug)]
pub(crate) struct Limits {
    users: DefaultKeyedRateLimiter<String>,
    failures: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let per_minute = |n| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        Self {
            users: RateLimiter::keyed(per_minute(options.requests_per_minute)),
            failures: RateLimiter::keyed(per_minute(options.signature_failures_per_minute)),
        }
    }

    /// Counts a request of `user`.
    pub(crate) fn request(&self, user: &str) -> Result<(), Problem> {
        if self.users.len() > KEYS {
            self.users.retain_recent();
        }
        let until = self.users.check_key(&user.to_owned());
        until.map_err(|until| Problem::TooMany(until.wait_time_from(DefaultClock::default().now())))
    }

    /// Counts a webhook from `address` whose signature did not fit.
    pub(crate) fn signature_failure(&self, address: IpAddr) -> Result<(), Problem> {
        if self.failures.len() > KEYS {
            self.failures.retain_recent();
        }
        self.failures.check_key(&address).map_err(|_| Problem::TooMany(Duration::from_mins(1)))
    }
}

/// The address at the other end of the connection.
pub(crate) fn address(remote: &RemoteAddr) -> IpAddr {
    match &remote.0 {
        Addr::SocketAddr(address) => address.ip(),
        Addr::Unix(_) | Addr::Custom(..) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
