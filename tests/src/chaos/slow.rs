use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    runtime::Builder,
    task::JoinSet,
};

use crate::process::{Role, Stage, http};

/// In which time all of them come for the first time.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);

/// How long one that was cut off waits before it comes back.
const COMES_BACK: Duration = Duration::from_millis(500);

/// For how long they go on.
const ATTACK: Duration = Duration::from_secs(12);

/// Time between two bytes of one that drips.
const DRIPS: Duration = Duration::from_millis(500);

/// Within this, 99 of 100 honest requests are answered meanwhile; or within ten times what it took
/// before, where a busy machine takes longer anyway, for the crowd takes its part of it.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// Files that a process has open besides its connections.
const OTHER_FILES: u64 = 500;

/// Addresses the crowd comes from: one has some 28,000 ports, and whoever was cut off leaves his
/// behind for a minute.
const ADDRESSES: usize = 64;

/// How they are slow.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// A byte of the head at a time.
    Head,
    /// A byte of the body at a time.
    Body,
    /// Not a word.
    Silent,
    /// A TLS greeting, to a server that speaks none.
    Greeting,
}

const KINDS: [Slow; 4] = [Slow::Head, Slow::Body, Slow::Silent, Slow::Greeting];

/// What came of a crowd of clients that are slow on purpose.
#[derive(Clone, Debug, Default)]
pub struct Crowded {
    /// How many they were.
    pub clients: usize,
    /// Connections they made.
    pub connections: usize,
    /// Times one of them was cut off.
    pub cut: usize,
    /// Most of them connected at the same time.
    pub most: usize,
    /// What an honest client was answered before them.
    pub before: Answered,
    /// Beside them.
    pub during: Answered,
    /// After them.
    pub after: Answered,
    /// Most memory the program took, in kilobytes.
    pub memory: u64,
    /// What did not hold.
    pub wrong: Vec<String>,
}

/// What an honest client was answered.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// How often it asked; half of the time on a connection that it kept, half on a new one.
    pub asked: usize,
    /// Within this it was answered 99 times of 100.
    pub p99: Duration,
    /// What it was not answered as it should be.
    pub errors: Vec<String>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    cut: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Gives this process as many files as it may have, and so the programs it starts; an error says
/// what to do if `clients` connections are more than that.
pub fn files_for(clients: usize) -> Result<(), String> {
    let needed = clients as u64 + OTHER_FILES;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < needed) {
        let most = limit.maximum.unwrap_or_default();
        return Err(format!(
            "{clients} clients take {needed} open files and this process may have {most}; as root: \
             ulimit -Hn {needed}"
        ));
    }
    limit.current = limit.maximum.or(Some(needed));
    setrlimit(Resource::Nofile, limit).map_err(|error| format!("more open files: {error}"))
}

/// Lets `clients` slow clients at a program of its own, and an honest one beside them.
pub async fn crowd(clients: usize) -> Crowded {
    files_for(clients).unwrap_or_else(|lacking| panic!("{lacking}"));
    let stage = Stage::embedded();
    let program = stage.start(Role::Both, "quittance").await;
    let base = program.base();
    let address: SocketAddr = base.replace("http://", "").parse().unwrap();
    let before = honest(&base, Duration::from_secs(2)).await;

    let (counts, mut crowd) = (Arc::new(Counts::default()), JoinSet::new());
    let until = Instant::now() + ATTACK;
    for index in 0..clients {
        let (slow, counts) = (KINDS[index % KINDS.len()], Arc::clone(&counts));
        let wait = ARRIVES_WITHIN.mul_f64(index as f64 / clients as f64);
        crowd.spawn(async move {
            tokio::time::sleep(wait).await;
            while Instant::now() < until {
                attack(address, index, slow, until, &counts).await;
                tokio::time::sleep(COMES_BACK).await;
            }
        });
    }
    let during = honest(&base, ATTACK).await;
    while crowd.join_next().await.is_some() {}
    let after = honest(&base, Duration::from_secs(1)).await;
    let mut crowded = Crowded {
        clients,
        connections: counts.connections.load(Ordering::Relaxed),
        cut: counts.cut.load(Ordering::Relaxed),
        most: counts.most.load(Ordering::Relaxed),
        before,
        during,
        after,
        memory: memory(program.id()),
        wrong: Vec::new(),
    };
    crowded.judge();
    crowded
}

impl Crowded {
    fn judge(&mut self) {
        let Self { clients, before, during, after, .. } = &*self;
        let mut wrong = Vec::new();
        for (when, answered) in [("before", before), ("beside", during), ("after", after)] {
            if let Some(error) = answered.errors.first() {
                let errors = answered.errors.len();
                wrong.push(format!("{errors} of {} errors {when} them: {error}", answered.asked));
            }
        }
        if self.cut < *clients {
            wrong.push(format!("too few were cut off to prove anything: {}", self.cut));
        }
        if during.p99 > ANSWERED_WITHIN.max(before.p99 * 10) {
            let (before, during, after) = (before.p99, during.p99, after.p99);
            wrong.push(format!("p99 was {before:?}, became {during:?}, and was {after:?} after"));
        }
        self.wrong = wrong;
    }
}

/// One connection, until it is cut off or the time is over.
async fn attack(server: SocketAddr, index: usize, slow: Slow, until: Instant, counts: &Counts) {
    let Ok(stream) = connect(server, index).await else { return };
    counts.connections.fetch_add(1, Ordering::Relaxed);
    let now = counts.now.fetch_add(1, Ordering::Relaxed) + 1;
    counts.most.fetch_max(now, Ordering::Relaxed);
    let cut = drag(stream, slow, until).await;
    counts.now.fetch_sub(1, Ordering::Relaxed);
    counts.cut.fetch_add(usize::from(cut), Ordering::Relaxed);
}

async fn connect(server: SocketAddr, index: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(index % ADDRESSES).unwrap_or_default();
    socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into())?;
    socket.connect(server).await
}

/// Whether it was cut off.
async fn drag(mut stream: TcpStream, slow: Slow, until: Instant) -> bool {
    let begin: &[u8] = match slow {
        Slow::Head => b"POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\nx-slow: ",
        Slow::Body => b"POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n",
        Slow::Silent => b"",
        Slow::Greeting => b"\x16\x03\x01",
    };
    if stream.write_all(begin).await.is_err() {
        return true;
    }
    let mut buffer = [0; 256];
    while Instant::now() < until {
        let drips = matches!(slow, Slow::Head | Slow::Body);
        if drips && stream.write_all(b"a").await.is_err() {
            return true;
        }
        let word = tokio::time::timeout(DRIPS, async {
            loop {
                stream.readable().await?;
                match stream.try_read(&mut buffer) {
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    done => return done,
                }
            }
        });
        if let Ok(Ok(0) | Err(_)) = word.await {
            return true;
        }
    }
    false
}

/// Asks for `long`, on a thread of its own, so that what it measures is the server and not the crowd.
async fn honest(base: &str, long: Duration) -> Answered {
    let address = format!("{base}/health/ready");
    let asking = tokio::task::spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(ask(&address, long))
    });
    asking.await.unwrap()
}

async fn ask(address: &str, long: Duration) -> Answered {
    let client = || http().timeout(Duration::from_secs(5));
    let keeps = client().build().unwrap();
    let anew = client().pool_max_idle_per_host(0).build().unwrap();
    let (mut took, mut errors, until) = (Vec::new(), Vec::new(), Instant::now() + long);
    while Instant::now() < until {
        let http = if took.len() % 2 == 0 { &keeps } else { &anew };
        let begun = Instant::now();
        match http.get(address).send().await {
            Ok(answer) if answer.status() == 200 => {}
            Ok(answer) => errors.push(answer.status().to_string()),
            Err(error) => errors.push(format!("{error:?}")),
        }
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    Answered { asked: took.len(), p99, errors }
}

/// Most memory that the process `id` has had, in kilobytes.
fn memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    most.and_then(|most| most.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
