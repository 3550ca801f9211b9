use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
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
    /// Each connection is cut off, the server's side too, once so many bytes have passed to the
    /// server.
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

/// How PostgreSQL's protocol says COMMIT in a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

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
    let answers_dropped = Arc::new(watch::Sender::new(false));
    let up = Pump { fault: fault.clone(), cuts: Some(cuts), silent: Arc::clone(&answers_dropped) };
    let down = Pump { fault, cuts: None, silent: answers_dropped };
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
    /// Set when the server's next answer is to be lost, and the connection with it.
    silent: Arc<watch::Sender<bool>>,
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
            if self.cuts.is_none() && *self.silent.borrow() {
                return tokio::time::sleep(HANGS).await;
            }
            passed += length;
            if let Some(cuts) = &self.cuts {
                if matches!(*self.fault.borrow(), Fault::CutAfter(limit) if passed > limit) {
                    return;
                }
                if contains(&buffer[..length], COMMIT) {
                    match cuts.take() {
                        Some(CommitCut::Before) => return tokio::time::sleep(HANGS).await,
                        Some(CommitCut::After) => drop(self.silent.send_replace(true)),
                        None => {}
                    }
                }
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
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
