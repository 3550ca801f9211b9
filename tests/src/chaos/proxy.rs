use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What the network does to the server behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Nobody listens, and whoever was connected is cut off.
    Refuse,
    /// Connections are taken and kept, and no byte passes until the fault ends. The hard one: there
    /// is nothing to notice.
    BlackHole,
    /// Each connection is cut off, on both sides, once so many bytes have passed in one direction.
    CutAfter(usize),
}

/// On which side of the server's work a connection breaks at COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitCut {
    /// The server never hears of it: the transaction is rolled back.
    Before,
    /// The server commits, and its answer is lost.
    After,
}

/// How long a connection that breaks at COMMIT hangs before it does: long enough to kill whoever
/// waits for the answer.
const HANGS: Duration = Duration::from_millis(150);

/// What happens to the connection whose turn it is; see [`Proxy::trip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// It hangs for a moment, so that the client can be killed, and breaks.
    Break,
    /// It hangs for so long, and goes on.
    Delay(Duration),
}

/// How PostgreSQL's protocol says COMMIT in a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

/// The kinds of the events of a load, as they are written by the one statement that records them and
/// commits itself.
const RECORDED: &[u8] = b"payment_intent.";

/// A way to a server that can be made to fail.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    cuts: Arc<Cuts>,
}

#[derive(Debug, Default)]
struct Cuts {
    before: AtomicUsize,
    after: AtomicUsize,
    made: AtomicUsize,
    /// Words to the server since the last [`Proxy::trip`].
    words: AtomicUsize,
    trip: Mutex<Option<(usize, CommitCut, Trip)>>,
    tripped: AtomicBool,
}

impl Cuts {
    /// The cut that is due at this COMMIT, if any.
    fn take(&self) -> Option<CommitCut> {
        let less = |left: usize| left.checked_sub(1);
        let take =
            |of: &AtomicUsize| of.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        let cut = if take(&self.before) {
            CommitCut::Before
        } else if take(&self.after) {
            CommitCut::After
        } else {
            return None;
        };
        self.made.fetch_add(1, Ordering::AcqRel);
        Some(cut)
    }
}

impl Cuts {
    /// Counts a word to the server, and says what happens to it.
    fn word(&self) -> Option<(CommitCut, Trip)> {
        let words = self.words.fetch_add(1, Ordering::AcqRel) + 1;
        let mut trip = self.trip.lock().expect("nobody panics with it");
        let (_, side, what) = trip.take_if(|(at, _, _)| words >= *at)?;
        self.tripped.store(true, Ordering::Release);
        Some((side, what))
    }
}

impl Proxy {
    /// Starts one before the server at `port` of this machine.
    pub async fn before(port: u16) -> Self {
        let own = super::super::process::free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], own));
        let listener = TcpListener::bind(address).await.unwrap();
        let (fault, watched) = watch::channel(Fault::None);
        let cuts = Arc::new(Cuts::default());
        tokio::spawn(listen(listener, address, port, watched, Arc::clone(&cuts)));
        Self { address, fault, cuts }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on this is what happens.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Breaks the connections of the next `count` COMMITs.
    pub fn cut_commits(&self, side: CommitCut, count: usize) {
        let cuts = match side {
            CommitCut::Before => &self.cuts.before,
            CommitCut::After => &self.cuts.after,
        };
        cuts.fetch_add(count, Ordering::AcqRel);
    }

    /// From now on counts what clients say to the server, and at the `word`th of it `what` happens,
    /// before the server hears of it or before the client hears the answer.
    pub fn trip(&self, word: usize, side: CommitCut, what: Trip) {
        self.cuts.words.store(0, Ordering::Release);
        self.cuts.tripped.store(false, Ordering::Release);
        *self.cuts.trip.lock().expect("nobody panics with it") = Some((word, side, what));
    }

    /// Whether that has happened.
    pub fn tripped(&self) -> bool {
        self.cuts.tripped.load(Ordering::Acquire)
    }

    /// What clients have said since the last [`trip`](Self::trip), in words.
    pub fn words(&self) -> usize {
        self.cuts.words.load(Ordering::Acquire)
    }

    /// Breaks no more connections at COMMIT.
    pub fn spare_commits(&self) {
        self.cuts.before.store(0, Ordering::Release);
        self.cuts.after.store(0, Ordering::Release);
    }

    /// How many connections were broken at COMMIT.
    pub fn commits_cut(&self) -> usize {
        self.cuts.made.load(Ordering::Acquire)
    }
}

async fn listen(
    listener: TcpListener,
    address: SocketAddr,
    port: u16,
    mut fault: watch::Receiver<Fault>,
    cuts: Arc<Cuts>,
) {
    let mut listener = Some(listener);
    loop {
        let refuses = *fault.borrow_and_update() == Fault::Refuse;
        if refuses {
            listener = None;
        } else if listener.is_none() {
            // The port is not one that anybody else is given, but its last user may linger.
            listener = TcpListener::bind(address).await.ok();
        }
        tokio::select! {
            changed = fault.changed() => if changed.is_err() { return },
            accepted = accept(listener.as_ref()) => {
                if let Ok(client) = accepted {
                    tokio::spawn(connect(client, port, fault.clone(), Arc::clone(&cuts)));
                }
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

async fn connect(client: TcpStream, port: u16, mut fault: watch::Receiver<Fault>, cuts: Arc<Cuts>) {
    // In a black hole the client's own kernel has answered; nobody else will.
    let Ok(_) = fault.wait_for(|fault| *fault != Fault::BlackHole).await else { return };
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    // Whoever is dropped with something unread, or is told not to linger, resets the connection.
    let _ = (client.set_zero_linger(), server.set_zero_linger());
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let answer = Arc::new(watch::Sender::new(None));
    let up = Pump { fault: fault.clone(), cuts: Some(cuts), answer: Arc::clone(&answer) };
    let down = Pump { fault, cuts: None, answer };
    tokio::select! {
        () = up.run(from_client, to_server) => {}
        () = down.run(from_server, to_client) => {}
    }
}

/// One direction of a connection.
struct Pump {
    fault: watch::Receiver<Fault>,
    /// For the direction to the server.
    cuts: Option<Arc<Cuts>>,
    /// What happens to the server's next answer.
    answer: Arc<watch::Sender<Option<Trip>>>,
}

impl Pump {
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let (mut buffer, mut passed) = (vec![0; 64 * 1024], 0_usize);
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read,
                () = refused(&mut self.fault) => return,
            };
            let Ok(length @ 1..) = read else { return };
            // In a black hole what was read waits here.
            let Ok(_) = self.fault.wait_for(|fault| *fault != Fault::BlackHole).await else {
                return;
            };
            passed += length;
            if matches!(*self.fault.borrow(), Fault::CutAfter(limit) if passed > limit) {
                return;
            }
            match self.fate(&buffer[..length]) {
                Some(Trip::Break) => return tokio::time::sleep(HANGS).await,
                Some(Trip::Delay(long)) => tokio::time::sleep(long).await,
                None => {}
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    /// What happens to `bytes`, which were read and not passed on yet.
    fn fate(&self, bytes: &[u8]) -> Option<Trip> {
        let Some(cuts) = &self.cuts else {
            return self.answer.send_replace(None);
        };
        let commits = contains(bytes, COMMIT) || contains(bytes, RECORDED);
        let cut = if commits { cuts.take() } else { None };
        let (side, what) = cuts.word().or(cut.map(|side| (side, Trip::Break)))?;
        match side {
            CommitCut::Before => Some(what),
            CommitCut::After => {
                self.answer.send_replace(Some(what));
                None
            }
        }
    }
}

async fn refused(fault: &mut watch::Receiver<Fault>) {
    if fault.wait_for(|fault| *fault == Fault::Refuse).await.is_err() {
        // The proxy is gone.
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
