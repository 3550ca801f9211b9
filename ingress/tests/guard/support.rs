//! A server to attack, and what it takes to attack it.
#![expect(clippy::unwrap_used, reason = "only tests use it")]

use std::{net::SocketAddr, time::Duration};

use ingress::guard::{GuardOptions, NoDelay, guard, listen};
use poem::{
    Body, Endpoint, EndpointExt, Response, Route, Server, get, handler, listener::Acceptor, post,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, interval, sleep},
};

/// How long a client may be slow here.
pub(crate) const FIRST_BYTE: Duration = Duration::from_secs(1);

/// More than that, and the time a busy machine takes to notice.
pub(crate) const CLOSED_BY: Duration = Duration::from_millis(2_500);

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const GET_SLOW: &str = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const GET_LARGE: &str = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const HEAD: &str = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n";

/// Larger than what the kernel keeps for a client that does not read.
pub(crate) const LARGE: usize = 64 * 1024 * 1024;

pub(crate) fn options() -> GuardOptions {
    GuardOptions {
        first_byte_timeout: FIRST_BYTE,
        handler_timeout: Duration::from_secs(10),
        keep_alive_timeout: Duration::from_secs(10),
        max_connections: 1_000,
        max_connections_per_address: 0,
        exempt_loopback: true,
    }
}

#[handler]
fn hello() -> &'static str {
    "hello"
}

#[handler]
async fn slow() -> &'static str {
    sleep(FIRST_BYTE * 3).await;
    "at last"
}

#[handler]
fn large() -> Vec<u8> {
    vec![0; LARGE]
}

#[handler]
async fn echo(body: Body) -> poem::Result<Vec<u8>> {
    Ok(body.into_vec().await?)
}

pub(crate) fn app() -> impl Endpoint<Output = Response> {
    Route::new()
        .at("/", get(hello))
        .at("/slow", get(slow))
        .at("/large", get(large))
        .at("/echo", post(echo))
        .map_to_response()
}

/// Listens on a port that is free.
pub(crate) fn bind() -> (NoDelay, SocketAddr) {
    let acceptor = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    (acceptor, address)
}

#[expect(clippy::unused_async, reason = "it spawns, so it must be within a runtime")]
pub(crate) async fn serve(options: GuardOptions) -> SocketAddr {
    let (acceptor, address) = bind();
    tokio::spawn(Server::new_with_acceptor(guard(acceptor, options)).run(app()));
    address
}

pub(crate) async fn connect(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Reads until `end` was read; `None` if the connection ended before.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> Option<String> {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let count = stream.read_buf(&mut read).await.ok()?;
        (count > 0).then_some(())?;
    }
    Some(String::from_utf8(read).unwrap())
}

/// A request on a connection of its own, as an honest client makes it.
pub(crate) async fn ask(address: SocketAddr) -> Option<String> {
    let mut stream = connect(address, GET).await;
    read_until(&mut stream, "hello").await
}

/// Sends `bytes` one by one, ten in a second, and says when the connection was closed.
pub(crate) async fn drip(mut stream: TcpStream, bytes: &[u8]) -> Duration {
    let begin = Instant::now();
    let (mut reader, mut writer) = stream.split();
    let write = async {
        let mut tick = interval(Duration::from_millis(100));
        for byte in bytes.iter().cycle() {
            tick.tick().await;
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let read = async { while reader.read(&mut [0; 256]).await.is_ok_and(|count| count > 0) {} };
    tokio::select! { () = write => {}, () = read => {} }
    begin.elapsed()
}
