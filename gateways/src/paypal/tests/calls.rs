//! Orders, captures and tokens over HTTP.

use entities::fact::News;
use serde_json::{Value, json};

use super::{ORDER, OURS, order, paid, paypal, purchase, refusal, token};
use crate::{
    Funding, Gateway, GatewayError, PaymentOrder, ProviderPayment,
    test_server::{Reply, Server, error, ok},
};

fn approved() -> Reply {
    ok(order("APPROVED", &json!([])))
}

/// Captures against a server with this script, after a token.
async fn capture(script: Vec<Reply>) -> (Result<ProviderPayment, GatewayError>, Server) {
    let script: Vec<Reply> = [vec![token("t")], script].concat();
    let server = Server::start(script).await;
    let result = paypal(&server).confirm_payment(ORDER, "confirm-1").await;
    (result, server)
}

#[tokio::test]
async fn an_order_is_made_with_an_id_and_the_price_as_paypal_writes_it() {
    let server = Server::start([token("t"), ok(order("PAYER_ACTION_REQUIRED", &json!([])))]).await;

    let made = paypal(&server).create_payment(&purchase()).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /sandbox/api/v1/oauth2/token HTTP/1.1");
    assert_eq!(seen[0].header("authorization"), Some("Basic Y2xpZW50OnMzY3JldA=="));
    assert_eq!(seen[1].line, "POST /sandbox/api/v2/checkout/orders HTTP/1.1");
    assert_eq!(seen[1].header("authorization"), Some("Bearer t"));
    assert_eq!(seen[1].header("paypal-request-id"), Some(&*format!("order-{OURS}")));
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    let unit = &body["purchase_units"][0];
    assert_eq!(unit["amount"], json!({"currency_code": "USD", "value": "160.00"}));
    assert_eq!((&unit["custom_id"], &unit["invoice_id"]), (&json!(OURS), &json!(OURS)));
    assert_eq!(unit["description"].as_str().unwrap().chars().count(), 127);
    let context = &body["payment_source"]["paypal"]["experience_context"];
    assert_eq!(context["return_url"], "https://shop.example/ok");
    assert_eq!(context["cancel_url"], "https://shop.example/no");
    assert!(made.next_action_url.is_some() && made.client_secret.is_none());
}

// 002-PO1
#[tokio::test]
async fn an_order_for_venmo_names_it_and_no_page_to_come_back_to() {
    let server = Server::start([token("t"), ok(order("PAYER_ACTION_REQUIRED", &json!([])))]).await;
    let wish = PaymentOrder { funding: Funding::Venmo, ..purchase() };
    paypal(&server).create_payment(&wish).await.unwrap();
    let body: Value = serde_json::from_str(&server.seen()[1].body).unwrap();
    let context = json!({ "shipping_preference": "NO_SHIPPING" });
    assert_eq!(body["payment_source"], json!({ "venmo": { "experience_context": context } }));
}

#[tokio::test]
async fn one_token_serves_many_calls_and_is_fetched_once_for_all_who_wait() {
    let replies = [vec![token("t")], vec![approved(); 8]].concat();
    let server = Server::start(replies).await;
    let paypal = paypal(&server);

    let calls = (0..8).map(|_| paypal.retrieve_payment(ORDER));
    for told in futures_util::future::join_all(calls).await {
        assert!(told.unwrap().needs_confirmation);
    }

    let tokens = server.seen().iter().filter(|seen| seen.line.contains("oauth2")).count();
    assert_eq!(tokens, 1);
}

#[tokio::test]
async fn a_token_that_was_withdrawn_is_replaced_once() {
    let server = Server::start([token("old"), error(401, "{}"), token("new"), approved()]).await;
    paypal(&server).retrieve_payment(ORDER).await.unwrap();
    assert_eq!(server.seen()[3].header("authorization"), Some("Bearer new"));

    let server = Server::start([token("a"), error(401, "{}"), token("b"), error(401, "{}")]).await;
    let refused = paypal(&server).retrieve_payment(ORDER).await.unwrap_err();
    assert!(matches!(refused, GatewayError::Api { status: 401, .. }));
}

#[tokio::test]
async fn a_capture_is_tried_again_under_the_same_id() {
    let (result, server) = capture(vec![Reply::Close, error(500, "{}"), ok(paid())]).await;
    assert!(matches!(result.unwrap().fact.news, News::Succeeded(_)));
    for seen in &server.seen()[1..] {
        assert_eq!(seen.header("paypal-request-id"), Some("confirm-1"));
    }
}

#[tokio::test]
async fn what_was_captured_before_is_a_success() {
    for issue in ["ORDER_ALREADY_CAPTURED", "ORDER_COMPLETED_OR_VOIDED"] {
        let (result, _) = capture(vec![error(422, &refusal(issue)), ok(paid())]).await;
        assert!(matches!(result.unwrap().fact.news, News::Succeeded(_)), "{issue}");
    }
}

#[tokio::test]
async fn a_capture_that_is_too_early_sends_the_payer_back() {
    for issue in ["ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"] {
        let waiting = ok(order("PAYER_ACTION_REQUIRED", &json!([])));
        let (result, _) = capture(vec![error(422, &refusal(issue)), waiting]).await;
        let told = result.unwrap();
        assert_eq!(told.fact.news, News::RequiresAction, "{issue}");
        assert!(told.next_action_url.is_some());
    }
}

#[tokio::test]
async fn a_decline_is_a_fact_about_the_payment() {
    let dated = vec![("date", "Thu, 01 Jan 2026 00:05:00 GMT".to_owned())];
    let reply = Reply::Full(200, dated, order("APPROVED", &json!([])));
    let (result, _) = capture(vec![error(422, &refusal("INSTRUMENT_DECLINED")), reply]).await;
    let Err(GatewayError::Api { status, code, payment, .. }) = result else { panic!("declined") };
    assert_eq!((status, code.as_deref()), (402, Some("instrument_declined")));
    let fact = payment.unwrap();
    assert!(matches!(&fact.news, News::Declined(failure) if failure.code == "instrument_declined"));
    assert_eq!(fact.occurred_at.seconds(), 1_767_225_900);
}

#[tokio::test]
async fn a_capture_without_an_answer_is_looked_up_until_it_is_known() {
    let lost = || vec![Reply::Close, Reply::Close, Reply::Close];
    let (result, _) = capture([lost(), vec![approved(), ok(paid())]].concat()).await;
    assert!(matches!(result.unwrap().fact.news, News::Succeeded(_)));

    let (result, _) = capture([lost(), vec![approved(), approved()]].concat()).await;
    let unknown = result.unwrap_err();
    assert!(unknown.outcome_unknown() && unknown.is_transient(), "{unknown:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_has_happened_all_the_same() {
    let (result, _) = capture(vec![ok("[]")]).await;
    assert!(matches!(result.unwrap_err(), GatewayError::Shape(_)));
}

#[tokio::test]
async fn a_hint_of_a_capture_leads_to_its_order() {
    let found = json!({"id": "3C6", "supplementary_data": {"related_ids": {"order_id": ORDER}}});
    let server = Server::start([token("t"), ok(found.to_string()), ok(paid())]).await;
    let told = paypal(&server).retrieve_payment("captures/3C6").await.unwrap();
    assert_eq!(told.fact.reference, ORDER);
    assert_eq!(server.seen()[1].line, "GET /sandbox/api/v2/payments/captures/3C6 HTTP/1.1");
}

#[tokio::test]
async fn what_would_lead_elsewhere_is_never_sent() {
    let server = Server::start([]).await;
    let paypal = paypal(&server);
    for reference in ["", "../x", "a/b", "a?b", "captures/../x", "captures/", "a b"] {
        let refused = paypal.retrieve_payment(reference).await.unwrap_err();
        assert!(matches!(refused, GatewayError::Api { status: 404, .. }), "{reference}");
        assert!(paypal.confirm_payment(reference, "k").await.is_err());
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn no_error_prints_a_body_or_a_secret() {
    let body = r#"{"name": "s3cret name", "message": "s3cret", "details": [{"issue": "s3 cret"}]}"#;
    let server = Server::start([token("t0ken"), error(404, body)]).await;
    let paypal = paypal(&server);
    let refused = paypal.retrieve_payment(ORDER).await.unwrap_err();
    let shown = format!("{refused} {paypal:?}");
    assert!(!shown.contains("s3") && !shown.contains("t0ken"), "{shown}");
}
