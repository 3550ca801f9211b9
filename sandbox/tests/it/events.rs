//! Events, for those who ask.

use std::time::Duration;

use sandbox::Faults;
use serde_json::Value;

use crate::stage::Stage;

fn types(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_transition_makes_its_event() {
    let stage = Stage::new().await;
    stage.pay("pm_card_visa", &[]).await;
    stage.pay("pm_card_chargeDeclined", &[]).await;
    stage.pay("pm_card_authenticationRequired", &[]).await;
    let paid = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"];
    let failed = ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"];
    let asked = ["payment_intent.created", "payment_intent.requires_action"];
    assert_eq!(stage.event_types(), [&paid[..], &failed, &asked].concat());
}

#[tokio::test]
async fn events_are_listed_newest_first_and_by_type() {
    let stage = Stage::new().await;
    stage.pay("pm_card_visa", &[]).await;
    let all = stage.get("/v1/events").await;
    assert_eq!(
        types(&all.body),
        ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]
    );
    let some = stage.get("/v1/events?type=payment_intent.*").await;
    assert_eq!(types(&some.body), ["payment_intent.succeeded", "payment_intent.created"]);
    let one = stage.get("/v1/events?types[]=charge.succeeded&types[]=charge.failed").await;
    assert_eq!(types(&one.body), ["charge.succeeded"]);
    let first = stage.get("/v1/events?limit=1").await;
    assert_eq!(first.body["has_more"], true);
    let event = stage.get(&format!("/v1/events/{}", first.text("/data/0/id"))).await;
    assert_eq!(event.text("/api_version"), "2026-09-30.endive");
    assert!(event.text("/request/id").starts_with("req_"));
    assert_eq!(stage.get("/v1/events/evt_x").await.status, 404);
}

#[tokio::test]
async fn events_are_found_by_time() {
    let stage = Stage::new().await;
    stage.post("/v1/customers", &[]).await;
    stage.clock.advance(Duration::from_secs(100));
    stage.pay("pm_card_authenticationRequired", &[]).await;
    let now = stage.clock.now().seconds();
    let later = stage.get(&format!("/v1/events?created[gte]={now}")).await;
    assert_eq!(later.body["data"].as_array().unwrap().len(), 2);
    let earlier = stage.get(&format!("/v1/events?created[lt]={now}")).await;
    assert_eq!(types(&earlier.body), ["customer.created"]);
    let exact = stage.get(&format!("/v1/events?created={now}")).await;
    assert_eq!(exact.body["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_webhook_is_still_listed_as_undelivered() {
    let stage = Stage::new().await;
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    stage.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    stage.pay("pm_card_authenticationRequired", &[]).await;
    stage.sandbox.settle().await;
    assert_eq!(stage.hooks.taken().len(), 1);
    let lost = stage.get("/v1/events?delivery_success=false").await;
    assert_eq!(lost.body["data"].as_array().unwrap().len(), 2);
    assert_eq!(lost.body["data"][0]["pending_webhooks"], 1);
    let delivered = stage.get("/v1/events?delivery_success=true").await;
    assert_eq!(types(&delivered.body), ["customer.created"]);
}
