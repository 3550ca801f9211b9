//! Buying on a page of Stripe's, the alternative to its form in ours.

use entities::{PaymentId, payment::Status};
use reqwest::redirect::Policy;
use sandbox::Faults;
use serde_json::{Value, json};
use tests::{TestApp, USER};

const CREATE: &str = "/api/v1/payments/stripe/checkout-session";

struct Page {
    payment: PaymentId,
    url: String,
}

/// Begins to buy `pro-200` on a page of Stripe's.
async fn begin(app: &TestApp, wish: &Value) -> Page {
    let (status, body) = app.post(USER, CREATE, wish).await;
    assert_eq!(status, 200, "{body}");
    let data = &body["data"];
    assert_eq!((&data["amount"], &data["currency"]), (&json!(16_000), &json!("usd")));
    Page {
        payment: data["transactionId"].as_str().unwrap().parse().unwrap(),
        url: data["checkoutUrl"].as_str().unwrap().to_owned(),
    }
}

/// Pays on the page with the test card or account `number`: the status, and where the payer is sent.
async fn pay(page: &Page, number: &str) -> (u16, String) {
    let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let answer = client.post(&page.url).form(&[("card", number)]).send().await.unwrap();
    let place = answer.headers().get("location").map(|url| url.to_str().unwrap().to_owned());
    (answer.status().as_u16(), place.unwrap_or_default())
}

async fn settle(app: &TestApp) {
    app.sandbox.settle().await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
}

async fn look(app: &TestApp, payment: PaymentId) -> (u16, Value) {
    let which = json!({ "transactionId": payment.to_string() });
    app.post(USER, "/api/v1/payments/confirm", &which).await
}

#[tokio::test]
async fn a_payer_pays_there_and_has_the_credits_once() {
    let app = TestApp::start().await;
    let page = begin(&app, &json!({ "packageId": "pro-200" })).await;
    let text = app.http.get(&page.url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("$160.00") && text.contains("240 credits"), "{text}");

    let (status, place) = pay(&page, "4242424242424242").await;

    assert_eq!((status, place), (303, app.url(&format!("/payments/{}", page.payment))));
    app.await_balance(USER, 240).await;
    settle(&app).await;
    let payment = app.payment(page.payment).await;
    assert_eq!(payment.status, Status::Succeeded);
    assert!(payment.provider_reference.unwrap().starts_with("pi_"));
    assert_eq!(look(&app, page.payment).await.0, 200, "asking again changes nothing");
    assert_eq!(app.count("ledger_transfers").await, 1, "the intent and the session tell the same");
    assert_eq!(app.count("mails").await, 1);
    assert_eq!(pay(&page, "4242424242424242").await.0, 400, "the page is complete");
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_declined_payer_chooses_anew_on_the_same_page() {
    let app = TestApp::start().await;
    let page = begin(&app, &json!({ "packageId": "pro-200" })).await;

    assert_eq!(pay(&page, "4000000000000002").await.0, 402);
    settle(&app).await;
    assert_eq!(app.payment(page.payment).await.status, Status::Failed);
    assert_eq!(app.balance(USER).await.available, 0);
    assert_eq!(pay(&page, "4242424242424242").await.0, 303);

    app.await_balance(USER, 240).await;
    settle(&app).await;
    assert_eq!(app.payment(page.payment).await.status, Status::Succeeded);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_bank_account_pays_later_or_fails_later() {
    let app = TestApp::start().await;
    for (number, end, credits) in
        [("000123456789", Status::Succeeded, 240), ("000222222227", Status::Failed, 0)]
    {
        let before = app.balance(USER).await.available;
        let page = begin(&app, &json!({ "packageId": "pro-200" })).await;
        assert_eq!(pay(&page, number).await.0, 303);
        app.until(async || app.payment(page.payment).await.status == Status::Processing).await;
        app.until(async || app.payment(page.payment).await.status == end).await;
        settle(&app).await;
        assert_eq!(app.balance(USER).await.available - before, credits);
    }
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn without_webhooks_the_page_is_asked() {
    let app = TestApp::start().await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let page = begin(&app, &json!({ "packageId": "pro-200" })).await;

    let (status, problem) = look(&app, page.payment).await;
    assert_eq!((status, &problem["code"]), (409, &json!("requires_action")));
    assert_eq!(problem["nextActionUrl"], json!(page.url), "the payer can go on there");

    assert_eq!(pay(&page, "4242424242424242").await.0, 303);
    let (status, body) = look(&app, page.payment).await;
    assert_eq!((status, &body["data"]["creditsAdded"]), (200, &json!(240)), "{body}");
    assert_eq!(app.payment(page.payment).await.status, Status::Succeeded);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_payer_is_sent_back_to_pages_of_ours_only() {
    let app = TestApp::without_workers().await;
    for name in ["successUrl", "cancelUrl"] {
        let wish = json!({ "packageId": "pro-200", name: "https://evil.example/" });
        let (status, problem) = app.post(USER, CREATE, &wish).await;
        assert_eq!((status, &problem["code"]), (400, &json!("malformed")));
        assert!(problem["detail"].as_str().unwrap_or_default().contains(name), "{problem}");
    }
    assert_eq!(app.count("payments").await, 0);
    app.stop().await;
}
