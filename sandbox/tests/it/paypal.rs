//! PayPal's half, as its clients see it.

use poem::http::Method;
use sandbox::{Faults, Funding};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, send};

struct Client<'a> {
    stage: &'a Stage,
    token: String,
}

impl<'a> Client<'a> {
    async fn new(stage: &'a Stage) -> Self {
        let request = stage.request(Method::POST, "/sandbox/paypal/v1/oauth2/token");
        let request = request.basic_auth("client", Some("secret"));
        let answer = send(request.form(&[("grant_type", "client_credentials")])).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["expires_in"], 32_400);
        Self { stage, token: answer.text("/access_token").to_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.stage.request(Method::GET, &format!("/sandbox/paypal{path}"));
        send(request.bearer_auth(&self.token)).await
    }

    async fn post(&self, path: &str, id: &str, body: &Value) -> Answer {
        let request = self.stage.request(Method::POST, &format!("/sandbox/paypal{path}"));
        let request = request.header("prefer", "return=representation");
        let request = if id.is_empty() { request } else { request.header("paypal-request-id", id) };
        send(request.bearer_auth(&self.token).json(body)).await
    }

    async fn order(&self, id: &str) -> String {
        let answer = self.post("/v2/checkout/orders", id, &purchase("160.00", "USD")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text("/id").to_owned()
    }

    async fn capture(&self, order: &str, id: &str) -> Answer {
        self.post(&format!("/v2/checkout/orders/{order}/capture"), id, &json!({})).await
    }
}

fn purchase(value: &str, currency: &str) -> Value {
    json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "amount": { "currency_code": currency, "value": value },
            "custom_id": "txn_1", "invoice_id": "txn_1", "description": "240 credits",
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": "http://shop.test/back", "cancel_url": "http://shop.test/cancel",
        }}},
    })
}

fn issue(answer: &Answer) -> &str {
    answer.text("/details/0/issue")
}

#[tokio::test]
async fn only_whoever_has_the_secret_gets_a_token_and_only_tokens_open_the_api() {
    let stage = Stage::new().await;
    let request = stage.request(Method::POST, "/sandbox/paypal/v1/oauth2/token");
    let request = request.basic_auth("client", Some("wrong"));
    let answer = send(request.form(&[("grant_type", "client_credentials")])).await;
    assert_eq!((answer.status, answer.text("/error")), (401, "invalid_client"));

    let client = Client::new(&stage).await;
    stage.clock.advance(std::time::Duration::from_hours(9));
    let answer = client.get("/v2/checkout/orders/X").await;
    assert_eq!((answer.status, answer.text("/name")), (401, "AUTHENTICATION_FAILURE"));
}

#[tokio::test]
async fn an_order_is_made_approved_and_captured() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    let order = client.order("r1").await;
    let made = client.get(&format!("/v2/checkout/orders/{order}")).await;
    assert_eq!(made.text("/status"), "PAYER_ACTION_REQUIRED");
    assert_eq!(made.text("/links/1/rel"), "payer-action");
    assert_eq!(issue(&client.capture(&order, "c0").await), "ORDER_NOT_APPROVED");

    assert!(stage.sandbox.paypal().approve(&order, Funding::Balance));
    let approved = client.get(&format!("/v2/checkout/orders/{order}")).await;
    assert_eq!(approved.text("/status"), "APPROVED");
    let captured = client.capture(&order, "c1").await;
    assert_eq!((captured.status, captured.text("/status")), (201, "COMPLETED"));
    let capture = "/purchase_units/0/payments/captures/0";
    assert_eq!(captured.text(&format!("{capture}/status")), "COMPLETED");

    let again = client.capture(&order, "c1").await;
    assert_eq!((again.status, again.text("/id")), (200, &*order), "the same request is answered");
    assert_eq!(issue(&client.capture(&order, "c2").await), "ORDER_ALREADY_CAPTURED");
    let id = captured.text(&format!("{capture}/id"));
    let alone = client.get(&format!("/v2/payments/captures/{id}")).await;
    assert_eq!(alone.text("/supplementary_data/related_ids/order_id"), order);

    let kinds: Vec<Value> =
        stage.sandbox.paypal().events().iter().map(|event| event["event_type"].clone()).collect();
    assert_eq!(kinds, ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"]);
}

#[tokio::test]
async fn the_same_request_id_makes_one_order() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    assert_eq!(client.order("r1").await, client.order("r1").await);
    assert_ne!(client.order("r2").await, client.order("r3").await);
    let other = client.post("/v2/checkout/orders", "r1", &purchase("1.00", "USD")).await;
    assert_eq!(other.status, 409);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_paypals_words() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    let create = async |body: Value, id: &str| {
        let answer = client.post("/v2/checkout/orders", id, &body).await;
        (answer.status, issue(&answer).to_owned())
    };
    let is = |status: u16, issue: &str| (status, issue.to_owned());
    assert_eq!(create(purchase("1.00", "USD"), "").await, is(400, "PAYPAL_REQUEST_ID_REQUIRED"));
    assert_eq!(create(purchase("1.001", "USD"), "a").await, is(422, "DECIMAL_PRECISION"));
    assert_eq!(create(purchase("1.00", "JPY"), "b").await, is(422, "DECIMAL_PRECISION"));
    assert_eq!(create(purchase("1.00", "XAF"), "c").await, is(422, "INVALID_CURRENCY_CODE"));
    assert_eq!(create(purchase("0.00", "USD"), "d").await, is(422, "CANNOT_BE_ZERO_OR_NEGATIVE"));
    assert_eq!(create(purchase("x", "USD"), "e").await, is(400, "INVALID_PARAMETER_SYNTAX"));
    assert_eq!(create(json!({}), "f").await, is(400, "MISSING_REQUIRED_PARAMETER"));
    let missing = client.get("/v2/checkout/orders/NOTHING").await;
    assert_eq!((missing.status, issue(&missing)), (404, "INVALID_RESOURCE_ID"));
}

#[tokio::test]
async fn one_invoice_is_paid_once() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    let (first, second) = (client.order("r1").await, client.order("r2").await);
    for order in [&first, &second] {
        assert!(stage.sandbox.paypal().approve(order, Funding::Balance));
    }
    assert_eq!(client.capture(&first, "c1").await.status, 201);
    assert_eq!(issue(&client.capture(&second, "c2").await), "DUPLICATE_INVOICE_ID");
}

#[tokio::test]
async fn a_declined_instrument_sends_the_payer_back_and_an_echeck_waits() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    let paypal = stage.sandbox.paypal();
    let order = client.order("r1").await;
    assert!(paypal.approve(&order, Funding::DeclinedCard));
    let declined = client.capture(&order, "c1").await;
    assert_eq!((declined.status, issue(&declined)), (422, "INSTRUMENT_DECLINED"));
    assert_eq!(declined.text("/links/0/rel"), "redirect");

    assert!(paypal.approve(&order, Funding::Echeck));
    let pending = client.capture(&order, "c2").await;
    assert_eq!(pending.text("/purchase_units/0/payments/captures/0/status"), "PENDING");
    assert!(paypal.settle_capture(&order, false));
    assert!(!paypal.settle_capture(&order, true), "it is settled once");
    let events = paypal.events();
    assert_eq!(events.last().unwrap()["event_type"], "PAYMENT.CAPTURE.DENIED");
    assert_eq!(events.last().unwrap()["resource"]["status"], "DECLINED");
}

#[tokio::test]
async fn webhooks_are_signed_and_sent_again_until_they_are_taken() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    stage.hooks.answer(&[500]);
    let order = client.order("r1").await;
    stage.sandbox.set_faults(Faults { double_percent: 100, ..Faults::default() });
    assert!(stage.sandbox.paypal().approve(&order, Funding::Balance));
    stage.sandbox.settle().await;
    let hooks = stage.hooks.taken();
    assert_eq!(hooks.len(), 3, "one of two was tried twice");
    for hook in &hooks {
        let header = |name: &str| hook.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("paypal-auth-algo"), "SHA256withRSA");
        let question = json!({
            "auth_algo": header("paypal-auth-algo"), "cert_url": header("paypal-cert-url"),
            "transmission_id": header("paypal-transmission-id"),
            "transmission_sig": header("paypal-transmission-sig"),
            "transmission_time": header("paypal-transmission-time"),
            "webhook_id": "5TR7190CW1234567S",
            "webhook_event": serde_json::from_str::<&serde_json::value::RawValue>(&hook.body).unwrap(),
        });
        let text = question.to_string().replacen(
            &serde_json::from_str::<Value>(&hook.body).unwrap().to_string(),
            &hook.body,
            1,
        );
        let path = "/sandbox/paypal/v1/notifications/verify-webhook-signature";
        let request = stage.request(Method::POST, path).bearer_auth(&client.token);
        let answer = send(request.header("content-type", "application/json").body(text)).await;
        assert_eq!(answer.text("/verification_status"), "SUCCESS", "{}", answer.text);
    }
}

#[tokio::test]
async fn events_are_listed_page_by_page() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    for n in 0..5 {
        let order = client.order(&format!("r{n}")).await;
        assert!(stage.sandbox.paypal().approve(&order, Funding::Balance));
    }
    let (mut seen, mut path) = (
        0,
        "/v1/notifications/webhooks-events?page_size=2&start_time=2020-01-01T00:00:00Z".to_owned(),
    );
    loop {
        let page = client.get(&path).await;
        seen += page.body["events"].as_array().unwrap().len();
        let Some(next) = page.body["links"].as_array().unwrap().first() else { break };
        let href = next["href"].as_str().unwrap();
        path = href.strip_prefix("http://sandbox.test/sandbox/paypal").unwrap().to_owned();
    }
    assert_eq!(seen, 5);
    let none =
        client.get("/v1/notifications/webhooks-events?start_time=2999-01-01T00:00:00Z").await;
    assert_eq!(none.body["count"], 0);
}

#[tokio::test]
async fn a_payer_logs_in_and_pays_or_gives_up_and_is_sent_back() {
    let stage = Stage::new().await;
    let client = Client::new(&stage).await;
    let order = client.order("r1").await;
    let page = "/sandbox/paypal/checkoutnow";
    let shown = send(stage.request(Method::GET, &format!("{page}?token={order}"))).await;
    assert!(shown.text.contains("Log in") && shown.text.contains("Cancel and return"));
    let post = async |fields: &[(&str, &str)]| {
        let mut form = vec![("token", order.as_str())];
        form.extend_from_slice(fields);
        send(stage.request(Method::POST, page).form(&form)).await
    };
    let review = post(&[("action", "login"), ("email", "zoe@example.com")]).await;
    assert!(review.text.contains("Pay now") && review.text.contains("zoe@example.com"));
    let left = post(&[("action", "cancel")]).await;
    assert_eq!(left.header("location"), format!("http://shop.test/cancel?token={order}"));
    let popup = post(&[("action", "agree"), ("funding", "venmo"), ("opener", "http://shop.test")]);
    let popup = popup.await;
    assert!(popup.text.contains("data-result=\"approved\""), "{}", popup.text);
    let back = post(&[("action", "agree"), ("funding", "balance")]).await;
    let expected = format!("http://shop.test/back?token={order}&PayerID=QYR5Z8XDVJNXQ");
    assert_eq!(back.header("location"), expected);
    let script = send(stage.request(Method::GET, "/sandbox/paypal/sdk/js?client-id=x")).await;
    assert!(script.header("content-type").starts_with("text/javascript"));
}
