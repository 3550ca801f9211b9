//! The spoof catalogue's header and body classes, over HTTP (`001-SR5`, `000-SR3`, classes 1 to 16
//! and 34). What the parser makes of each is tested in `gateways`; here, that nothing is stored.

use tests::{
    SECRET, TestApp, USER, join_all,
    stripe::{event, sign},
};

const REFERENCE: &str = "pi_spoof";

#[tokio::test]
async fn forged_and_stale_webhooks_are_turned_away_and_leave_no_row() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some(REFERENCE)).await;
    let body = event("evt_spoof", "payment_intent.succeeded", REFERENCE, None).to_string();
    let (bytes, now) = (body.clone().into_bytes(), app.store.clock.now().seconds());
    let good = sign(SECRET, now, &bytes);
    let signature = good.split("v1=").nth(1).unwrap().to_owned();

    let many = format!("t={now},{}", vec![format!("v1={}", "0".repeat(64)); 1_000].join(","));
    let forged: Vec<(u32, String, Vec<u8>)> = vec![
        (2, String::new(), bytes.clone()),
        (3, sign("whsec_another_secret_of_some_length", now, &bytes), bytes.clone()),
        (4, sign("", now, &bytes), bytes.clone()),
        (5, good.clone(), body.replace("16000", "16001").into_bytes()),
        (6, good.clone(), body.replace("\":", "\": ").into_bytes()),
        (7, good.clone(), format!("{body}\n").into_bytes()),
        (7, good.clone(), format!("\u{feff}{body}").into_bytes()),
        (8, good.replace(&now.to_string(), &(now + 1).to_string()), bytes.clone()),
        (9, format!("v1={signature}"), bytes.clone()),
        (9, format!("t=-1,v1={signature}"), bytes.clone()),
        (9, format!("t=99999999999999999999,v1={signature}"), bytes.clone()),
        (9, format!("t=now,v1={signature}"), bytes.clone()),
        (10, sign(SECRET, now - 310, &bytes), bytes.clone()),
        (11, sign(SECRET, now + 310, &bytes), bytes.clone()),
        (12, good.replace("v1=", "v0="), bytes.clone()),
        (13, format!("t={now},v1={}", signature.to_uppercase()), bytes.clone()),
        (13, format!("t={now},v1={}", &signature[..63]), bytes.clone()),
        (13, format!("t={now},v1={signature}0"), bytes.clone()),
        (13, format!("t={now},v1=é{signature}"), bytes.clone()),
        (14, format!("t={now},v1={}", &signature[..32]), bytes.clone()),
        (15, many, bytes.clone()),
        (34, sign(SECRET, now - 40 * 86_400, &bytes), bytes.clone()),
    ];
    for (class, header, body) in forged {
        let (status, answer) = app.deliver_raw(&[("stripe-signature", &header)], body).await;
        assert_eq!(status, 401, "class {class}: {answer}");
        assert!(answer.contains("unverified"), "class {class}: {answer}");
    }
    // class 1: no header; class 16: two of them
    assert_eq!(app.deliver_raw(&[], bytes.clone()).await.0, 401);
    let twice = [("stripe-signature", good.as_str()), ("stripe-signature", good.as_str())];
    assert_eq!(app.deliver_raw(&twice, bytes.clone()).await.0, 401);
    assert_eq!(app.count("provider_events").await, 0);

    // The accept set: a secret being rolled has two signatures, unknown pairs are no harm.
    let rolled = format!("t={now},v0=x,v1={}, v1={signature},scheme=9", "0".repeat(64));
    assert_eq!(app.deliver_raw(&[("stripe-signature", &rolled)], bytes.clone()).await.0, 200);
    // class 34: an accepted one again
    assert_eq!(app.deliver_raw(&[("stripe-signature", &good)], bytes).await.0, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.count("provider_events").await, 1);
    app.stop().await;
}

// classes 32 to 34: the parser and the core cannot tell these, the inbox and the ledger do
#[tokio::test]
async fn two_hundred_repetitions_of_each_kind_grant_once() {
    let app = TestApp::without_workers().await;
    app.pending_payment(Some(REFERENCE)).await;
    let now = app.store.clock.now().seconds();
    let first = event("evt_spoof", "payment_intent.succeeded", REFERENCE, None);
    assert_eq!(app.deliver(&first).await, 200);
    let mut again = Vec::new();
    for n in 0..200 {
        let mut other = first.clone();
        other["data"]["object"]["amount_received"] = (16_000 * (n + 2)).into();
        let another = event(&format!("evt_{n}"), "payment_intent.succeeded", REFERENCE, None);
        // class 32: another body; class 33: another id; class 34: the same, signed then and later
        again.extend([
            (other, now),
            (another, now),
            (first.clone(), now),
            (first.clone(), now - n),
        ]);
    }
    for some in again.chunks(32) {
        let delivered = some.iter().map(|(event, at)| {
            let body = event.to_string().into_bytes();
            let header = sign(SECRET, *at, &body);
            let app = &app;
            async move { app.deliver_raw(&[("stripe-signature", &header)], body).await.0 }
        });
        assert_eq!(join_all(delivered).await, vec![200; some.len()]);
        app.run_jobs().await;
    }
    assert_eq!(app.balance(USER).await.available, 240);
    assert_eq!(app.count("provider_events").await, 201);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:event-body-differs:%'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

// class 29
#[tokio::test]
async fn a_provider_that_is_not_set_up_has_no_door() {
    let app = TestApp::without_paypal().await;
    for provider in ["paypal", "square", "STRIPE", "stripe%00"] {
        let url = app.url(&format!("/webhooks/{provider}"));
        let status = app.http.post(url).body("{}").send().await.unwrap().status().as_u16();
        assert!([400, 404].contains(&status), "{provider}: {status}");
    }
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_events_are_turned_away() {
    let app = TestApp::without_workers().await;
    let now = app.store.clock.now().seconds();
    let large = vec![b' '; 262_145];
    let header = sign(SECRET, now, &large);
    assert_eq!(app.deliver_raw(&[("stripe-signature", &header)], large).await.0, 413);
    for body in ["", "{", "[]", "null", "{\"id\":1}", "\u{0}", "{\"object\":\"event\"}"] {
        let header = sign(SECRET, now, body.as_bytes());
        let (status, answer) = app.deliver_raw(&[("stripe-signature", &header)], body.into()).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let header = sign(SECRET, now, deep.as_bytes());
    assert_eq!(app.deliver_raw(&[("stripe-signature", &header)], deep.into()).await.0, 400);
    assert_eq!(app.count("provider_events").await, 0);
    app.stop().await;
}
