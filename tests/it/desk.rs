//! The admin desk's pages over the whole program: money sent back, stories told, bodies opened
//! (`AC9.6.1` to `AC9.6.5`, `001-SR4`, `001-C6`).

use entities::{payment::Status, refund_request::State};
use reqwest::header;
use serde_json::json;
use tests::{TestApp, USER, refund_event};

/// Somebody of the seller's, at the desk.
pub(crate) struct Desk<'a> {
    app: &'a TestApp,
    http: reqwest::Client,
    cookie: String,
    csrf: String,
}

/// What a page answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where it sends the browser; empty if nowhere.
    pub(crate) to: String,
    pub(crate) text: String,
}

impl<'a> Desk<'a> {
    /// As one of the sandbox's made-up people.
    pub(crate) async fn open(app: &'a TestApp, person: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.no_proxy().build().unwrap();
        let form = [("user", person)];
        let entered = http.post(app.url("/sign-in")).form(&form).send().await.unwrap();
        assert_eq!(entered.headers()[header::LOCATION], "/desk");
        let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let mut desk = Self { app, http, cookie, csrf: String::new() };
        let page = desk.get("/desk").await.text;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().clone_into(&mut desk.csrf);
        desk
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.app.url(path)), &self.cookie).await
    }

    pub(crate) async fn read(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.push(("csrf", &self.csrf));
        Answer::of(self.http.post(self.app.url(path)).form(&form), &self.cookie).await
    }
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder, cookie: &str) -> Self {
        let answer = request.header(header::COOKIE, cookie).send().await.unwrap();
        let to = answer.headers().get(header::LOCATION);
        let to = to.map_or_else(String::new, |to| to.to_str().unwrap().to_owned());
        Self { status: answer.status().as_u16(), to, text: answer.text().await.unwrap() }
    }
}

// AC9.6.4, AC9.5.3, AC9.6.1
#[tokio::test]
async fn a_refund_is_approved_in_part_and_the_payment_tells_its_whole_story() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let felix = Desk::open(&app, "felix").await;
    assert!(felix.read("/desk/refunds").await.contains(&request));
    let case = felix.read(&format!("/desk/refunds/{request}")).await;
    for part in ["not needed", "too many", "240 of 240 credits are unused", "160.00"] {
        assert!(case.contains(part), "{part}");
    }
    let sana = Desk::open(&app, "sana").await;
    let looked = sana.read(&format!("/desk/refunds/{request}")).await;
    assert!(looked.contains("Finance decides") && !looked.contains("Approve…"));

    let path = format!("/desk/refunds/{request}/approve");
    for nonsense in ["160.01", "0", "-5", "x", ""] {
        let asked = felix.get(&format!("{path}?amount={nonsense}")).await;
        assert_eq!(asked.status, 409, "{nonsense}");
    }
    let asked = felix.read(&format!("{path}?amount=64.00")).await;
    for part in ["Send $64.00 to ada?", "cannot be taken back", "Visa", "value=\"6400\""] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let version = app.request(&request).await.version.to_string();
    let form = [("version", version.as_str()), ("amount", "6400")];
    let approved = felix.post(&path, &form).await;
    assert_eq!(
        (approved.status, approved.to),
        (303, format!("/desk/refunds/{request}?done=approved"))
    );
    // Another press, or another person on a stale page: one outcome, and a clear message.
    let omar = Desk::open(&app, "omar").await;
    for late in [&felix, &omar] {
        let again = late.post(&path, &form).await;
        assert_eq!(again.status, 409);
        assert!(again.text.contains("not waiting for a decision"), "{}", again.text);
    }
    app.catch_up().await;
    assert_eq!(app.request(&request).await.state, State::Refunded);
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    assert_eq!(app.refunds_at_stripe(), 1);

    let story = sana.read(&format!("/desk/payments/{payment}")).await;
    for part in [
        "The payer began to pay",
        "payment_intent.succeeded",
        "apply-event",
        "send-receipt",
        "process-refund",
        "Credits were granted: +240 available",
        "Credits were set aside for a refund",
        "Credits were taken for a refund",
        "The customer asked for a refund of $160.00",
        "A refund was approved: $64.00",
        "payment.partially_refunded",
        "user:felix",
        &reference,
    ] {
        assert!(story.contains(part), "{part}");
    }
    for search in [payment.to_string(), reference, request, "ada".to_owned()] {
        let found = sana.read(&format!("/desk/payments?q={search}")).await;
        assert!(found.contains(&payment.to_string()), "{search}");
    }
    for (filter, there) in [
        ("status=partially_refunded&provider=stripe&user=ada&least=160&most=160", true),
        ("status=succeeded", false),
        ("provider=paypal", false),
        ("user=eve", false),
        ("least=160.01", false),
        ("to=2020-01-01", false),
        ("q=nobody%40example.com", false),
    ] {
        let found = sana.read(&format!("/desk/payments?{filter}")).await;
        assert_eq!(found.contains(&payment.to_string()), there, "{filter}");
    }
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.5.4, AC9.6.4
#[tokio::test]
async fn a_denial_is_appealed_and_the_second_look_is_somebody_elses() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let (felix, nora) = (Desk::open(&app, "felix").await, Desk::open(&app, "nora").await);
    let deny = async |desk: &Desk<'_>, reason: &str| {
        let version = app.request(&request).await.version.to_string();
        let form = [("version", version.as_str()), ("reason", reason)];
        desk.post(&format!("/desk/refunds/{request}/deny"), &form).await
    };
    let without = deny(&felix, " ").await;
    assert!(without.status == 409 && without.text.contains("A denial has a reason"));
    assert_eq!(deny(&felix, "used by your script").await.status, 303);
    let path = format!("/api/v1/refund-requests/{request}/appeal");
    let body = json!({ "reason": "it was not mine" });
    let appealed = app.ask(Some(&app.token(USER)), "POST", &path, Some(&body)).await;
    assert_eq!(appealed.status, 202);
    let again = deny(&felix, "no").await;
    assert!(again.text.contains("second look is somebody else"), "{}", again.text);
    assert!(nora.read(&format!("/desk/refunds/{request}")).await.contains("it was not mine"));
    assert_eq!(deny(&nora, "it was").await.status, 303);
    assert_eq!(app.request(&request).await.state, State::Rejected);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_session_that_is_old_signs_in_again_before_money_goes_out() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let felix = Desk::open(&app, "felix").await;
    app.execute("UPDATE portal_sessions SET created_at = created_at - 960000000").await;
    assert_eq!(felix.get("/desk/refunds").await.status, 200);
    let path = format!("/desk/refunds/{request}/approve");
    let version = app.request(&request).await.version.to_string();
    let form = [("version", version.as_str()), ("amount", "6400")];
    let asked = felix.get(&format!("{path}?amount=64.00")).await;
    for answer in [asked, felix.post(&path, &form).await] {
        assert_eq!(answer.status, 303);
        assert!(answer.to.starts_with("/sign-in?next=%2Fdesk%2Frefunds%2F"), "{}", answer.to);
        assert!(answer.to.ends_with("&again=1"), "{}", answer.to);
    }
    assert_eq!(app.request(&request).await.state, State::PendingReview);
    let anew = Desk::open(&app, "felix").await;
    assert_eq!(anew.post(&path, &form).await.status, 303);
    assert_eq!(app.request(&request).await.state, State::Approved);
    app.stop().await;
}

// 001-SR4, 001-C6
#[tokio::test]
async fn a_body_is_shown_whole_to_admins_only_and_that_is_written_down() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let (sana, omar) = (Desk::open(&app, "sana").await, Desk::open(&app, "omar").await);
    let list = sana.read("/desk/events?kind=payment_intent.succeeded&state=applied").await;
    let id = &list[list.find("/desk/events/wev_").unwrap() + 13..][..36];
    let path = format!("/desk/events/{id}");
    let page = sana.read(&path).await;
    assert!(page.contains("payment_intent.succeeded") && page.contains("[redacted]"));
    assert!(!page.contains(&reference) && !page.contains("Show the whole body"));
    assert_eq!(sana.post(&format!("{path}/open"), &[]).await.status, 403);
    assert_eq!(app.count("audit_log WHERE action = 'event.opened'").await, 0);
    let whole = omar.post(&format!("{path}/open"), &[]).await;
    assert!(whole.status == 200 && whole.text.contains(&reference));
    assert!(whole.text.contains(&payment.to_string()));
    assert_eq!(app.count("audit_log WHERE action = 'event.opened'").await, 1);
    let audit = omar.read(&format!("/desk/audit?subject={id}&actor=user:omar")).await;
    assert!(audit.contains("event.opened"));
    app.stop().await;
}

// AC9.6.3, AC9.6.5
#[tokio::test]
async fn revenue_is_summed_by_day_and_method_and_failures_say_why() {
    let app = TestApp::without_workers().await;
    for _ in 0..3 {
        app.buy(USER, "pm_card_visa").await;
    }
    let (payment, reference) = app.buy("eve", "pm_card_visa").await;
    let refund = ("re_desk", 4_000, "succeeded");
    app.deliver(&refund_event("evt_desk", "refund.created", refund, &reference)).await;
    app.run_jobs().await;
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    let felix = Desk::open(&app, "felix").await;
    for by in ["day", "week", "month"] {
        let page = felix.read(&format!("/desk/revenue?by={by}")).await;
        for part in ["$640.00", "$40.00", "$600.00", "4 payments", "<svg", "Card"] {
            assert!(page.contains(part), "{by}: {part}");
        }
        let table = felix.read(&format!("/desk/revenue.csv?by={by}")).await;
        assert!(table.contains(",card,USD,4,640.00,40.00,0.00,600.00"), "{table}");
    }
    assert!(felix.read("/desk/revenue?to=2020-01-01").await.contains("Nothing was earned"));
    let (failed, reference) = app.begin(USER, "pm_card_chargeDeclinedInsufficientFunds").await;
    assert_eq!(app.confirm(USER, &reference).await.0, 402);
    app.catch_up().await;
    let page = felix.read("/desk/failed").await;
    assert!(page.contains(&failed.to_string()) && page.contains("insufficient_funds"), "{page}");
    let answer = felix.post(&format!("/desk/payments/{failed}/sync"), &[]).await;
    assert_eq!(answer.to, format!("/desk/payments/{failed}?done=same"));
    let audited = format!("audit_log WHERE action = 'payment.sync' AND subject = '{failed}'");
    assert_eq!(app.count(&audited).await, 1);
    app.stop().await;
}
