//! The tests are tested: a bug is planted in the program, and the scenario that is meant to find it
//! does; without the bug, the same scenario finds nothing.

use std::time::Duration;

use entities::{JobId, credit_lot, job, payment, provider_event};
use jobs::{Alert, NewJob, queue};
use payments::Store;
use sea_orm::EntityTrait;
use tests::{
    SECRET,
    at_once::leases_run_out,
    chaos::{Expected, Load, LoadOptions, Planned, after, check, prepare, quiet, script},
    process::{Program, Role, Stage, http, mails, within},
    stripe,
};

/// Longest time until what was told is worked off.
const SOON: Duration = Duration::from_secs(12);

/// Declares a test that plants `bug` and expects `scenario` to find something that begins so.
macro_rules! found {
    ($test:ident, $bug:literal, $scenario:ident, $finding:literal) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let sound = $scenario(&plain()).await;
            assert_eq!(sound, Vec::<String>::new(), "without the bug nothing is wrong");
            let wrong = $scenario(&planted($bug)).await;
            let found = wrong.iter().any(|it| it.starts_with($finding));
            assert!(found, "it was not found: {wrong:?}");
        }
    };
}

found!(acknowledged_before_commit_is_found, "acknowledged-before-commit", killed, "I1");
found!(an_inbox_without_a_unique_key_is_found, "no-unique-event", told_often, "I1");
found!(a_balance_that_is_not_kept_is_found, "balance-forgotten", told_often, "I4");
found!(a_status_that_falls_is_found, "status-falls", told_late, "I7");
found!(any_amount_taken_is_found, "any-amount", underpaid, "a grant");
found!(a_signature_that_is_ignored_is_found, "signature-ignored", forged, "answered 200");
found!(a_queue_without_a_sweeper_is_found, "no-sweeper", unannounced, "left");
found!(a_claim_that_is_not_counted_is_found, "claim-not-counted", shot, "0 attempts");
found!(a_mail_that_is_not_marked_is_found, "mail-unmarked", mailed_and_shot, "I6");

fn plain() -> Stage {
    Stage::embedded()
}

fn planted(bug: &str) -> Stage {
    let mut stage = plain();
    stage.set("FAILPOINTS", &format!("plant.{bug}=return"));
    stage
}

/// Payments, all that is said about them, and what does not hold at the end.
struct Told {
    program: Program,
    store: Store,
    payments: Vec<Planned>,
    load: Load,
}

impl Told {
    async fn begin(stage: &Stage, count: usize) -> Self {
        let program = stage.start(Role::Both, "quittance").await;
        let store = stage.store().await;
        let payments = prepare(&store, 23, count).await;
        let options = LoadOptions { seed: 23, rate: 300, targets: vec![program.base()] };
        let load = Load::start(script(23, &payments), options, stage.directory());
        Self { program, store, payments, load }
    }

    async fn wrong(self, stage: &Stage) -> Vec<String> {
        let delivered = self.load.finish(Duration::from_secs(30)).await;
        quiet(&self.store, SOON).await;
        let expected = Expected { payments: &self.payments, delivered: &delivered };
        check(&self.store, expected, &stage.path("data/mail")).await
    }
}

async fn told_often(stage: &Stage) -> Vec<String> {
    Told::begin(stage, 60).await.wrong(stage).await
}

async fn killed(stage: &Stage) -> Vec<String> {
    let mut told = Told::begin(stage, 150).await;
    for acknowledged in [60, 160] {
        after(&told.load, acknowledged).await;
        told.program.kill();
        leases_run_out(&told.store).await;
        told.program.start_again();
        told.program.ready().await;
    }
    leases_run_out(&told.store).await;
    told.wrong(stage).await
}

/// A failure that is told after the success.
async fn told_late(stage: &Stage) -> Vec<String> {
    let (program, store) = (stage.start(Role::Both, "quittance").await, stage.store().await);
    let paid = one_that_is_paid(&store).await;
    for kind in ["succeeded", "payment_failed"] {
        let event = format!("evt_{}_{kind}", paid.reference);
        let kind = format!("payment_intent.{kind}");
        let body = stripe::event(&event, &kind, &paid.reference, Some(paid.id)).to_string();
        assert_eq!(deliver(&program, &body, SECRET).await, 200);
        quiet(&store, SOON).await;
    }
    let row = payment::Entity::find_by_id(paid.id).one(store.db.reader()).await.unwrap().unwrap();
    let held = row.status == payment::Status::Succeeded;
    if held { Vec::new() } else { vec![format!("I7: it is {:?}", row.status)] }
}

/// A success over less than was asked.
async fn underpaid(stage: &Stage) -> Vec<String> {
    let (program, store) = (stage.start(Role::Both, "quittance").await, stage.store().await);
    let paid = one_that_is_paid(&store).await;
    let kind = "payment_intent.succeeded";
    let mut event = stripe::event("evt_less", kind, &paid.reference, Some(paid.id));
    for sum in ["amount", "amount_received"] {
        event["data"]["object"][sum] = 100.into();
    }
    assert_eq!(deliver(&program, &event.to_string(), SECRET).await, 200);
    quiet(&store, SOON).await;
    let lots = credit_lot::Entity::find().all(store.db.reader()).await.unwrap();
    lots.iter().map(|lot| format!("a grant of {}", lot.granted)).collect()
}

async fn forged(stage: &Stage) -> Vec<String> {
    let (program, store) = (stage.start(Role::Both, "quittance").await, stage.store().await);
    let paid = one_that_is_paid(&store).await;
    let kind = "payment_intent.succeeded";
    let body = stripe::event("evt_forged", kind, &paid.reference, Some(paid.id)).to_string();
    let status = deliver(&program, &body, "whsec_of_a_stranger").await;
    let events = provider_event::Entity::find().all(store.db.reader()).await.unwrap();
    let mut wrong: Vec<String> = events.iter().map(|it| format!("kept {}", it.event_id)).collect();
    if (200..300).contains(&status) {
        wrong.push(format!("answered {status}"));
    }
    wrong
}

/// A job of which no ticket tells.
async fn unannounced(stage: &Stage) -> Vec<String> {
    let _program = stage.start(Role::Both, "quittance").await;
    let store = stage.store().await;
    let id = enqueue(&store).await;
    let done = within(SOON, async || find(&store, id).await.state == job::State::Done).await;
    if done { Vec::new() } else { vec!["left in the queue".to_owned()] }
}

/// A job that takes its process down, once.
async fn shot(stage: &Stage) -> Vec<String> {
    let planted = stage.variable("FAILPOINTS").unwrap_or_default();
    let faults = format!("alert.begin=1*return(abort);{planted}");
    let mut program = stage.start_with(Role::Both, "quittance", &[("FAILPOINTS", &faults)]).await;
    let store = stage.store().await;
    let id = enqueue(&store).await;
    assert!(program.ended(SOON).await.is_some(), "it lives: {}", program.log());
    let attempts = find(&store, id).await.attempts;
    if attempts == 1 { Vec::new() } else { vec![format!("{attempts} attempts were counted")] }
}

/// A process that dies when the mail server has accepted a receipt.
async fn mailed_and_shot(stage: &Stage) -> Vec<String> {
    let planted = stage.variable("FAILPOINTS").unwrap_or_default();
    let faults = format!("send-receipt.sent=1*return(abort);{planted}");
    let mut program = stage.start_with(Role::Both, "first", &[("FAILPOINTS", &faults)]).await;
    let store = stage.store().await;
    let paid = one_that_is_paid(&store).await;
    let event = format!("evt_{}_succeeded", paid.reference);
    let kind = "payment_intent.succeeded";
    let body = stripe::event(&event, kind, &paid.reference, Some(paid.id)).to_string();
    assert_eq!(deliver(&program, &body, SECRET).await, 200);
    assert!(program.ended(SOON).await.is_some(), "it lives: {}", program.log());
    leases_run_out(&store).await;
    let _second = stage.start(Role::Both, "second").await;
    assert!(quiet(&store, SOON).await);
    let mails = mails(&stage.path("data/mail")).len();
    if mails == 1 { Vec::new() } else { vec![format!("I6: {mails} mails that differ")] }
}

async fn one_that_is_paid(store: &Store) -> Planned {
    let payments = prepare(store, 23, 20).await;
    payments.into_iter().find(|payment| payment.succeeds).unwrap()
}

async fn enqueue(store: &Store) -> JobId {
    let (now, word) = (store.clock.now(), || "planted".to_owned());
    let alert = Alert { kind: word(), subject: word(), detail: word() };
    let txn = store.db.begin().await.unwrap();
    let enqueued = queue::insert(&txn, vec![NewJob::of(&alert, now)], now).await.unwrap();
    txn.commit().await.unwrap();
    enqueued[0].id
}

async fn find(store: &Store, id: JobId) -> job::Model {
    job::Entity::find_by_id(id).one(store.db.reader()).await.unwrap().unwrap()
}

/// Delivers `body` signed with `secret`: the status.
async fn deliver(program: &Program, body: &str, secret: &str) -> u16 {
    let http = http().build().unwrap();
    stripe::deliver(&http, &program.base(), secret, body).await.unwrap().status().as_u16()
}
