//! Canaries: what must not be found in the clear in logs, in Redis, or in the database's files.

use std::path::Path;

use memchr::memmem;
use serde_json::json;
use tests::{
    process::{JWT_SECRET, MASTER_KEY, Postgres, RedisServer, Role, Stage, http, within},
    stripe,
};

const EMAIL: &str = "canary.7f3a@example.com";
const EVENT_EMAIL: &str = "canary.in.event.51d2@example.com";
const CUSTOMER: &str = "cus_CANARY7f3a91";
const METHOD: &str = "pm_CANARY7f3a92";

/// Never in the clear anywhere: in no log at the finest level, no Redis, no file of the database.
const NOWHERE: [&str; 7] =
    [tests::SECRET, JWT_SECRET, MASTER_KEY, EMAIL, EVENT_EMAIL, CUSTOMER, METHOD];

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_found_nowhere_on_postgres_and_redis() {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let mut stage = Stage::on(&postgres).await.carried_by(&redis);
    stage.set("RUST_LOG", "trace");
    let ingress = stage.start(Role::Ingress, "ingress").await;
    let worker = stage.start(Role::Worker, "worker").await;
    live(&stage, &ingress.base()).await;
    drop((ingress, worker));
    redis.command("SAVE").await;
    drop(stage.store().await);
    scan_logs(&stage);
    scan(redis.directory());
    scan(postgres.directory());
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_found_nowhere_in_the_embedded_form() {
    let mut stage = Stage::embedded();
    stage.set("RUST_LOG", "trace");
    let mut program = stage.start(Role::Both, "quittance").await;
    live(&stage, &program.base()).await;
    program.kill();
    scan_logs(&stage);
    let files = std::fs::read_dir(stage.directory()).unwrap().flatten();
    let database =
        files.filter(|file| file.file_name().to_string_lossy().starts_with("quittance.db"));
    let mut scanned = 0;
    for file in database {
        scan_file(&file.path());
        scanned += 1;
    }
    assert!(scanned >= 2, "the database and its log");
}

/// A purchase with an address, events with provider ids and addresses, a forged one, a wrong token.
async fn live(stage: &Stage, base: &str) {
    let http = http().build().unwrap();
    let token = stage.run(&["token", "--user", "canary", "--email", EMAIL]);
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let wish = json!({ "packageId": "pro-200", "paymentMethodId": "pm_card_visa" }).to_string();
    let intent = http.post(format!("{base}/api/v1/payments/stripe/intent")).body(wish);
    let answer = intent.bearer_auth(&token).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let secret = answer["data"]["clientSecret"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let reference = secret.split("_secret_").next().unwrap();

    let mut event = stripe::event("evt_canary", "payment_intent.succeeded", reference, None);
    let object = &mut event["data"]["object"];
    object["customer"] = json!(CUSTOMER);
    object["payment_method"] = json!(METHOD);
    object["receipt_email"] = json!(EVENT_EMAIL);
    let body = event.to_string();
    for (key, status) in [(tests::SECRET, 200), ("whsec_forged", 401)] {
        let answer = stripe::deliver(&http, base, key, body.clone()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    let wrong = http.get(format!("{base}/api/v1/credits/balance"));
    let answer = wrong.bearer_auth(format!("{token}x")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);

    let store = stage.store().await;
    let receipt = within(std::time::Duration::from_secs(20), async || {
        let mails = std::fs::read_dir(stage.path("data/mail")).into_iter().flatten().count();
        mails > 0
    });
    assert!(receipt.await, "a receipt was sent");
    drop(store);
}

/// Logs may tell nothing of the above, and no provider id either.
fn scan_logs(stage: &Stage) {
    let mut seen = 0;
    for file in std::fs::read_dir(stage.directory()).unwrap().flatten() {
        if file.file_name().to_string_lossy().ends_with(".log") {
            scan_file(&file.path());
            seen += std::fs::metadata(file.path()).unwrap().len();
        }
    }
    assert!(seen > 10_000, "the logs are at their finest level: {seen} bytes");
}

fn scan(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            scan(&entry.path());
        } else {
            scan_file(&entry.path());
        }
    }
}

fn scan_file(path: &Path) {
    // Sockets and files that went away meanwhile hold nothing.
    let Ok(bytes) = std::fs::read(path) else { return };
    for canary in NOWHERE {
        let found = memmem::find(&bytes, canary.as_bytes()).is_some();
        assert!(!found, "{canary} stands in {}", path.display());
    }
}
