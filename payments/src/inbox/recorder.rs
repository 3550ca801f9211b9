use std::{sync::Arc, time::Duration};

use boot::{faults, turn};
use jobs::{Dispatcher, Enqueued};
use sea_orm::{DatabaseTransaction, DbErr, RuntimeErr};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::record::{self, Delivery, Recorded, Sealed};
use crate::{Error, Store};

/// Deliveries that may wait to be written. A sender past that is told to come back later.
const WAITING: usize = 2_048;

/// Deliveries written in one transaction.
const GROUP: usize = 256;

/// Transactions at once, if need be: see [`turn::hold`].
const WRITERS: usize = 2;

/// Longest wait for a commit before the sender is told to come back later; the design says 503
/// within 3 s.
const PATIENCE: Duration = Duration::from_millis(2_700);

/// Why a delivery is not known to be written. The sender has to come back; if it was written after
/// all, that will be a duplicate.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Too many are waiting.
    #[error("too many deliveries are waiting to be written")]
    Overloaded,
    /// No commit came in time.
    #[error("the database did not commit in time")]
    Slow,
    /// The database refused.
    #[error("the delivery could not be written")]
    Failed(#[source] Arc<Error>),
}

/// Longest time for one group. A connection that went silent must not keep its writer for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

type Reply = oneshot::Sender<Result<Recorded, Arc<Error>>>;

/// Writes deliveries of concurrent requests together: one transaction for all that are waiting,
/// without a timer. An idle database is asked at once, a busy one less often for more.
#[derive(Clone, Debug)]
pub struct Recorder {
    store: Store,
    waiting: mpsc::Sender<(Sealed, Reply)>,
}

impl Recorder {
    /// Starts to write, until the last clone is dropped.
    pub fn start(store: &Store, dispatcher: &Dispatcher) -> Self {
        let (waiting, deliveries) = mpsc::channel(WAITING);
        let deliveries = Arc::new(Mutex::new(deliveries));
        for _ in 0..WRITERS {
            let writer = Writer { store: store.clone(), dispatcher: dispatcher.clone() };
            tokio::spawn(writer.run(Arc::clone(&deliveries)));
        }
        Self { store: store.clone(), waiting }
    }

    /// Writes `delivery`; once this returns `Ok`, it is committed.
    pub async fn record(&self, delivery: Delivery) -> Result<Recorded, RecordError> {
        let place = self.waiting.try_reserve().map_err(|_| RecordError::Overloaded)?;
        let sealed = Sealed::of(&self.store, delivery);
        let sealed = sealed.map_err(|error| RecordError::Failed(Arc::new(error)))?;
        let (reply, written) = oneshot::channel();
        place.send((sealed, reply));
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(Ok(recorded))) => Ok(recorded),
            Ok(Ok(Err(error))) => Err(RecordError::Failed(error)),
            Ok(Err(_)) | Err(_) => Err(RecordError::Slow),
        }
    }
}

/// Takes what is waiting, and writes it.
struct Writer {
    store: Store,
    dispatcher: Dispatcher,
}

impl Writer {
    async fn run(self, deliveries: Arc<Mutex<mpsc::Receiver<(Sealed, Reply)>>>) {
        loop {
            let mut waiting = deliveries.lock().await;
            let mut group = Vec::with_capacity(GROUP);
            if waiting.recv_many(&mut group, GROUP).await == 0 {
                return;
            }
            let txn = record::turn(&self.store).await;
            // What came while others wrote goes along.
            while group.len() < GROUP
                && let Ok(arrived) = waiting.try_recv()
            {
                group.push(arrived);
            }
            let many = waiting.len() >= GROUP;
            let written = self.write(txn, group);
            if many {
                drop(waiting);
                written.await;
            } else {
                turn::hold(waiting, written).await;
            }
        }
    }

    async fn write(
        &self,
        turn: Result<Option<DatabaseTransaction>, DbErr>,
        group: Vec<(Sealed, Reply)>,
    ) {
        let (group, mut replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        if faults::planted("acknowledged-before-commit") {
            for reply in replies.drain(..) {
                let _ = reply.send(Ok(Recorded::Duplicate));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        metrics::histogram!("quittance_inbox_group_size").record(group.len() as f64);
        match self.timely(turn, &group).await {
            Ok((recorded, enqueued)) => {
                for (reply, recorded) in replies.into_iter().zip(recorded) {
                    // Whoever gave up waiting comes back, and hears that it is a duplicate.
                    let _ = reply.send(Ok(recorded));
                }
                self.dispatcher.announce(enqueued);
            }
            Err(error) if group.len() > 1 && !is_outage(&error) => {
                tracing::warn!(%error, "a group was refused; its deliveries are written one by one");
                for (sealed, reply) in group.into_iter().zip(replies) {
                    self.write_one(sealed, reply).await;
                }
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "deliveries could not be written");
                let error = Arc::new(error);
                for reply in replies {
                    let _ = reply.send(Err(Arc::clone(&error)));
                }
            }
        }
    }

    async fn write_one(&self, sealed: Sealed, reply: Reply) {
        let turn = record::turn(&self.store).await;
        let result = self.timely(turn, std::slice::from_ref(&sealed)).await;
        let answer = result.map(|(recorded, enqueued)| {
            self.dispatcher.announce(enqueued);
            recorded[0]
        });
        let _ = reply.send(answer.map_err(Arc::new));
    }

    async fn timely(
        &self,
        turn: Result<Option<DatabaseTransaction>, DbErr>,
        group: &[Sealed],
    ) -> Result<(Vec<Recorded>, Vec<Enqueued>), Error> {
        let silent =
            || Error::Db(DbErr::Conn(RuntimeErr::Internal("no answer in time".to_owned())));
        let written = record::write(&self.store, turn?, group);
        let written = tokio::time::timeout(WRITE_TIMEOUT, written).await;
        written.unwrap_or_else(|_| Err(silent()))
    }
}

/// Whether one by one would only take longer to fail.
fn is_outage(error: &Error) -> bool {
    matches!(error, Error::Db(DbErr::Conn(_) | DbErr::ConnectionAcquire(_)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
