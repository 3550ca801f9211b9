//! Alerts told to the operator's own systems by signed webhooks, judged by the official library.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jobs::{Alert, Job};
use standardwebhooks::Webhook;
use tests::TestApp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const KEY: &[u8] = b"thirty-two bytes that are secret";

/// A request as it came: head and body.
#[derive(Clone)]
struct Got {
    headers: HashMap<String, String>,
    body: String,
}

/// A system of the operator's, which answers with each of `answers` in turn, and then with 204.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=x", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (Arc::clone(&got), answers.into_iter());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                kept.lock().unwrap().push(request);
                let answer = answers.next().unwrap_or("204 No Content");
                let answer =
                    format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Got {
    let (mut text, mut buffer) = (String::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let headers: HashMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().unwrap();
        if body.len() >= length {
            return Got { headers, body: body.to_owned() };
        }
    }
}

async fn alert(app: &TestApp, subject: &str) {
    let (kind, detail) = ("dead-event".to_owned(), "an event cannot be applied".to_owned());
    let alert = Alert { kind, subject: subject.to_owned(), detail };
    let txn = app.store.db.begin().await.unwrap();
    alert.enqueue(&txn, app.store.clock.now()).await.unwrap();
    txn.commit().await.unwrap();
    app.run_jobs().await;
}

/// What the official library makes of `got`, with the headers as they came.
fn judged(got: &Got, key: &[u8]) -> bool {
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, got.headers[name].parse().unwrap());
    }
    Webhook::new(&secret).unwrap().verify(got.body.as_bytes(), &headers).is_ok()
}

#[tokio::test]
async fn an_alert_is_told_once_to_each_address_and_signed_as_the_standard_says() {
    let (one, two) = (Receiver::start(Vec::new()).await, Receiver::start(Vec::new()).await);
    let app = TestApp::with_notifications(vec![one.url.clone(), two.url.clone()], KEY).await;

    alert(&app, "wev_1").await;
    alert(&app, "wev_1").await;

    for receiver in [&one, &two] {
        let got = receiver.got();
        assert_eq!(got.len(), 1, "once, however often it is raised");
        assert!(judged(&got[0], KEY), "the official library takes it");
        assert!(!judged(&got[0], b"another key of twenty-four bytes"));
        let mut altered = got[0].clone();
        altered.body = altered.body.replace("cannot", "can");
        assert!(!judged(&altered, KEY));
        let body: serde_json::Value = serde_json::from_str(&got[0].body).unwrap();
        assert_eq!(body["type"], "alert.dead_event");
        assert_eq!(body["data"]["subject"], "wev_1");
    }
    assert_eq!(app.count("mails WHERE occasion = 'alert:dead-event:wev_1'").await, 1);
    let secret = app.count("jobs WHERE payload LIKE '%token=x%' OR last_error LIKE '%token=x%'");
    assert_eq!(secret.await, 0, "an address may hold a secret, and no row holds it");
    app.stop().await;
}

#[tokio::test]
async fn a_receiver_that_fails_or_redirects_is_tried_again_with_the_same_id() {
    let elsewhere = Receiver::start(Vec::new()).await;
    let answers = ["500 Internal Server Error", "302 Found\r\nlocation: ELSEWHERE"];
    let answers = answers.map(|answer| answer.replace("ELSEWHERE", &elsewhere.url));
    let answers: Vec<&'static str> = answers.map(|answer| &*answer.leak()).to_vec();
    let receiver = Receiver::start(answers).await;
    let app = TestApp::with_notifications(vec![receiver.url.clone()], KEY).await;

    alert(&app, "wev_2").await;
    for _ in 0..2 {
        app.execute("UPDATE jobs SET run_at = 0 WHERE name = 'notify' AND state = 'queued'").await;
        app.run_jobs().await;
    }

    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|it| judged(it, KEY)));
    assert!(got.iter().all(|it| it.headers["webhook-id"] == got[0].headers["webhook-id"]));
    assert_eq!(elsewhere.got().len(), 0, "a redirect is not followed");
    assert_eq!(app.count("jobs WHERE name = 'notify' AND state = 'done'").await, 1);
    app.stop().await;
}

/// One that is gone for good is told of by mail, and not by a webhook about the webhook.
#[tokio::test]
async fn a_receiver_that_wants_no_more_is_given_up() {
    let receiver = Receiver::start(vec!["410 Gone"]).await;
    let app = TestApp::with_notifications(vec![receiver.url.clone()], KEY).await;
    alert(&app, "wev_3").await;
    app.until(async || app.count("jobs WHERE state = 'dead'").await == 1).await;
    tokio::time::timeout(Duration::from_secs(10), app.run_jobs()).await.unwrap();
    assert_eq!(receiver.got().len(), 1);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dead-notification:%'").await, 1);
    app.stop().await;
}
