//! What is asked, and what is made of the answers.

use entities::{
    Timestamp,
    fact::{Failure, News},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{OURS, config, intent, limits, order, shown, stripe};
use crate::{
    Gateway, GatewayError,
    stripe::Stripe,
    test_server::{Reply, Server, error, ok},
};

#[tokio::test]
async fn creating_a_payment_asks_for_all_of_it() {
    let server = Server::start([ok(intent(&json!({})).to_string())]).await;
    let payment = stripe(&server).create_payment(&order()).await.unwrap();

    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /sandbox/api/v1/payment_intents HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some("Bearer sk_test_k3yk3yk3y"));
    assert_eq!(seen.header("idempotency-key"), Some(&*format!("pi-{OURS}")));
    assert_eq!(seen.header("stripe-version"), Some("2026-09-30.endive"));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(seen.header("user-agent").unwrap().starts_with("quittance/"));
    assert_eq!(seen.header("stripe-account"), None);
    let mut form = seen.form();
    form.sort();
    let expected = [
        ("amount", "16000"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("automatic_payment_methods[enabled]", "true"),
        ("currency", "usd"),
        ("description", "Pro & 200 credits = 100%"),
        ("expand[0]", "latest_charge"),
        ("metadata[payment_id]", OURS),
        ("payment_method", "pm_card_visa"),
        ("receipt_email", "zoë+1@example.com"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    assert_eq!(payment.fact.claimed, OURS.parse().ok());
    assert_eq!(payment.fact.news, News::Created);
    assert_eq!(payment.fact.asked.to_string(), "160.00 USD");
    assert!(payment.needs_confirmation);
    assert_eq!(payment.client_secret.as_ref().unwrap().expose_secret(), "pi_1_secret_s3cret");
    assert!(!format!("{payment:?}").contains("s3cret"));
    assert!(!format!("{:?}", order()).contains("example.com"));
}

#[tokio::test]
async fn a_connected_account_is_named_in_calls_and_facts() {
    let server = Server::start([ok(intent(&json!({})).to_string())]).await;
    let account = Some("acct_1".to_owned());
    let connected = crate::stripe::Config { account: account.clone(), ..config(&server) };
    let stripe = Stripe::with_limits(connected, limits()).unwrap();
    assert_eq!(stripe.retrieve_payment("pi_1").await.unwrap().fact.account, account);
    assert_eq!(server.seen()[0].header("stripe-account"), Some("acct_1"));
}

#[tokio::test]
async fn each_status_is_understood() {
    let declined = json!({"code": "card_declined", "decline_code": "fraudulent"});
    let failure = Failure { code: "card_declined".into(), decline_code: Some("fraudulent".into()) };
    let cases = [
        (json!({"status": "requires_payment_method"}), News::Created),
        (
            json!({"status": "requires_payment_method", "last_payment_error": declined}),
            News::Failed(failure),
        ),
        (json!({"last_payment_error": declined}), News::Created),
        (json!({"status": "requires_action"}), News::RequiresAction),
        (json!({"status": "processing"}), News::Processing),
        (json!({"status": "requires_capture"}), News::Processing),
        (json!({"status": "canceled"}), News::Canceled),
    ];
    for (changes, news) in cases {
        let server = Server::start([ok(intent(&changes).to_string())]).await;
        let payment = stripe(&server).retrieve_payment("pi_1").await.unwrap();
        assert_eq!(payment.fact.news, news, "{changes}");
    }
    let server = Server::start([ok(intent(&json!({"status": "new"})).to_string())]).await;
    let unknown = stripe(&server).retrieve_payment("pi_1").await;
    assert!(matches!(unknown, Err(GatewayError::Shape(_))));
}

#[tokio::test]
async fn a_success_is_looked_up_with_its_charge() {
    let paid = intent(&json!({
        "status": "succeeded", "amount_received": 16_000,
        "latest_charge": {
            "id": "ch_1", "created": 1_767_225_700, "receipt_url": "https://pay.stripe.com/r",
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}}
        }
    }));
    let server = Server::start([ok(paid.to_string())]).await;
    let payment = stripe(&server).retrieve_payment("pi_1").await.unwrap();
    let line = "GET /sandbox/api/v1/payment_intents/pi_1?expand[0]=latest_charge HTTP/1.1";
    assert_eq!(server.seen()[0].line, line);
    assert_eq!(server.seen()[0].header("idempotency-key"), None);
    assert_eq!(payment.fact.occurred_at, Timestamp::from_seconds(1_767_225_700));
    let News::Succeeded(receipt) = payment.fact.news else { panic!("{:?}", payment.fact.news) };
    assert_eq!(receipt.collected.minor, 16_000);
    assert_eq!(receipt.method.last4.as_deref(), Some("4242"));
    assert!(!payment.needs_confirmation);
}

#[tokio::test]
async fn a_challenge_says_where_to_go_and_stripes_clock_says_when_it_was() {
    let url = "https://hooks.stripe.com/3d?client_secret=s3cret";
    let next = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
    let body = intent(&json!({"status": "requires_action", "next_action": next})).to_string();
    let date = vec![("date", "Thu, 01 Jan 2026 00:01:00 GMT".to_owned())];
    let server = Server::start([Reply::Full(200, date, body)]).await;
    let payment = stripe(&server).confirm_payment("pi_1", "confirm-1").await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /sandbox/api/v1/payment_intents/pi_1/confirm HTTP/1.1");
    assert_eq!(seen.header("idempotency-key"), Some("confirm-1"));
    assert_eq!(payment.next_action_url.as_deref(), Some(url));
    assert_eq!(payment.fact.occurred_at, Timestamp::from_seconds(1_767_225_660));
    assert!(!format!("{payment:?}").contains("s3cret"));
}

/// A decline with `intent` in it.
fn decline(intent: &Value) -> Reply {
    let body = json!({"error": {
        "charge": "ch_1", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds, Zoë.", "type": "card_error",
        "payment_intent": intent
    }});
    error(402, &body.to_string())
}

#[tokio::test]
async fn a_decline_survives_a_payment_intent_that_cannot_be_read() {
    let unreadable = [json!({"id": 7}), json!("odd"), Value::Null, intent(&json!({"amount": -1}))];
    for odd in unreadable {
        let server = Server::start([decline(&odd)]).await;
        let refused = stripe(&server).confirm_payment("pi_1", "k").await.unwrap_err();
        assert!(!refused.is_transient() && !refused.outcome_unknown());
        let text = "the provider answered 402 (card_error, card_declined)";
        assert_eq!(shown(&refused), text);
        let GatewayError::Api { status, code, decline_code, kind, payment, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((status, &*kind, payment), (402, "card_error", None), "{odd}");
        assert_eq!(code.as_deref(), Some("card_declined"));
        assert_eq!(decline_code.as_deref(), Some("insufficient_funds"));
    }
}

#[tokio::test]
async fn a_decline_says_what_became_of_the_payment() {
    let declined = json!({"code": "card_declined", "decline_code": "insufficient_funds"});
    let after = json!({"status": "requires_payment_method", "last_payment_error": declined});
    let server = Server::start([decline(&intent(&after))]).await;
    let refused = stripe(&server).confirm_payment("pi_1", "k").await.unwrap_err();
    let GatewayError::Api { payment: Some(fact), .. } = refused else { panic!("{refused:?}") };
    assert_eq!(fact.claimed, OURS.parse().ok());
    assert!(matches!(fact.news, News::Failed(_)));
}

#[tokio::test]
async fn an_error_page_that_is_not_stripes_is_still_an_error() {
    let long = format!("<html>{}", "s3cret ".repeat(1_000));
    for body in ["", "null", "[]", r#"{"error": "no"}"#, r#"{"error": {"code": "a b"}}"#, &long] {
        let server = Server::start([error(403, body)]).await;
        let refused = stripe(&server).confirm_payment("pi_1", "k").await.unwrap_err();
        assert_eq!(shown(&refused), "the provider answered 403 (unknown, no code)");
        assert!(!refused.is_transient());
    }
}

#[tokio::test]
async fn events_are_listed_page_by_page_in_their_own_bytes() {
    let first = "{\n  \"id\": \"evt_2\",\n  \"object\": \"event\"\n}";
    let body =
        format!(r#"{{"object": "list", "data": [{first}, {{"id":"evt_1"}}], "has_more": true}}"#);
    let last = r#"{"object": "list", "data": [], "has_more": false}"#;
    let server = Server::start([ok(body), ok(last), ok(last)]).await;
    let stripe = stripe(&server);
    let since = Timestamp::from_seconds(1_767_225_600);
    let page = stripe.list_events(since, None).await.unwrap();
    assert_eq!(page.events, [first, r#"{"id":"evt_1"}"#]);
    assert_eq!(page.next.as_deref(), Some("0:evt_1"));
    let page = stripe.list_events(since, page.next.as_deref()).await.unwrap();
    // Stripe lists twenty kinds at a time: the rest are a list of their own.
    assert_eq!((page.events.len(), page.next.as_deref()), (0, Some("1:")));
    let page = stripe.list_events(since, page.next.as_deref()).await.unwrap();
    assert_eq!((page.events.len(), page.next), (0, None));

    let asked = server.seen();
    let target = asked[1].line.split(' ').nth(1).unwrap();
    let url: url::Url = format!("http://x{target}").parse().unwrap();
    let asked: Vec<_> = url.query_pairs().into_owned().collect();
    let has = |name: &str, value: &str| asked.contains(&(name.to_owned(), value.to_owned()));
    assert!(has("created[gte]", "1767225600") && has("starting_after", "evt_1"), "{target}");
    assert!(has("limit", "100") && has("types[3]", "payment_intent.succeeded"), "{target}");
}

#[tokio::test]
async fn what_stripe_could_not_understand_is_not_sent() {
    let server = Server::start([]).await;
    let stripe = stripe(&server);
    let long = "x".repeat(256);
    for reference in ["", "..", "pi_1/cancel", "pi_1?x", "pi_1#", "pi%31", "pi_1\r\n", &long] {
        for refused in [
            stripe.retrieve_payment(reference).await.unwrap_err(),
            stripe.confirm_payment(reference, "k").await.unwrap_err(),
        ] {
            assert!(matches!(refused, GatewayError::Api { status: 404, .. }), "{reference:?}");
        }
    }
    let mut order = order();
    order.price = entities::Money::new(5, "mga".parse().unwrap());
    assert!(stripe.create_payment(&order).await.is_err_and(|refused| !refused.outcome_unknown()));
    assert!(server.seen().is_empty());
}
