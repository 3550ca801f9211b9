use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    thread,
};

use tokio::sync::{mpsc, oneshot};

/// A line and whoever waits for it to be on disk.
type Entry = (String, oneshot::Sender<()>);

/// What the provider was told 2xx for, on disk before anybody counts on it.
#[derive(Debug)]
pub struct Journal {
    entries: mpsc::UnboundedSender<Entry>,
    path: PathBuf,
}

/// The deliveries of one event that were acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// How often.
    pub times: usize,
    /// When for the first time: its place in the journal.
    pub place: usize,
}

impl Journal {
    /// Begins one in the file `path`.
    pub fn begin(path: &Path) -> Self {
        let file = File::options().create(true).append(true).open(path).unwrap();
        let (entries, incoming) = mpsc::unbounded_channel();
        thread::spawn(move || write(&file, incoming));
        Self { entries, path: path.to_owned() }
    }

    /// Writes that `event` was acknowledged; returns once that is on disk.
    pub async fn acknowledged(&self, event: &str) {
        let (written, on_disk) = oneshot::channel();
        self.entries.send((format!("{event}\n"), written)).expect("the journal is being written");
        on_disk.await.expect("the journal was written");
    }

    /// Reads it back from disk.
    pub fn read(&self) -> BTreeMap<String, Acknowledged> {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let mut events = BTreeMap::<String, Acknowledged>::new();
        for (place, event) in text.lines().enumerate() {
            let first = Acknowledged { times: 0, place };
            events.entry(event.to_owned()).or_insert(first).times += 1;
        }
        events
    }
}

/// Entries that come while the disk is busy are written together.
fn write(mut file: &File, mut incoming: mpsc::UnboundedReceiver<Entry>) {
    while let Some((mut text, waiting)) = incoming.blocking_recv() {
        let mut waiting = vec![waiting];
        while let Ok((more, another)) = incoming.try_recv() {
            text.push_str(&more);
            waiting.push(another);
        }
        file.write_all(text.as_bytes()).unwrap();
        file.sync_data().unwrap();
        for waiting in waiting {
            let _ = waiting.send(());
        }
    }
}
