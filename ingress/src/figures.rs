//! Gauges of what stands in the database, read when somebody asks for the metrics.

use std::time::Duration;

use entities::job::{Lane, State};
use jobs::queue;
use payments::{
    Store,
    figures::{self, Gauge},
};
use sea_orm::ActiveEnum;
use tokio::{sync::Mutex, time::Instant};

/// How long figures are good for: whoever asks more often reads the same.
const FRESH: Duration = Duration::from_secs(5);

/// Longest wait for the database; without it the other metrics are shown all the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads them, once at a time.
#[derive(Debug, Default)]
pub(crate) struct Sampler(Mutex<Option<Instant>>);

impl Sampler {
    /// Brings the gauges up to date.
    pub(crate) async fn refresh(&self, store: &Store) {
        let mut last = self.0.lock().await;
        if last.is_some_and(|last| last.elapsed() < FRESH) {
            return;
        }
        let read = tokio::time::timeout(PATIENCE, sample(store)).await;
        let up = matches!(read, Ok(Ok(())));
        metrics::gauge!("quittance_database_up").set(f64::from(u8::from(up)));
        *last = Some(Instant::now());
    }
}

async fn sample(store: &Store) -> Result<(), payments::Error> {
    let now = store.clock.now();
    let depths = queue::depths(&store.db).await?;
    for lane in Lane::ALL {
        for state in [State::Queued, State::Running, State::Dead] {
            let depth = depths.iter().find(|depth| depth.lane == lane && depth.state == state);
            let jobs = depth.map_or(0, |depth| depth.jobs);
            let state = state.to_value();
            metrics::gauge!("quittance_jobs", "lane" => lane.as_str(), "state" => state)
                .set(jobs as f64);
        }
        let waiting = depths.iter().find(|it| it.lane == lane && it.state == State::Queued);
        let age = waiting.map_or(0.0, |depth| now.since(depth.oldest).as_secs_f64());
        metrics::gauge!("quittance_jobs_oldest_seconds", "lane" => lane.as_str()).set(age);
    }
    for Gauge { name, labels, value } in figures::read(store).await?.gauges {
        let labels: Vec<metrics::Label> =
            labels.into_iter().map(|(name, value)| metrics::Label::new(name, value)).collect();
        metrics::gauge!(name, labels).set(value);
    }
    Ok(())
}
