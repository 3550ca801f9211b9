use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use payments::Store;

use super::{Delivered, Expected, Load, LoadOptions, Planned, check, prepare, quiet, script};
use crate::process::{Postgres, Program, RedisServer, Role, Stage};

/// Longest time for what is left to do: a killed worker's mail waits for 45 s.
const SETTLED_WITHIN: Duration = Duration::from_secs(75);

/// One ingress and some workers over PostgreSQL and Redis of their own, and a provider that talks to
/// them.
#[derive(Debug)]
pub struct Scene {
    /// Where they run.
    pub stage: Stage,
    /// What the provider talks to.
    pub ingress: Program,
    /// Who does the work.
    pub workers: Vec<Program>,
    /// Our own way to the database.
    pub store: Store,
    /// The Redis between them.
    pub redis: RedisServer,
    /// Their database.
    pub postgres: Postgres,
    payments: Vec<Planned>,
    seed: u64,
}

impl Scene {
    /// With `workers` workers.
    pub async fn with_workers(workers: usize) -> Self {
        let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
        let stage = Stage::on(&postgres).await.carried_by(&redis);
        Self::over(stage, postgres, redis, workers).await
    }

    /// On `stage`, which is over these servers.
    pub async fn over(
        stage: Stage,
        postgres: Postgres,
        redis: RedisServer,
        workers: usize,
    ) -> Self {
        let ingress = stage.start(Role::Ingress, "ingress").await;
        let mut started = Vec::new();
        for index in 0..workers {
            started.push(stage.start(Role::Worker, &format!("worker-{index}")).await);
        }
        let (store, seed) = (stage.store().await, rand::random());
        Self {
            stage,
            ingress,
            workers: started,
            store,
            redis,
            postgres,
            payments: Vec::new(),
            seed,
        }
    }

    /// A provider begins to speak of `payments` new payments, `rate` events in a second.
    pub async fn load(&mut self, payments: usize, rate: u32) -> Load {
        assert!(self.payments.is_empty(), "a scene has one load");
        self.payments = prepare(&self.store, self.seed, payments).await;
        let options = LoadOptions { seed: self.seed, rate, targets: vec![self.ingress.base()] };
        Load::start(script(self.seed, &self.payments), options, self.stage.directory())
    }

    /// Waits until all is delivered and done, and fails unless every invariant holds.
    pub async fn settle(&self, load: Load) -> Delivered {
        let (delivered, wrong) = self.outcome(load).await;
        assert!(wrong.is_empty(), "seed {:#x}: {wrong:#?}\n{}", self.seed, self.logs());
        delivered
    }

    /// Waits until all is delivered and done; what came of it, and what does not hold.
    pub async fn outcome(&self, load: Load) -> (Delivered, Vec<String>) {
        let delivered = load.finish(Duration::from_mins(1)).await;
        if !quiet(&self.store, SETTLED_WITHIN).await {
            return (delivered, vec!["something is left to do".to_owned()]);
        }
        let expected = Expected { payments: &self.payments, delivered: &delivered };
        let wrong = check(&self.store, expected, &self.mails()).await;
        (delivered, wrong)
    }

    /// What the processes have logged.
    pub fn logs(&self) -> String {
        let tail = |program: &Program| {
            let log = program.log();
            let lines: Vec<&str> = log.lines().rev().take(30).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        let all = self.workers.iter().chain([&self.ingress]).map(tail);
        all.collect::<Vec<_>>().join("\n--\n")
    }

    fn mails(&self) -> PathBuf {
        self.stage.path("data/mail")
    }
}

/// Waits until `load` has been acknowledged `events` times.
pub async fn after(load: &Load, events: usize) {
    let begun = Instant::now();
    while load.acknowledged() < events {
        assert!(begun.elapsed() < Duration::from_mins(1), "the ingress does not keep up");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
