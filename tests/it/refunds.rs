//! The refund desk from request to receipt, and everything that may come between (`AC9.5.1` to
//! `AC9.5.7`, `AC9.6.4`, `002-EP4`, `002-WE3`, `001-SR4`, `001-C6`).

use entities::{
    payment::Status,
    refund::{Origin, State},
    refund_request::State as RequestState,
};
use payments::ledger::{self, Balance};
use serde_json::json;
use tests::{TestApp, USER};

const BALANCE: fn(i64, i64) -> Balance = |available, held| Balance { available, held };

// AC9.5.1 to AC9.5.3, AC9.5.6, 002-EP4
#[tokio::test]
async fn a_refund_goes_from_request_to_receipt() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let policy = app.ask(None, "GET", "/api/v1/refund-policy", None).await;
    assert_eq!((policy.status, &policy.body["data"]["days"]), (200, &json!(30)));
    let path = format!("/api/v1/payments/{payment}/refund-offer");
    let offer = app.ask(Some(&app.token(USER)), "GET", &path, None).await;
    let reasoning = "240 of 240 credits are unused: 160.00 USD × 240 / 240 = 160.00 USD";
    assert_eq!(offer.body["data"]["reasoning"], json!(reasoning), "{}", offer.body);

    let asked = app.try_refund(USER, payment).await;
    assert_eq!(asked.status, 202);
    let request = asked.body["data"]["refundRequestId"].as_str().unwrap().to_owned();
    let data = json!({
        "refundRequestId": request, "status": "pending_review",
        "estimatedProcessing": "5-10 business days",
    });
    assert_eq!(asked.body, json!({ "success": true, "data": data }));
    assert_eq!(app.balance(USER).await, BALANCE(0, 240), "set aside at once");
    assert_eq!(app.try_refund(USER, payment).await.body["code"], "refund_already_requested");
    app.assert_ledger().await;

    let approved = app.approve_refund("eve", &request, None).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    assert_eq!(approved.body["data"]["status"], "approved");
    app.catch_up().await;

    assert_eq!(app.request(&request).await.state, RequestState::Refunded);
    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    assert_eq!((app.in_account("clearing:stripe").await, app.refunds_at_stripe()), (0, 1));
    let refund = app.refunds().await.remove(0);
    assert_eq!((refund.state, refund.origin), (State::Succeeded, Origin::Desk));
    for step in ["requested", "approved", "paid"] {
        let mails = format!("mails WHERE occasion LIKE 'refund:{step}:%' AND state = 'sent'");
        assert_eq!(app.count(&mails).await, 1, "{step}");
    }
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:refund-requested:%'").await, 1);
    let audit = format!("audit_log WHERE subject = '{payment}' AND action LIKE 'refund%'");
    // Requested, approved, reserved, submitting, paid, refunded.
    assert_eq!(app.count(&audit).await, 6);
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.5.5
#[tokio::test]
async fn a_part_is_refunded_for_what_is_unused_and_the_rest_is_free_again() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 60, "render").await.unwrap();
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.request(&request).await.amount, 12_000);
    assert_eq!(app.balance(USER).await, BALANCE(0, 180));

    for amount in [0, 12_001] {
        let refused = app.approve_refund("eve", &request, Some(amount)).await;
        assert_eq!((refused.status, &refused.body["code"]), (422, &json!("amount_out_of_range")));
    }
    assert_eq!(app.approve_refund("eve", &request, Some(4_000)).await.status, 200);
    assert_eq!(app.balance(USER).await, BALANCE(120, 60));
    app.catch_up().await;

    assert_eq!(app.balance(USER).await, BALANCE(120, 0));
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    assert_eq!(app.in_account("refunds").await, 4_000);
    app.assert_ledger().await;
    // The rest can be asked for.
    let rest = app.ask_refund(USER, payment).await;
    assert_eq!(app.request(&rest).await.amount, 8_000);
    assert_eq!(app.approve_refund("eve", &rest, None).await.status, 200);
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.5.4
#[tokio::test]
async fn a_denial_has_a_reason_a_second_look_and_a_second_person() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.deny_refund("eve", &request).await.status, 200);
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await, BALANCE(240, 0));
    assert!(app.mails().iter().any(|mail| mail.contains("used by your script")));

    let path = format!("/api/v1/refund-requests/{request}/appeal");
    let text = json!({ "reason": "I wrote no script" });
    let foreign = app.ask(Some(&app.token("mallory")), "POST", &path, Some(&text)).await;
    assert_eq!(foreign.status, 404);
    let appealed = app.ask(Some(&app.token(USER)), "POST", &path, Some(&text)).await;
    assert_eq!((appealed.status, &appealed.body["data"]["status"]), (202, &json!("appealed")));
    assert_eq!(app.balance(USER).await, BALANCE(0, 240));
    let again = app.approve_refund("eve", &request, None).await;
    assert_eq!((again.status, &again.body["code"]), (403, &json!("second_look_by_another")));
    assert_eq!(app.deny_refund("bob", &request).await.status, 200);
    assert_eq!(app.request(&request).await.state, RequestState::Rejected);
    let enough = app.ask(Some(&app.token(USER)), "POST", &path, Some(&text)).await;
    assert_eq!((enough.status, &enough.body["code"]), (409, &json!("no_appeal")));
    assert_eq!(app.balance(USER).await, BALANCE(240, 0));
    app.run_jobs().await;
    for step in ["denied", "appealed", "rejected"] {
        let mails = format!("mails WHERE occasion LIKE 'refund:{step}:%' AND state = 'sent'");
        assert_eq!(app.count(&mails).await, 1, "{step}");
    }
    app.assert_ledger().await;
    app.stop().await;
}

// 001-SR4, 001-C6
#[tokio::test]
async fn nobody_decides_about_their_own_request_nor_on_a_stale_page_nor_without_the_role() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let own = app.approve_refund(USER, &request, None).await;
    assert_eq!((own.status, &own.body["code"]), (403, &json!("own_request")));
    let stale = app.decide("eve", &request, "approve", &json!({ "version": 7 })).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("stale")));
    let path = format!("/api/v1/admin/refund-requests/{request}/approve");
    for token in [app.token("eve"), app.staff("eve", "support"), app.staff("eve", "customer")] {
        let refused = app.ask(Some(&token), "POST", &path, Some(&json!({ "version": 0 }))).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")));
    }
    let looked = format!("/api/v1/admin/refund-requests/{request}");
    let looked = app.ask(Some(&app.staff("sue", "support")), "GET", &looked, None).await;
    assert_eq!(looked.body["data"]["details"], "too many", "{}", looked.body);
    assert_eq!(app.find_in_database("refund_requests", "details", "too many").await, 0);
    assert_eq!(app.balance(USER).await, BALANCE(0, 240));
    app.stop().await;
}

#[tokio::test]
async fn of_two_who_approve_and_one_who_denies_at_once_one_decides() {
    let app = TestApp::without_workers().await;
    for round in 0..6 {
        let user = format!("user{round}");
        let (payment, _) = app.buy(&user, "pm_card_visa").await;
        let request = app.ask_refund(&user, payment).await;
        let yes = json!({ "version": 0 });
        let no = json!({ "version": 0, "reason": "no" });
        let (eve, bob, dan) = tokio::join!(
            app.decide("eve", &request, "approve", &yes),
            app.decide("bob", &request, "approve", &yes),
            app.decide("dan", &request, "deny", &no),
        );
        let answers = [eve.status, bob.status, dan.status];
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 200 | 409)), "{answers:?}");
        assert!(app.count("refunds").await <= round + 1);
    }
    app.catch_up().await;
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn above_the_limit_two_people_approve() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    let policy = payments::core::RefundPolicy {
        two_people_above: Some(10_000),
        ..payments::core::RefundPolicy::default()
    };
    let approve = async |who: &str, version| {
        let id = request.parse().unwrap();
        let reviewer = payments::core::refunds::Reviewer { user_ref: who, version };
        payments::refunds::approve(&app.store, reviewer, id, None, &policy).await
    };
    let first = approve("eve", 0).await.unwrap().unwrap();
    assert_eq!(first.request.state, RequestState::PendingReview);
    assert!(approve("eve", 1).await.is_err());
    assert_eq!(app.count("refunds").await, 0);
    let second = approve("bob", 1).await.unwrap().unwrap();
    assert_eq!(second.request.state, RequestState::Approved);
    app.catch_up().await;
    assert_eq!(app.request(&request).await.state, RequestState::Refunded);
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.5.7
#[tokio::test]
async fn a_refund_that_fails_later_gives_the_credits_back_and_asks_for_another_way() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_refundFail").await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.run_jobs().await;
    app.catch_up().await;

    let refund = app.refunds().await.remove(0);
    assert_eq!(refund.state, State::Failed);
    assert_eq!(refund.failure.as_deref(), Some("expired_or_canceled_card"));
    assert_eq!(app.request(&request).await.state, RequestState::Failed);
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    assert_eq!(app.balance(USER).await, BALANCE(240, 0));
    assert_eq!(app.in_account("refunds").await, 0);
    assert_eq!(
        app.count("mails WHERE occasion LIKE 'refund:failed:%' AND state = 'sent'").await,
        1
    );
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:refund-failed:%'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_refund_that_takes_its_time_keeps_the_credits_set_aside() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_pendingRefund").await;
    let request = app.ask_refund(USER, payment).await;
    assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
    app.run_jobs().await;
    assert_eq!(app.refunds().await[0].state, State::Pending);
    assert_eq!(app.balance(USER).await, BALANCE(0, 240));
    app.assert_ledger().await;
    app.catch_up().await;
    assert_eq!(app.refunds().await[0].state, State::Succeeded);
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    app.assert_ledger().await;
    app.stop().await;
}

// 002-WE3
#[tokio::test]
async fn refunds_made_in_the_dashboard_are_booked_and_flagged() {
    let app = TestApp::without_workers().await;
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    app.sandbox.refund(&reference, Some(4_000)).unwrap();
    app.catch_up().await;
    assert_eq!(app.payment(payment).await.status, Status::PartiallyRefunded);
    assert_eq!(app.balance(USER).await, BALANCE(180, 0));
    app.sandbox.refund(&reference, None).unwrap();
    app.catch_up().await;

    assert_eq!(app.payment(payment).await.status, Status::Refunded);
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    assert!(app.refunds().await.iter().all(|refund| refund.origin == Origin::Provider));
    let reviews = "reviews WHERE rule = 'refund-made-elsewhere' AND state = 'open'";
    assert_eq!(app.count(reviews).await, 1);
    assert_eq!(app.count("mails WHERE occasion LIKE 'refund:paid:%' AND state = 'sent'").await, 2);
    let asked = app.try_refund(USER, payment).await;
    assert_eq!((asked.status, &asked.body["code"]), (409, &json!("already_refunded")));
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn a_dashboard_refund_during_our_own_pays_back_once() {
    let app = TestApp::without_workers().await;
    // Before the decision: nothing is left to approve.
    let (payment, reference) = app.buy(USER, "pm_card_visa").await;
    let request = app.ask_refund(USER, payment).await;
    app.sandbox.refund(&reference, None).unwrap();
    app.catch_up().await;
    assert_eq!(app.balance(USER).await, BALANCE(0, 0));
    let late = app.approve_refund("eve", &request, None).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("already_refunded")));
    assert_eq!(app.deny_refund("eve", &request).await.status, 200);
    app.assert_ledger().await;

    // Between approval and sending, as news or not yet.
    for told in [true, false] {
        let user = format!("told{told}");
        let (payment, reference) = app.buy(&user, "pm_card_visa").await;
        let request = app.ask_refund(&user, payment).await;
        assert_eq!(app.approve_refund("eve", &request, None).await.status, 200);
        app.sandbox.refund(&reference, None).unwrap();
        if told {
            app.sandbox.settle().await;
        }
        app.run_jobs().await;
        app.catch_up().await;
        assert_eq!(app.request(&request).await.state, RequestState::Failed);
        assert_eq!(app.payment(payment).await.status, Status::Refunded);
        assert_eq!(app.balance(&user).await, BALANCE(0, 0), "told {told}");
    }
    assert_eq!(app.refunds_at_stripe(), 3);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused_with_its_reason() {
    let app = TestApp::without_workers().await;
    let (open, _) = app.begin(USER, "pm_card_visa").await;
    assert_eq!(app.try_refund(USER, open).await.body["code"], "payment_not_succeeded");
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    assert_eq!(app.try_refund("mallory", payment).await.status, 404);
    let customer = app.payment(payment).await.customer_id;
    ledger::spend(&app.store, customer, 240, "all").await.unwrap();
    assert_eq!(app.try_refund(USER, payment).await.body["code"], "credits_used");
    let body = json!({ "transactionId": payment.to_string(), "reason": "" });
    let token = app.token(USER);
    let empty = app.ask(Some(&token), "POST", "/api/v1/payments/refund", Some(&body)).await;
    assert_eq!(empty.status, 400, "{}", empty.body);
    app.stop().await;
}

// AC9.3.6
#[tokio::test]
async fn deleting_an_account_erases_what_its_owner_wrote_about_refunds_and_keeps_the_amounts() {
    let app = TestApp::without_workers().await;
    let (payment, _) = app.buy(USER, "pm_card_visa").await;
    let denied = app.ask_refund(USER, payment).await;
    assert_eq!(app.deny_refund("eve", &denied).await.status, 200);
    let token = app.token(USER);
    let path = format!("/api/v1/refund-requests/{denied}/appeal");
    let appeal = json!({ "reason": "my private story" });
    assert_eq!(app.ask(Some(&token), "POST", &path, Some(&appeal)).await.status, 202);
    let before = app.request(&denied).await;
    assert_eq!(app.ask(Some(&token), "DELETE", "/api/v1/account", None).await.status, 202);

    let after = app.request(&denied).await;
    let words = payments::refunds::words(&app.store, &after).unwrap();
    assert_eq!((words.reason.as_str(), words.details, words.appeal), ("(erased)", None, None));
    assert_eq!(
        (after.amount, after.unused, after.held),
        (before.amount, before.unused, before.held)
    );
    // Whoever looked before must look again; the request itself goes on.
    let stale = json!({ "version": before.version });
    assert_eq!(app.decide("bob", &denied, "approve", &stale).await.body["code"], "stale");
    assert_eq!(app.approve_refund("bob", &denied, None).await.status, 200);
    app.catch_up().await;
    assert_eq!(app.request(&denied).await.state, RequestState::Refunded);
    app.assert_ledger().await;
    app.stop().await;
}
