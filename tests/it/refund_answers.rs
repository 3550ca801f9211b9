//! A refund whose answer is lost, at whatever byte, is made once (goal: exactly one refund).

use std::{sync::Arc, time::Duration};

use boot::Clock;
use entities::refund::State;
use gateways::{Gateway, Gateways, stripe};
use sandbox::Faults;
use secrecy::SecretString;
use tests::{SECRET, TestApp, USER};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Answers are cut every so many bytes; one is about 1200 bytes with its headers.
const STEP: usize = 97;

/// Stands before Stripe and cuts the answer to each refund's call at a place of its own.
async fn cutter(upstream: String, cuts: Arc<std::sync::Mutex<Vec<(String, usize)>>>) -> String {
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

async fn pass(
    mut socket: TcpStream,
    upstream: &str,
    cuts: &std::sync::Mutex<Vec<(String, usize)>>,
) -> std::io::Result<()> {
    let request = read_request(&mut socket).await?;
    let head = String::from_utf8_lossy(&request).into_owned();
    let cut = head.starts_with("POST").then(|| place(&head, cuts)).flatten();
    let mut server = TcpStream::connect(upstream).await?;
    // One exchange for each connection, so that the answer ends where the connection does.
    let request = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    let until = cut.unwrap_or(answer.len()).min(answer.len());
    socket.write_all(&answer[..until]).await?;
    socket.shutdown().await
}

/// Where the answer to this call's idempotency key is cut; each key at the next place.
fn place(head: &str, cuts: &std::sync::Mutex<Vec<(String, usize)>>) -> Option<usize> {
    let key = head.lines().find_map(|line| line.strip_prefix("idempotency-key: "))?;
    let mut cuts = cuts.lock().unwrap();
    let known = cuts.iter().find(|(of, _)| of == key).map(|(_, place)| *place);
    Some(known.unwrap_or_else(|| {
        let place = cuts.len() * STEP;
        cuts.push((key.to_owned(), place));
        place
    }))
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

#[tokio::test]
async fn an_answer_cut_off_anywhere_makes_one_refund() {
    const REFUNDS: usize = 16;
    let app = TestApp::without_workers().await;
    let mut payments = Vec::new();
    for buyer in 0..REFUNDS {
        let user = format!("buyer{buyer}");
        payments.push((app.buy(&user, "pm_card_visa").await.0, user));
    }
    for (payment, user) in payments {
        let request = app.ask_refund(&user, payment).await;
        assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    }
    let cuts = Arc::default();
    let proxy = cutter(app.config.listen.to_string(), Arc::clone(&cuts)).await;
    let api_base = format!("{proxy}/sandbox/stripe/").parse().unwrap();
    let secrets = vec![SecretString::from(SECRET)];
    let config = stripe::Config::new(SecretString::from("sk_test_quittance_tests"), secrets);
    let gateway = stripe::Stripe::new(stripe::Config { api_base, ..config }).unwrap();
    let gateways = Gateways::new([Arc::new(gateway) as Arc<dyn Gateway>]);
    let behind = |worker: usize| {
        let worker = format!("cut-{worker}").into();
        Arc::new(worker::Context { gateways: gateways.clone(), worker, ..(*app.context).clone() })
    };
    // Several at once, since each call is tried a few times before it is given up.
    let contexts: Vec<_> = (0..REFUNDS).map(behind).collect();
    let drained = contexts
        .iter()
        .map(|context| async move { while worker::drain_once(context).await.unwrap() > 0 {} });
    tests::join_all(drained).await;

    let cut = cuts.lock().unwrap().len();
    assert_eq!(cut, REFUNDS, "every refund was sent, and its answer cut");
    app.catch_up().await;
    assert_eq!(app.refunds_at_stripe(), REFUNDS);
    let refunds = app.refunds().await;
    assert_eq!(refunds.len(), REFUNDS);
    assert!(refunds.iter().all(|refund| refund.state == State::Succeeded), "{refunds:?}");
    assert_eq!(app.in_account("clearing:stripe").await, 0);
    assert_eq!(app.count("mails WHERE occasion LIKE 'refund:paid:%'").await, 16);
    app.assert_ledger().await;
    app.stop().await;
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
