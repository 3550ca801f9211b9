//! Disputes are answered from here: evidence, or that the payer is right; said once, whatever becomes
//! of the provider's word (`AC9.6.2`).

use std::time::Duration;

use boot::Clock;
use entities::{
    dispute::{self, State},
    dispute_answer,
};
use payments::{disputes, ledger::Balance};
use sandbox::{Faults, Funding};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

pub(crate) async fn say(app: &TestApp, dispute: &dispute::Model, verb: &str, body: Value) -> Asked {
    let path = format!("/api/v1/admin/disputes/{}/{verb}", dispute.id);
    app.ask(Some(&app.staff("eve", "finance")), "POST", &path, Some(&body)).await
}

pub(crate) fn evidence(version: i64) -> Value {
    // "%PDF-1.7" and the first bytes of a PNG.
    let files = json!([
        { "name": "receipt.pdf", "field": "receipt", "mediaType": "application/pdf",
          "content": "JVBERi0xLjc=" },
        { "name": "chat.png", "mediaType": "image/png", "content": "iVBORw0KGgo=" },
    ]);
    json!({ "version": version, "text": "they used every credit", "files": files })
}

async fn answers(app: &TestApp) -> Vec<dispute_answer::Model> {
    dispute_answer::Entity::find().all(app.store.db.reader()).await.unwrap()
}

async fn at_stripe(app: &TestApp, dispute: &dispute::Model) -> Value {
    let url = app.url(&format!("/v1/disputes/{}", dispute.provider_reference));
    let asked = app.http.get(url).basic_auth("sk_test_quittance_tests", Some(""));
    asked.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn evidence_with_files_reaches_stripe_once() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let stale = say(&app, &dispute, "evidence", evidence(dispute.version + 1)).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("stale")));
    let said = say(&app, &dispute, "evidence", evidence(dispute.version)).await;
    assert_eq!(said.status, 202, "{}", said.body);
    assert_eq!(said.body["data"]["answers"][0]["status"], json!("asked"));
    let again = say(&app, &dispute, "accept", json!({ "version": dispute.version + 1 })).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("answer_on_its_way")));
    app.catch_up().await;

    let told = at_stripe(&app, &dispute).await;
    assert_eq!(told["status"], json!("under_review"));
    assert_eq!(told["evidence"]["uncategorized_text"], json!("they used every credit"));
    for field in ["receipt", "uncategorized_file"] {
        assert!(told["evidence"][field].as_str().unwrap().starts_with("file_"), "{told}");
    }
    assert_eq!(told["evidence_details"]["submission_count"], json!(1));
    let answer = answers(&app).await.remove(0);
    assert_eq!(answer.state, dispute_answer::State::Sent);
    assert_eq!(told["metadata"]["answer_id"], json!(answer.id.to_string()));
    let row = app.dispute(&dispute.provider_reference).await;
    assert_eq!(row.state, State::UnderReview);
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 240 });
    assert_eq!(app.find_in_database("dispute_answers", "words", "every credit").await, 0);
    assert_eq!(app.find_in_database("dispute_files", "content", "%PDF-").await, 0);
    // Asked for, about to be sent, sent.
    assert_eq!(app.count("audit_log WHERE action LIKE 'dispute.evidence.%'").await, 3);
    let late = say(&app, &row, "evidence", evidence(row.version)).await;
    assert_eq!(late.status, 409);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_evidence_is_refused_before_anything_is_kept() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let file = |name: &str, field: &str, media: &str, content: &str| {
        let file = json!({ "name": name, "field": field, "mediaType": media, "content": content });
        json!({ "version": dispute.version, "text": "x", "files": [file] })
    };
    for body in [
        json!({ "version": dispute.version, "text": "  " }),
        json!({ "version": dispute.version, "text": "x".repeat(2_001) }),
        file("../a.pdf", "receipt", "application/pdf", "JVBERi0xLjc="),
        file("a.pdf", "anything", "application/pdf", "JVBERi0xLjc="),
        file("a.html", "receipt", "text/html", "JVBERi0xLjc="),
        file("a.png", "receipt", "image/png", "JVBERi0xLjc="),
        file("a.pdf", "receipt", "application/pdf", "not base64!"),
    ] {
        let refused = say(&app, &dispute, "evidence", body.clone()).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
    }
    assert_eq!(app.count("dispute_answers").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_dispute_that_is_accepted_is_lost_and_takes_the_credits() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let said = say(&app, &dispute, "accept", json!({ "version": dispute.version })).await;
    assert_eq!(said.status, 202, "{}", said.body);
    app.catch_up().await;
    assert_eq!(app.dispute(&dispute.provider_reference).await.state, State::Lost);
    assert_eq!(app.balance(USER).await, Balance { available: 0, held: 0 });
    assert_eq!(app.in_account("chargebacks").await, 16_000);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn paypal_is_given_evidence_or_its_payer_is_right() {
    let app = TestApp::without_workers().await;
    for verb in ["evidence", "accept"] {
        let user = format!("buyer-{verb}");
        let (_, order) = app.buy_paypal(&user, Funding::Balance).await;
        let reference = app.sandbox.paypal().dispute(&order, "UNAUTHORISED").unwrap();
        app.catch_up().await;
        let dispute = app.dispute(&reference).await;
        let body = match verb {
            "evidence" => evidence(dispute.version),
            _ => json!({ "version": dispute.version }),
        };
        let said = say(&app, &dispute, verb, body).await;
        assert_eq!(said.status, 202, "{}", said.body);
        app.catch_up().await;
        let told = app.call_paypal(&format!("v1/customer/disputes/{reference}"), None).await;
        let (state, held) = match verb {
            "evidence" => (State::UnderReview, 240),
            _ => (State::Lost, 0),
        };
        assert_eq!(app.dispute(&reference).await.state, state, "{told}");
        assert_eq!(app.balance(&user).await, Balance { available: 0, held });
        if verb == "evidence" {
            let notes = told["evidences"][0]["notes"].as_str().unwrap();
            assert!(notes.starts_with("they used every credit ("), "{notes}");
            assert_eq!(told["evidences"][0]["documents"][0]["name"], json!("receipt.pdf"));
        }
        app.assert_ledger().await;
    }
    assert_eq!(app.in_account("clearing:paypal").await, 16_000);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_whose_word_was_lost_is_looked_up_and_said_once() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let dispute = app.disputed(USER).await;
    let said = say(&app, &dispute, "evidence", evidence(dispute.version)).await;
    assert_eq!(said.status, 202, "{}", said.body);
    let mute = Faults { lose_response_percent: 100, drop_percent: 100, ..Faults::default() };
    app.sandbox.set_faults(mute);
    app.run_jobs().await;
    assert_eq!(answers(&app).await[0].state, dispute_answer::State::Unknown);

    app.sandbox.set_faults(Faults::default());
    clock.advance(Duration::from_mins(5));
    app.run_jobs().await;
    assert_eq!(answers(&app).await[0].state, dispute_answer::State::Sent);
    let told = at_stripe(&app, &dispute).await;
    assert_eq!(told["evidence_details"]["submission_count"], json!(1));
    app.stop().await;
}

#[tokio::test]
async fn an_answer_of_a_worker_that_died_is_not_said_again() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let said = say(&app, &dispute, "evidence", evidence(dispute.version)).await;
    assert_eq!(said.status, 202, "{}", said.body);
    app.catch_up().await;
    // As if it had died once the provider had the answer, before it wrote that down.
    let died = "UPDATE dispute_answers SET state = 'submitting', sent_at = NULL; UPDATE jobs SET \
                state = 'queued', finished_at = NULL WHERE name = 'answer-dispute'";
    app.store.db.writer().execute_unprepared(died).await.unwrap();
    app.catch_up().await;
    assert_eq!(answers(&app).await[0].state, dispute_answer::State::Sent);
    let told = at_stripe(&app, &dispute).await;
    assert_eq!(told["evidence_details"]["submission_count"], json!(1));
    app.stop().await;
}

#[tokio::test]
async fn of_two_who_answer_at_once_one_is_heard() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let (first, second) = futures_util::join!(
        say(&app, &dispute, "evidence", evidence(dispute.version)),
        say(&app, &dispute, "accept", json!({ "version": dispute.version })),
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "{} {}", first.body, second.body);
    assert_eq!(app.count("dispute_answers").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn what_was_said_is_erased_with_the_account_and_after_its_time() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::with_clock(clock.clone()).await;
    let kept = async || {
        let words = app.count("dispute_answers WHERE words IS NOT NULL").await;
        (words, app.count("dispute_files").await)
    };
    let mut disputes = Vec::new();
    for user in [USER, "carl"] {
        let dispute = app.disputed(user).await;
        let said = say(&app, &dispute, "evidence", evidence(dispute.version)).await;
        assert_eq!(said.status, 202, "{}", said.body);
        disputes.push(dispute);
    }
    app.catch_up().await;
    assert_eq!(kept().await, (2, 4));
    payments::account::close(&app.store, USER).await.unwrap();
    assert_eq!(kept().await, (1, 2));

    assert!(app.sandbox.decide_dispute(&disputes[1].provider_reference, true));
    app.catch_up().await;
    let prune = async || {
        let now = clock.now();
        disputes::prune(&app.store, now - Duration::from_hours(24 * 90)).await.unwrap()
    };
    assert_eq!((prune().await, kept().await), (0, (1, 2)));
    clock.advance(Duration::from_hours(24 * 91));
    assert_eq!((prune().await, kept().await), (2, (0, 0)));
    app.stop().await;
}

#[tokio::test]
async fn an_answer_to_what_is_over_fails_and_is_told() {
    let app = TestApp::without_workers().await;
    let dispute = app.disputed(USER).await;
    let said = say(&app, &dispute, "evidence", evidence(dispute.version)).await;
    assert_eq!(said.status, 202, "{}", said.body);
    assert!(app.sandbox.decide_dispute(&dispute.provider_reference, false));
    app.catch_up().await;
    let answer = answers(&app).await.remove(0);
    assert_eq!(answer.state, dispute_answer::State::Failed);
    assert_eq!(app.count("mails WHERE occasion LIKE 'alert:dispute-answer-failed:%'").await, 1);
    app.assert_ledger().await;
    app.stop().await;
}
