use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use apalis_core::backend::TaskSink;
use apalis_redis::{Config, RedisStorage};
use async_trait::async_trait;
use entities::job::Lane;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde_json::Value;

use super::{Carrier, CarryError, Ticket, WINDOW};

/// Longest wait for an answer. Half a second, the default, kills workers when Redis stalls to save.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for a connection: a black hole must not hold the dispatcher for long.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Tickets that are forgotten at once.
const TIDIED: usize = 2_000;

/// Tickets that are carried before a lane's window is looked at again. It may be overrun by as many
/// for each process.
const UNSEEN: usize = 16;

/// How long apalis remembers a ticket's idempotency key. Never `None`: that becomes `EXPIRE key 0`.
const IDEMPOTENCY_TTL: Duration = Duration::from_hours(24 * 7);

/// Carries tickets through Redis, by apalis-redis.
#[derive(Clone)]
pub struct RedisCarrier {
    connection: ConnectionManager,
    client: Client,
    prefix: Arc<str>,
    /// How many tickets each lane takes before its window is to be looked at.
    room: Arc<[AtomicUsize; 4]>,
}

impl std::fmt::Debug for RedisCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCarrier").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The channel on which workers hear that a ticket of the lane was pushed.
pub fn wake_channel(prefix: &str) -> String {
    format!("{{{prefix}}}:wake")
}

impl RedisCarrier {
    /// Carries tickets through the server at `url`, under keys that begin with `prefix`.
    ///
    /// The server need not answer yet: without it jobs wait for the sweeper.
    pub fn new(url: &str, prefix: &str) -> Result<Self, RedisError> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_number_of_retries(2)
            .set_max_delay(Duration::from_secs(1));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { connection, client, prefix: prefix.into(), room: Arc::default() })
    }

    /// The client, for connections of a worker's own.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What this carrier's keys begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the server's setting `name` is.
    pub async fn setting(&self, name: &str) -> Result<String, RedisError> {
        let (_, value): (String, String) = redis::cmd("CONFIG")
            .arg("GET")
            .arg(name)
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(value)
    }

    /// The lane's queue in Redis; `batch_size(1)` and no locking are what ARCHITECTURE.md calls safe.
    pub fn storage(&self, lane: Lane) -> RedisStorage<Value> {
        RedisStorage::new(self.connection.clone()).with_config(self.config(lane))
    }

    fn config(&self, lane: Lane) -> Config {
        Config::default()
            .queue(format!("{{{}:{lane}}}", self.prefix))
            .batch_size(1)
            .lock_tasks(false)
            .emit_events(false)
            .heartbeat_interval(Duration::from_secs(5))
            .missed_heartbeats(6)
            .idempotency_ttl(Some(IDEMPOTENCY_TTL))
    }
}

#[async_trait]
impl Carrier for RedisCarrier {
    async fn carry(&self, lane: Lane, ticket: Ticket) -> Result<(), CarryError> {
        let room = &self.room[lane as usize];
        let less = |room: usize| room.checked_sub(1);
        if room.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_err() {
            if self.outstanding(lane).await? >= WINDOW {
                return Err(CarryError::Full);
            }
            room.store(UNSEEN - 1, Ordering::Release);
        }
        let ticket = serde_json::to_value(ticket).map_err(|e| CarryError::Unavailable(e.into()))?;
        let (mut storage, mut connection) = (self.storage(lane), self.connection.clone());
        let mut wake = redis::cmd("PUBLISH");
        wake.arg(wake_channel(&self.prefix)).arg(lane.as_str());
        // Over one connection, one after the other, without waiting in between.
        let (pushed, woken) =
            tokio::join!(storage.push(ticket), wake.query_async::<()>(&mut connection));
        pushed.map_err(|error| CarryError::Unavailable(error.to_string().into()))?;
        woken.map_err(unavailable)
    }

    async fn outstanding(&self, lane: Lane) -> Result<usize, CarryError> {
        let config = self.config(lane);
        let (scheduled, active): (usize, usize) = redis::pipe()
            .cmd("ZCARD")
            .arg(config.scheduled_jobs_set())
            .cmd("LLEN")
            .arg(config.active_jobs_list())
            .query_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)?;
        Ok(scheduled + active)
    }

    /// apalis-redis never forgets a ticket itself.
    async fn tidy(&self, lane: Lane) -> Result<usize, CarryError> {
        let config = self.config(lane);
        let done: Vec<String> = redis::cmd("SRANDMEMBER")
            .arg(config.done_jobs_set())
            .arg(TIDIED)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)?;
        if done.is_empty() {
            return Ok(0);
        }
        let mut pipe = redis::pipe();
        for id in &done {
            pipe.cmd("DEL").arg(format!("{}:{id}", config.job_meta_hash())).ignore();
        }
        pipe.cmd("HDEL").arg(config.job_data_hash()).arg(&done).ignore();
        // Last: if we die before, it is all done again.
        pipe.cmd("SREM").arg(config.done_jobs_set()).arg(&done).ignore();
        pipe.query_async::<()>(&mut self.connection.clone()).await.map_err(unavailable)?;
        Ok(done.len())
    }
}

fn unavailable(error: RedisError) -> CarryError {
    CarryError::Unavailable(error.into())
}
