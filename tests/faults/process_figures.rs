//! A worker on its own shows what it counts: the alert rules about workers need nothing else.

use std::time::Duration;

use boot::Clock;
use tests::{
    SECRET,
    chaos::prepare,
    process::{Role, Stage, free_port, http, within},
    stripe,
};

/// Longest time until an event is applied and its receipt sent.
const DONE_WITHIN: Duration = Duration::from_secs(20);

/// What the alert rules about workers ask for.
const OF_WORKERS: [&str; 7] = [
    "quittance_webhook_to_credits_seconds_count 1",
    "quittance_payment_to_receipt_seconds_count 1",
    "quittance_provider_errors_total{",
    "quittance_provider_resting{",
    "quittance_reconciliation_gaps_total{",
    "quittance_ledger_discrepancies 0",
    "quittance_audit_problems 0",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_on_its_own_shows_its_figures_and_its_health() {
    let stage = Stage::embedded();
    let shows = format!("127.0.0.1:{}", free_port());
    let ingress = stage.start(Role::Ingress, "ingress").await;
    let told = [("WORKER_LISTEN_ADDR", shows.as_str())];
    let mut worker = stage.start_with(Role::Worker, "worker", &told).await;
    let http = http().timeout(DONE_WITHIN).build().unwrap();
    let get = async |path: &str| {
        let answer = http.get(format!("http://{shows}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(path).await.0, 200, "{path}");
    }
    for path in ["/", "/api/v1/packages", "/desk", "/webhooks/stripe"] {
        assert_eq!(get(path).await.0, 404, "{path}: it shows nothing else");
    }

    let store = stage.store().await;
    let mut planned = prepare(&store, 5, 20).await.into_iter();
    let paid = planned.find(|payment| payment.succeeds).unwrap();
    let kind = "payment_intent.succeeded";
    let body = stripe::event("evt_shown", kind, &paid.reference, Some(paid.id)).to_string();
    let signature = stripe::sign(SECRET, Clock::System.now().seconds(), body.as_bytes());
    let request = http.post(format!("{}/webhooks/stripe", ingress.base())).body(body);
    let answer = request.header("stripe-signature", signature).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);

    let mut figures = String::new();
    let all = within(DONE_WITHIN, async || {
        figures = get("/metrics").await.1;
        OF_WORKERS.iter().all(|series| figures.lines().any(|line| line.starts_with(series)))
    });
    assert!(all.await, "{figures}");
    assert!(figures.contains("route=\"unmatched\""), "{figures}");
    let exit = worker.terminate(DONE_WITHIN).await;
    assert_eq!(exit.and_then(|exit| exit.code()), Some(0), "{}", worker.log());
}
