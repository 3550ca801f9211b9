//! A pause of refunds holds back giving in to disputes, by which money goes out, and lets evidence go,
//! whose time runs on.

use entities::{control, dispute::State, dispute_answer};
use payments::controls;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{TestApp, USER};

use crate::dispute_answers::{evidence, say};

async fn refunds(app: &TestApp, state: control::State) {
    controls::set(&app.store, "refunds", state, "a test", "eve", None).await.unwrap();
}

/// How many disputes the bank has closed.
fn closed_at_stripe(app: &TestApp) -> usize {
    let closed = |event: &&Value| event["type"] == "charge.dispute.closed";
    app.sandbox.events().iter().filter(closed).count()
}

// AC9.3.7
#[tokio::test]
async fn while_refunds_are_paused_no_dispute_is_accepted_and_evidence_goes_out() {
    let app = TestApp::without_workers().await;
    let [given_in, older, contested] =
        [app.disputed(USER).await, app.disputed("carl").await, app.disputed("dora").await];
    let states = async || {
        let state =
            async |of: &entities::dispute::Model| app.dispute(&of.provider_reference).await.state;
        [state(&given_in).await, state(&older).await, state(&contested).await]
    };
    refunds(&app, control::State::Paused).await;
    for dispute in [&older, &given_in] {
        let said = say(&app, dispute, "accept", json!({ "version": dispute.version })).await;
        assert_eq!(said.status, 202, "{}", said.body);
    }
    // As a release wrote it that had one job for both.
    let before = "UPDATE jobs SET name = 'answer-dispute' WHERE name = 'accept-dispute' AND \
                  dedup_key IN (SELECT dedup_key FROM jobs WHERE name = 'accept-dispute' ORDER BY \
                  id LIMIT 1)";
    app.execute(before).await;
    assert_eq!(app.count("jobs WHERE name = 'answer-dispute'").await, 1);
    let said = say(&app, &contested, "evidence", evidence(contested.version)).await;
    assert_eq!(said.status, 202, "{}", said.body);
    app.catch_up().await;

    let open = State::NeedsResponse;
    assert_eq!(states().await, [open, open, State::UnderReview]);
    assert_eq!(closed_at_stripe(&app), 0);
    assert_eq!(app.count("jobs WHERE name = 'answer-dispute' AND state = 'done'").await, 2);
    assert_eq!(app.count("jobs WHERE name = 'accept-dispute' AND state = 'queued'").await, 2);
    assert_eq!(app.count("dispute_answers WHERE state = 'asked'").await, 2);

    refunds(&app, control::State::Running).await;
    app.catch_up().await;
    assert_eq!(states().await, [State::Lost, State::Lost, State::UnderReview]);
    assert_eq!(closed_at_stripe(&app), 2, "each once");
    let answers = dispute_answer::Entity::find().all(app.store.db.reader()).await.unwrap();
    assert!(answers.iter().all(|row| row.state == dispute_answer::State::Sent), "{answers:?}");
    app.assert_ledger().await;
    app.stop().await;
}
