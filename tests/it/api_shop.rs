//! History, receipts, invoices, credits and billing details through the API.

use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

async fn get(app: &TestApp, path: &str) -> Asked {
    app.ask(Some(&app.token(USER)), "GET", &format!("/api/v1{path}"), None).await
}

async fn send(app: &TestApp, verb: &str, path: &str, body: &Value) -> Asked {
    app.ask(Some(&app.token(USER)), verb, &format!("/api/v1{path}"), Some(body)).await
}

async fn buy(app: &TestApp, method: &str) -> String {
    let (payment, reference) = app.begin(USER, method).await;
    app.confirm(USER, &reference).await;
    payment.to_string()
}

// 001-FR8, AC9.4.4
#[tokio::test]
async fn the_history_is_paged_and_filtered() {
    let app = TestApp::without_workers().await;
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.insert(0, buy(&app, "pm_card_visa").await);
    }
    let declined = buy(&app, "pm_card_visa_chargeDeclinedInsufficientFunds").await;
    bought.insert(0, declined.clone());

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&app, &format!("/payments?limit=3{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        for item in page.body["data"]["items"].as_array().unwrap() {
            seen.push(item["transactionId"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.body["data"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, bought);

    let failed = get(&app, "/payments?status=failed,canceled").await.body;
    let items = failed["data"]["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["transactionId"]), (1, &json!(declined)));
    // 002-ER2
    assert_eq!(items[0]["failure"]["nextStep"], json!("choose_smaller_package"));
    let cards = get(&app, "/payments?method=card&status=succeeded").await.body;
    let card = &cards["data"]["items"][0]["method"];
    let known = json!({ "kind": "card", "brand": "visa", "last4": "4242", "wallet": null });
    assert_eq!(card, &known);
    assert_eq!(get(&app, "/payments?from=2100-01-01").await.body["data"]["items"], json!([]));
    assert_eq!(get(&app, "/payments?to=2001-01-01").await.body["data"]["items"], json!([]));
    for wrong in ["status=gone", "limit=0", "limit=101", "cursor=x", "from=today", "colour=red"] {
        assert_eq!(get(&app, &format!("/payments?{wrong}")).await.status, 400, "{wrong}");
    }
    app.stop().await;
}

// AC9.4.2, AC9.4.3, AC9.4.6, 001-UR3
#[tokio::test]
async fn a_payment_has_a_receipt_an_invoice_and_a_number_without_gaps() {
    let app = TestApp::without_workers().await;
    let billing = json!({ "name": "Zoë Kovačević", "address": ["Hauptstraße 1"], "country": "AT",
        "taxId": "ATU12345678" });
    assert_eq!(send(&app, "PUT", "/account/billing", &billing).await.status, 200);
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.push(buy(&app, "pm_card_visa").await);
    }
    let failed = buy(&app, "pm_card_visa_chargeDeclined").await;

    for (number, id) in (1..).zip(&bought) {
        let pdf = get(&app, &format!("/payments/{id}/invoice.pdf")).await;
        assert_eq!((pdf.status, pdf.kind.as_str()), (200, "application/pdf"));
        let words = words(&pdf.bytes);
        for part in [
            format!("INV-{number:06}"),
            "Zoë Kovačević".to_owned(),
            id.clone(),
            "160.00 USD".to_owned(),
            "ATU12345678".to_owned(),
            "Visa ending in 4242".to_owned(),
        ] {
            assert!(words.contains(&part), "{part}: {words}");
        }
        let receipt = get(&app, &format!("/payments/{id}/receipt")).await.body;
        assert_eq!(receipt["data"]["creditsAdded"], json!(240));
        assert_eq!(receipt["data"]["amountText"], json!("160.00 USD"));
    }
    for part in ["receipt", "invoice.pdf"] {
        let none = get(&app, &format!("/payments/{failed}/{part}")).await;
        assert_eq!((none.status, &none.body["code"]), (409, &json!("no_receipt")));
    }
    // What was shown stays, whatever is billed from now on.
    let path = format!("/payments/{}/invoice.pdf", bought[0]);
    let before = get(&app, &path).await.bytes;
    send(&app, "PUT", "/account/billing", &json!({ "name": "Somebody Else" })).await;
    assert_eq!(get(&app, &path).await.bytes, before);
    app.assert_ledger().await;
    app.stop().await;
}

fn words(pdf: &[u8]) -> String {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    document.extract_text(&[1]).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

// AC9.4.1, AC9.4.6
#[tokio::test]
async fn a_receipt_is_mailed_with_its_invoice_and_again_when_asked_for() {
    let app = TestApp::without_workers().await;
    let id = buy(&app, "pm_card_visa").await;
    app.run_jobs().await;
    assert_eq!(app.count("mails WHERE state = 'sent'").await, 1);
    let mail = app.mails().pop().unwrap();
    assert!(mail.contains("INV-000001.pdf") && mail.contains("application/pdf"), "{mail}");
    assert!(mail.contains("Visa ending in 4242"), "{mail}");

    let again = format!("/payments/{id}/receipt/resend");
    for _ in 0..3 {
        assert_eq!(send(&app, "POST", &again, &json!({})).await.status, 202);
    }
    app.run_jobs().await;
    let sent = app.count("mails WHERE state = 'sent'").await;
    assert!((2..=3).contains(&sent), "one for each minute that was clicked in: {sent}");
    app.stop().await;
}

// AC9.4.5
#[tokio::test]
async fn a_year_is_a_table_that_no_spreadsheet_runs() {
    let app = TestApp::without_workers().await;
    let id = buy(&app, "pm_card_visa").await;
    let evil = "UPDATE packages SET name = '=HYPERLINK(\"http://evil\")' WHERE id = 'pro-200'";
    app.execute(evil).await;
    let year = app.store.clock.now().datetime().year();
    let table = get(&app, &format!("/payments/export.csv?year={year}")).await;
    assert_eq!((table.status, table.kind.as_str()), (200, "text/csv; charset=utf-8"));
    let text = String::from_utf8(table.bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("transaction_id,date,status,"));
    assert!(lines[0].ends_with(",last4,wallet,receipt"));
    assert!(lines[1].starts_with(&format!("{id},")) && lines[1].contains("160.00,USD"), "{text}");
    assert!(lines[1].contains("'=HYPERLINK"), "{text}");
    let empty = get(&app, &format!("/payments/export.csv?year={}", year - 1)).await;
    assert_eq!(String::from_utf8(empty.bytes).unwrap().lines().count(), 1);
    for wrong in ["", "?year=x", "?year=1", "?year=99999999999"] {
        assert_eq!(get(&app, &format!("/payments/export.csv{wrong}")).await.status, 400, "{wrong}");
    }
    app.stop().await;
}

// 002-WF1
#[tokio::test]
async fn credits_are_spent_once_for_each_reference_and_never_below_zero() {
    let app = TestApp::without_workers().await;
    buy(&app, "pm_card_visa").await;
    let spend = async |credits: i64, reference: &str| {
        let wish = json!({ "credits": credits, "reference": reference });
        send(&app, "POST", "/credits/spend", &wish).await
    };
    let first = spend(40, "job-1").await;
    assert_eq!(
        first.body["data"],
        json!({ "reference": "job-1", "creditsSpent": 40,
        "firstTime": true, "newBalance": 200 })
    );
    let again = spend(40, "job-1").await;
    assert_eq!((again.status, &again.body["data"]["firstTime"]), (200, &json!(false)));
    assert_eq!(spend(41, "job-1").await.body["code"], json!("reference_reused"));
    let much = spend(201, "job-2").await;
    assert_eq!((much.status, &much.body["code"]), (409, &json!("not_enough_credits")));
    assert_eq!(much.body["balance"], json!(200));
    for (credits, reference) in [(0, "x"), (-1, "x"), (1, "")] {
        assert_eq!(spend(credits, reference).await.status, 400, "{credits} {reference:?}");
    }
    let history = get(&app, "/credits/history?limit=1").await.body;
    assert_eq!(history["data"]["items"][0]["credits"], json!(-40));
    assert_eq!(history["data"]["items"][0]["reference"], json!("job-1"));
    let next = history["data"]["nextCursor"].as_str().unwrap();
    let rest = get(&app, &format!("/credits/history?cursor={next}")).await.body;
    assert_eq!(rest["data"]["items"][0]["credits"], json!(240));
    assert_eq!(rest["data"]["nextCursor"], Value::Null);
    app.assert_ledger().await;
    app.stop().await;
}
