//! An app under thousands of requests that nobody should send, and what must hold afterwards.

use std::{
    panic,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use boot::Clock;
use reqwest::{Method, header::HeaderValue};
use serde_json::Value;
use tests::{TestApp, join_all};

/// Requests at once.
const CROWD: usize = 32;

/// How much of a request a failure shows.
const SHOWN: usize = 2_000;

/// Steps of half a minute until every job has come to an end: a job's last try is hours later.
const STEPS: usize = 3_000;

/// Refunds that a provider signs for are believed, in whatever order they are told and though one may
/// yet turn out to have failed; if they are more than was paid, this rule of the ledger's own check is
/// what tells people. So it may be broken here, where such refunds are made up.
const TOLD_TOO_MUCH: &str = "no payment pays back more than it took";

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A request, whatever it is.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// What a request was answered with.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Shot {
    pub(crate) fn post(path: &str, body: Vec<u8>) -> Self {
        Self { method: "POST".to_owned(), path: path.to_owned(), headers: Vec::new(), body }
    }

    pub(crate) fn header(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.headers.push((name, value.into()));
    }
}

impl std::fmt::Debug for Shot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} {}", self.method, self.path)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", shown(value))?;
        }
        f.write_str(&shown(&self.body))
    }
}

/// `bytes` for people, as far as they are worth it.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(SHOWN)].escape_ascii().to_string()
}

/// An app whose clock stands, and which nobody is too much for: limits and alarms have tests of
/// their own.
pub(crate) async fn besieged() -> (TestApp, Clock) {
    static COUNTED: Once = Once::new();
    COUNTED.call_once(|| {
        // A bug that is planted has to be found: `FAILPOINTS='plant.any-amount=return'`.
        boot::faults::arm();
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock_and_config(clock.clone(), |config| {
        let file = &mut config.file;
        file.mail.per_recipient_per_hour = 1_000_000;
        for limit in [
            &mut file.limits.api_requests_per_minute_per_user,
            &mut file.limits.api_requests_per_minute_per_address,
            &mut file.limits.signature_failures_per_minute_per_address,
            &mut file.breaker.forged_signatures_per_minute,
            &mut file.breaker.sign_in_failures_per_minute,
            &mut file.breaker.declines_per_ten_minutes,
            &mut file.breaker.contradictions_per_hour,
        ] {
            *limit = 1_000_000;
        }
    });
    (app.await, clock)
}

/// Sends `shots`, many at once; no answer is a failure of ours, and what refuses says so properly.
pub(crate) async fn fire(app: &TestApp, shots: &[Shot]) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(shots.len());
    for shots in shots.chunks(CROWD) {
        answers.extend(join_all(shots.iter().map(|shot| send(app, shot))).await);
    }
    let told = shots.iter().zip(&answers);
    let wrong: Vec<String> = told.filter_map(|(shot, answer)| wrong(shot, answer)).collect();
    assert!(
        wrong.is_empty(),
        "{} are wrong: {}",
        wrong.len(),
        wrong[..wrong.len().min(9)].join("\n\n")
    );
    answers
}

async fn send(app: &TestApp, shot: &Shot) -> Answer {
    let method = Method::from_bytes(shot.method.as_bytes()).unwrap();
    let mut request = app.http.request(method, app.url(&shot.path)).body(shot.body.clone());
    for (name, value) in &shot.headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    let response = request.send().await.unwrap_or_else(|error| panic!("{error:?} of {shot:?}"));
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_else(|error| panic!("{error:?} of {shot:?}"));
    Answer { status, body: body.to_vec() }
}

/// What is wrong with an answer, if anything is.
fn wrong(shot: &Shot, Answer { status, body }: &Answer) -> Option<String> {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let says = problem["status"] == *status && problem["code"].is_string();
    // What is no route belongs to the pages, whose refusals are for people.
    let is_page = *status == 404 && body.starts_with(b"<!doctype html>");
    let sound = *status < 400 || body.is_empty() || says || is_page;
    (*status >= 500 || !sound).then(|| format!("{status} {} to {shot:?}", shown(body)))
}

/// Lets every job come to its end, and checks what must hold whatever was sent: nothing panicked,
/// every event of the inbox has its end, and the ledger agrees with itself and with the payments.
pub(crate) async fn outlast(app: &TestApp, clock: &Clock) {
    let unfinished = "jobs WHERE state IN ('queued', 'running')";
    for _ in 0..STEPS {
        app.catch_up().await;
        if app.count(unfinished).await == 0 {
            break;
        }
        clock.advance(Duration::from_secs(30));
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "something panicked");
    assert_eq!(app.count("jobs WHERE last_error LIKE '%panicked%'").await, 0);
    assert_eq!(app.count(unfinished).await, 0, "a job never comes to an end");
    assert_eq!(app.count("provider_events WHERE state IN ('received', 'parked')").await, 0);
    let mut found = payments::ledger::verify(&app.store).await.unwrap();
    found.retain(|discrepancy| discrepancy.rule != TOLD_TOO_MUCH);
    assert_eq!(found, []);
}
