//! The pages from checkout to PayPal and back, as a browser without scripts goes (`AC9.2.1` to
//! `AC9.2.3`, `002-TF2`).

use entities::{PaymentId, payment::Status};
use reqwest::header;
use sandbox::Funding;
use serde_json::{Value, json};
use tests::TestApp;

/// Somebody's browser.
struct Browser<'a> {
    app: &'a TestApp,
    http: reqwest::Client,
    cookie: String,
    csrf: String,
}

/// What a page answered.
struct Answer {
    status: u16,
    /// Where it sends the browser; empty if nowhere.
    to: String,
    text: String,
}

impl<'a> Browser<'a> {
    async fn sign_in(app: &'a TestApp, person: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.no_proxy().build().unwrap();
        let form = [("user", person)];
        let entered = http.post(app.url("/sign-in")).form(&form).send().await.unwrap();
        let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let mut browser = Self { app, http, cookie, csrf: String::new() };
        let page = browser.get("/checkout/pro-200").await.text;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().clone_into(&mut browser.csrf);
        browser
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.app.url(path))).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = [&[("csrf", self.csrf.as_str())], fields].concat();
        self.send(self.http.post(self.app.url(path)).form(&form)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.header(header::COOKIE, &self.cookie).send().await.unwrap();
        let to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let (status, to) = (answer.status().as_u16(), to.unwrap_or_default());
        Answer { status, to, text: answer.text().await.unwrap() }
    }

    /// Presses the button that leads to PayPal: the order.
    async fn leave(&self) -> String {
        let sent = self.post("/checkout/pro-200/paypal", &[]).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let page = self.app.url("/sandbox/paypal/checkoutnow?token=");
        sent.to.strip_prefix(&page).unwrap().to_owned()
    }

    /// Comes back from PayPal: the payment's page.
    async fn come_back(&self, order: &str) -> Answer {
        let path = format!("/checkout/paypal/return?token={order}&PayerID=QYR5Z8XDVJNXQ");
        let sent = self.get(&path).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let payment = self.app.payment_of_order(order).await.unwrap().id;
        assert_eq!(sent.to, format!("/payments/{payment}"));
        self.get(&sent.to).await
    }
}

#[tokio::test]
async fn a_payer_goes_to_paypal_and_back_and_is_credited_once() {
    let app = TestApp::start().await;
    let mira = Browser::sign_in(&app, "mira").await;
    let order = mira.leave().await;
    app.approve(&order, Funding::Balance);
    for _ in 0..3 {
        let page = mira.come_back(&order).await;
        assert!(page.text.contains("Thank you, that is paid") && page.text.contains("PayPal"));
    }
    // PayPal's webhook and eight windows at once.
    let order = mira.leave().await;
    app.approve(&order, Funding::Balance);
    futures_util::future::join_all((0..8).map(|_| mira.come_back(&order))).await;
    app.await_balance("mira", 480).await;
    app.until(async || app.count("jobs WHERE state IN ('queued', 'running')").await == 0).await;
    assert_eq!(app.count("ledger_transfers").await, 2);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn an_order_of_another_user_leads_nowhere_and_is_not_collected() {
    let app = TestApp::without_workers().await;
    let mira = Browser::sign_in(&app, "mira").await;
    let aiko = Browser::sign_in(&app, "aiko").await;
    let order = mira.leave().await;
    app.approve(&order, Funding::Balance);
    let payment = app.payment_of_order(&order).await.unwrap().id;
    for path in [
        format!("/checkout/paypal/return?token={order}"),
        format!("/checkout/paypal/cancel?token={order}"),
        "/checkout/paypal/return?token=0000000000000000X".to_owned(),
        format!("/payments/{payment}/paypal"),
        format!("/payments/{}/paypal", PaymentId::new()),
    ] {
        assert_eq!(aiko.get(&path).await.status, 404, "{path}");
    }
    for path in ["/checkout/paypal/return", "/checkout/paypal/cancel"] {
        assert_eq!(aiko.get(path).await.status, 400, "{path}");
    }
    let at_paypal = app.call_paypal(&format!("v2/checkout/orders/{order}"), None).await;
    assert_eq!(at_paypal["status"], "APPROVED", "nobody collected it");
    assert_eq!(app.balance("aiko").await.available, 0);
    app.stop().await;
}

// AC9.2.3
#[tokio::test]
async fn who_gives_up_or_is_declined_goes_on_with_the_same_order() {
    let app = TestApp::without_workers().await;
    let mira = Browser::sign_in(&app, "mira").await;
    let order = mira.leave().await;
    let gave_up = mira.get(&format!("/checkout/paypal/cancel?token={order}")).await;
    assert_eq!(gave_up.to, "/checkout/pro-200?canceled=paypal");
    assert!(mira.get(&gave_up.to).await.text.contains("came back from PayPal without paying"));
    assert!(!mira.get("/checkout/pro-200").await.text.contains("without paying"));

    // Back too early: nothing is approved, so PayPal is where it goes on.
    let page = mira.come_back(&order).await;
    assert!(page.text.contains("PayPal waits for you"), "{}", page.text);

    app.approve(&order, Funding::DeclinedCard);
    let page = mira.come_back(&order).await;
    assert!(page.text.contains("The payment did not go through"));
    let payment = app.payment_of_order(&order).await.unwrap();
    assert_eq!(payment.status, Status::RequiresAction);
    // A page that is open does not try what was declined.
    let told = mira.post(&format!("/payments/{}/check", payment.id), &[]).await;
    let told: Value = serde_json::from_str(&told.text).unwrap();
    assert_eq!((&told["open"], &told["restart"]), (&json!(false), &json!(true)), "{told}");
    assert_eq!(app.payment(payment.id).await, payment);
    let on = format!("/payments/{}/paypal", payment.id);
    assert!(page.text.contains(&format!("href=\"{on}\"")));
    let again = mira.get(&on).await;
    assert_eq!(again.to, app.url(&format!("/sandbox/paypal/checkoutnow?token={order}")));

    app.approve(&order, Funding::Credit);
    let page = mira.come_back(&order).await;
    assert!(page.text.contains("Thank you, that is paid"));
    assert_eq!(mira.get(&on).await.to, format!("/payments/{}", payment.id), "nothing to do there");
    assert_eq!(app.balance("mira").await.available, 240);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn an_echeck_is_told_to_be_on_its_way() {
    let app = TestApp::without_workers().await;
    let mira = Browser::sign_in(&app, "mira").await;
    let order = mira.leave().await;
    app.approve(&order, Funding::Echeck);
    let page = mira.come_back(&order).await;
    assert!(page.text.contains("six business days") && !page.text.contains("Go on at PayPal"));
    assert!(app.sandbox.paypal().settle_capture(&order, false));
    let page = mira.come_back(&order).await;
    assert!(page.text.contains("PayPal refused the payment"));
    assert_eq!(app.balance("mira").await.available, 0);
    app.stop().await;
}

// 002-PO1, 002-PO2
#[tokio::test]
async fn the_buttons_ask_for_an_order_of_their_own_kind() {
    let app = TestApp::without_workers().await;
    let mira = Browser::sign_in(&app, "mira").await;
    for (pressed, source) in [("paypal", "paypal"), ("venmo", "venmo"), ("paylater", "paypal")] {
        let path = "/checkout/pro-200/paypal/order";
        let answer = mira.post(path, &[("source", pressed)]).await;
        let begun: Value = serde_json::from_str(&answer.text).unwrap();
        let order = begun["order"].as_str().unwrap();
        let at_paypal = app.call_paypal(&format!("v2/checkout/orders/{order}"), None).await;
        assert!(at_paypal["payment_source"][source].is_object(), "{at_paypal}");
        let payment = app.payment_of_order(order).await.unwrap().id;
        assert_eq!(begun["payment"], payment.to_string());
    }
    let none = mira.post("/checkout/no-such/paypal/order", &[]).await;
    assert_eq!(none.status, 404, "{}", none.text);
    app.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_paypal_by_another_sites_form() {
    let app = TestApp::without_workers().await;
    let mut mira = Browser::sign_in(&app, "mira").await;
    mira.csrf.push('0');
    for path in ["/checkout/pro-200/paypal", "/checkout/pro-200/paypal/order"] {
        assert_eq!(mira.post(path, &[]).await.status, 403, "{path}");
    }
    mira.cookie.clear();
    let back = "/checkout/paypal/return?token=5O190127TN364715T";
    let asked = mira.get(back).await;
    assert_eq!(asked.to, "/sign-in?next=%2Fcheckout%2Fpaypal%2Freturn%3Ftoken%3D5O190127TN364715T");
    assert_eq!(app.count("payments").await, 0);
    app.stop().await;
}
