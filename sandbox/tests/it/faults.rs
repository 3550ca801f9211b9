//! What goes wrong on request.

use poem::http::Method;
use sandbox::Faults;
use serde_json::json;

use crate::stage::{KEY, SALE, Stage, send};

#[tokio::test]
async fn a_lost_answer_was_done_all_the_same() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { lose_response_percent: 100, ..Faults::default() });
    let request = stage.request(Method::POST, "/v1/payment_intents").bearer_auth(KEY);
    let lost = request.header("idempotency-key", "k").form(&SALE).send().await;
    // Not even a status: the connection is gone.
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(stage.event_types(), ["payment_intent.created"]);
    stage.sandbox.set_faults(Faults::default());
    let again = stage.post_as("k", "/v1/payment_intents", &SALE).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(stage.event_types(), ["payment_intent.created"]);
}

#[tokio::test]
async fn a_failed_call_was_not_done() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { fail_api_percent: 100, ..Faults::default() });
    assert_eq!(stage.post("/v1/customers", &[]).await.status, 500);
    assert!(stage.sandbox.events().is_empty());
}

#[tokio::test]
async fn a_payment_can_take_a_while() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { processing_ms: 20, ..Faults::default() });
    let paid = stage.pay("pm_card_visa", &[]).await;
    assert_eq!(paid.text("/status"), "processing");
    let failed = stage.pay("pm_card_chargeDeclined", &[]).await;
    assert_eq!((failed.status, failed.text("/status")), (200, "processing"));
    stage.sandbox.settle().await;
    let end = stage.get(&format!("/v1/payment_intents/{}", paid.text("/id"))).await;
    assert_eq!(end.text("/status"), "succeeded");
    let end = stage.get(&format!("/v1/payment_intents/{}", failed.text("/id"))).await;
    assert_eq!(end.text("/status"), "requires_payment_method");
    assert_eq!(end.text("/last_payment_error/code"), "card_declined");
    let types = stage.event_types();
    assert_eq!(types.iter().filter(|kind| *kind == "payment_intent.processing").count(), 2);
}

#[tokio::test]
async fn faults_are_set_and_shown_over_http() {
    let stage = Stage::new().await;
    let path = "/sandbox/control/faults";
    let set = |faults| send(stage.request(Method::POST, path).json(&faults));
    let answer = set(json!({ "drop_percent": 30, "reorder": true, "seed": 7 })).await;
    assert_eq!(answer.status, 200);
    let shown = stage.get(path).await;
    assert_eq!(shown.body["drop_percent"], 30);
    assert_eq!(shown.body["double_percent"], 0);
    for (bad, why) in [
        (json!({ "drop_percent": 101 }), "drop_percent"),
        (json!({ "drop_percent": -1 }), "-1"),
        (json!({ "delay_ms": 60_001 }), "delay_ms"),
        (json!({ "explode": true }), "explode"),
        (json!("yes"), "yes"),
    ] {
        let refused = set(bad).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text("/error").contains(why), "{}", refused.text);
    }
    assert_eq!(stage.get(path).await.body["drop_percent"], 30);
}

#[tokio::test]
async fn an_event_is_delivered_again_whatever_the_faults() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    assert!(stage.hooks.taken().is_empty());
    let event = stage.sandbox.events()[0]["id"].clone();
    let path = "/sandbox/control/redeliver";
    let redeliver =
        |event| send(stage.request(Method::POST, path).json(&json!({ "event": event })));
    assert_eq!(redeliver(event).await.status, 202);
    stage.sandbox.settle().await;
    assert_eq!(stage.hooks.taken().len(), 1);
    assert_eq!(redeliver(json!("evt_x")).await.status, 404);
    assert_eq!(redeliver(json!(5)).await.status, 400);
}

#[tokio::test]
async fn the_state_can_be_looked_at() {
    let stage = Stage::new().await;
    stage.pay("pm_card_visa", &[("metadata[payment_id]", "txn_1")]).await;
    stage.sandbox.settle().await;
    let shown = stage.get("/sandbox/control/state").await;
    assert_eq!(shown.text("/payment_intents/0/status"), "succeeded");
    assert_eq!(shown.text("/payment_intents/0/metadata/payment_id"), "txn_1");
    assert_eq!(shown.body["pending_deliveries"], 0);
    assert_eq!(shown.body["deliveries"].as_array().unwrap().len(), 3);
}
