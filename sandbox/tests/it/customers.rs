//! Customers and their cards.

use serde_json::Value;

use crate::stage::Stage;

#[tokio::test]
async fn a_customer_is_made_changed_and_deleted() {
    let stage = Stage::new().await;
    let params = [("email", "a@example.com"), ("metadata[a]", "1"), ("metadata[b]", "2")];
    let made = stage.post("/v1/customers", &params).await;
    let url = format!("/v1/customers/{}", made.text("/id"));
    let changed = stage.post(&url, &[("name", "Ada"), ("metadata[a]", "")]).await;
    assert_eq!((changed.text("/name"), changed.text("/email")), ("Ada", "a@example.com"));
    assert_eq!(changed.body["metadata"], serde_json::json!({ "b": "2" }));
    let event = stage.sandbox.events().pop().unwrap();
    assert_eq!(event["type"], "customer.updated");
    assert_eq!(event["data"]["previous_attributes"]["name"], Value::Null);

    assert_eq!(stage.delete(&url).await.body["deleted"], true);
    assert_eq!(stage.get(&url).await.body["deleted"], true);
    let refused = stage.post(&url, &[("name", "Eve")]).await;
    assert_eq!((refused.status, refused.text("/error/code")), (404, "resource_missing"));
    assert_eq!(stage.get("/v1/customers").await.body["data"], serde_json::json!([]));
    assert_eq!(stage.event_types(), ["customer.created", "customer.updated", "customer.deleted"]);
}

#[tokio::test]
async fn a_change_of_nothing_makes_no_event() {
    let stage = Stage::new().await;
    let made = stage.post("/v1/customers", &[("name", "Ada")]).await;
    stage.post(&format!("/v1/customers/{}", made.text("/id")), &[("name", "Ada")]).await;
    assert_eq!(stage.event_types(), ["customer.created"]);
}

#[tokio::test]
async fn cards_are_attached_listed_and_detached() {
    let stage = Stage::new().await;
    let customer = stage.post("/v1/customers", &[]).await;
    let owner = [("customer", customer.text("/id"))];
    let card = stage.post("/v1/payment_methods/pm_card_visa/attach", &owner).await;
    assert_eq!(card.text("/customer"), customer.text("/id"));
    let listed = stage.get(&format!("/v1/payment_methods?customer={}", owner[0].1)).await;
    assert_eq!(listed.text("/data/0/id"), card.text("/id"));
    let listed = stage.get(&format!("/v1/customers/{}/payment_methods", owner[0].1)).await;
    assert_eq!(listed.text("/data/0/id"), card.text("/id"));
    let url = format!("/v1/payment_methods/{}", card.text("/id"));
    assert_eq!(stage.post(&format!("{url}/detach"), &[]).await.body["customer"], Value::Null);
    assert_eq!(stage.post(&format!("{url}/attach"), &owner).await.status, 400);
    let refused = stage.post("/v1/payment_methods/pm_card_chargeDeclined/attach", &owner).await;
    assert_eq!(refused.status, 402);
}

#[tokio::test]
async fn the_cards_of_a_deleted_customer_cannot_be_charged() {
    let stage = Stage::new().await;
    let customer = stage.post("/v1/customers", &[]).await;
    let owner = [("customer", customer.text("/id"))];
    let card = stage.post("/v1/payment_methods/pm_card_visa/attach", &owner).await;
    stage.delete(&format!("/v1/customers/{}", owner[0].1)).await;
    assert_eq!(stage.pay(card.text("/id"), &[]).await.status, 400);
    assert_eq!(stage.pay("pm_card_visa", &owner).await.text("/error/code"), "resource_missing");
}
