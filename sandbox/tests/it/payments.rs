//! Payment intents, from state to state.

use poem::http::Method;
use serde_json::Value;

use crate::stage::{SALE, Stage, send};

#[tokio::test]
async fn a_payment_goes_through_its_states() {
    let stage = Stage::new().await;
    let made = stage.post("/v1/payment_intents", &SALE).await;
    assert_eq!(made.text("/status"), "requires_payment_method");
    let url = format!("/v1/payment_intents/{}", made.text("/id"));

    let ready = stage.post(&url, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(ready.text("/status"), "requires_confirmation");

    let paid = stage.post(&format!("{url}/confirm"), &[]).await;
    assert_eq!(paid.text("/status"), "succeeded");
    assert!(paid.text("/latest_charge").starts_with("ch_"));
    assert_eq!(
        stage.event_types(),
        ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    );
}

#[tokio::test]
async fn a_payment_can_be_tried_again_after_a_decline() {
    let stage = Stage::new().await;
    let refused = stage.pay("pm_card_chargeDeclined", &[]).await;
    let id = refused.text("/error/payment_intent/id");
    let url = format!("/v1/payment_intents/{id}/confirm");
    let paid = stage.post(&url, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(paid.text("/status"), "succeeded");
    assert_eq!(paid.body["last_payment_error"], Value::Null);
    let charges = stage.get(&format!("/v1/charges?payment_intent={id}")).await;
    assert_eq!(charges.body["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn wrong_transitions_are_refused() {
    let stage = Stage::new().await;
    let paid = stage.pay("pm_card_visa", &[]).await;
    let url = format!("/v1/payment_intents/{}", paid.text("/id"));
    let card = [("payment_method", "pm_card_visa")];
    let amount = [("amount", "100")];
    for (path, params) in [
        (format!("{url}/confirm"), &card[..]),
        (format!("{url}/cancel"), &[]),
        (url.clone(), &amount[..]),
    ] {
        let refused = stage.post(&path, params).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(refused.text("/error/code"), "payment_intent_unexpected_state");
        assert_eq!(refused.text("/error/payment_intent/status"), "succeeded");
    }
    let bare = stage.post("/v1/payment_intents", &SALE).await;
    let refused =
        stage.post(&format!("/v1/payment_intents/{}/confirm", bare.text("/id")), &[]).await;
    assert_eq!(refused.text("/error/code"), "payment_intent_unexpected_state");
    // What is not about money may still be noted.
    assert_eq!(stage.post(&url, &[("metadata[a]", "b")]).await.text("/metadata/a"), "b");
}

#[tokio::test]
async fn a_payment_can_be_cancelled() {
    let stage = Stage::new().await;
    let made = stage.post("/v1/payment_intents", &SALE).await;
    let url = format!("/v1/payment_intents/{}/cancel", made.text("/id"));
    let gone = stage.post(&url, &[("cancellation_reason", "duplicate")]).await;
    assert_eq!(gone.text("/status"), "canceled");
    assert_eq!(gone.text("/cancellation_reason"), "duplicate");
    assert!(gone.body["canceled_at"].is_i64());
    assert_eq!(stage.post(&url, &[]).await.status, 400);
    let odd = stage.post(&url, &[("cancellation_reason", "boredom")]).await;
    assert_eq!(odd.text("/error/param"), "cancellation_reason");
}

#[tokio::test]
async fn automatic_methods_need_a_return_url() {
    let stage = Stage::new().await;
    let now = [("amount", "2000"), ("currency", "usd"), ("confirm", "true")];
    let card = [("payment_method", "pm_card_visa")];
    let automatic = [("automatic_payment_methods[enabled]", "true")];
    let never = [("automatic_payment_methods[allow_redirects]", "never")];
    let back = [("return_url", "https://example.com/back")];
    let path = "/v1/payment_intents";
    let refused = stage.post(path, &[&now[..], &card, &automatic].concat()).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text("/error/message").contains("`return_url` must be specified"));
    assert_eq!(stage.post(path, &[&now[..], &card, &automatic, &back].concat()).await.status, 200);
    assert_eq!(stage.post(path, &[&now[..], &card, &automatic, &never].concat()).await.status, 200);
}

#[tokio::test]
async fn a_page_needs_the_client_secret_and_sees_less() {
    let stage = Stage::new().await;
    let made =
        stage.post("/v1/payment_intents", &[&SALE[..], &[("metadata[a]", "b")]].concat()).await;
    let (id, secret) = (made.text("/id"), made.text("/client_secret"));
    let ask = |query: String| {
        let request = stage.request(Method::GET, &format!("/v1/payment_intents/{id}{query}"));
        send(request.bearer_auth("pk_test_page"))
    };
    let seen = ask(format!("?client_secret={secret}")).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.body.get("metadata"), None);
    assert_eq!(ask(String::new()).await.text("/error/param"), "client_secret");
    assert_eq!(ask("?client_secret=x".to_owned()).await.status, 400);

    let confirm = stage.request(Method::POST, &format!("/v1/payment_intents/{id}/confirm"));
    let params = [("client_secret", secret), ("payment_method", "pm_card_chargeDeclined")];
    let refused = send(confirm.bearer_auth("pk_test_page").form(&params)).await;
    assert_eq!(refused.status, 402);
    assert_eq!(refused.body["error"]["payment_intent"].get("metadata"), None);
}

#[tokio::test]
async fn a_card_is_spent_unless_it_belongs_to_somebody() {
    let stage = Stage::new().await;
    let card = [("type", "card"), ("card[number]", "4242424242424242")];
    let card = stage.post("/v1/payment_methods", &card).await;
    assert_eq!(stage.pay(card.text("/id"), &[]).await.status, 200);
    assert_eq!(stage.pay(card.text("/id"), &[]).await.status, 400);

    let customer = stage.post("/v1/customers", &[]).await;
    let theirs = [("customer", customer.text("/id")), ("setup_future_usage", "off_session")];
    let paid = stage.pay("pm_card_visa", &theirs).await;
    let again = [("customer", customer.text("/id")), ("off_session", "true")];
    assert_eq!(stage.pay(paid.text("/payment_method"), &again).await.text("/status"), "succeeded");
    assert_eq!(stage.pay(paid.text("/payment_method"), &[]).await.status, 400);
    let other = stage.post("/v1/customers", &[]).await;
    let foreign = [("customer", other.text("/id"))];
    assert_eq!(stage.pay(paid.text("/payment_method"), &foreign).await.status, 400);
    assert!(stage.event_types().contains(&"payment_method.attached".to_owned()));
}

#[tokio::test]
async fn lists_expand_and_turn_pages() {
    let stage = Stage::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(stage.pay("pm_card_visa", &[]).await.text("/id").to_owned());
    }
    made.reverse();
    let ids = |answer: &Value| -> Vec<String> {
        let items = answer["data"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = stage.get("/v1/payment_intents?limit=2&expand[]=data.latest_charge").await;
    assert_eq!(
        (ids(&first.body), &first.body["has_more"]),
        (made[..2].to_vec(), &Value::Bool(true))
    );
    assert_eq!(first.body["data"][0]["latest_charge"]["object"], "charge");
    let path = format!("/v1/payment_intents?starting_after={}", made[1]);
    let rest = stage.get(&path).await;
    assert_eq!(
        (ids(&rest.body), &rest.body["has_more"]),
        (made[2..].to_vec(), &Value::Bool(false))
    );
    let path = format!("/v1/payment_intents?limit=2&ending_before={}", made[4]);
    assert_eq!(ids(&stage.get(&path).await.body), made[2..4]);
}
