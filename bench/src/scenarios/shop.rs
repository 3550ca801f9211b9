//! What a payer waits for: the payment's beginning, credits, receipt and invoice.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::time::Instant;

use super::{
    latency::{Measured, WEBHOOK_TO_CREDITS, durations},
    warm::{WARM_UP, warm},
};
use crate::{
    bench::{Bench, Stage, Where, flood, requests},
    figures::Target,
    load::{self, Pace, percentile},
    process::Process,
    stripe,
};

/// Connections of payers.
const CONNECTIONS: usize = 16;

/// Users that begin payments: enough for none to look like an attack.
const USERS: usize = 20;

/// Payments that begin in a second: we ask Stripe no more than 25 times in one.
const BEGUN: usize = 10;

/// Payments that succeed in a second.
const RATE: usize = 50;

/// Nobody here is to be told to come back later: all of them come from one address.
const SETTINGS: &str = "[limits]\napi_requests_per_minute_per_user = 100000\n\
                        api_requests_per_minute_per_address = 1000000\n[fraud]\n\
                        users_per_address = 0\nbegun_per_user = 0\n";

/// Measures a shop of some size on PostgreSQL and Redis.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let count = RATE * bench.size(20, 8);
    let mut stage = bench.stage("shop", Where::Postgres, WARM_UP + count).await?;
    let settings = stage.file("quittance.toml", SETTINGS)?;
    stage.program = stage
        .program
        .with("CONFIG", settings.display().to_string())
        .with("STRIPE_API_BASE", stripe::start().await?);
    let ingress = stage.program.serve(&["ingress"]).await?;
    let _worker = stage.program.work(&["worker"]).await?;
    warm(&stage, "shop", &ingress).await?;
    beginning(bench, &stage, &ingress).await?;
    let stage = success(bench, stage, &ingress, count).await?;
    invoices(bench, &stage, &ingress).await
}

/// How long `POST /payments/stripe/intent` takes, Stripe's answers taking no time.
async fn beginning(bench: &mut Bench, stage: &Stage, ingress: &Process) -> anyhow::Result<()> {
    let count = BEGUN * bench.size(20, 8);
    let tokens = (0..USERS).map(|user| token(stage, &format!("payer-{user}")));
    let tokens = tokens.collect::<anyhow::Result<Vec<_>>>()?;
    let body = r#"{"packageId":"pro-200"}"#;
    let request = |number: usize| {
        let token = &tokens[number % USERS];
        let length = body.len();
        format!(
            "POST /api/v1/payments/stripe/intent HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer \
             {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    };
    // The first of each user makes the customer.
    let first = Arc::new((0..USERS).map(request).collect());
    flood(ingress.address, first, CONNECTIONS).await?;
    let load = Arc::new((0..count).map(request).collect());
    let pace = Pace::PerSecond(f64::from(u32::try_from(BEGUN)?));
    let answers = load::send(ingress.address, load, CONNECTIONS, pace).await?;
    let note = format!("p50 {:.1} ms; the provider answers at once", answers.percentile(0.5));
    let p99 = answers.percentile(0.99);
    bench.figures.add("payment intent at 10/s: p99", p99, "ms", Target::AtMost(20.0), note);
    Ok(())
}

/// How long credits and receipts take.
async fn success(
    bench: &mut Bench,
    stage: Stage,
    ingress: &Process,
    count: usize,
) -> anyhow::Result<Stage> {
    let since = boot::Clock::System.now().micros();
    let load = requests("shop", WARM_UP..WARM_UP + count);
    let pace = Pace::PerSecond(f64::from(u32::try_from(RATE)?));
    load::send(ingress.address, load, CONNECTIONS, pace).await?;
    stage.drained(WARM_UP + count).await?;
    let measured = Measured { stage, since };
    for (what, query, limit) in [
        ("payment to credits at 50/s: p99", WEBHOOK_TO_CREDITS, 1_000.0),
        ("payment to receipt at 50/s: p99", PAYMENT_TO_RECEIPT, 10_000.0),
    ] {
        let waits = durations(&measured, query).await?;
        let note = format!("p50 {:.1} ms", percentile(&waits, 0.5));
        bench.figures.add(what, percentile(&waits, 0.99), "ms", Target::AtMost(limit), note);
    }
    Ok(measured.stage)
}

/// Until the mail server has the receipt with its invoice, and that is written down.
const PAYMENT_TO_RECEIPT: &str = "SELECT m.sent_at - p.succeeded_at AS took FROM mails m JOIN \
                                  payments p ON m.occasion = 'receipt:txn_' || \
                                  replace(p.id::text, '-', '') WHERE p.succeeded_at >= $1 ORDER \
                                  BY took";

/// How long an invoice takes, one after the other: it is drawn anew for whoever asks.
async fn invoices(bench: &mut Bench, stage: &Stage, ingress: &Process) -> anyhow::Result<()> {
    let count = bench.size(500, 100);
    let token = token(stage, "shop-0")?;
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
    };
    let mine = ingress.ask(&get("/api/v1/payments?limit=1")).await?;
    let mine: serde_json::Value = serde_json::from_str(&mine)?;
    let id = mine["data"]["items"][0]["transactionId"].as_str();
    let id = id.with_context(|| format!("shop-0 has paid nothing: {mine}"))?;
    let load = vec![get(&format!("/api/v1/payments/{id}/invoice.pdf")).into_bytes(); count];
    let begun = Instant::now();
    let answers = load::send(ingress.address, Arc::new(load), 1, Pace::AsFastAsAnswered).await?;
    let each = begun.elapsed().max(Duration::from_nanos(1)).as_secs_f64() * 1_000.0 / count as f64;
    let note = format!("mean; p99 {:.1} ms; read, drawn and answered", answers.percentile(0.99));
    bench.figures.add("invoice as PDF", each, "ms", Target::None, note);
    Ok(())
}

fn token(stage: &Stage, user: &str) -> anyhow::Result<String> {
    let email = format!("{user}@example.com");
    let token = stage.program.call(&["token", "--user", user, "--email", &email])?;
    Ok(token.trim().to_owned())
}
