use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::StatusCode;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    journal::{Acknowledged, Journal},
    script::Said,
};
use crate::{process::http, stripe};

/// Deliveries under way at once; past that the provider waits.
const AT_ONCE: usize = 128;

/// Longest wait for an answer; Stripe's is longer, and a test has less time.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// How a provider delivers.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// What its choices follow from.
    pub seed: u64,
    /// Events in a second.
    pub rate: u32,
    /// Where ingresses answer, each as `http://host:port`.
    pub targets: Vec<String>,
}

/// A provider that delivers events, each until it is acknowledged.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    runner: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    targets: Vec<String>,
    journal: Journal,
    stopped: AtomicBool,
    given_up: AtomicBool,
    unfinished: AtomicUsize,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    attempts: usize,
    statuses: BTreeMap<u16, usize>,
    unknown: usize,
    at_once: usize,
    took: Vec<(Instant, Duration)>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    /// The events that were acknowledged, as the journal on disk says.
    pub acknowledged: BTreeMap<String, Acknowledged>,
    /// Requests sent.
    pub attempts: usize,
    /// Answers by their status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests whose connection ended without an answer: what they did is unknown.
    pub unknown: usize,
    /// Events sent twice at the same moment.
    pub at_once: usize,
    /// Events that were begun and never acknowledged.
    pub unfinished: usize,
    /// When each acknowledgement came, and how long it took.
    pub took: Vec<(Instant, Duration)>,
}

impl Load {
    /// Begins to say `script`; the journal is in `directory`.
    pub fn start(script: Vec<Said>, options: LoadOptions, directory: &Path) -> Self {
        let shared = Arc::new(Shared {
            http: http().timeout(ANSWER_WITHIN).build().unwrap(),
            targets: options.targets.clone(),
            journal: Journal::begin(&directory.join("acknowledged.journal")),
            stopped: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            unfinished: AtomicUsize::new(0),
            answers: Mutex::default(),
        });
        let runner = tokio::spawn(say_all(Arc::clone(&shared), script, options));
        Self { shared, runner }
    }

    /// Whether all has been said, or [`stop`](Self::stop) was heard.
    pub fn is_over(&self) -> bool {
        self.runner.is_finished()
    }

    /// Requests answered 2xx so far.
    pub fn acknowledged(&self) -> usize {
        self.shared.answers.lock().unwrap().took.len()
    }

    /// Begins no more events; those begun go on until they are acknowledged.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
    }

    /// Waits until every event begun is acknowledged, at most `patience`.
    pub async fn finish(self, patience: Duration) -> Delivered {
        let mut runner = self.runner;
        if tokio::time::timeout(patience, &mut runner).await.is_err() {
            self.shared.given_up.store(true, Ordering::Release);
            let _ = runner.await;
        }
        let answers = std::mem::take(&mut *self.shared.answers.lock().unwrap());
        Delivered {
            acknowledged: self.shared.journal.read(),
            attempts: answers.attempts,
            statuses: answers.statuses,
            unknown: answers.unknown,
            at_once: answers.at_once,
            unfinished: self.shared.unfinished.load(Ordering::Acquire),
            took: answers.took,
        }
    }
}

async fn say_all(shared: Arc<Shared>, script: Vec<Said>, options: LoadOptions) {
    let mut rng = StdRng::seed_from_u64(options.seed ^ 0x10ad);
    let (permits, mut deliveries) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    let mut beat = tokio::time::interval(Duration::from_secs(1) / options.rate);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    for said in script {
        beat.tick().await;
        if shared.stopped.load(Ordering::Acquire) {
            break;
        }
        if said.copies > 1 {
            shared.answers.lock().unwrap().at_once += 1;
        }
        for _ in 0..said.copies {
            let permit = Arc::clone(&permits).acquire_owned().await;
            let (shared, said, seed) = (Arc::clone(&shared), said.clone(), rng.random());
            deliveries.spawn(async move {
                deliver(&shared, &said, seed).await;
                drop(permit);
            });
        }
        while deliveries.try_join_next().is_some() {}
    }
    while deliveries.join_next().await.is_some() {}
}

/// Delivers one event until it is acknowledged: signed anew each time, as Stripe does.
async fn deliver(shared: &Shared, said: &Said, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let kind = format!("payment_intent.{}", said.kind);
    let event = stripe::event(&said.event, &kind, &said.payment.reference, Some(said.payment.id));
    let (body, mut wait) = (event.to_string().into_bytes(), Duration::from_millis(50));
    while !shared.given_up.load(Ordering::Acquire) {
        let target = &shared.targets[rng.random_range(0..shared.targets.len())];
        if attempt(shared, target, &said.event, &body).await {
            return;
        }
        tokio::time::sleep(wait.mul_f64(rng.random_range(0.5..1.5))).await;
        wait = (wait * 2).min(Duration::from_secs(1));
    }
    shared.unfinished.fetch_add(1, Ordering::AcqRel);
}

async fn attempt(shared: &Shared, target: &str, event: &str, body: &[u8]) -> bool {
    let begun = Instant::now();
    let answer = stripe::deliver(&shared.http, target, crate::SECRET, body).await;
    let took = begun.elapsed();
    let status = answer.as_ref().ok().map(reqwest::Response::status);
    if !shared.note(status, begun, took) {
        return false;
    }
    shared.journal.acknowledged(event).await;
    true
}

impl Shared {
    /// Counts an answer; says whether it acknowledges.
    fn note(&self, status: Option<StatusCode>, begun: Instant, took: Duration) -> bool {
        let mut answers = self.answers.lock().unwrap();
        answers.attempts += 1;
        let Some(status) = status else {
            answers.unknown += 1;
            return false;
        };
        *answers.statuses.entry(status.as_u16()).or_default() += 1;
        if status.is_success() {
            answers.took.push((begun, took));
        }
        status.is_success()
    }
}

impl Delivered {
    /// Acknowledged deliveries beyond the first of each event.
    pub fn duplicates(&self) -> usize {
        self.acknowledged.values().map(|event| event.times - 1).sum()
    }

    /// The time within which `percent` of the answers that were asked for between `from` and `to`
    /// came.
    pub fn answered_within(&self, percent: usize, from: Instant, to: Instant) -> Duration {
        let within = self.took.iter().filter(|(begun, _)| (from..=to).contains(begun));
        let mut took: Vec<Duration> = within.map(|(_, took)| *took).collect();
        took.sort();
        took.get(took.len() * percent / 100).or(took.last()).copied().unwrap_or_default()
    }
}
