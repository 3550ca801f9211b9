//! Two thousand clients that are slow on purpose: they are cut off, and an honest one notices
//! nothing.

use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use tests::process::{Role, Stage};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

/// How they are slow.
#[derive(Clone, Copy)]
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

/// Of each kind.
const EACH: usize = 500;

/// In which time all of them come for the first time.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);

/// How long one that was cut off waits before it comes back.
const COMES_BACK: Duration = Duration::from_millis(500);

/// For how long they go on; a client that was cut off comes back.
const ATTACK: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_client_is_answered_in_time_beside_two_thousand_slow_ones() {
    allow_many_files();
    let stage = Stage::embedded();
    let program = stage.start(Role::Both, "quittance").await;
    let address = program.base().replace("http://", "");
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5));
    let (http, begun) = (http.build().unwrap(), Instant::now());
    let before = honest(&http, &program.base(), Duration::from_secs(2)).await;
    let mut crowd = JoinSet::new();
    for slow in [Slow::Head, Slow::Body, Slow::Silent, Slow::Greeting] {
        for index in 0..EACH {
            let (address, until) = (address.clone(), Instant::now() + ATTACK);
            let wait = ARRIVES_WITHIN.mul_f64(index as f64 / EACH as f64);
            crowd.spawn(async move {
                tokio::time::sleep(wait).await;
                let mut cut = 0_usize;
                while Instant::now() < until {
                    cut += usize::from(attack(&address, slow, until).await);
                    tokio::time::sleep(COMES_BACK).await;
                }
                cut
            });
        }
    }
    let during = honest(&http, &program.base(), ATTACK).await;
    let mut cut = 0;
    while let Some(times) = crowd.join_next().await {
        cut += times.unwrap();
    }
    let after = honest(&http, &program.base(), Duration::from_secs(1)).await;
    assert!(cut >= EACH * 4, "only {cut} of them were cut off in {:?}", begun.elapsed());
    // The crowd runs on the same machine, and takes its part of it.
    let limit = Duration::from_millis(100).max(before * 10);
    assert!(during < limit, "p99 was {before:?}, became {during:?}, and was {after:?} after");
}

/// As many as this process may have; the program it starts may have as many.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Whether it was cut off.
async fn attack(address: &str, slow: Slow, until: Instant) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        tokio::time::sleep(Duration::from_millis(100)).await;
        return false;
    };
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
        let word = tokio::time::timeout(Duration::from_millis(500), async {
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

/// Asks for `long`, and fails if an answer is not the right one; the 99th of a hundred answers.
async fn honest(http: &reqwest::Client, base: &str, long: Duration) -> Duration {
    let (mut took, until) = (Vec::new(), Instant::now() + long);
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = http.get(format!("{base}/health/ready")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort();
    took[took.len() * 99 / 100]
}
