//! Bank debits: processing for days, and then paid or not (`002-PM3`).

use entities::payment::Status;
use tests::{TestApp, USER};

#[tokio::test]
async fn a_debit_grants_only_when_the_money_is_there() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_usBankAccount_success").await;

    let (status, body) = app.confirm(USER, &reference).await;

    assert_eq!((status, body["code"].as_str()), (409, Some("processing")), "{body}");
    assert_eq!(app.balance(USER).await.available, 0);
    app.await_balance(USER, 240).await;
    app.until(async || app.payment(payment).await.method_last4.is_some()).await;
    let paid = app.payment(payment).await;
    assert_eq!(paid.status, Status::Succeeded);
    assert_eq!(paid.method_kind.as_deref(), Some("us_bank_account"));
    assert_eq!(paid.method_last4.as_deref(), Some("6789"));
    app.assert_ledger().await;
    app.stop().await;
}

// 002-WF2
#[tokio::test]
async fn a_debit_that_fails_late_is_mailed_to_its_payer() {
    let app = TestApp::start().await;
    let (payment, reference) = app.begin(USER, "pm_usBankAccount_insufficientFunds").await;

    assert_eq!(app.confirm(USER, &reference).await.0, 409);

    let mails = "mails WHERE occasion LIKE 'failure:%' AND state = 'sent'";
    app.until(async || app.count(mails).await == 1).await;
    assert_eq!(app.payment(payment).await.status, Status::Failed);
    assert_eq!(app.balance(USER).await.available, 0);
    let mail = app.mails().into_iter().find(|mail| mail.contains("failed")).unwrap();
    assert!(mail.contains("insufficient funds"), "{mail}");
    app.stop().await;
}
