//! The desk's look behind the scenes: what never reached us is fetched, events are replayed, the
//! audit log is verified (`AC9.6.7`, `001-C6`).

use entities::payment::Status;
use sandbox::Faults;
use tests::{TestApp, USER, stripe::event};

use crate::{audit::disarm, desk::Desk};

/// Asks for a look with `form`, as the desk's page does, lets it be done, and reads its report.
async fn look(app: &TestApp, desk: &Desk<'_>, form: &[(&str, &str)]) -> (String, String) {
    let asked = desk.post("/desk/reconciliation", form).await;
    assert!(asked.status == 303 && asked.to.starts_with("/desk/reconciliation/rec_"), "{asked:?}");
    assert!(desk.read(&asked.to).await.contains("It waits for a worker"));
    app.run_jobs().await;
    (desk.read(&asked.to).await, asked.to)
}

// AC9.6.7
#[tokio::test]
async fn a_payment_an_event_and_a_range_are_synced_from_the_desk_and_the_report_says_what_was_done()
{
    let app = TestApp::without_workers().await;
    app.sandbox.set_faults(Faults { drop_percent: 100, ..Faults::default() });
    let (payment, reference) = app.begin(USER, "pm_card_visa").await;
    assert_eq!(app.confirm_at_stripe(&reference).await, 200);
    app.sandbox.settle().await;
    app.sandbox.set_faults(Faults::default());
    let (felix, sana) = (Desk::open(&app, "felix").await, Desk::open(&app, "sana").await);

    let id = payment.to_string();
    let (report, _) = look(&app, &felix, &[("payment", &id)]).await;
    assert_eq!(app.payment(payment).await.status, Status::Succeeded);
    for part in ["1 gap was found", "pending -&#62; succeeded", "brought up to date", "user:felix"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }

    let today = app.store.clock.now().to_string();
    let range = [("from", &today[..10]), ("provider", "stripe")];
    let (report, path) = look(&app, &felix, &range).await;
    assert!(report.contains("payment_intent.succeeded"), "{report}");
    app.run_jobs().await;
    assert!(sana.read(&path).await.contains("applied"), "the event was applied since");
    let (report, _) = look(&app, &felix, &range).await;
    assert!(report.contains("Nothing was missing."), "{report}");

    let lost = app.events().await.pop().unwrap();
    let again = [("event", lost.event_id.as_str()), ("whose", "stripe")];
    let (report, _) = look(&app, &felix, &again).await;
    assert!(report.contains("1 event and 0 payments were looked at. Nothing"), "{report}");

    let runs = sana.read("/desk/reconciliation?gaps=some").await;
    assert_eq!(runs.matches("/desk/reconciliation/rec_").count(), 2);
    assert!(!runs.contains("Sync this payment"), "support does not ask");
    let both = felix.post("/desk/reconciliation", &[("from", &today[..10])]).await;
    assert_eq!(both.to, "/desk/reconciliation?done=asked");
    for wrong in [
        &[("payment", "pi_1")][..],
        &[("payment", "txn_00000000000000000000000000000000")],
        &[("event", "evt_1")],
        &[("from", "2100-01-01")],
        &[("from", "")],
    ] {
        assert_eq!(felix.post("/desk/reconciliation", wrong).await.status, 409, "{wrong:?}");
    }
    app.assert_ledger().await;
    app.stop().await;
}

// AC9.6.7
#[tokio::test]
async fn the_desk_shows_what_a_replay_would_change_and_then_does_it() {
    let app = TestApp::without_workers().await;
    let told = event("evt_replay", "payment_intent.succeeded", "pi_replay", None);
    assert_eq!(app.deliver(&told).await, 200);
    app.execute("UPDATE provider_events SET parks = 5").await;
    app.run_jobs().await;
    let path = format!("/desk/events/{}", app.events().await[0].id);
    let felix = Desk::open(&app, "felix").await;
    let replay = format!("{path}/replay");
    assert!(felix.read(&replay).await.contains("No payment of ours fits."));
    app.pending_payment(Some("pi_replay")).await;

    let shown = felix.read(&replay).await;
    for part in ["would go from pending to succeeded", "+240 credits", "send-receipt"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(app.count("ledger_entries").await, 0, "nothing was written");
    let done = felix.post(&replay, &[]).await;
    assert_eq!((done.status, done.to), (303, format!("{path}?done=replayed")));
    app.run_jobs().await;
    assert_eq!(app.balance(USER).await.available, 240);
    let shown = felix.read(&replay).await;
    for part in ["Nothing would change", "Nothing would be booked.", "No job would follow"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let sana = Desk::open(&app, "sana").await;
    assert_eq!(sana.get(&replay).await.status, 403);
    app.assert_ledger().await;
    app.stop().await;
}

// 001-C6
#[tokio::test]
async fn the_desk_verifies_the_audit_log_and_names_the_first_line_that_is_wrong() {
    let app = TestApp::without_workers().await;
    app.buy(USER, "pm_card_visa").await;
    let omar = Desk::open(&app, "omar").await;
    payments::audit::seal(&app.store).await.unwrap();
    let whole = omar.post("/desk/audit/verify", &[]).await;
    assert!(whole.status == 200 && whole.text.contains("The log is whole"), "{}", whole.text);

    disarm(&app).await;
    app.execute(
        "UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT audit_id FROM audit_seals WHERE \
         seq = 1)",
    )
    .await;
    let broken = omar.post("/desk/audit/verify", &[]).await.text;
    assert!(broken.contains("The log was meddled with. The first place: Line 1 (aud_"), "{broken}");

    // Whoever waits is told how far it came.
    let short = payments::audit::verify_within(&app.store, std::time::Duration::ZERO).await;
    assert!(!short.unwrap().cut_short, "the first page is always looked at");
    app.stop().await;
}
