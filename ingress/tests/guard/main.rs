//! Slow, silent and greedy clients against a real server.

mod crowd;
mod support;

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    time::Duration,
};

use ingress::guard::{GuardOptions, NoDelay, guard};
use poem::{
    Server,
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use self::support::*;

#[track_caller]
fn assert_in_time(closed_after: Duration) {
    assert!(closed_after >= FIRST_BYTE * 19 / 20, "{closed_after:?}");
    assert!(closed_after < CLOSED_BY, "{closed_after:?}");
}

#[tokio::test]
async fn a_dripping_head_is_closed() {
    let address = serve(options()).await;
    assert_in_time(drip(connect(address, "GET / HTTP/1.1\r\nX: ").await, b"x").await);
    assert_in_time(drip(connect(address, "GET / HTTP/1.1\r\n").await, b"X: y\r\n").await);
}

#[tokio::test]
async fn a_dripping_body_is_closed() {
    let address = serve(options()).await;
    assert_in_time(drip(connect(address, HEAD).await, b"x").await);
    let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_in_time(drip(connect(address, chunked).await, b"1\r\nx\r\n").await);
}

#[tokio::test]
async fn a_silent_connection_is_closed_wherever_it_fell_silent() {
    let address = serve(options()).await;
    for bytes in ["", "GET", HEAD] {
        let begin = Instant::now();
        let mut stream = connect(address, bytes).await;
        assert_eq!(read_until(&mut stream, "never").await, None);
        assert_in_time(begin.elapsed());
    }
}

#[tokio::test]
async fn a_kept_connection_may_not_drip_either() {
    let address = serve(options()).await;
    let mut stream = connect(address, GET).await;
    read_until(&mut stream, "hello").await.unwrap();
    sleep(FIRST_BYTE / 2).await;
    assert_in_time(drip(stream, b"GET").await);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    let address = serve(options()).await;
    let mut stream = connect(address, GET_LARGE).await;

    sleep(CLOSED_BY).await;

    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read).await;
    assert!(read.len() < LARGE, "all of it came");
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_surely_gets_its_answer() {
    let address = serve(options()).await;
    let mut stream = connect(address, GET_LARGE).await;
    let (mut read, mut piece) = (0, vec![0; LARGE / 8]);

    while read < LARGE {
        sleep(FIRST_BYTE / 4).await;
        read += timeout(CLOSED_BY, stream.read(&mut piece)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_slow_answer_is_our_fault_and_is_waited_for() {
    let address = serve(options()).await;
    let mut stream = connect(address, GET_SLOW).await;
    assert!(read_until(&mut stream, "at last").await.is_some());
}

#[tokio::test]
async fn but_not_for_ever() {
    let address = serve(GuardOptions { handler_timeout: FIRST_BYTE, ..options() }).await;
    let begin = Instant::now();
    let mut stream = connect(address, GET_SLOW).await;
    assert_eq!(read_until(&mut stream, "at last").await, None);
    assert_in_time(begin.elapsed());
}

#[tokio::test]
async fn a_connection_is_kept_for_further_requests_and_then_closed() {
    let keep_alive_timeout = FIRST_BYTE * 2;
    let address = serve(GuardOptions { keep_alive_timeout, ..options() }).await;
    let mut stream = connect(address, "").await;
    for pause in [Duration::ZERO, Duration::ZERO, FIRST_BYTE * 3 / 2] {
        sleep(pause).await;
        stream.write_all(GET.as_bytes()).await.unwrap();
        assert!(read_until(&mut stream, "hello").await.is_some());
    }
    let begin = Instant::now();
    assert_eq!(read_until(&mut stream, "never").await, None);
    assert!(begin.elapsed() >= FIRST_BYTE * 3 / 2 && begin.elapsed() < FIRST_BYTE * 4);
}

#[tokio::test]
async fn at_the_cap_the_one_that_waits_longest_for_its_head_makes_room() {
    let metrics = boot::telemetry::install_metrics();
    let address = serve(GuardOptions {
        max_connections: 4,
        first_byte_timeout: Duration::from_mins(1),
        ..options()
    })
    .await;
    let mut served = connect(address, GET_SLOW).await;
    let mut body = connect(address, HEAD).await;
    let mut oldest = connect(address, "GET").await;
    let mut newest = connect(address, "GET / HTTP/1.1\r\nHost: a").await;
    sleep(Duration::from_millis(200)).await;

    assert!(ask(address).await.is_some());

    let evicted = timeout(CLOSED_BY, read_until(&mut oldest, "never")).await;
    assert_eq!(evicted.unwrap(), None);
    newest.write_all(b"\r\n\r\n").await.unwrap();
    assert!(read_until(&mut newest, "hello").await.is_some());
    body.write_all(&[b'x'; 500]).await.unwrap();
    assert!(read_until(&mut body, "xxx").await.is_some());
    assert!(read_until(&mut served, "at last").await.is_some());
    assert!(metrics.render().contains("ingress_connections_evicted_total"));
}

#[tokio::test]
async fn with_every_request_in_our_hands_a_new_one_is_refused() {
    let address = serve(GuardOptions { max_connections: 2, ..options() }).await;
    let mut one = connect(address, GET_SLOW).await;
    let mut two = connect(address, GET_SLOW).await;
    sleep(Duration::from_millis(200)).await;

    assert_eq!(ask(address).await, None);

    assert!(read_until(&mut one, "at last").await.is_some());
    assert!(read_until(&mut two, "at last").await.is_some());
    assert!(ask(address).await.is_some());
}

#[tokio::test]
async fn an_address_may_have_so_many_connections_and_no_more() {
    let limited = GuardOptions { max_connections_per_address: 2, ..options() };
    let address = serve(GuardOptions { exempt_loopback: false, ..limited.clone() }).await;
    let one = connect(address, "").await;
    let _two = connect(address, "").await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(address).await, None);

    drop(one);
    sleep(Duration::from_millis(100)).await;
    assert!(ask(address).await.is_some());

    let exempt = serve(limited).await;
    let _crowd = (connect(exempt, "").await, connect(exempt, "").await);
    assert!(ask(exempt).await.is_some());
}

/// Fails as often as it was told to before it accepts.
struct Failing {
    errors: VecDeque<io::Error>,
    inner: NoDelay,
}

impl Acceptor for Failing {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, LocalAddr, RemoteAddr, Scheme)> {
        match self.errors.pop_front() {
            Some(error) => Err(error),
            None => self.inner.accept().await,
        }
    }
}

#[tokio::test]
async fn no_error_ends_the_server() {
    const EMFILE: i32 = 24;
    let (inner, address) = bind();
    let begin = Instant::now();
    let mut errors: VecDeque<_> = (0..100).map(|_| ErrorKind::ConnectionAborted.into()).collect();
    errors.extend((0..4).map(|_| io::Error::from_raw_os_error(EMFILE)));
    let acceptor = guard(Failing { errors, inner }, options());
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app()));

    assert!(ask(address).await.is_some());

    // 10, 20, 40 and 80 ms: after what is ours to wait for, but not after what is the client's.
    assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
    assert!(begin.elapsed() < CLOSED_BY, "{:?}", begin.elapsed());
}
