//! Events, for those who listen.

use hmac::{Hmac, KeyInit, Mac};
use sandbox::Faults;
use serde_json::Value;
use sha2::Sha256;

use crate::stage::{Hook, SECRET, Stage};

/// Whether the signature of a webhook is ours.
fn is_genuine(hook: &Hook) -> bool {
    let header = hook.headers["stripe-signature"].to_str().unwrap();
    let (time, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", hook.body).as_bytes());
    hex::encode(mac.finalize().into_bytes()) == signature
}

fn id(hook: &Hook) -> String {
    let event: Value = serde_json::from_str(&hook.body).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_is_signed_and_looks_like_stripes() {
    let stage = Stage::new().await;
    stage.post_as("k", "/v1/customers", &[("name", "Zoë")]).await;
    stage.sandbox.settle().await;
    let hooks = stage.hooks.taken();
    let [hook] = &hooks[..] else { panic!("{hooks:?}") };
    assert!(is_genuine(hook));
    assert_eq!(hook.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(hook.headers["user-agent"], "Stripe/1.0 (+https://stripe.com/docs/webhooks)");
    assert!(hook.body.starts_with("{\n  \""), "{}", hook.body);
    let event: Value = serde_json::from_str(&hook.body).unwrap();
    assert_eq!(event["type"], "customer.created");
    assert_eq!(event["data"]["object"]["name"], "Zoë");
    assert_eq!(event["pending_webhooks"], 1);
    assert_eq!(event["request"]["idempotency_key"], "k");
    assert_eq!(stage.sandbox.events()[0]["pending_webhooks"], 0);
}

#[tokio::test]
async fn a_webhook_is_sent_again_until_it_is_taken() {
    let stage = Stage::new().await;
    stage.hooks.answer(&[500]);
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    let deliveries = stage.sandbox.deliveries();
    let tries: Vec<_> = deliveries.iter().map(|d| (d.attempt, d.status)).collect();
    assert_eq!(tries, [(1, Some(500)), (2, Some(200))]);
    let hooks = stage.hooks.taken();
    assert_eq!(hooks[0].body, hooks[1].body);
    assert!(hooks.iter().all(is_genuine));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_an_answer() {
    let stage = Stage::new().await;
    stage.hooks.answer(&[302]);
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    let statuses: Vec<_> = stage.sandbox.deliveries().iter().map(|d| d.status).collect();
    assert_eq!(statuses, [Some(302), Some(200)]);
    assert_eq!(stage.hooks.taken().len(), 2);
}

#[tokio::test]
async fn nobody_there_is_noted() {
    let stage = Stage::new().await;
    // A port that nothing listens on: the first attempt fails, the second finds the right one.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    stage.sandbox.set_webhook_target(format!("http://{closed}/"));
    stage.post("/v1/customers", &[]).await;
    while stage.sandbox.deliveries().is_empty() {
        tokio::task::yield_now().await;
    }
    let delivery = stage.sandbox.deliveries().remove(0);
    assert_eq!((delivery.attempt, delivery.status), (1, None));
    assert!(delivery.error.is_some());
    stage.sandbox.set_webhook_target(String::new());
}

#[tokio::test]
async fn without_a_target_nothing_is_pending() {
    let stage = Stage::new().await;
    stage.sandbox.set_webhook_target(String::new());
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    assert_eq!(stage.sandbox.events()[0]["pending_webhooks"], 0);
    assert!(stage.sandbox.deliveries().is_empty());
}

#[tokio::test]
async fn a_doubled_webhook_comes_twice() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { double_percent: 100, ..Faults::default() });
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    let hooks = stage.hooks.taken();
    assert_eq!(hooks.len(), 2);
    assert_eq!(id(&hooks[0]), id(&hooks[1]));
}

#[tokio::test]
async fn a_forgery_has_a_wrong_signature_and_an_id_of_its_own() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { forge_percent: 100, ..Faults::default() });
    stage.post("/v1/customers", &[]).await;
    stage.sandbox.settle().await;
    let hooks = stage.hooks.taken();
    assert_eq!(hooks.iter().filter(|hook| is_genuine(hook)).count(), 1);
    assert_ne!(id(&hooks[0]), id(&hooks[1]));
    let deliveries = stage.sandbox.deliveries();
    assert_eq!(deliveries.iter().filter(|delivery| delivery.forged).count(), 1);
}

#[tokio::test]
async fn webhooks_overtake_each_other_on_request() {
    let stage = Stage::new().await;
    stage.sandbox.set_faults(Faults { reorder: true, ..Faults::default() });
    for _ in 0..8 {
        stage.post("/v1/customers", &[]).await;
    }
    stage.sandbox.settle().await;
    let sent: Vec<String> = stage.hooks.taken().iter().map(id).collect();
    let made = stage.sandbox.events();
    let made: Vec<&str> = made.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(sent.len(), made.len());
    assert_ne!(sent, made);
}
