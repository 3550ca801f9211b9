//! Balances that are changed by hand: by two people above a day's limit, once, never below zero.

use std::time::Duration;

use boot::Clock;
use futures_util::future::join_all;
use payments::{Error, ledger};
use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

/// Above as many credits two people have to agree.
const LIMIT: i64 = 100;

async fn app() -> TestApp {
    let limit = u64::try_from(LIMIT).unwrap();
    let app = TestApp::with_config(|config| config.file.adjustments.two_people_above = limit).await;
    app.buy(USER, "pm_card_visa").await;
    app
}

async fn post(app: &TestApp, (who, role): (&str, &str), path: &str, body: Value) -> Asked {
    let path = format!("/api/v1/admin/adjustments{path}");
    app.ask(Some(&app.staff(who, role)), "POST", &path, Some(&body)).await
}

fn wish(credits: i64, reference: &str) -> Value {
    json!({ "userId": USER, "credits": credits, "reason": "goodwill", "reference": reference })
}

async fn available(app: &TestApp) -> i64 {
    app.balance(USER).await.available
}

fn status(asked: &Asked) -> &str {
    asked.body["data"]["status"].as_str().unwrap_or_default()
}

const ADMIN: (&str, &str) = ("omar", "admin");
const OTHER: (&str, &str) = ("nora", "admin");
const THIRD: (&str, &str) = ("ines", "admin");
const FINANCE: (&str, &str) = ("felix", "finance");

#[tokio::test]
async fn an_admin_gives_and_takes_credits_once_and_never_below_zero() {
    let app = app().await;
    let all = join_all((0..4).map(|_| post(&app, ADMIN, "", wish(60, "goodwill-1")))).await;
    for asked in &all {
        assert_eq!((asked.status, status(asked)), (201, "applied"), "{}", asked.body);
    }
    assert_eq!(available(&app).await, 300);
    let other = post(&app, ADMIN, "", wish(61, "goodwill-1")).await;
    assert_eq!(other.status, 422, "{}", other.body);
    let taken = post(&app, OTHER, "", wish(-100, "mistake-1")).await;
    assert_eq!(status(&taken), "applied", "{}", taken.body);
    assert_eq!(available(&app).await, 200);

    // What was given by hand is used last.
    let customer = payments::customers::find(&app.store, USER).await.unwrap().unwrap().id;
    ledger::spend(&app.store, customer, 150, "render").await.unwrap();
    assert_eq!(app.count("credit_adjustments WHERE remaining = 50").await, 1);
    let refused = post(&app, THIRD, "", wish(-51, "mistake-2")).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("not_enough_credits")));
    assert_eq!(app.count("credit_adjustments WHERE reference = 'mistake-2'").await, 0);
    let rest = post(&app, THIRD, "", wish(-50, "mistake-3")).await;
    assert_eq!(status(&rest), "applied", "{}", rest.body);
    let empty = ledger::spend(&app.store, customer, 1, "render-2").await;
    assert!(matches!(empty, Err(Error::NotEnoughCredits { available: 0, .. })));
    assert_eq!(app.find_in_database("credit_adjustments", "reason", "goodwill").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn above_the_limit_another_admin_approves_and_of_two_one_does() {
    let app = app().await;
    for (asker, credits) in [(FINANCE, 5), (ADMIN, LIMIT + 1), (ADMIN, -LIMIT - 1)] {
        let before = available(&app).await;
        let asked = post(&app, asker, "", wish(credits, &format!("by-hand-{credits}"))).await;
        assert_eq!((asked.status, status(&asked)), (201, "waiting"), "{}", asked.body);
        assert_eq!(available(&app).await, before);
        let id = asked.body["data"]["adjustmentId"].as_str().unwrap().to_owned();
        let approve = format!("/{id}/approve");
        let own = post(&app, (asker.0, "admin"), &approve, json!({ "version": 0 })).await;
        assert_eq!((own.status, &own.body["code"]), (403, &json!("own_request")));
        let stale = post(&app, OTHER, &approve, json!({ "version": 7 })).await;
        assert_eq!((stale.status, &stale.body["code"]), (409, &json!("stale")));
        let both = join_all(
            ["nora", "ines"]
                .map(|who| post(&app, (who, "admin"), &approve, json!({ "version": 0 }))),
        );
        let mut statuses: Vec<u16> = both.await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(available(&app).await, before + credits);
    }
    app.run_jobs().await;
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:adjustment-waiting:%'").await, 3);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_is_refused_moves_nothing_and_what_makes_no_sense_is_not_kept() {
    let app = app().await;
    let asked = post(&app, FINANCE, "", wish(5, "r")).await;
    let id = asked.body["data"]["adjustmentId"].as_str().unwrap().to_owned();
    let refused = post(&app, OTHER, &format!("/{id}/refuse"), json!({ "version": 0 })).await;
    assert_eq!(status(&refused), "refused", "{}", refused.body);
    let late = post(&app, OTHER, &format!("/{id}/approve"), json!({ "version": 1 })).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("not_waiting")));
    assert_eq!(available(&app).await, 240);
    for (credits, reason, reference) in [(0, "x", "a"), (1, " ", "b"), (1, "x", "")] {
        let mut wish = wish(credits, reference);
        wish["reason"] = json!(reason);
        assert_eq!(post(&app, ADMIN, "", wish).await.status, 400);
    }
    let mut nobody = wish(1, "n");
    nobody["userId"] = json!("nobody");
    assert_eq!(post(&app, ADMIN, "", nobody).await.status, 404);
    assert_eq!(app.count("credit_adjustments").await, 1);
    payments::account::close(&app.store, USER).await.unwrap();
    assert_eq!(app.count("credit_adjustments WHERE reason IS NOT NULL").await, 0);
    assert_eq!(post(&app, ADMIN, "", wish(1, "c")).await.status, 409);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_waits_for_an_account_that_was_deleted_can_only_be_refused() {
    let app = app().await;
    let mut waiting = Vec::new();
    for reference in ["first", "second"] {
        let asked = post(&app, FINANCE, "", wish(5, reference)).await;
        waiting.push(asked.body["data"]["adjustmentId"].as_str().unwrap().to_owned());
    }
    payments::account::close(&app.store, USER).await.unwrap();
    for id in &waiting {
        let approved = post(&app, OTHER, &format!("/{id}/approve"), json!({ "version": 0 })).await;
        assert_eq!((approved.status, &approved.body["code"]), (409, &json!("account_closed")));
        assert_eq!(approved.body["title"], json!("the account was deleted"), "{}", approved.body);
    }
    assert_eq!(available(&app).await, 240);
    let refuse = format!("/{}/refuse", waiting[0]);
    let refused = post(&app, OTHER, &refuse, json!({ "version": 0 })).await;
    assert_eq!(status(&refused), "refused", "{}", refused.body);
    assert_eq!(app.count("credit_adjustments WHERE state = 'waiting'").await, 1);
    assert_eq!(app.count("credit_adjustments WHERE reason IS NOT NULL").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_is_approved_while_the_account_is_deleted_leaves_no_reason_behind() {
    let app = app().await;
    for n in 0..4 {
        let user = format!("leaver-{n}");
        app.buy(&user, "pm_card_visa").await;
        let mut wish = wish(5, "r");
        wish["userId"] = json!(user);
        let asked = post(&app, FINANCE, "", wish).await;
        let id = asked.body["data"]["adjustmentId"].as_str().unwrap().to_owned();
        let path = format!("/{id}/approve");
        let (approved, closed) = futures_util::join!(
            post(&app, OTHER, &path, json!({ "version": 0 })),
            payments::account::close(&app.store, &user),
        );
        closed.unwrap();
        assert!([200, 409].contains(&approved.status), "{}", approved.body);
        let given = if approved.status == 200 { 5 } else { 0 };
        assert_eq!(app.balance(&user).await.available, 240 + given);
    }
    assert_eq!(app.count("credit_adjustments WHERE reason IS NOT NULL").await, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_one_person_changes_within_a_day_is_added_up() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    app.buy(USER, "pm_card_visa").await;
    let most = app.config.file.adjustments.two_people_above;
    assert_eq!(most, 500, "as it is by default");
    let made = [(200, "applied"), (-200, "applied"), (101, "waiting"), (100, "applied")];
    for (n, (credits, state)) in made.into_iter().enumerate() {
        let asked = post(&app, ADMIN, "", wish(credits, &format!("day-1-{n}"))).await;
        assert_eq!(status(&asked), state, "{credits}: {}", asked.body);
    }
    let over = post(&app, ADMIN, "", wish(-1, "one-more")).await;
    assert_eq!(status(&over), "waiting", "{}", over.body);
    let another = post(&app, OTHER, "", wish(1, "somebody-else")).await;
    assert_eq!(status(&another), "applied", "each has a limit of their own: {}", another.body);
    // What two people agreed on is nobody's alone.
    let id = over.body["data"]["adjustmentId"].as_str().unwrap();
    let approved = post(&app, OTHER, &format!("/{id}/approve"), json!({ "version": 0 })).await;
    assert_eq!(status(&approved), "applied", "{}", approved.body);
    clock.advance(Duration::from_hours(24) + Duration::from_secs(1));
    let next_day = post(&app, ADMIN, "", wish(500, "day-2")).await;
    assert_eq!(status(&next_day), "applied", "{}", next_day.body);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn of_many_changes_at_once_no_more_than_the_limit_is_done_alone() {
    let app = app().await;
    let references: Vec<String> = (0..8).map(|n| format!("at-once-{n}")).collect();
    let asked = references.iter().map(|reference| post(&app, ADMIN, "", wish(40, reference)));
    let asked = join_all(asked).await;
    let done = asked.iter().filter(|asked| status(asked) == "applied").count();
    let waiting = asked.iter().filter(|asked| status(asked) == "waiting").count();
    assert_eq!((done, waiting), (2, 6), "80 of 100");
    assert_eq!(available(&app).await, 320);
    app.assert_ledger().await;
    app.stop().await;
}
