//! What is tried again, and what an unlucky call is called.

use std::time::Duration;

use serde_json::json;
use stripe_client_core::{RequestBuilder, StripeMethod};
use tokio::time::Instant;

use super::{config, intent, limits, shown, stripe};
use crate::{
    Gateway, GatewayError, NetError, ProviderPayment,
    retry::Limits,
    stripe::{Config, LONGEST_CALL, Stripe, transport::Transport},
    test_server::{Reply, Server, error, ok},
};

const OVERLOADED: &str = r#"{"error": {"type": "api_error", "message": "s3cret"}}"#;

fn good() -> Reply {
    ok(intent(&json!({})).to_string())
}

fn with_header(status: u16, name: &'static str, value: &str) -> Reply {
    Reply::Full(status, vec![(name, value.to_owned())], OVERLOADED.to_owned())
}

/// Confirms against a server with this script, and says how many requests that took.
async fn confirm(
    script: impl IntoIterator<Item = Reply>,
) -> (Result<ProviderPayment, GatewayError>, usize) {
    let script: std::collections::VecDeque<_> = script.into_iter().collect();
    let server = Server::start(script).await;
    let result = stripe(&server).confirm_payment("pi_1", "confirm-1").await;
    let seen = server.seen();
    for request in &seen {
        assert_eq!(request.header("idempotency-key"), Some("confirm-1"));
        assert_eq!((&request.line, &request.body), (&seen[0].line, &seen[0].body));
    }
    (result, seen.len())
}

fn is_status(result: &Result<ProviderPayment, GatewayError>, expected: u16) -> bool {
    matches!(result, Err(GatewayError::Api { status, .. }) if *status == expected)
}

#[tokio::test]
async fn what_may_pass_is_tried_again_with_the_same_key() {
    for bad in [
        error(409, OVERLOADED),
        error(429, OVERLOADED),
        error(500, OVERLOADED),
        error(503, "<html>"),
        with_header(400, "stripe-should-retry", "true"),
        Reply::Close,
        Reply::Cut(200, 1_000, "{".into()),
        Reply::Cut(500, 1_000, "{".into()),
    ] {
        let (result, tries) = confirm([bad.clone(), good()]).await;
        assert!(result.is_ok() && tries == 2, "{bad:?}: {result:?} after {tries}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_tried_once() {
    for status in [301, 302, 307, 400, 401, 402, 403, 404, 418] {
        let (result, tries) = confirm([error(status, OVERLOADED)]).await;
        assert!(is_status(&result, status) && tries == 1, "{status}: {result:?}");
    }
    // A refusal whose body is lost is a refusal still.
    let (result, tries) = confirm([Reply::Cut(402, 1_000, "{".into())]).await;
    assert!(is_status(&result, 402) && tries == 1);
    let (result, tries) = confirm([with_header(500, "stripe-should-retry", "false")]).await;
    assert!(is_status(&result, 500) && tries == 1);
}

#[tokio::test]
async fn tries_are_bounded() {
    let (result, tries) = confirm([500, 502, 503].map(|status| error(status, OVERLOADED))).await;
    assert!(is_status(&result, 503) && tries == 3);
    let failed = result.unwrap_err();
    assert!(failed.is_transient() && failed.outcome_unknown());
    assert_eq!(shown(&failed), "the provider answered 503 (api_error, no code)");

    let (result, _) = confirm([429, 429, 429].map(|status| error(status, OVERLOADED))).await;
    assert!(result.is_err_and(|failed| failed.is_transient() && !failed.outcome_unknown()));
}

#[tokio::test]
async fn retry_after_is_honoured_within_reason() {
    let start = Instant::now();
    let (result, tries) = confirm([with_header(429, "retry-after", "1"), good()]).await;
    assert!(result.is_ok() && tries == 2);
    assert!(start.elapsed() >= Duration::from_secs(1));

    let start = Instant::now();
    let (result, tries) = confirm([with_header(429, "retry-after", "3600")]).await;
    assert!(is_status(&result, 429) && tries == 1);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_lost_after_success_is_called_shape() {
    let (result, tries) = confirm(vec![Reply::Cut(200, 1_000, "{".into()); 3]).await;
    let lost = result.unwrap_err();
    assert!(matches!(lost, GatewayError::Shape(_)) && tries == 3, "{lost:?}");
    assert!(lost.outcome_unknown() && lost.is_transient());
    assert_eq!(shown(&lost), "the provider's answer cannot be read: the answer broke off");

    for body in ["", "<html>s3cret", "{}", "{\"id\": \"s3cret\"}", "[]", "null"] {
        let (result, tries) = confirm([ok(body)]).await;
        let garbled = result.unwrap_err();
        assert!(matches!(garbled, GatewayError::Shape(_)) && tries == 1, "{body}");
        assert!(!shown(&garbled).contains("s3cret"));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let huge = "x".repeat(5 * 1024 * 1024);
    let (result, _) = confirm(vec![Reply::Cut(200, huge.len(), huge); 3]).await;
    let text = shown(&result.unwrap_err());
    assert_eq!(text, "the provider's answer cannot be read: the answer is too large");
}

#[tokio::test]
async fn no_answer_is_called_net() {
    let (result, tries) = confirm([Reply::Close, Reply::Close, Reply::Close]).await;
    let lost = result.unwrap_err();
    assert!(matches!(lost, GatewayError::Net(NetError::Exchange(_))) && tries == 3);
    assert!(lost.outcome_unknown() && lost.is_transient());
    assert!(!shown(&lost).contains("127.0.0.1"), "{}", shown(&lost));
}

#[tokio::test]
async fn a_later_excuse_does_not_hide_an_earlier_doubt() {
    let busy = || error(429, OVERLOADED);
    let (result, _) = confirm([Reply::Close, busy(), busy()]).await;
    assert!(matches!(result, Err(GatewayError::Net(_))), "{result:?}");
    let (result, _) = confirm([Reply::Cut(200, 9, "{".into()), Reply::Close, busy()]).await;
    assert!(matches!(result, Err(GatewayError::Shape(_))), "{result:?}");
    let (result, _) = confirm([error(500, OVERLOADED), busy(), busy()]).await;
    assert!(is_status(&result, 500));
    // A refusal for good is an answer.
    let (result, _) = confirm([Reply::Close, error(402, OVERLOADED)]).await;
    assert!(is_status(&result, 402));
}

#[tokio::test]
async fn silence_ends() {
    let server = Server::start([Reply::Hang, Reply::Hang]).await;
    let exchange = Duration::from_millis(200);
    let hasty = Limits { exchange, tries: 2, ..limits() };
    let stripe = Stripe::with_limits(config(&server), hasty).unwrap();
    let start = Instant::now();
    let result = stripe.confirm_payment("pi_1", "k").await;
    assert!(result.is_err_and(|lost| lost.outcome_unknown()));
    assert!(start.elapsed() >= 2 * exchange && start.elapsed() < Duration::from_secs(5));
}

#[test]
fn no_call_takes_longer_than_promised() {
    let usual = Limits::default();
    assert_eq!(usual.starts_within + usual.exchange, LONGEST_CALL);
}

#[tokio::test]
async fn a_post_without_a_key_is_never_repeated() {
    for bad in [error(503, OVERLOADED), Reply::Close, Reply::Cut(200, 9, "{".into())] {
        let server = Server::start([bad]).await;
        let transport = Transport::new(&config(&server), limits()).unwrap();
        let post = RequestBuilder::new(StripeMethod::Post, "/refunds");
        assert!(transport.call(&post, None).await.is_err());
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::start([error(503, OVERLOADED), good()]).await;
    let transport = Transport::new(&config(&server), limits()).unwrap();
    let get = RequestBuilder::new(StripeMethod::Get, "/refunds");
    assert!(transport.call(&get, None).await.is_ok());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([good()]).await;
    for status in [301, 302, 303, 307, 308] {
        let (result, tries) = confirm([with_header(status, "location", &elsewhere.base)]).await;
        assert!(is_status(&result, status) && tries == 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn connections_are_reused() {
    let server = Server::start(vec![good(); 20]).await;
    let stripe = stripe(&server);
    for _ in 0..20 {
        stripe.retrieve_payment("pi_1").await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn our_own_limit_holds_calls_back() {
    let server = Server::start([good(), good(), good()]).await;
    let slow = || Config { requests_per_second: 1, ..config(&server) };
    let starts_within = Duration::from_millis(100);
    let hasty = Stripe::with_limits(slow(), Limits { starts_within, ..limits() }).unwrap();
    hasty.retrieve_payment("pi_1").await.unwrap();
    let busy = hasty.retrieve_payment("pi_1").await.unwrap_err();
    assert!(matches!(busy, GatewayError::Net(NetError::Busy)));
    assert!(busy.is_transient() && !busy.outcome_unknown());
    assert_eq!(server.seen().len(), 1, "nothing was sent");

    let patient = Stripe::with_limits(slow(), limits()).unwrap();
    patient.retrieve_payment("pi_1").await.unwrap();
    let start = Instant::now();
    patient.retrieve_payment("pi_1").await.unwrap();
    assert!(start.elapsed() > Duration::from_millis(500), "the limit is one a second");
}
