//! What is understood, and what is refused.

use poem::http::Method;

use crate::stage::{KEY, SALE, Stage, send};

#[tokio::test]
async fn a_test_key_is_needed() {
    let stage = Stage::new().await;
    let ask = || stage.request(Method::GET, "/v1/customers");
    let none = send(ask()).await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Basic realm=\"Stripe\""));
    assert_eq!(send(ask().basic_auth(KEY, None::<&str>)).await.status, 200);
    for key in ["foo", "sk_live_123456", "rk_live_123456", "pk_test_page"] {
        assert_eq!(send(ask().bearer_auth(key)).await.status, 401, "{key}");
    }
    let live = send(ask().bearer_auth("sk_live_123456")).await;
    assert!(live.text("/error/message").contains("live"));
    let odd = send(ask().bearer_auth("my_secret_password_4321")).await;
    assert!(!odd.text.contains("secret_password"), "{}", odd.text);
}

#[tokio::test]
async fn an_answer_says_what_it_is() {
    let stage = Stage::new().await;
    let answer = stage.get("/v1/customers").await;
    assert!(answer.header("request-id").starts_with("req_"));
    assert_eq!(answer.header("stripe-version"), "2026-09-30.endive");
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_api_is_the_same_below_the_pages() {
    let stage = Stage::new().await;
    let made = stage.post("/sandbox/stripe/v1/customers", &[]).await;
    assert_eq!(stage.get(&format!("/v1/customers/{}", made.text("/id"))).await.status, 200);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let stage = Stage::new().await;
    for (change, code, param) in [
        (("amount", ""), "parameter_invalid_empty", "amount"),
        (("amount", "12.5"), "parameter_invalid_integer", "amount"),
        (("amount", "99999999999999999999"), "parameter_invalid_integer", "amount"),
        (("amount", "-5"), "parameter_invalid_integer", "amount"),
        (("amount", "49"), "amount_too_small", "amount"),
        (("amount", "100000000"), "amount_too_large", "amount"),
        (("currency", "xyz"), "", "currency"),
        (("colour", "red"), "parameter_unknown", "colour"),
        (("customer", "cus_x"), "resource_missing", "customer"),
        (("payment_method", "pm_x"), "resource_missing", "payment_method"),
        (("capture_method", "manual"), "", "capture_method"),
        (("confirm", "maybe"), "", "confirm"),
        (("expand[]", "amount"), "", "expand"),
        (("metadata[k]", &"v".repeat(501)), "", "metadata[k]"),
        (("shipping[phone]", "1"), "parameter_missing", "shipping[name]"),
    ] {
        let kept = SALE.into_iter().filter(|(name, _)| *name != change.0);
        let params: Vec<_> = kept.chain([change]).collect();
        let refused = stage.post("/v1/payment_intents", &params).await;
        assert_eq!(refused.status, 400, "{change:?}: {}", refused.text);
        assert_eq!(refused.text("/error/type"), "invalid_request_error");
        assert_eq!((refused.text("/error/code"), refused.text("/error/param")), (code, param));
    }
    let refused = stage.post("/v1/payment_intents", &SALE[1..]).await;
    assert_eq!(refused.text("/error/code"), "parameter_missing");
    assert!(stage.sandbox.events().is_empty());
}

#[tokio::test]
async fn lists_refuse_odd_pages() {
    let stage = Stage::new().await;
    for (query, param) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("starting_after=pi_x", "starting_after"),
        ("starting_after=a&ending_before=b", "ending_before"),
        ("created[at]=1", "created[at]"),
        ("created=soon", "created"),
    ] {
        let refused = stage.get(&format!("/v1/payment_intents?{query}")).await;
        assert_eq!((refused.status, refused.text("/error/param")), (400, param), "{query}");
    }
}

#[tokio::test]
async fn unknown_urls_are_not_recognized() {
    let stage = Stage::new().await;
    for (method, path) in [
        (Method::GET, "/v1"),
        (Method::GET, "/v1/"),
        (Method::GET, "/v1/unicorns"),
        (Method::POST, "/v1/payment_intents/pi_x/explode"),
        (Method::DELETE, "/v1/payment_intents/pi_x"),
        (Method::PUT, "/v1/customers"),
        (Method::GET, "/v1/customers/"),
    ] {
        let answer = send(stage.request(method.clone(), path).bearer_auth(KEY)).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    let lost = stage.get("/v1/unicorns").await;
    let message = lost.text("/error/message");
    assert!(message.starts_with("Unrecognized request URL (GET: /v1/unicorns)"), "{message}");
}

#[tokio::test]
async fn rubbish_is_answered_not_panicked_at() {
    let stage = Stage::new().await;
    for body in ["=", "&&&", "a[=1", "a[b][c][d][e][f]=1", "amount=%FF%FE", "amount[]=1", "%"] {
        let request = stage.request(Method::POST, "/v1/payment_intents").bearer_auth(KEY);
        assert_eq!(send(request.body(body)).await.status, 400, "{body}");
    }
    let request = stage.request(Method::POST, "/v1/customers").bearer_auth(KEY);
    assert_eq!(send(request.body("x".repeat(2_000_000))).await.status, 413);
    let request = stage.request(Method::POST, "/v1/customers").bearer_auth(KEY);
    assert_eq!(send(request.json(&"{}")).await.status, 400);
    assert_eq!(stage.get("/v1/customers/%00%2f").await.status, 404);
    assert_eq!(stage.get("/v1/customers").await.status, 200);
}
