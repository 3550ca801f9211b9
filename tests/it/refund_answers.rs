//! A refund whose answer is lost, at whatever byte, is made once (goal: exactly one refund).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use boot::Clock;
use entities::{PaymentId, Provider, refund::State, refund_request::State as RequestState};
use gateways::{Gateway, Gateways, paypal, stripe};
use jobs::{Lane, queue};
use payments::{
    core::{RefundPolicy, refunds::Reviewer},
    refunds::{self, Wish},
};
use sandbox::{Faults, Funding};
use secrecy::SecretString;
use tests::{SECRET, TestApp, USER, paypal::WEBHOOK_ID};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use worker::{Lanes, Offered};

/// Refunds that are sent at once, each of a payment of its own: each call is tried a few times, a
/// second apart, before it is given up.
const AT_ONCE: usize = 64;

/// Where answers are cut, by the key of their call; and how long the longest was.
#[derive(Default)]
struct Cuts {
    places: BTreeMap<String, usize>,
    next: Option<usize>,
    longest: usize,
}

/// Bytes between two places: each of the four combinations of database and transport cuts at every
/// fourth, from a byte of its own, and together at all.
const STEP: usize = 4;

fn first() -> usize {
    let says = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    let postgres = usize::from(says("QUITTANCE_TEST_DB", "postgres"));
    2 * postgres + usize::from(says("QUITTANCE_TEST_TRANSPORT", "redis"))
}

/// Stands before a provider and cuts the answer to each refund's call at a place of its own.
async fn cutter(upstream: String, cuts: Arc<Mutex<Cuts>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (upstream, cuts) = (upstream.clone(), Arc::clone(&cuts));
            tokio::spawn(async move { drop(pass(socket, &upstream, &cuts).await) });
        }
    });
    format!("http://{address}")
}

async fn pass(mut socket: TcpStream, upstream: &str, cuts: &Mutex<Cuts>) -> std::io::Result<()> {
    let request = read_request(&mut socket).await?;
    let head = String::from_utf8_lossy(&request).into_owned();
    let key = refund_key(&head);
    let cut = key.as_ref().and_then(|key| place(key, cuts));
    let mut server = TcpStream::connect(upstream).await?;
    // One exchange for each connection, so that the answer ends where the connection does.
    let request = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    if key.is_some() {
        let mut cuts = cuts.lock().unwrap();
        cuts.longest = cuts.longest.max(answer.len());
    }
    let until = cut.unwrap_or(answer.len()).min(answer.len());
    socket.write_all(&answer[..until]).await?;
    socket.shutdown().await
}

/// The key under which a refund is asked for, if that is what `head` does.
fn refund_key(head: &str) -> Option<String> {
    let asks = head.lines().next()?;
    if !asks.starts_with("POST") || !asks.contains("/refund") {
        return None;
    }
    let key = |line: &str| {
        let key = line.strip_prefix("idempotency-key: ");
        key.or_else(|| line.strip_prefix("paypal-request-id: ")).map(str::to_owned)
    };
    head.lines().find_map(key)
}

/// Where the answer to the call under `key` is cut, every time; each key at the next place.
fn place(key: &str, cuts: &Mutex<Cuts>) -> Option<usize> {
    let mut cuts = cuts.lock().unwrap();
    if let Some(place) = cuts.places.get(key) {
        return Some(*place);
    }
    let place = cuts.next?;
    cuts.next = Some(place + STEP);
    cuts.places.insert(key.to_owned(), place);
    Some(place)
}

async fn read_request(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = socket.read(&mut buffer).await?;
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Ok(request);
            }
        }
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A gateway of its own that reaches its provider at `base`: its breaker sees its own calls alone.
fn gateway(app: &TestApp, provider: Provider, base: &str) -> Arc<dyn Gateway> {
    match provider {
        Provider::Stripe => {
            let secrets = vec![SecretString::from(SECRET)];
            let config = stripe::Config::new("sk_test_quittance_tests".into(), secrets);
            let api_base = format!("{base}/sandbox/stripe/").parse().unwrap();
            Arc::new(stripe::Stripe::new(stripe::Config { api_base, ..config }).unwrap())
        }
        Provider::Paypal => {
            let api_base = format!("{base}/sandbox/paypal/").parse().unwrap();
            let (client, webhook) = ("client".to_owned(), WEBHOOK_ID.to_owned());
            let config = paypal::Config::new(client, "secret".into(), webhook, api_base);
            let merchant_id = Some("SANDBXMERCHT2".to_owned());
            let authority = Some(app.sandbox_authority().certificate());
            let config = paypal::Config { merchant_id, authority, ..config };
            Arc::new(paypal::PayPal::new(&config).unwrap())
        }
    }
}

/// One who buys, and the worker that sends their refunds.
struct Buyer {
    user: String,
    payment: PaymentId,
    lanes: Lanes,
}

impl Buyer {
    async fn new(app: &TestApp, provider: Provider, base: &str, number: usize) -> Self {
        let user = format!("buyer{number}");
        let payment = match provider {
            Provider::Stripe => app.buy(&user, "pm_card_visa").await.0,
            Provider::Paypal => app.buy_paypal(&user, Funding::Balance).await.0,
        };
        let context = worker::Context {
            gateways: Gateways::new([gateway(app, provider, base)]),
            worker: format!("cut-{number}").into(),
            ..(*app.context).clone()
        };
        Self { user, payment, lanes: Lanes::open(&Arc::new(context), |_| 1) }
    }

    /// Has one cent paid back: asked for, approved and sent.
    async fn refund_a_cent(&self, app: &TestApp) {
        let (store, policy) = (&app.store, RefundPolicy::default());
        let wish = Wish { payment_id: self.payment, reason: "a cent", details: None };
        let (request, _) = refunds::ask(store, &self.user, wish, &policy).await.unwrap().unwrap();
        let reviewer = Reviewer { user_ref: "eve", version: request.version };
        let approved = refunds::approve(store, reviewer, request.id, Some(1), &policy).await;
        let enqueued = approved.unwrap().unwrap().enqueued;
        let send = enqueued.iter().filter(|job| job.lane == Lane::Money).map(|job| job.id);
        let send: Vec<_> = send.collect();
        // A run may have to be repeated, on a machine that is busy.
        app.until(async || {
            assert_eq!(self.lanes.offer(Lane::Money, send.clone()).await, Offered::Handled);
            let found = refunds::find(store, request.id).await.unwrap().unwrap();
            found.0.state == RequestState::Refunded
        })
        .await;
    }
}

/// Does what the events of the refunds ask for, and leaves the mails.
async fn apply_events(app: &TestApp) {
    app.sandbox.settle().await;
    let lanes = Lanes::open(&app.context, |_| 1);
    for lane in [Lane::Events, Lane::Money, Lane::Events] {
        loop {
            let due = queue::due(&app.store.db, lane, app.store.clock.now(), 256).await.unwrap();
            if due.is_empty() {
                break;
            }
            assert_eq!(lanes.offer(lane, due).await, Offered::Handled);
        }
    }
}

async fn cut_every_byte(provider: Provider) {
    let app = TestApp::without_workers().await;
    let cuts = Arc::new(Mutex::new(Cuts::default()));
    let base = cutter(app.config.listen.to_string(), Arc::clone(&cuts)).await;
    let mut buyers = Vec::new();
    for number in 0..AT_ONCE {
        buyers.push(Buyer::new(&app, provider, &base, number).await);
    }
    // PayPal's events are signed with RSA, a thousand of which take minutes; and what is said is said
    // by the answers.
    app.sandbox.paypal().set_webhook_target(String::new());
    // The first is not cut: it tells how long an answer is.
    buyers[0].refund_a_cent(&app).await;
    let bytes = {
        let mut cuts = cuts.lock().unwrap();
        cuts.next = Some(first());
        cuts.longest
    };
    assert!(bytes > 500, "{bytes}");
    let sent = buyers.iter().map(|buyer| async {
        while cuts.lock().unwrap().next.is_some_and(|next| next < bytes) {
            buyer.refund_a_cent(&app).await;
        }
    });
    tests::join_all(sent).await;

    let places: Vec<usize> = cuts.lock().unwrap().places.values().copied().collect();
    assert!((first()..bytes).step_by(STEP).all(|byte| places.contains(&byte)), "all were cut");
    apply_events(&app).await;
    let made = places.len() + 1;
    let refunds = app.refunds().await;
    assert_eq!(refunds.len(), made);
    let odd: Vec<_> = refunds.iter().filter(|row| row.state != State::Succeeded).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert_eq!(refunds_made(&app, provider), made, "each was made once");
    let (paid, back) = (16_000 * i64::try_from(AT_ONCE).unwrap(), i64::try_from(made).unwrap());
    assert_eq!(app.in_account(&format!("clearing:{provider}")).await, paid - back);
    app.assert_ledger().await;
    app.stop().await;
}

fn refunds_made(app: &TestApp, provider: Provider) -> usize {
    let told = |event: &&serde_json::Value| event["event_type"] == "PAYMENT.CAPTURE.REFUNDED";
    match provider {
        Provider::Stripe => app.refunds_at_stripe(),
        Provider::Paypal => app.sandbox.paypal().events().iter().filter(told).count(),
    }
}

#[tokio::test]
async fn an_answer_of_stripes_cut_off_at_any_byte_makes_one_refund() {
    cut_every_byte(Provider::Stripe).await;
}

#[tokio::test]
async fn an_answer_of_paypals_cut_off_at_any_byte_makes_one_refund() {
    cut_every_byte(Provider::Paypal).await;
}

#[tokio::test]
async fn a_refund_without_an_answer_is_unknown_until_it_is_looked_up() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    let mute = Faults { lose_response_percent: 100, drop_percent: 100, ..Faults::default() };
    app.sandbox.set_faults(mute);
    app.run_jobs().await;
    assert_eq!(app.refunds().await[0].state, State::Unknown);
    assert_eq!((app.balance(USER).await.held, app.refunds_at_stripe()), (240, 1));
    app.assert_ledger().await;

    app.sandbox.set_faults(Faults::default());
    clock.advance(Duration::from_mins(5));
    app.run_jobs().await;
    assert_eq!(app.refunds().await[0].state, State::Succeeded);
    assert_eq!((app.balance(USER).await.held, app.refunds_at_stripe()), (0, 1));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_refund_whose_key_may_be_forgotten_is_not_sent_again() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    let refund = app.refunds().await[0].id;
    // Noted as about to be sent; then the process died for a day.
    payments::refunds::begin(&app.store, refund).await.unwrap();
    clock.advance(Duration::from_hours(24));
    app.run_jobs().await;

    assert_eq!(app.refunds_at_stripe(), 0);
    assert_eq!(app.count("jobs WHERE name = 'process-refund' AND state = 'dead'").await, 1);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:refund-unknown:%'").await, 1);
    assert_eq!(app.balance(USER).await.held, 240, "nobody knows yet");
    app.stop().await;
}
