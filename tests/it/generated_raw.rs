//! Bytes that are hardly HTTP, over bare connections: whatever is answered is no failure of ours,
//! and others are served meanwhile.

use std::time::Duration;

use rand::Rng;
use serde_json::Value;
use tests::{
    SECRET, TestApp, join_all,
    stripe::{event, sign},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    generate::Luck,
    siege::{besieged, outlast, shown},
};

/// Connections.
const CONNECTIONS: usize = 600;

/// Connections at once.
const CROWD: usize = 50;

/// Longest wait for an answer; a body that never ends is given up after four seconds.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn generated_bytes_are_never_our_failure() {
    let (mut luck, (app, clock)) = (Luck::new(), besieged().await);
    app.pending_payment(Some("pi_raw")).await;
    let (mut taken, mut refused, mut silent) = (0, 0, 0);
    for round in 0..CONNECTIONS / CROWD {
        let sent: Vec<Vec<u8>> =
            (0..CROWD).map(|n| request(&mut luck, &app, round * CROWD + n)).collect();
        for (sent, answer) in sent.iter().zip(join_all(sent.iter().map(|it| talk(&app, it))).await)
        {
            for status in statuses(&answer) {
                assert!(status < 500, "{} to {}", shown(&answer), shown(sent));
                taken += usize::from(status == 200);
                refused += usize::from(status >= 400);
            }
            silent += usize::from(answer.is_empty());
        }
        assert_eq!(app.ask(None, "GET", "/health/live", None).await.status, 200);
    }
    assert!(taken > 20 && refused > 50, "{taken} taken, {refused} refused, {silent} silent");
    outlast(&app, &clock).await;
    app.stop().await;
}

/// Says all of `bytes`, and hears what there is to hear.
async fn talk(app: &TestApp, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(app.config.listen).await.unwrap();
    let talked = tokio::time::timeout(PATIENCE, async {
        let mut answer = Vec::new();
        // Whoever is not listened to any more may find the connection reset.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut answer).await;
        answer
    });
    talked.await.unwrap_or_else(|_| panic!("no end of {}", shown(bytes)))
}

/// The statuses in an answer, or in several.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split("HTTP/1.").skip(1);
    lines.map(|line| line[2..5].parse().unwrap()).collect()
}

/// A webhook or a call of the API, framed in one way or another, and mostly spoilt.
fn request(luck: &mut Luck, app: &TestApp, n: usize) -> Vec<u8> {
    let now = app.store.clock.now().seconds();
    let mut said = event(&format!("evt_raw_{n}"), "payment_intent.succeeded", "pi_raw", None);
    if luck.percent(30) {
        said["padding"] = Value::String("x".repeat(300_000));
    }
    let body = said.to_string().into_bytes();
    let head = if luck.percent(80) {
        format!("POST /webhooks/stripe HTTP/1.1\r\nstripe-signature: {}", sign(SECRET, now, &body))
    } else {
        let token = app.token("ada");
        format!("POST /api/v1/credits/spend HTTP/1.1\r\nauthorization: Bearer {token}")
    };
    let mut bytes = format!("{head}\r\nhost: localhost\r\n").into_bytes();
    bytes.extend(framed(luck, &body));
    match luck.0.random_range(0..4) {
        0 => luck.bytes(&bytes),
        1 => {
            // Only the head, where a change is most likely to be one of framing.
            let end = bytes.len().min(400);
            let mut spoilt = luck.bytes(&bytes[..end]);
            spoilt.extend(&bytes[end..]);
            spoilt
        }
        _ => bytes,
    }
}

/// The rest of the head, and the body.
fn framed(luck: &mut Luck, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let close = "connection: close\r\n";
    let head = match luck.0.random_range(0..10) {
        0 => return chunked(body, luck.0.random_range(1..5_000), "0\r\n\r\n"),
        1 => return chunked(body, 1_000, ""),
        2 => return chunked(body, 1_000, "FFFFFFFFFFFFFFFFF\r\n"),
        3 => return chunked(body, 1_000, "0\r\nstripe-signature: t=1,v1=0\r\n\r\n"),
        4 => format!("content-length: {}\r\n", luck.one(&[0, 1, length + 1, usize::MAX])),
        5 => "content-length: -1\r\n".to_owned(),
        6 => format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        7 => format!("expect: 100-continue\r\ncontent-length: {length}\r\n"),
        8 => format!("upgrade: h2c\r\nconnection: upgrade\r\ncontent-length: {length}\r\n"),
        _ => format!("content-length: {length}\r\n{close}"),
    };
    [head.as_bytes(), b"\r\n", body].concat()
}

/// `body` in pieces, and then `end`.
fn chunked(body: &[u8], size: usize, end: &str) -> Vec<u8> {
    let mut bytes = b"transfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.chunks(size) {
        bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(end.as_bytes());
    bytes
}
