//! The same key again.

use std::time::Duration;

use sandbox::Faults;

use crate::stage::{SALE, Stage};

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn the_first_answer_is_replayed() {
    let stage = Stage::new().await;
    let first = stage.post_as("k", INTENTS, &SALE).await;
    assert_eq!(first.header("idempotency-key"), "k");
    assert_eq!(first.header("original-request"), first.header("request-id"));
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = stage.post_as("k", INTENTS, &SALE).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(stage.event_types(), ["payment_intent.created"]);
    assert_eq!(stage.sandbox.events()[0]["request"]["idempotency_key"], "k");
}

#[tokio::test]
async fn a_decline_is_replayed_too() {
    let stage = Stage::new().await;
    let declined = [("confirm", "true"), ("payment_method", "pm_card_chargeDeclined")];
    let declined = [&SALE[..], &declined].concat();
    let first = stage.post_as("k", INTENTS, &declined).await;
    let again = stage.post_as("k", INTENTS, &declined).await;
    assert_eq!((first.status, again.status), (402, 402));
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_failure_is_replayed_too() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { fail_api_percent: 100, ..Faults::default() });
    let first = stage.post_as("k", INTENTS, &SALE).await;
    assert_eq!((first.status, first.text("/error/type")), (500, "api_error"));
    stage.sandbox.set_faults(Faults::default());
    let again = stage.post_as("k", INTENTS, &SALE).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (500, "true"));
    assert_eq!(stage.post_as("l", INTENTS, &SALE).await.status, 200);
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let stage = Stage::new().await;
    stage.post_as("k", INTENTS, &SALE).await;
    for (path, params) in [(INTENTS, &SALE[..2]), ("/v1/customers", &SALE[..0])] {
        let refused = stage.post_as("k", path, params).await;
        assert_eq!((refused.status, refused.text("/error/type")), (400, "idempotency_error"));
    }
    let long = "k".repeat(256);
    assert_eq!(stage.post_as(&long, INTENTS, &SALE).await.status, 400);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let stage = Stage::new().await;
    assert_eq!(stage.post_as("k", INTENTS, &SALE[..1]).await.status, 400);
    assert_eq!(stage.post_as("k", INTENTS, &SALE).await.status, 200);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict() {
    let stage = Stage::new().await;
    // The longest delay of this seed's first call is well above the time that a request takes.
    stage.sandbox.set_faults(Faults { api_delay_ms: 1_000, ..Faults::default() });
    let (one, other) =
        tokio::join!(stage.post_as("k", INTENTS, &SALE), stage.post_as("k", INTENTS, &SALE));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let loser = if one.status == 409 { one } else { other };
    assert_eq!(loser.text("/error/code"), "idempotency_key_in_use");
    assert_eq!(stage.event_types(), ["payment_intent.created"]);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let stage = Stage::new().await;
    let first = stage.post_as("k", INTENTS, &SALE).await;
    stage.clock.advance(Duration::from_hours(24));
    let new = stage.post_as("k", INTENTS, &SALE).await;
    assert_ne!(first.text("/id"), new.text("/id"));
}
