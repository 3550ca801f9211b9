//! The pages, over a real database and a provider that only makes payments up.

mod gateway;

use std::time::Duration;

use boot::{Clock, Db, db::DbOptions};
use entities::{Provider, Timestamp};
use gateways::Gateways;
use jobs::{Dispatcher, tickets::MemoryCarrier};
use migration::{Migrate, Migrator};
use payments::{
    Store, catalog,
    core::{Policies, Policy},
    vault::Vault,
};
use poem::{
    Endpoint, Response, Route,
    http::{StatusCode, header},
    test::TestClient,
};

use super::*;

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
        let gateways = Gateways::new([gateway::fake()]);
        let policy = Policy { livemode: false, account: None };
        let policies = Policies::new([(Provider::Stripe, policy)]);
        let dispatcher = Dispatcher::start(Arc::new(MemoryCarrier::new().0));
        let cashier = ingress::Cashier::new(&self.store, &gateways, &policies, &dispatcher);
        let public_url = "http://pay.example:5000/".parse().unwrap();
        let portal = Portal { store: self.store.clone(), cashier, sandbox, public_url };
        let other = Route::new().at("/:id", get(poem::endpoint::make_sync(|_| "theirs")));
        let app = Route::new().nest("/", routes(portal));
        TestClient::new(app.nest("/sandbox/pay", other))
    }
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
        "160.00",
        "200 credits + 40 bonus",
        "Buy Pro",
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
async fn nothing_can_be_tried_and_no_figure_is_told_where_money_is_real() {
    let desk = Desk::new().await;
    let portal = desk.open(false);
    let html = text(portal.get("/").send().await.0).await;
    assert!(html.contains("160.00") && html.contains("Up"));
    for part in ["/try", "/sandbox", "demo", "waiting", "applied"] {
        assert!(!html.contains(part), "{part}");
    }
    let id = entities::PaymentId::new();
    portal
        .post("/try")
        .form(&[("package", "pro-200")])
        .send()
        .await
        .assert_status(StatusCode::NOT_FOUND);
    portal.get(format!("/try/{id}")).send().await.assert_status(StatusCode::NOT_FOUND);
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
async fn a_visitor_buys_and_watches() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let answer = buy(&portal, "pro-200").header("sec-fetch-site", "same-origin").send().await;
    answer.assert_status(StatusCode::SEE_OTHER);
    let location = answer.0.header(header::LOCATION).unwrap().to_owned();
    let (page, query) = location.split_once('?').unwrap();
    assert_eq!(page, "/sandbox/pay/pi_fake");
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(query[0], ("client_secret".to_owned(), "pi_fake_secret_1&x".to_owned()));
    let back = query[1].1.strip_prefix("http://pay.example:5000").unwrap();
    assert!(query[1].0 == "return_url" && back.starts_with("/try/txn_"));

    let answer = portal.get(back).send().await;
    answer.assert_status_is_ok();
    answer.assert_header("cache-control", "no-store");
    let html = text(answer.0).await;
    for part in ["Waiting for the payment", "pi_fake", "http-equiv=\"refresh\"", "160.00 USD"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("secret"));
    assert!(text(portal.get("/").send().await.0).await.contains(back));
}

#[tokio::test]
async fn a_form_of_another_site_buys_nothing() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let cross =
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")];
    for (name, value) in cross {
        let answer = buy(&portal, "pro-200").header(name, value).send().await;
        answer.assert_status(StatusCode::FORBIDDEN);
        assert!(text(answer.0).await.contains("another site"));
    }
    assert!(!text(portal.get("/").send().await.0).await.contains("/try/txn_"));
}

#[tokio::test]
async fn what_cannot_be_done_is_said_on_a_page() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    buy(&portal, "no-such").send().await.assert_status(StatusCode::NOT_FOUND);
    portal.get("/try").send().await.assert_status(StatusCode::METHOD_NOT_ALLOWED);
    let large = "x".repeat(FORM_LIMIT);
    buy(&portal, &large).send().await.assert_status(StatusCode::PAYLOAD_TOO_LARGE);
    let foreign = format!("/try/{}", entities::PaymentId::new());
    for path in ["/nowhere", "/try/txn_1", "/try/%3Cscript%3E", &foreign, "/assets/none", "/a/b/c"]
    {
        let answer = portal.get(path).send().await;
        answer.assert_status(StatusCode::NOT_FOUND);
        assert!(text(answer.0).await.contains("There is nothing here"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_binds_the_browser_and_leaves_others_alone() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    for path in ["/", "/nowhere", assets::CSS_PATH] {
        let answer = portal.get(path).send().await;
        let policy = answer.0.header(header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{path}");
        answer.assert_header("x-content-type-options", "nosniff");
        answer.assert_header_exist("referrer-policy");
    }
    let theirs = portal.get("/sandbox/pay/pi_1").send().await;
    theirs.assert_header_is_not_exist("content-security-policy");
    theirs.assert_text("theirs").await;
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
    let again = portal.get(assets::CSS_PATH).header(header::IF_NONE_MATCH, tag).send().await;
    again.assert_status(StatusCode::NOT_MODIFIED);
    again.assert_header("cache-control", "public, max-age=300");
    portal.head(assets::MARK_PATH).send().await.assert_status_is_ok();
}

fn buy<'a, E: Endpoint>(
    portal: &'a TestClient<E>,
    package: &str,
) -> poem::test::TestRequestBuilder<'a, E> {
    let length = "package=".len() + package.len();
    portal.post("/try").form(&[("package", package)]).header(header::CONTENT_LENGTH, length)
}
