//! Notes of mails that the server has accepted, one commit for all that are waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use entities::MailId;
use payments::{Store, mails};
use tokio::sync::{mpsc, oneshot};

use crate::perform::SETTLE_AGAIN;

/// Notes in one statement; there are never more mails under way.
const GROUP: usize = 256;

/// How long a note waits for those of mails that are being sent. A connection sends nothing
/// meanwhile, but a commit for each mail takes more of everybody's time.
const GATHER: Duration = Duration::from_millis(4);

/// Longest time for one group: longer than one waits for a connection, and all tries together take less
/// than half of a batch's limit. A connection that went silent must not keep every mail waiting.
const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

type Reply = oneshot::Sender<Result<(), Arc<anyhow::Error>>>;

/// Writes down what was mailed. Who sends mails waits for each before the next, so what is waited for
/// at the same time comes from mails that are sent side by side.
#[derive(Clone, Debug)]
pub(crate) struct Noter {
    waiting: mpsc::Sender<(MailId, Reply)>,
    /// How many mails are being sent.
    sending: Arc<AtomicUsize>,
}

/// A mail that is being sent, until this is dropped.
#[derive(Debug)]
pub(crate) struct Sending(Arc<AtomicUsize>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Noter {
    /// Starts to write, until the last clone is dropped.
    pub(crate) fn start(store: &Store) -> Self {
        let (waiting, mut arriving) = mpsc::channel(GROUP);
        let (store, sending) = (store.clone(), Arc::new(AtomicUsize::new(0)));
        let noter = Self { waiting, sending: Arc::clone(&sending) };
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP);
            while arriving.recv_many(&mut group, GROUP).await > 0 {
                let rest = gather(&mut arriving, &mut group, &sending);
                // What came is kept, whether the rest is there in time or not.
                let _ = tokio::time::timeout(GATHER, rest).await;
                write(&store, std::mem::take(&mut group)).await;
            }
        });
        noter
    }

    /// Tells that a mail is being sent, for whose note others may wait.
    pub(crate) fn sending(&self) -> Sending {
        self.sending.fetch_add(1, Ordering::AcqRel);
        Sending(Arc::clone(&self.sending))
    }

    /// Notes that mail `id` was accepted, though the database may fail for a moment: what was sent
    /// must not be sent again for that. If it fails for longer the mail is, once the job's lease has
    /// ended.
    pub(crate) async fn note(&self, id: MailId) -> anyhow::Result<()> {
        let mut pauses = SETTLE_AGAIN.iter();
        while let Err(error) = self.try_note(id).await {
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(*pause).await;
        }
        Ok(())
    }

    async fn try_note(&self, id: MailId) -> anyhow::Result<()> {
        let (reply, written) = oneshot::channel();
        self.waiting.send((id, reply)).await.context("nobody writes notes of mails")?;
        let written = written.await.context("nobody writes notes of mails")?;
        written.map_err(|error| anyhow!("a mail was not noted: {error:#}"))
    }
}

/// Takes notes into `group` until no mail is being sent.
async fn gather(
    notes: &mut mpsc::Receiver<(MailId, Reply)>,
    group: &mut Vec<(MailId, Reply)>,
    sending: &AtomicUsize,
) {
    while sending.load(Ordering::Acquire) > 0 && group.len() < GROUP {
        if notes.recv_many(group, GROUP - group.len()).await == 0 {
            return;
        }
    }
}

async fn write(store: &Store, group: Vec<(MailId, Reply)>) {
    let (ids, replies): (Vec<MailId>, Vec<Reply>) = group.into_iter().unzip();
    let written = tokio::time::timeout(WRITE_TIMEOUT, mails::sent(store, &ids)).await;
    let written = match written {
        Ok(written) => written.map_err(anyhow::Error::from),
        Err(elapsed) => Err(elapsed.into()),
    };
    let written = written.map_err(Arc::new);
    for reply in replies {
        // Who no longer waits sends its mail again, with the same id.
        let _ = reply.send(written.clone());
    }
}
