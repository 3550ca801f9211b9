//! Many slow clients at once.

use std::time::Duration;

use ingress::guard::GuardOptions;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::support::*;

/// How many attack at once.
const CROWD: usize = 500;

/// How an attack begins: with nothing, within a head, within a body.
const OPENINGS: [&str; 3] = ["", "GET / HTTP/1.1\r\n", HEAD];

/// How long an honest client waited for each answer, from a server with so many places, while the
/// crowd comes back whenever it is thrown out.
async fn honest_waits(max_connections: usize) -> Vec<Duration> {
    let address = serve(GuardOptions { max_connections, ..options() }).await;
    let mut crowd = JoinSet::new();
    for nth in 0..CROWD {
        crowd.spawn(async move {
            loop {
                if let Ok(mut stream) = TcpStream::connect(address).await
                    && stream.write_all(OPENINGS[nth % 3].as_bytes()).await.is_ok()
                {
                    drip(stream, b"x").await;
                }
                sleep(Duration::from_millis(500)).await;
            }
        });
    }
    sleep(Duration::from_millis(500)).await;

    let mut waits = Vec::new();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        let begin = Instant::now();
        assert!(ask(address).await.is_some(), "request {} failed", waits.len());
        waits.push(begin.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
    waits.sort();
    waits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_slow_clients_does_not_hurt_an_honest_one() {
    let waits = honest_waits(CROWD * 3 / 5).await;

    assert!(waits.len() > 50, "{} requests", waits.len());
    assert!(waits[waits.len() / 2] < Duration::from_millis(100), "{waits:?}");
    assert!(waits[waits.len() - 1] < FIRST_BYTE, "{waits:?}");
}

/// Without time for their first bytes, honest clients would be thrown out by the next in the crowd.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_takes_every_place_ten_times_a_second_may_delay_an_honest_one_at_most() {
    let waits = honest_waits(CROWD / 5).await;

    assert!(waits.len() > 1, "{} requests", waits.len());
}

#[tokio::test]
async fn five_hundred_slow_connections_are_gone_in_time() {
    let address = serve(options()).await;
    let mut crowd = JoinSet::new();
    for nth in 0..CROWD {
        let stream = connect(address, OPENINGS[nth % 3]).await;
        crowd.spawn(drip(stream, b"x"));
    }
    while let Some(closed_after) = crowd.join_next().await {
        assert!(closed_after.unwrap() < CLOSED_BY);
    }
}
