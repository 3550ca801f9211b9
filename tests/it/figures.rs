//! Metrics: what the alert rules and the dashboard look at is there (design §8).

use std::collections::BTreeSet;

use entities::Provider;
use payments::{controls, reconciliations};
use serde_json::Value;
use tests::{TestApp, USER};

const RULES: &str = include_str!("../../docker/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../docker/grafana/quittance.json");

/// The names of metrics in `text`: all of ours begin alike.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("quittance_") || word.starts_with("ingress_")).collect()
}

/// Every expression of the dashboard.
fn expressions(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| expressions(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

async fn scrape(app: &TestApp) -> String {
    let asked = app.ask(None, "GET", "/metrics", None).await;
    assert_eq!(asked.status, 200);
    String::from_utf8(asked.bytes).unwrap()
}

/// The value of the series `series`, as it is written.
fn value(scraped: &str, series: &str) -> Option<f64> {
    let line = scraped.lines().find(|line| line.starts_with(&format!("{series} ")))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn rules_and_dashboard_name_metrics_that_exist() {
    let app = TestApp::without_workers().await;
    app.buy(USER, "pm_card_visa").await;
    let wish = reconciliations::Wish::Event("evt_none".to_owned());
    reconciliations::ask(&app.store, Provider::Stripe, wish, "operator").await.unwrap();
    app.run_jobs().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.no_proxy().build().unwrap();
    let entered = http.post(app.url("/sign-in")).form(&[("user", "mira")]).send().await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let page = app.ask_with(None, "GET", "/checkout/pro-200", None, &[("cookie", cookie)]).await;
    assert_eq!(page.status, 200);
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 20, "{}", found.len());
    let asked = format!("{RULES} {}", found.join(" "));
    let scraped = scrape(&app).await;
    for name in names(&asked) {
        let there = scraped
            .lines()
            .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(there, "{name} is not among the metrics");
    }
    assert!(names(RULES).len() >= 15, "the test reads the rules");
    // What the checkout rule asks for by its route.
    let routes: Vec<&str> =
        scraped.lines().filter(|line| line.starts_with("quittance_http_seconds_count")).collect();
    for route in ["/checkout/:package\"", "\"/webhooks/:provider\""] {
        assert!(routes.iter().any(|line| line.contains(route)), "{route}: {routes:?}");
    }
    app.stop().await;
}

/// The routes among the metrics.
fn routes(scraped: &str) -> BTreeSet<&str> {
    let series = scraped.lines().filter(|line| line.starts_with("quittance_http_seconds_count"));
    series.filter_map(|line| line.split("route=\"").nth(1)?.split('"').next()).collect()
}

#[tokio::test]
async fn an_error_is_counted_under_the_route_that_it_belongs_to() {
    let app = TestApp::without_workers().await;
    for path in [
        "/payments/txn_0",
        "/checkout/nothing",
        "/desk/jobs/job_0",
        "/no/such/page",
        "/nor/this",
        "/api/v1/nothing",
        "/assets/none.css",
    ] {
        // A page that is not for strangers leads to where one signs in.
        app.ask(None, "GET", path, None).await;
    }
    assert_eq!(app.ask(None, "GET", "/", None).await.status, 200);

    let scraped = scrape(&app).await;

    let routes = routes(&scraped);
    for route in ["/payments/:payment", "/checkout/:package", "/desk/jobs/:id", "/", "unmatched"] {
        assert!(routes.contains(route), "{route}: {routes:?}");
    }
    let made_up = |route: &&str| route.contains("no/such") || route.contains("nothing");
    assert!(!routes.iter().any(made_up) && !routes.contains(""), "{routes:?}");
    app.stop().await;
}

#[tokio::test]
async fn what_waits_is_counted() {
    let app = TestApp::without_workers().await;
    let told = tests::stripe::event("evt_1", "payment_intent.succeeded", "pi_nobody", None);
    assert_eq!(app.deliver(&told).await, 200);
    let paused = entities::control::State::Paused;
    controls::set(&app.store, "money", paused, "test", "operator", None).await.unwrap();

    let scraped = scrape(&app).await;

    for (series, expected) in [
        ("quittance_jobs{lane=\"events\",state=\"queued\"}", 1.0),
        ("quittance_jobs{lane=\"events\",state=\"dead\"}", 0.0),
        ("quittance_events{state=\"received\"}", 1.0),
        ("quittance_paused{scope=\"money\"}", 1.0),
        ("quittance_paused{scope=\"all\"}", 0.0),
        ("quittance_database_up", 1.0),
        ("quittance_webhooks_refused_total{provider=\"stripe\"}", 0.0),
    ] {
        assert_eq!(value(&scraped, series), Some(expected), "{series}\n{scraped}");
    }
    app.stop().await;
}
