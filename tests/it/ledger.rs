//! Credits: lots, first in first out, never below zero (`F11` of the reliability notes).

use payments::{Error, ledger};
use tests::{TestApp, USER, stripe::event};

async fn bought(app: &TestApp, times: usize) -> entities::CustomerId {
    for n in 0..times {
        let reference = format!("pi_ledger_{n}");
        app.pending_payment(Some(&reference)).await;
        let told = event(&format!("evt_{n}"), "payment_intent.succeeded", &reference, None);
        assert_eq!(app.deliver(&told).await, 200);
        app.run_jobs().await;
    }
    payments::customers::find(&app.store, USER).await.unwrap().unwrap().id
}

#[tokio::test]
async fn credits_are_spent_from_the_oldest_lot_and_once_for_each_reference() {
    let app = TestApp::without_workers().await;
    let customer = bought(&app, 2).await;

    for _ in 0..2 {
        ledger::spend(&app.store, customer, 300, "render-1").await.unwrap();
    }

    assert_eq!(app.balance(USER).await.available, 180);
    assert_eq!(app.count("credit_lots WHERE remaining = 0").await, 1);
    assert_eq!(app.count("credit_lots WHERE remaining = 180").await, 1);
    let refused = ledger::spend(&app.store, customer, 181, "render-2").await;
    assert!(matches!(refused, Err(Error::NotEnoughCredits { asked: 181, available: 180 })));
    assert!(ledger::spend(&app.store, customer, 0, "render-3").await.is_err());
    assert!(ledger::spend(&app.store, customer, -5, "render-4").await.is_err());
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn spenders_at_the_same_time_cannot_spend_more_than_there_is() {
    let app = TestApp::without_workers().await;
    let customer = bought(&app, 1).await;
    let mut spenders = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = app.store.clone();
        spenders.spawn(async move {
            ledger::spend(&store, customer, 40, &format!("job-{n}")).await.is_ok()
        });
    }
    let spent = spenders.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!(spent, 6);
    assert_eq!(app.balance(USER).await.available, 0);
    app.assert_ledger().await;
    app.stop().await;
}

#[tokio::test]
async fn verify_finds_what_somebody_changed_by_hand() {
    use sea_orm::ConnectionTrait;
    let app = TestApp::without_workers().await;
    bought(&app, 1).await;
    let meddle = "UPDATE balances SET amount = amount + 1";
    app.store.db.writer().execute_unprepared(meddle).await.unwrap();
    assert!(!ledger::verify(&app.store).await.unwrap().is_empty());
    app.stop().await;
}
