//! Writes that are sent twice, card numbers that are sent at all, saved methods, and the end of an
//! account.

use std::time::Duration;

use entities::{Provider, Timestamp, fact};
use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

async fn keyed(app: &TestApp, user: &str, key: &str, path: &str, body: &Value) -> Asked {
    let token = app.token(user);
    app.ask_with(Some(&token), "POST", path, Some(body), &[("idempotency-key", key)]).await
}

const INTENT: &str = "/api/v1/payments/stripe/intent";
const SPEND: &str = "/api/v1/credits/spend";
const METHODS: &str = "/api/v1/payment-methods";

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_take_effect_once() {
    let app = TestApp::without_workers().await;
    let wish = json!({ "packageId": "pro-200" });
    let first = keyed(&app, USER, "k1", INTENT, &wish).await;
    let again = keyed(&app, USER, "k1", INTENT, &wish).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(app.count("payments").await, 1);

    let other = keyed(&app, USER, "k1", INTENT, &json!({ "packageId": "starter-50" })).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
    let elsewhere = keyed(&app, USER, "k1", SPEND, &wish).await;
    assert_eq!(elsewhere.status, 422);
    // A key is its user's own.
    assert_eq!(keyed(&app, "grace", "k1", INTENT, &wish).await.status, 200);
    assert_eq!(app.count("payments").await, 2);
    // A refusal is an answer, too.
    let wrong = json!({ "packageId": "gold" });
    let refused = keyed(&app, USER, "k2", INTENT, &wrong).await;
    let again = keyed(&app, USER, "k2", INTENT, &wrong).await;
    assert_eq!((refused.status, &refused.body), (404, &again.body));
    // The answer holds a client secret: it is encrypted.
    let secret = first.body["data"]["clientSecret"].as_str().unwrap();
    assert_eq!(app.find_in_database("idempotency_keys", "answer", secret).await, 0);
    assert_eq!(keyed(&app, USER, &"k".repeat(256), INTENT, &wish).await.status, 400);
    app.stop().await;
}

#[tokio::test]
async fn of_many_requests_under_one_key_one_is_done() {
    let app = TestApp::without_workers().await;
    let wish = json!({ "packageId": "pro-200" });
    let asked = (0..8).map(|_| keyed(&app, USER, "race", INTENT, &wish));
    let answers = tests::join_all(asked).await;
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 409), "{} {}", answer.status, answer.body);
    }
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(app.count("payments").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn a_key_whose_process_died_is_free_again_and_answers_expire() {
    use std::time::Duration;

    use payments::idempotency::{self, Begun, Request};

    let clock = boot::Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    let request = Request { user_ref: USER, key: "k", operation: "x", body: b"{}" };
    let Begun::New(dead) = idempotency::begin(&app.store, request).await.unwrap() else {
        panic!("the key is new")
    };
    assert!(matches!(idempotency::begin(&app.store, request).await.unwrap(), Begun::InFlight));
    clock.advance(idempotency::LOCKED);
    let Begun::New(owner) = idempotency::begin(&app.store, request).await.unwrap() else {
        panic!("the first one is dead")
    };
    let answer = idempotency::Answer { status: 200, body: b"mine".to_vec() };
    idempotency::keep(&app.store, owner, &answer).await.unwrap();
    // The dead one is not heard any more.
    let late = idempotency::Answer { status: 200, body: b"late".to_vec() };
    idempotency::keep(&app.store, dead, &late).await.unwrap();
    let Begun::Replay(kept) = idempotency::begin(&app.store, request).await.unwrap() else {
        panic!("it was answered")
    };
    assert_eq!(kept.body, b"mine");
    clock.advance(idempotency::KEPT + Duration::from_secs(1));
    assert!(matches!(idempotency::begin(&app.store, request).await.unwrap(), Begun::New(_)));
    clock.advance(idempotency::KEPT + Duration::from_secs(1));
    assert_eq!(idempotency::prune(&app.store, app.store.clock.now()).await.unwrap(), 1);
    app.stop().await;
}

// 000-SR2, 000-C5, 002-SC5
#[tokio::test]
async fn no_card_number_can_enter() {
    let app = TestApp::without_workers().await;
    let card = "4242 4242 4242 4242";
    let bodies = [
        (INTENT, json!({ "packageId": card })),
        (INTENT, json!({ "packageId": "pro-200", "paymentMethodId": "4242424242424242" })),
        (SPEND, json!({ "credits": 1, "reference": "for 4000-0000-0000-0002" })),
        (SPEND, json!({ "credits": 4_242_424_242_424_242_i64, "reference": "x" })),
        (METHODS, json!({ "paymentMethodId": "378282246310005" })),
    ];
    for (path, body) in &bodies {
        let refused = app.ask(Some(&app.token(USER)), "POST", path, Some(body)).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("card_number_refused")));
        assert!(!refused.body.to_string().contains("4242"), "{}", refused.body);
    }
    let key = keyed(&app, USER, "4242424242424242", SPEND, &json!({ "credits": 1 })).await;
    assert_eq!(key.body["code"], json!("card_number_refused"));
    for path in ["/api/v1/payments?method=4242424242424242", "/api/v1/payments/4242424242424242"] {
        let refused = app.ask(Some(&app.token(USER)), "GET", path, None).await;
        assert_eq!(refused.body["code"], json!("card_number_refused"), "{path}");
    }
    assert!(
        app.count("jobs WHERE name = 'alert' AND payload LIKE '%card-number-sent%'").await >= 1
    );
    for digits in ["4242424242424242", "4242 4242", "378282246310005", "4000-0000-0000-0002"] {
        assert_eq!(app.count(&format!("jobs WHERE payload LIKE '%{digits}%'")).await, 0);
    }
    assert_eq!(app.count("idempotency_keys").await, 0);
    app.stop().await;
}

// AC9.1.6, AC9.1.7, 002-PM4, 002-DB2, 000-FR5
#[tokio::test]
async fn a_saved_method_pays_in_one_click_and_belongs_to_nobody_else() {
    let app = TestApp::without_workers().await;
    let token = app.token(USER);
    let wish = json!({ "paymentMethodId": "pm_card_visa" });
    let saved = app.ask(Some(&token), "POST", METHODS, Some(&wish)).await;
    assert_eq!(saved.status, 201, "{}", saved.body);
    let method = &saved.body["data"]["paymentMethod"];
    assert_eq!((&method["brand"], &method["last4"]), (&json!("visa"), &json!("4242")));
    let id = method["paymentMethodId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("meth_"));

    let (payment, reference) = app.begin(USER, &id).await;
    let (status, body) = app.confirm(USER, &reference).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(app.payment(payment).await.method_last4.as_deref(), Some("4242"));
    let theirs = json!({ "packageId": "pro-200", "paymentMethodId": id });
    assert_eq!(app.post("mallory", INTENT, &theirs).await.0, 404);

    let path = format!("{METHODS}/{id}");
    assert_eq!(app.ask(Some(&token), "DELETE", &path, None).await.status, 200);
    assert_eq!(app.ask(Some(&token), "DELETE", &path, None).await.status, 404);
    let list = app.ask(Some(&token), "GET", METHODS, None).await;
    assert_eq!(list.body["data"]["items"], json!([]));
    assert_eq!(app.post(USER, INTENT, &theirs).await.0, 404);
    // Tokens and the provider's names are encrypted.
    for (table, column) in [("payment_methods", "token"), ("provider_customers", "reference")] {
        assert_eq!(app.count(table).await, 1);
        for plain in ["pm_", "cus_"] {
            assert_eq!(app.find_in_database(table, column, plain).await, 0, "{table}");
        }
    }
    app.stop().await;
}

// AC9.1.6, 002-WE5
#[tokio::test]
async fn a_method_saved_while_paying_is_learned_of_by_webhook() {
    let app = TestApp::start().await;
    let token = app.token(USER);
    let wish = json!({ "packageId": "pro-200", "paymentMethodId": "pm_card_visa",
        "savePaymentMethod": true });
    let (status, begun) = app.post(USER, INTENT, &wish).await;
    assert_eq!(status, 200, "{begun}");
    let secret = begun["data"]["clientSecret"].as_str().unwrap();
    let reference = secret.split("_secret_").next().unwrap();
    assert_eq!(app.confirm_at_stripe(reference).await, 200);
    app.until(async || app.count("payment_methods WHERE detached_at IS NULL").await == 1).await;
    let list = app.ask(Some(&token), "GET", METHODS, None).await;
    assert_eq!(list.body["data"]["items"][0]["last4"], json!("4242"));
    app.stop().await;
}

// 002-PM4
#[tokio::test]
async fn an_old_list_of_methods_undoes_nothing_newer() {
    use payments::methods::{self, Told};

    let clock = boot::Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    let user = payments::customers::User { user_ref: USER.to_owned(), email: None };
    let customer = payments::customers::ensure(&app.store, &user).await.unwrap().id;
    let card = |token: &str| fact::KeptMethod {
        token: token.to_owned(),
        summary: fact::MethodSummary::default(),
        exp_month: None,
        exp_year: None,
    };
    let keep = async |card| {
        methods::keep(&app.store, customer, Provider::Stripe, false, card).await.unwrap()
    };
    let follow = async |told: Told<'_>| {
        methods::follow(&app.store, customer, Provider::Stripe, false, &told).await.unwrap();
        let listed = methods::list(&app.store, USER, false).await.unwrap();
        listed.iter().map(|method| (method.id, method.created_at)).collect::<Vec<_>>()
    };
    let (old, new) = (card("pm_old"), card("pm_new"));
    let taken_off = keep(&old).await.id;
    let asked = clock.now();
    clock.advance(Duration::from_millis(1));
    let saved = keep(&new).await;
    methods::detached(&app.store, taken_off).await.unwrap();

    let late = Told { at: asked, kept: std::slice::from_ref(&old) };
    assert_eq!(follow(late).await, [(saved.id, saved.created_at)]);

    // What was asked for later is followed.
    clock.advance(Duration::from_millis(1));
    let fresh = Told { at: clock.now(), kept: std::slice::from_ref(&old) };
    assert_eq!(follow(fresh).await, [(taken_off, clock.now())]);

    // Whichever of two is written first, if both are at once.
    let asked = clock.now();
    clock.advance(Duration::from_millis(1));
    let more: Vec<_> = (0..20).map(|number| card(&format!("pm_{number}"))).collect();
    for another in &more {
        let late = Told { at: asked, kept: std::slice::from_ref(&old) };
        tokio::join!(keep(another), follow(late));
    }
    assert_eq!(methods::list(&app.store, USER, false).await.unwrap().len(), 21);
    app.stop().await;
}

#[tokio::test]
async fn without_a_token_a_setup_is_begun() {
    let app = TestApp::without_workers().await;
    let begun = app.ask(Some(&app.token(USER)), "POST", METHODS, Some(&json!({}))).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    assert!(begun.body["data"]["clientSecret"].as_str().unwrap().starts_with("seti_"));
    assert!(
        begun.body["data"]["customerSessionClientSecret"]
            .as_str()
            .unwrap()
            .starts_with("cuss_secret_")
    );
    app.stop().await;
}

// AC9.3.6
#[tokio::test]
async fn deleting_an_account_takes_every_method_off_and_keeps_what_the_law_needs() {
    let app = TestApp::without_workers().await;
    let token = app.token(USER);
    for card in ["pm_card_visa", "pm_card_mastercard"] {
        let wish = json!({ "paymentMethodId": card });
        assert_eq!(app.ask(Some(&token), "POST", METHODS, Some(&wish)).await.status, 201);
    }
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;
    assert_eq!(app.confirm(USER, &reference).await.0, 200);

    for _ in 0..2 {
        assert_eq!(app.ask(Some(&token), "DELETE", "/api/v1/account", None).await.status, 202);
    }
    app.run_jobs().await;

    let detached = app.sandbox.events();
    let detached = detached.iter().filter(|event| event["type"] == "payment_method.detached");
    assert_eq!(detached.count(), 2);
    assert_eq!(app.count("payment_methods WHERE detached_at IS NULL").await, 0);
    assert_eq!(app.count("customers WHERE email IS NULL AND billing IS NULL").await, 1);
    let invoice = format!("/api/v1/payments/{payment}/invoice.pdf");
    assert_eq!(app.ask(Some(&token), "GET", &invoice, None).await.status, 200);
    let (status, refused) = app.post(USER, INTENT, &json!({ "packageId": "pro-200" })).await;
    assert_eq!((status, &refused["code"]), (409, &json!("account_closed")));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn nobody_gets_more_mails_in_an_hour_than_the_setting_says() {
    use payments::mails::{self, Occasion, Opening};

    let clock = boot::Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let app = TestApp::with_clock(clock.clone()).await;
    let begin = async |occasion: &str, to: &str| {
        let opening = Opening { occasion, recipient: to, subject: "subject" };
        mails::begin(&app.store, &[opening], 2).await.unwrap()[0]
    };
    assert!(matches!(begin("a", "ada@example.com").await, Occasion::Send(_)));
    clock.advance(Duration::from_mins(10));
    assert!(matches!(begin("b", "Ada@example.com").await, Occasion::Send(_)));
    let later = begin("c", "ada@example.com").await;
    assert_eq!(later, Occasion::Later(Duration::from_mins(50)));
    assert!(matches!(begin("a", "ada@example.com").await, Occasion::Send(_)), "one begun goes on");
    assert!(matches!(begin("d", "grace@example.com").await, Occasion::Send(_)));
    clock.advance(Duration::from_mins(50));
    assert!(matches!(begin("c", "ada@example.com").await, Occasion::Send(_)));

    let opening = |occasion| Opening { occasion, recipient: "alan@example.com", subject: "many" };
    let all = mails::begin(&app.store, &["e", "f", "g"].map(opening), 2).await.unwrap();
    assert!(matches!(all[..], [Occasion::Send(_), Occasion::Send(_), Occasion::Later(_)]));

    // What was sent is noted for many at once as for one, and nothing else is.
    let id = |occasion: &Occasion| match occasion {
        Occasion::Send(id) => Some(*id),
        _ => None,
    };
    mails::sent(&app.store, &all.iter().filter_map(id).collect::<Vec<_>>()).await.unwrap();
    mails::sent(&app.store, &[id(&begin("d", "grace@example.com").await).unwrap()]).await.unwrap();
    let mut sent = Vec::new();
    for occasion in ["a", "b", "c", "d", "e", "f", "g"] {
        sent.push(mails::is_sent(&app.store, occasion).await.unwrap());
    }
    assert_eq!(sent, [false, false, false, true, true, true, false]);
    app.stop().await;
}
