use std::{
    fmt,
    time::{Duration, Instant},
};

use super::{Fault, Proxy, Scene, after, quiet};
use crate::process::{Postgres, RedisServer, Stage, count};

/// From the end of the fault until nothing is left to do.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);

/// Within this, 99 of 100 webhooks are answered while Redis is away; or within three times what it
/// took before, where a busy machine takes longer anyway.
const ANSWERED_WITHIN: Duration = Duration::from_millis(250);

/// Events in a second.
const RATE: u32 = 150;

/// Events before Redis goes.
const BEFORE: usize = 450;

/// How Redis is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens, and whoever was connected is cut off.
    Down,
    /// Connections are taken and kept, and no byte passes.
    BlackHole,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "connections refused",
            Self::BlackHole => "a black hole",
        })
    }
}

/// What came of a time without Redis.
#[derive(Clone, Debug)]
pub struct Outage {
    /// How it was away.
    pub failure: Failure,
    /// For how long.
    pub lasted: Duration,
    /// Webhooks sent in all.
    pub webhooks: usize,
    /// Webhooks answered 2xx while it was away.
    pub meanwhile: usize,
    /// Events that were worked off while it was away.
    pub applied: i64,
    /// Within this, 99 of 100 were answered before.
    pub before: Duration,
    /// Within this, 99 of 100 were answered while it was away.
    pub during: Duration,
    /// From its return until nothing was left to do.
    pub drained: Duration,
    /// What did not hold.
    pub wrong: Vec<String>,
}

/// Takes Redis away under load for `long`, and looks what becomes of webhooks and of the work.
pub async fn outage(failure: Failure, long: Duration) -> Outage {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let way = Proxy::before(redis.port()).await;
    let mut stage = Stage::on(&postgres).await;
    stage.set("REDIS_URL", &format!("redis://127.0.0.1:{}", way.port()));
    let mut scene = Scene::over(stage, postgres, redis, 2).await;
    // Two events about each payment, for longer than it lasts.
    let payments = events_in(long + Duration::from_secs(10)) / 2;
    let load = scene.load(payments, RATE).await;
    let started = Instant::now();
    after(&load, BEFORE).await;

    let applied = applied(&scene).await;
    let (begun, acknowledged) = (Instant::now(), load.acknowledged());
    way.set(match failure {
        Failure::Down => Fault::Refuse,
        Failure::BlackHole => Fault::BlackHole,
    });
    tokio::time::sleep(long).await;
    let (mended, meanwhile) = (Instant::now(), load.acknowledged() - acknowledged);
    let applied = self::applied(&scene).await - applied;
    way.set(Fault::None);
    load.stop();
    let drains = quiet(&scene.store, DRAINED_WITHIN).await;
    let drained = mended.elapsed();

    let (delivered, mut wrong) = scene.outcome(load).await;
    let before = delivered.answered_within(99, started, begun);
    let during = delivered.answered_within(99, begun, mended);
    if !drains || drained > DRAINED_WITHIN {
        wrong.push(format!("the backlog was not gone after {drained:?}"));
    }
    if delivered.attempts > delivered.took.len() {
        let refused = delivered.attempts - delivered.took.len();
        wrong.push(format!("{refused} webhooks were not taken the first time"));
    }
    if during > ANSWERED_WITHIN.max(before * 3) {
        wrong.push(format!("p99 is {during:?}, was {before:?} before"));
    }
    // Half of what is sent, so that a slow machine is no failure.
    let least = events_in(long) / 2;
    if meanwhile < least {
        wrong.push(format!("too little to prove anything: {meanwhile} webhooks, not {least}"));
    }
    if !wrong.is_empty() {
        wrong.push(scene.logs());
    }
    Outage {
        failure,
        lasted: long,
        webhooks: delivered.attempts,
        meanwhile,
        applied,
        before,
        during,
        drained,
        wrong,
    }
}

/// Events that are sent in so long a time.
fn events_in(time: Duration) -> usize {
    usize::try_from(u64::from(RATE) * time.as_secs()).unwrap()
}

/// Events that have been worked off.
async fn applied(scene: &Scene) -> i64 {
    count(&scene.store, "provider_events WHERE state = 'applied'").await.unwrap_or_default()
}
