//! The sequence of faults, and how each is made.

use std::{collections::BTreeMap, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    proxy::{CommitCut, Fault, Proxy},
    run::Kills,
};
use crate::process::{Postgres, Program, RedisServer, Signal, within};

/// A process of the program, and its way to the database if there is one to fail on.
#[derive(Debug)]
pub(super) struct Victim {
    pub(super) program: Program,
    pub(super) way: Option<Proxy>,
}

/// Everything that can be made to fail.
#[derive(Debug)]
pub(super) struct Victims {
    pub(super) ingresses: Vec<Victim>,
    pub(super) workers: Vec<Victim>,
    pub(super) postgres: Option<Postgres>,
    pub(super) redis: Option<(RedisServer, Proxy)>,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    KillWorker,
    KillIngress,
    KillRedis,
    KillPostgres,
    /// A worker stands still, as in a long swap, and goes on as if nothing had been.
    PauseWorker,
    /// A connection to the database breaks at COMMIT.
    CutCommit(CommitCut),
    /// Redis cannot be reached, and nobody says so.
    RedisBlackHole,
    /// Redis forgets everything.
    FlushRedis,
}

/// What has been done so far.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) kills: BTreeMap<&'static str, usize>,
    pub(super) faults: BTreeMap<&'static str, usize>,
}

/// The order of faults that follows from `seed`.
pub(super) fn sequence(seed: u64, kills: Kills, servers: bool) -> Vec<Act> {
    let mut acts = vec![Act::KillWorker; kills.worker];
    acts.extend(vec![Act::KillIngress; kills.ingress]);
    if servers {
        acts.extend(vec![Act::KillRedis; kills.redis]);
        acts.extend(vec![Act::KillPostgres; kills.postgres]);
        let others = [
            Act::PauseWorker,
            Act::CutCommit(CommitCut::Before),
            Act::CutCommit(CommitCut::After),
            Act::RedisBlackHole,
            Act::FlushRedis,
        ];
        for _ in 0..kills.total().div_ceil(20) {
            acts.extend(others);
        }
    }
    acts.shuffle(&mut StdRng::seed_from_u64(seed ^ 0xfa_17));
    acts
}

impl Victims {
    /// Makes the fault `act` and mends it, so that the next one meets a system at work.
    pub(super) async fn suffer(&mut self, act: Act, rng: &mut StdRng, done: &mut Done) {
        match act {
            Act::KillWorker => kill(&mut self.workers, rng, done, "workers").await,
            Act::KillIngress => kill(&mut self.ingresses, rng, done, "ingresses").await,
            Act::KillRedis => {
                let (redis, _) = self.redis.as_mut().unwrap();
                redis.kill();
                tokio::time::sleep(between(rng, 50, 500)).await;
                redis.start_again().await;
                *done.kills.entry("Redis").or_default() += 1;
            }
            Act::KillPostgres => {
                let postgres = self.postgres.as_mut().unwrap();
                postgres.kill();
                postgres.start_again().await;
                *done.kills.entry("PostgreSQL").or_default() += 1;
            }
            Act::PauseWorker => {
                let worker = &self.workers[rng.random_range(0..self.workers.len())].program;
                worker.signal(Signal::STOP);
                tokio::time::sleep(between(rng, 500, 2_500)).await;
                worker.signal(Signal::CONT);
                *done.faults.entry("workers paused").or_default() += 1;
            }
            Act::CutCommit(side) => self.cut_commit(side, rng, done).await,
            Act::RedisBlackHole => {
                let (_, way) = self.redis.as_ref().unwrap();
                way.set(Fault::BlackHole);
                tokio::time::sleep(between(rng, 500, 2_500)).await;
                way.set(Fault::None);
                *done.faults.entry("black holes before Redis").or_default() += 1;
            }
            Act::FlushRedis => {
                let (redis, _) = self.redis.as_ref().unwrap();
                redis.command("FLUSHALL").await;
                *done.faults.entry("times Redis was emptied").or_default() += 1;
            }
        }
        tokio::time::sleep(between(rng, 100, 700)).await;
    }

    async fn cut_commit(&self, side: CommitCut, rng: &mut StdRng, done: &mut Done) {
        let all: Vec<&Victim> = self.ingresses.iter().chain(&self.workers).collect();
        let way = all[rng.random_range(0..all.len())].way.as_ref().unwrap();
        let before = way.commits_cut();
        way.cut_commits(side, 1);
        within(Duration::from_secs(3), async || way.commits_cut() > before).await;
        way.spare_commits();
        let what = match side {
            CommitCut::Before => "connections broken before COMMIT",
            CommitCut::After => "connections broken after COMMIT",
        };
        *done.faults.entry(what).or_default() += way.commits_cut() - before;
    }

    /// Waits until every process is ready.
    pub(super) async fn recover(&mut self, done: &mut Done) {
        for victim in self.ingresses.iter_mut().chain(&mut self.workers) {
            await_ready(&mut victim.program, done).await;
        }
    }

    /// Stops every process as an operator would; what each of them did wrong.
    pub(super) async fn stop(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for victim in self.ingresses.iter_mut().chain(&mut self.workers) {
            let exit = victim.program.terminate(Duration::from_secs(40)).await;
            if exit.and_then(|exit| exit.code()) != Some(0) {
                wrong.push(format!("a process did not stop cleanly: {exit:?}"));
            }
        }
        wrong
    }
}

/// Kills one of `victims`: half of the time at any moment, otherwise at COMMIT, before or after the
/// database has done it.
async fn kill(victims: &mut [Victim], rng: &mut StdRng, done: &mut Done, what: &'static str) {
    let index = rng.random_range(0..victims.len());
    let aim = rng.random_range(0..4);
    let Victim { program, way } = &mut victims[index];
    await_ready(program, done).await;
    // Of one process alone nothing is heard while it starts: it has longer to do something.
    let longest = if way.is_some() { 300 } else { 900 };
    tokio::time::sleep(between(rng, 0, longest)).await;
    if let (Some(way), 0..2) = (way.as_ref(), aim) {
        let before = way.commits_cut();
        way.cut_commits(if aim == 0 { CommitCut::Before } else { CommitCut::After }, 1);
        within(Duration::from_secs(1), async || way.commits_cut() > before).await;
        *done.faults.entry("kills at COMMIT").or_default() += way.commits_cut() - before;
    }
    program.kill();
    if let Some(way) = way {
        way.spare_commits();
    }
    program.start_again();
    *done.kills.entry(what).or_default() += 1;
}

/// A start while the database is away ends at once; it is made again, and counted.
async fn await_ready(program: &mut Program, done: &mut Done) {
    let failed = program.supervised().await;
    if failed > 0 {
        *done.faults.entry("starts without a database").or_default() += failed;
    }
}

fn between(rng: &mut StdRng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.random_range(least..=most))
}
