//! The pages, over a real database and a provider that only makes payments up.

mod desk;
mod gateway;
mod saved;

use std::time::Duration;

use boot::{Clock, Db, db::DbOptions};
use entities::{Provider, Timestamp};
use gateways::Gateways;
use jobs::{Dispatcher, tickets::MemoryCarrier};
use migration::{Migrate, Migrator};
use payments::{
    Store, catalog,
    core::{Alarms, Policies, Policy, fraud::Rules},
    vault::Vault,
};
use poem::{
    Endpoint, Response, Route,
    http::{StatusCode, header},
    test::TestClient,
};

use super::*;

/// What the host application signs with.
const SECRET: &str = "the host application's own secret";

/// Tries of an address to sign in, in a minute.
const SIGN_INS: u32 = 20;

/// Portals over one temporary database.
struct Desk {
    _folder: tempfile::TempDir,
    store: Store,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = DbOptions {
            url: format!("sqlite://{}/db.sqlite", folder.path().display()).into(),
            max_connections: 2,
            statement_timeout: Duration::from_secs(5),
        };
        let db = Db::connect(&options).await.unwrap();
        Migrator::up(db.writer(), None).await.unwrap();
        let clock = Clock::manual(Timestamp::from_seconds(1_700_000_000));
        let vault = Vault::open(&db, &[7; 32], clock.now()).await.unwrap();
        let store = Store { db, vault, clock };
        catalog::seed(&store, catalog::parse(catalog::DEFAULT).unwrap()).await.unwrap();
        Self { _folder: folder, store }
    }

    /// The portal as the process has it: beside the routes of others.
    fn open(&self, sandbox: bool) -> TestClient<impl Endpoint + use<>> {
        self.open_with(sandbox, false)
    }

    /// Likewise; `hosted` if payers are sent to a page of Stripe's.
    fn open_with(&self, sandbox: bool, hosted: bool) -> TestClient<impl Endpoint + use<>> {
        let gateways = Gateways::new([gateway::fake()]);
        let (fraud, alarms) = (Rules::OFF, Alarms::USUAL);
        let policy =
            Policy { livemode: false, account: None, refund_warnings: false, fraud, alarms };
        let policies = Policies::new([(Provider::Stripe, policy)]);
        let dispatcher = Dispatcher::start(Arc::new(MemoryCarrier::new().0));
        let cashier = ingress::Cashier::new(&self.store, &gateways, &policies, &dispatcher);
        let publishable_key = "pk_test_portal".to_owned();
        let portal = Portal {
            store: self.store.clone(),
            cashier,
            replayer: ingress::Replayer::new(&self.store, &gateways, &policies, &dispatcher),
            reconciler: ingress::Reconciler::new(&self.store, &gateways, &dispatcher),
            sign_ins: ingress::SignIns::new(SIGN_INS, false),
            metrics: boot::telemetry::install_metrics(),
            refunds: payments::core::RefundPolicy::default(),
            adjustments: payments::core::AdjustmentPolicy::default(),
            files: ingress::Files::new(&self.store, &Arc::default(), &documents::Fonts::default()),
            token_key: ingress::TokenKey::new(&SECRET.into()),
            sandbox,
            public_url: "http://pay.example:5000/".parse().unwrap(),
            hosts: vec!["https://shop.example".to_owned()],
            stripe: Some(StripeJs { publishable_key, account: None, hosted }),
            paypal: Some(PaypalJs { client_id: "paypal&client".to_owned() }),
        };
        let other = Route::new().at("/:id", get(poem::endpoint::make_sync(|_| "theirs")));
        let app = Route::new().nest("/", routes(portal));
        TestClient::new(app.nest("/sandbox/pay", other))
    }

    /// A card that `user` saved, which expires at the end of `month` of `year`.
    async fn save_card(&self, user: &str, month: i64, year: i64) -> entities::MethodId {
        let user = payments::customers::User { user_ref: user.to_owned(), email: None };
        let customer = payments::customers::ensure(&self.store, &user).await.unwrap();
        let summary = entities::fact::MethodSummary {
            kind: Some("card".to_owned()),
            brand: Some("visa".to_owned()),
            last4: Some("4242".to_owned()),
            wallet: None,
        };
        let token = format!("pm_{month}_{year}");
        let kept = entities::fact::KeptMethod {
            token,
            summary,
            exp_month: Some(month),
            exp_year: Some(year),
        };
        let provider = Provider::Stripe;
        let kept = payments::methods::keep(&self.store, customer.id, provider, false, &kept).await;
        kept.unwrap().id
    }

    /// A token of the host application's, that ends in a minute.
    fn token(&self, user: &str) -> String {
        let claims = ingress::Claims {
            sub: user.to_owned(),
            email: Some(format!("{user}@example.com")),
            roles: Vec::new(),
            exp: self.store.clock.now().seconds() + 60,
        };
        ingress::mint(&SECRET.into(), &claims).unwrap()
    }
}

/// Somebody's browser.
struct Browser<'a, E> {
    portal: &'a TestClient<E>,
    cookie: String,
    csrf: String,
}

impl<'a, E: Endpoint> Browser<'a, E> {
    async fn sign_in(portal: &'a TestClient<E>, user: &str) -> Self {
        let answer = post(portal, "/sign-in", &[("user", user)]).send().await;
        answer.assert_status(StatusCode::SEE_OTHER);
        let mut browser = Self { portal, cookie: cookie(&answer.0), csrf: String::new() };
        let html = browser.read("/").await;
        let (_, rest) = html.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().clone_into(&mut browser.csrf);
        browser
    }

    fn get(&self, path: &str) -> poem::test::TestRequestBuilder<'a, E> {
        self.portal.get(path).header(header::COOKIE, &self.cookie)
    }

    async fn read(&self, path: &str) -> String {
        let answer = self.get(path).send().await;
        answer.assert_status_is_ok();
        text(answer.0).await
    }

    fn post(&self, path: &str, csrf: &str) -> poem::test::TestRequestBuilder<'a, E> {
        post(self.portal, path, &[("csrf", csrf)]).header(header::COOKIE, &self.cookie)
    }
}

fn post<'a, E: Endpoint>(
    portal: &'a TestClient<E>,
    path: &str,
    form: &[(&str, &str)],
) -> poem::test::TestRequestBuilder<'a, E> {
    let length: usize = form.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let form: std::collections::BTreeMap<_, _> = form.iter().copied().collect();
    // Long enough for what is escaped; the limit is what a test here is about.
    portal.post(path).form(&form).header(header::CONTENT_LENGTH, length)
}

/// What an answer has the browser hold.
fn cookie(answer: &Response) -> String {
    let set = answer.header(header::SET_COOKIE).unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax") && set.contains("; Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn text(response: Response) -> String {
    response.into_body().into_string().await.unwrap()
}

#[tokio::test]
async fn the_start_page_offers_the_catalogue_and_says_how_things_are() {
    let desk = Desk::new().await;
    let answer = desk.open(true).get("/").send().await;
    answer.assert_status_is_ok();
    let html = text(answer.0).await;

    for part in [
        "$160.00",
        "200 credits",
        "+ 40 bonus",
        "$0.67 a credit",
        "/checkout/pro-200",
        "Up",
        "0 applied",
        "0 waiting",
        "quittance token --user demo",
        "API=http://pay.example:5000/api/v1",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("<style"));
}

#[tokio::test]
async fn nobody_is_made_up_and_no_figure_is_told_where_money_is_real() {
    let desk = Desk::new().await;
    let portal = desk.open(false);
    let html = text(portal.get("/").send().await.0).await;
    assert!(html.contains("$160.00") && html.contains("Up"));
    for part in ["/sandbox", "demo", "waiting", "applied", "/sign-in"] {
        assert!(!html.contains(part), "{part}");
    }
    portal.get("/sign-in").send().await.assert_status(StatusCode::UNAUTHORIZED);
    let be = post(&portal, "/sign-in", &[("user", "demo")]).send().await;
    be.assert_status(StatusCode::NOT_FOUND);
    portal.get("/checkout/pro-200").send().await.assert_status(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_to_be_gone() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    desk.store.db.clone().close().await.unwrap();
    let answer = portal.get("/").send().await;
    answer.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(answer.0).await.contains("Not reachable"));
}

#[tokio::test]
async fn who_has_not_signed_in_is_asked_to_and_comes_back() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let answer = portal.get("/checkout/pro-200").send().await;
    answer.assert_status(StatusCode::SEE_OTHER);
    answer.assert_header("location", "/sign-in?next=%2Fcheckout%2Fpro-200");
    let page = text(portal.get("/sign-in?next=%2Fcheckout%2Fpro-200").send().await.0).await;
    assert!(page.contains("value=\"/checkout/pro-200\"") && page.contains("Mira Okafor"));
    let next = [("user", "mira"), ("next", "/checkout/pro-200")];
    let answer = post(&portal, "/sign-in", &next).send().await;
    answer.assert_header("location", "/checkout/pro-200");
    post(&portal, "/sign-in", &[("user", "x")]).send().await.assert_status(StatusCode::NOT_FOUND);
}

// 000-SR4, 001-SR5
#[tokio::test]
async fn the_host_applications_token_opens_a_session_and_nothing_else_does() {
    let desk = Desk::new().await;
    let portal = desk.open(false);
    let token = desk.token("ada");
    let enter = |token: &str, origin: &'static str| {
        let form = [("token", token), ("next", "/checkout/pro-200")];
        let request = post(&portal, "/session", &form).header(header::ORIGIN, origin);
        request.header("sec-fetch-site", "cross-site")
    };
    let answer = enter(&token, "https://shop.example").send().await;
    answer.assert_status(StatusCode::SEE_OTHER);
    answer.assert_header("location", "/checkout/pro-200");
    let cookie = cookie(&answer.0);
    let page = portal.get("/checkout/pro-200").header(header::COOKIE, cookie).send().await;
    assert!(text(page.0).await.contains("ada@example.com"));

    let answer = enter(&token, "https://evil.example").send().await;
    answer.assert_status(StatusCode::FORBIDDEN);
    let answer = enter(&format!("{token}x"), "https://shop.example").send().await;
    answer.assert_status(StatusCode::UNAUTHORIZED);
    answer.assert_header_is_not_exist("set-cookie");
}

// 001-SR5
#[tokio::test]
async fn who_tries_too_often_to_sign_in_is_told_to_wait() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    for path in ["/session", "/sign-in"] {
        let attempt = || post(&portal, path, &[("token", "x"), ("user", "x")]).send();
        let mut last = attempt().await;
        // On a slow machine some of it is free again by then.
        for _ in 0..SIGN_INS * 4 {
            if last.0.status() == StatusCode::TOO_MANY_REQUESTS {
                break;
            }
            last = attempt().await;
        }
        last.assert_status(StatusCode::TOO_MANY_REQUESTS);
        last.assert_header_exist("retry-after");
        assert!(text(last.0).await.contains("That was too often"), "{path}");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_and_on_request() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let (one, other) =
        (Browser::sign_in(&portal, "mira").await, Browser::sign_in(&portal, "aiko").await);
    one.post("/sign-out", &one.csrf).send().await.assert_status(StatusCode::SEE_OTHER);
    let gone = StatusCode::SEE_OTHER;
    one.get("/checkout/pro-200").send().await.assert_status(gone);
    other.get("/checkout/pro-200").send().await.assert_status_is_ok();
    desk.store.clock.advance(payments::sessions::LIFETIME);
    other.get("/checkout/pro-200").send().await.assert_status(gone);
    for stolen in ["quittance=", "quittance=x", "quittance=%00"] {
        let answer = portal.get("/checkout/pro-200").header(header::COOKIE, stolen).send().await;
        answer.assert_status(gone);
    }
}

// 002-TF1, 002-EP1
#[tokio::test]
async fn a_payment_is_begun_for_who_is_signed_in_and_is_theirs_alone() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let mira = Browser::sign_in(&portal, "mira").await;
    let html = mira.read("/checkout/pro-200").await;
    for part in ["data-key=\"pk_test_portal\"", "data-amount=\"16000\"", "mira@example.com"] {
        assert!(html.contains(part), "{part}");
    }
    let answer = mira.post("/checkout/pro-200", &mira.csrf).send().await;
    answer.assert_status_is_ok();
    answer.assert_header("cache-control", "no-store");
    let begun = text(answer.0).await;
    assert!(begun.contains("\"clientSecret\":\"pi_fake_secret_1&x\""), "{begun}");
    let id = &begun[begun.find("txn_").unwrap()..][..36];

    let page = mira.read(&format!("/payments/{id}")).await;
    assert!(page.contains("Confirming your payment") && page.contains("$160.00"));
    assert!(!page.contains("secret"));
    assert!(mira.read("/").await.contains(id));
    let aiko = Browser::sign_in(&portal, "aiko").await;
    for path in ["", "/live"] {
        let foreign = aiko.get(&format!("/payments/{id}{path}")).send().await;
        foreign.assert_status(StatusCode::NOT_FOUND);
    }
    let check = aiko.post(&format!("/payments/{id}/check"), &aiko.csrf).send().await;
    check.assert_status(StatusCode::NOT_FOUND);
    let none = mira.post("/checkout/no-such", &mira.csrf).send().await;
    none.assert_status(StatusCode::NOT_FOUND);
}

// 001-FR8, AC9.4.4
#[tokio::test]
async fn billing_lists_the_visitors_own_payments_by_state_and_year() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let (mira, aiko) =
        (Browser::sign_in(&portal, "mira").await, Browser::sign_in(&portal, "aiko").await);
    assert!(mira.read("/billing").await.contains("You have not bought anything yet"));
    mira.post("/checkout/pro-200", &mira.csrf).send().await.assert_status_is_ok();

    let html = mira.read("/billing").await;
    for part in ["14 Nov 2023", "<b>Pro</b>", "$160.00", "Not paid", "/payments/txn_"] {
        assert!(html.contains(part), "{part}");
    }
    for (filter, there) in [
        ("state=open", true),
        ("state=paid", false),
        ("year=2023", true),
        ("year=2022", false),
        ("state=open&year=2023", true),
        ("state=%3Cscript%3E&year=x&after=x", true),
    ] {
        let html = mira.read(&format!("/billing?{filter}")).await;
        assert_eq!(html.contains("/payments/txn_"), there, "{filter}");
        assert!(!html.contains("<script"));
    }
    assert!(!aiko.read("/billing").await.contains("/payments/txn_"));
}

#[tokio::test]
async fn billing_goes_on_where_a_page_ends() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let mira = Browser::sign_in(&portal, "mira").await;
    let user = payments::customers::User { user_ref: "mira".to_owned(), email: None };
    let customer = payments::customers::ensure(&desk.store, &user).await.unwrap();
    for _ in 0..23 {
        let (visit, at) = (ingress::Visit::default(), (Provider::Stripe, false));
        let payer = (&customer, None);
        let begun =
            payments::checkout::begin(&desk.store, &Rules::OFF, payer, &visit, "pro-200", at);
        begun.await.unwrap();
    }
    let count = |html: &str| html.matches("/payments/txn_").count();
    let first = mira.read("/billing?state=open").await;
    assert_eq!(count(&first), 20);
    let (_, rest) = first.split_once("href=\"/billing?state=open").unwrap();
    let next = rest.split('"').next().unwrap().replace("&#38;", "&");
    let second = mira.read(&format!("/billing?state=open{next}")).await;
    assert_eq!(count(&second), 3);
    assert!(second.contains("Newest") && !second.contains("Older"));
}

#[tokio::test]
async fn every_form_needs_the_sessions_own_token_and_an_own_page() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let (mira, aiko) =
        (Browser::sign_in(&portal, "mira").await, Browser::sign_in(&portal, "aiko").await);
    let check = format!("/payments/{}/check", entities::PaymentId::new());
    let receipt = format!("/payments/{}/receipt", entities::PaymentId::new());
    let remove = format!("/methods/{}/remove", entities::MethodId::new());
    let forms = ["/sign-out", "/checkout/pro-200", "/methods", &check, &receipt, &remove];
    for path in forms {
        for csrf in ["", "x", &aiko.csrf] {
            let answer = mira.post(path, csrf).send().await;
            answer.assert_status(StatusCode::FORBIDDEN);
        }
        let answer =
            mira.post(path, &mira.csrf).header("sec-fetch-site", "cross-site").send().await;
        answer.assert_status(StatusCode::FORBIDDEN);
        let answer = post(&portal, path, &[("csrf", &mira.csrf)]).send().await;
        answer.assert_status(StatusCode::SEE_OTHER);
    }
    for origin in ["https://evil.example", "null"] {
        let form = post(&portal, "/sign-in", &[("user", "mira")]).header(header::ORIGIN, origin);
        form.send().await.assert_status(StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_said_on_a_page() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let mira = Browser::sign_in(&portal, "mira").await;
    mira.get("/checkout/no-such").send().await.assert_status(StatusCode::NOT_FOUND);
    portal.get("/sign-out").send().await.assert_status(StatusCode::METHOD_NOT_ALLOWED);
    let large = "x".repeat(FORM_LIMIT);
    let large = post(&portal, "/sign-in", &[("user", &large)]).send().await;
    large.assert_status(StatusCode::PAYLOAD_TOO_LARGE);
    let foreign = format!("/payments/{}", entities::PaymentId::new());
    let paths = ["/nowhere", "/payments/txn_1", "/payments/%3Cscript%3E", &foreign, "/assets/none"];
    for path in paths {
        let answer = mira.get(path).send().await;
        answer.assert_status(StatusCode::NOT_FOUND);
        assert!(text(answer.0).await.contains("There is nothing here"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_binds_the_browser_and_leaves_others_alone() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    for path in ["/", "/nowhere", assets::FILES[0].path] {
        let answer = portal.get(path).send().await;
        let policy = answer.0.header(header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        answer.assert_header("x-content-type-options", "nosniff");
        answer.assert_header_exist("referrer-policy");
    }
    let theirs = portal.get("/sandbox/pay/pi_1").send().await;
    theirs.assert_header_is_not_exist("content-security-policy");
    theirs.assert_text("theirs").await;
}

// 001-SR2, 000-SR2
#[tokio::test]
async fn a_browser_runs_the_scripts_of_the_inventory_and_no_other() {
    let inventory = include_str!("../../docs/scripts.md");
    let desk = Desk::new().await;
    for sandbox in [true, false] {
        let portal = desk.open(sandbox);
        let entered = post(&portal, "/session", &[("token", &desk.token("ada"))]).send().await;
        let cookie = cookie(&entered.0);
        let answer = portal.get("/checkout/pro-200").header(header::COOKIE, &cookie).send().await;
        let policy = answer.0.header(header::CONTENT_SECURITY_POLICY).unwrap().to_owned();
        let html = text(answer.0).await;
        let tags: Vec<&str> = html.split("<script").skip(1).collect();
        assert_eq!(tags.len(), 4);
        for tag in tags {
            let attribute = |name: &str| {
                let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
                rest.split('"').next().unwrap()
            };
            assert!(policy.contains(&format!("'nonce-{}'", attribute("nonce"))));
            let source = attribute("src").split('?').next().unwrap();
            assert!(inventory.contains(&format!("`{source}`")), "{source}");
            let ours = source.starts_with("/assets/");
            assert_eq!(tag.contains("integrity=\"sha256-"), ours, "{source}");
        }
        assert_eq!(policy.contains("https://js.stripe.com"), !sandbox);
        assert_eq!(policy.contains("https://*.paypal.com"), !sandbox);
        assert!(html.contains("client-id=paypal%26client&#38;currency=USD"));
        let again = portal.get("/checkout/pro-200").header(header::COOKIE, &cookie).send().await;
        let again = again.0.header(header::CONTENT_SECURITY_POLICY).unwrap().to_owned();
        assert_ne!(again, policy);
    }
}

#[tokio::test]
async fn where_stripe_shows_the_form_no_script_of_its_runs_here() {
    let desk = Desk::new().await;
    let portal = desk.open_with(false, true);
    let entered = post(&portal, "/session", &[("token", &desk.token("ada"))]).send().await;
    let cookie = cookie(&entered.0);

    let answer = portal.get("/checkout/pro-200").header(header::COOKIE, &cookie).send().await;

    let policy = answer.0.header(header::CONTENT_SECURITY_POLICY).unwrap().to_owned();
    let html = text(answer.0).await;
    assert!(html.contains("action=\"/checkout/pro-200/stripe\""), "{html}");
    assert!(!html.contains("js.stripe.com") && !policy.contains("js.stripe.com"), "{policy}");
    assert!(policy.contains("form-action 'self' https://checkout.stripe.com"), "{policy}");
    let left = "/checkout/pro-200?canceled=stripe";
    let answer = portal.get(left).header(header::COOKIE, &cookie).send().await;
    assert!(text(answer.0).await.contains("You came back without paying"));
}

#[tokio::test]
async fn a_browser_keeps_the_style_it_was_given() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let html = text(portal.get("/").send().await.0).await;
    assert!(html.contains(assets::CSS_URL.as_str()));

    let answer = portal.get(assets::CSS_URL.as_str()).send().await;
    answer.assert_status_is_ok();
    answer.assert_content_type("text/css; charset=utf-8");
    answer.assert_header("cache-control", "public, max-age=31536000, immutable");
    let tag = answer.0.header(header::ETAG).unwrap().to_owned();
    let path = assets::CSS_URL.split('?').next().unwrap();
    let again = portal.get(path).header(header::IF_NONE_MATCH, tag).send().await;
    again.assert_status(StatusCode::NOT_MODIFIED);
    again.assert_header("cache-control", "public, max-age=300");
    portal.head("/assets/mark.svg").send().await.assert_status_is_ok();
}
