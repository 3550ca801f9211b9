//! Payments that look like fraud: held, released or confirmed, and who is kept out (`AC9.3.4`,
//! `AC9.3.5`, `AC9.6.6`, `002-TS4`).

use entities::{block::Kind, payment::Status, review::State};
use futures_util::future::join_all;
use payments::ledger::{self, Balance};
use serde_json::json;
use tests::{TestApp, USER, refund_event, stripe::event, wrapped};

const BALANCE: fn(i64, i64) -> Balance = |available, held| Balance { available, held };
const RISKY: &str = "pm_card_riskLevelElevated";

// AC9.3.4
#[tokio::test]
async fn a_suspicious_payment_succeeds_and_its_credits_wait_for_a_person() {
    let app = TestApp::watched().await;
    let (payment, reference) = app.begin(USER, RISKY).await;
    let (status, confirmed) = app.confirm(USER, &reference).await;
    assert_eq!(status, 200, "{confirmed}");
    let data = &confirmed["data"];
    assert_eq!((&data["creditsAdded"], &data["creditsUnderReview"]), (&json!(0), &json!(240)));
    app.catch_up().await;

    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await, BALANCE(0, 240));
    let case = app.only_case().await;
    assert_eq!((case.state, case.held, case.rule.as_str()), (State::Open, 240, "fraud"));
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:fraud-suspected:%'").await, 1);
    let receipt = app.mails().into_iter().find(|mail| mail.contains("Receipt: ")).unwrap();
    assert!(receipt.contains("being reviewed") && !receipt.contains("were added"), "{receipt}");
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("payment_under_review")));
    // The card is known by a keyed hash alone, and the case shows what speaks against it.
    let row = app.payment(payment).await;
    assert_eq!(row.card_blind.as_ref().map(String::len), Some(64));
    let path = format!("/api/v1/admin/reviews/{}", case.id);
    let shown = app.ask(Some(&app.staff("sue", "support")), "GET", &path, None).await;
    assert_eq!(shown.body["data"]["hits"][0]["rule"], "risk", "{}", shown.body);
    assert_eq!(shown.body["data"]["riskScore"], 69);
    app.assert_ledger().await;

    let released = app.review("eve", case.id, "release", &json!({ "note": "called her" })).await;
    assert_eq!(released.status, 200, "{}", released.body);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await, BALANCE(240, 0));
    assert!(app.mails().iter().any(|mail| mail.contains("your credits are yours to")));
    assert_eq!(app.count("audit_log WHERE action = 'review.released'").await, 1);
    // What is released stays released, though the charge is told of again.
    let again = app.review("bob", case.id, "confirm", &json!({})).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("already_decided")));
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.3.5
#[tokio::test]
async fn confirmed_fraud_is_reversed_and_its_payer_kept_out() {
    let app = TestApp::watched().await;
    let began = app.begin_from(USER, RISKY, "203.0.113.7").await;
    assert_eq!(began.status, 200, "{}", began.body);
    app.settle_begun(USER).await;
    let case = app.only_case().await;
    let block = json!({ "block": ["card", "email_domain", "address"], "note": "stolen" });
    let confirmed = app.review("eve", case.id, "confirm", &block).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    assert_eq!(confirmed.body["data"]["flagged"], true);
    assert_eq!(app.balance(USER).await, BALANCE(0, 240), "set aside until the money went back");
    app.catch_up().await;

    assert_eq!(app.payment(case.payment_id).await.status, Status::Blocked);
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    assert_eq!((app.in_account("clearing:stripe").await, app.refunds_at_stripe()), (0, 1));
    assert_eq!(app.count("blocklist WHERE removed_at IS NULL").await, 4);
    app.assert_ledger().await;
    // The user, others with the card's mail domain, and others from the address.
    let refused = app.begin_from(USER, "pm_card_visa", "198.51.100.1").await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("purchase_refused")));
    let other = app.begin_from("mallory", "pm_card_visa", "203.0.113.7").await;
    assert_eq!(other.status, 403, "{}", other.body);
    // One click back.
    let sue = app.staff("sue", "support");
    let listed = app.ask(Some(&sue), "GET", "/api/v1/admin/blocklist", None).await;
    for entry in listed.body["data"]["items"].as_array().unwrap() {
        let path = format!("/api/v1/admin/blocklist/{}", entry["blockId"].as_str().unwrap());
        let removed = app.ask(Some(&app.staff("eve", "finance")), "DELETE", &path, None).await;
        assert_eq!(removed.status, 200, "{}", removed.body);
    }
    assert_eq!(app.begin_from(USER, "pm_card_visa", "203.0.113.7").await.status, 200);
    assert_eq!(app.count("customers WHERE flagged_at IS NOT NULL").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_learnt_after_the_grant_holds_what_is_left() {
    let app = TestApp::watched().await;
    app.pending_payment(Some("pi_late")).await;
    assert_eq!(
        app.deliver(&event("evt_1", "payment_intent.succeeded", "pi_late", None)).await,
        200
    );
    app.run_jobs().await;
    let customer = payments::customers::find(&app.store, USER).await.unwrap().unwrap().id;
    ledger::spend(&app.store, customer, 40, "render").await.unwrap();

    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": 16_000, "currency": "usd", "livemode": false,
        "created": 1_790_000_000, "status": "succeeded", "payment_intent": "pi_late",
        "metadata": {}, "outcome": { "risk_level": "highest", "risk_score": 92 },
        "payment_method_details": { "type": "card", "card": {
            "brand": "visa", "country": "US", "fingerprint": "fp1", "last4": "4954",
        }},
        "receipt_url": null,
    });
    let told = wrapped("evt_2", "charge.succeeded", &charge);
    assert_eq!(app.deliver(&told).await, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await, BALANCE(0, 200));
    app.assert_ledger().await;
    let case = app.only_case().await;
    assert_eq!((case.held, case.points), (200, 100));
    // Of confirmed fraud what was spent is owed once the money went back.
    let confirmed = app.review("eve", case.id, "confirm", &json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    let refund = app.refunds().await.remove(0);
    assert_eq!(refund.amount, 16_000);
    let mut paid =
        refund_event("evt_3", "refund.created", ("re_1", 16_000, "succeeded"), "pi_late");
    paid["data"]["object"]["metadata"] = json!({ "refund_id": refund.id.to_string() });
    assert_eq!(app.deliver(&paid).await, 200);
    app.execute("UPDATE jobs SET state = 'cancelled' WHERE name = 'process-refund'").await;
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await, BALANCE(-40, 0));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_refund_of_fraud_that_comes_back_leaves_the_credits_set_aside() {
    let app = TestApp::watched_with(|file| file.fraud.users_per_card = 1).await;
    let (payment, _) = app.buy(USER, "pm_card_refundFail").await;
    let case = app.only_case().await;
    assert_eq!(app.review("eve", case.id, "confirm", &json!({})).await.status, 200);
    app.catch_up().await;
    app.catch_up().await;
    assert_eq!(app.refunds().await.remove(0).state, entities::refund::State::Failed);
    assert_eq!(app.payment(payment).await.status, Status::Blocked);
    assert_eq!(app.balance(USER).await, BALANCE(0, 240), "nobody can spend them");
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn of_two_reviewers_at_once_one_decides_and_the_other_is_told() {
    let app = TestApp::watched().await;
    app.buy(USER, RISKY).await;
    let case = app.only_case().await;
    let (none, own) = (json!({}), json!({ "version": case.version }));
    let path = format!("/api/v1/admin/reviews/{}/release", case.id);
    let own = app.ask(Some(&app.staff(USER, "finance")), "POST", &path, Some(&own)).await;
    assert_eq!((own.status, &own.body["code"]), (403, &json!("own_request")));
    let stale = json!({ "version": 7 });
    let stale = app.ask(Some(&app.staff("eve", "finance")), "POST", &path, Some(&stale)).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("stale")));

    let decisions = ["release", "confirm", "release", "confirm"].into_iter().enumerate();
    let decisions = decisions.map(|(n, verb)| {
        let (app, none, reviewer) = (&app, &none, format!("eve-{n}"));
        async move { app.review(&reviewer, case.id, verb, none).await }
    });
    let answers = join_all(decisions).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert_eq!(refused.body["code"], "already_decided");
    }
    app.catch_up().await;
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn many_users_of_one_card_and_a_foreign_card_are_noticed() {
    let app = TestApp::watched_with(|file| file.fraud.users_per_card = 3).await;
    for user in ["ann", "ben"] {
        app.buy(user, "pm_card_mastercard").await;
        assert_eq!(app.balance(user).await, BALANCE(240, 0), "{user}");
    }
    app.buy("cem", "pm_card_mastercard").await;
    assert_eq!(app.balance("cem").await, BALANCE(0, 240));
    assert!(app.only_case().await.detail.contains("3 users paid with this card"));
    // Alone a foreign card says little: it is noted where there is more.
    let billing = json!({ "country": "FR" });
    let dan = app.token("dan");
    let set = app.ask(Some(&dan), "PUT", "/api/v1/account/billing", Some(&billing)).await;
    assert_eq!(set.status, 200);
    app.buy("dan", "pm_card_de").await;
    assert_eq!(app.balance("dan").await, BALANCE(240, 0));
    assert_eq!(app.payment_of("dan").await.card_country.as_deref(), Some("DE"));
    app.stop().await;
}

#[tokio::test]
async fn cards_are_not_tried_out_here() {
    let app = TestApp::watched_with(|file| {
        (file.fraud.declines, file.fraud.declines_refused) = (3, 5);
    })
    .await;
    let mut tries = 0;
    let refused = loop {
        let user = format!("thief-{tries}");
        let asked = app.begin_from(&user, "pm_card_chargeDeclined", "203.0.113.66").await;
        if asked.status != 200 {
            break asked;
        }
        app.settle_begun(&user).await;
        tries += 1;
        assert!(tries <= 5, "cards can be tried out for ever");
    };
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("too_many_tries")));
    assert_eq!(tries, 5);
    // Somebody else elsewhere goes on buying.
    assert_eq!(app.begin_from(USER, "pm_card_visa", "198.51.100.1").await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn the_blocklist_ends_when_it_says_and_refuses_nonsense() {
    let app = TestApp::watched().await;
    let blocked = app.block("address", "203.0.113.0/24").await;
    assert_eq!(blocked.status, 201, "{}", blocked.body);
    let same = app.block("address", "203.0.113.99/24").await;
    assert_eq!(same.body["data"]["blockId"], blocked.body["data"]["blockId"], "one in force");
    assert_eq!(app.begin_from(USER, "pm_card_visa", "203.0.113.200").await.status, 403);
    assert_eq!(app.begin_from(USER, "pm_card_visa", "203.0.112.255").await.status, 200);
    app.execute("UPDATE blocklist SET expires_at = 1").await;
    assert_eq!(app.begin_from(USER, "pm_card_visa", "203.0.113.200").await.status, 200);
    assert_eq!(app.block("address", "203.0.113.0/24").await.status, 201, "there is room again");
    assert_eq!(app.block("email_domain", "Example.COM").await.status, 201);
    assert_eq!(app.begin_from(USER, "pm_card_visa", "198.51.100.1").await.status, 403);
    for (kind, value) in [
        ("address", "0.0.0.0/0"),
        ("address", "here"),
        ("email_domain", "a@b"),
        ("card", "4242"),
        ("user", ""),
        ("planet", "mars"),
    ] {
        let refused = app.block(kind, value).await;
        assert_eq!(refused.status, 400, "{kind} {value}: {}", refused.body);
    }
    let kinds: Vec<Kind> = app.blocks().await.into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [Kind::EmailDomain, Kind::Address]);
    app.stop().await;
}

// AC9.6.6
#[tokio::test]
async fn a_client_is_written_to_from_their_case_once() {
    let app = TestApp::watched().await;
    app.buy(USER, RISKY).await;
    let case = app.only_case().await;
    let path = format!("/api/v1/admin/reviews/{}/contact", case.id);
    let body = json!({ "message": "Was it you?\nPlease answer." });
    let token = app.staff("sue", "support");
    let key = [("idempotency-key", "contact-1")];
    for _ in 0..2 {
        let sent = app.ask_with(Some(&token), "POST", &path, Some(&body), &key).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
    }
    app.run_jobs().await;
    assert_eq!(app.count("mails WHERE occasion LIKE 'case:%' AND state = 'sent'").await, 1);
    assert!(app.mails().iter().any(|mail| mail.contains("Was it you?")));
    assert_eq!(app.find_in_database("case_messages", "body", "Was it you?").await, 0, "sealed");
    let empty = json!({ "message": " " });
    assert_eq!(app.ask(Some(&token), "POST", &path, Some(&empty)).await.status, 400);
    app.stop().await;
}
