//! Named points: before and after the work of every job, in the middle of the batches, and on both
//! sides of the inbox's commit. There a process dies, the run fails, or it is held up. Between two
//! statements it does so in `chaos_statements`.

use std::{collections::BTreeSet, time::Duration};

use entities::{
    Money, PaymentId, Provider, credit_lot, dispute, dispute_answer, job,
    job::State,
    mail,
    money_back::{DisputeFact, DisputeStage},
    payment,
};
use futures_util::{StreamExt, stream};
use jobs::queue;
use payments::{
    Store,
    core::{Alarms, Policy, fraud::Rules},
    ledger,
    money_back::{self, Item, News},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set, Unchanged,
};
use tests::{
    SECRET,
    at_once::{leases_run_out, pauses_end},
    chaos::{Planned, prepare},
    process::{OutsideStripe, Program, Role, Stage, http, mails, within},
    samples::Samples,
    stripe,
};

/// What happens at a point, once, and its process goes on.
const SURVIVED: [&str; 2] = ["error", "delay:400"];

/// Points of jobs that work in batches, and of what is before any job.
const MORE: [&str; 4] =
    ["apply-event.commit", "send-receipt.sent", "inbox.commit", "inbox.committed"];

/// What the provider's word about a dispute has to agree with.
const POLICY: Policy = Policy {
    livemode: false,
    account: None,
    refund_warnings: false,
    fraud: Rules::OFF,
    alarms: Alarms::USUAL,
};

/// Longest time for all that is to be done.
const DONE_WITHIN: Duration = Duration::from_secs(40);

/// Cases at once: they wait, most of the time.
const AT_ONCE: usize = 6;

/// What happens where in one process.
#[derive(Clone, Debug)]
struct Case {
    points: Vec<String>,
    action: &'static str,
}

impl Case {
    fn of_one(point: &str, action: &'static str) -> Self {
        Self { points: vec![point.to_owned()], action }
    }

    /// Everything at once: nobody dies of it, so that a process goes through all points of one kind.
    fn of_all(place: &str, action: &'static str) -> Self {
        Self {
            points: worker::JOBS.iter().map(|it| format!("{}.{place}", it.name)).collect(),
            action,
        }
    }

    /// In the words of the crate `fail`.
    fn faults(&self) -> String {
        let faults = self.points.iter().map(|point| format!("{point}=1*return({})", self.action));
        faults.collect::<Vec<_>>().join(";")
    }

    /// Where nothing happened yet, by what the process has logged.
    fn missing(&self, log: &str) -> Vec<&str> {
        let came: Vec<&str> =
            log.lines().filter(|line| line.contains("a fault on purpose")).collect();
        let quoted = |point: &str| format!("point=\"{point}\"");
        let points = self.points.iter().map(String::as_str);
        points.filter(|point| !came.iter().any(|line| line.contains(&quoted(point)))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_survives_every_fault_at_every_point() {
    let of_jobs = worker::JOBS
        .iter()
        .flat_map(|entry| ["begin", "end"].map(|place| format!("{}.{place}", entry.name)));
    let points: Vec<String> = of_jobs.chain(MORE.map(str::to_owned)).collect();
    let mut cases: Vec<Case> = Vec::new();
    for action in SURVIVED {
        cases.extend(["begin", "end"].map(|place| Case::of_all(place, action)));
        cases.extend(MORE.map(|point| Case::of_one(point, action)));
    }
    cases.extend(points.iter().map(|point| Case::of_one(point, "abort")));
    let had: usize = cases.iter().map(|case| case.points.len()).sum();
    assert_eq!(had, points.len() * (SURVIVED.len() + 1), "each point has each fault");
    let stripe = OutsideStripe::start();
    let runs = stream::iter(cases).map(async |case| {
        let wrong = run(&case, &stripe).await;
        wrong.map(|wrong| format!("{:?} {}: {wrong}", case.points, case.action))
    });
    let ran: Vec<Option<String>> = runs.buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> = ran.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What does not hold after `case`.
async fn run(case: &Case, stripe: &OutsideStripe) -> Option<String> {
    let mut stage = Stage::embedded();
    stage.set("STRIPE_API_BASE", &stripe.api_base());
    let faults = case.faults();
    let mut program = stage.start_with(Role::Both, "first", &[("FAILPOINTS", &faults)]).await;
    let store = stage.store().await;
    let mut payments = prepare(&store, 5, 20).await.into_iter();
    let paid = payments.find(|payment| payment.succeeds)?;
    let samples = Samples { paid: paid.id, over: payments.next()?.id };
    let others = Others { samples, disputed: [payments.next()?.id, payments.next()?.id], stripe };
    // Both may find nobody at home.
    let told = tell(&program, &paid).await;
    let mut asked = false;
    if told && granted(&store, || program.exit().is_some()).await {
        others.one_of_each(&store).await;
        asked = true;
    }
    let all_came = within(DONE_WITHIN, async || {
        pauses_end(&store).await;
        case.missing(&program.log()).is_empty()
    });
    if !all_came.await {
        let log = program.log();
        return Some(format!("it never came to {:?}: {log}", case.missing(&log)));
    }
    let mut second = None;
    if case.action == "abort" {
        if program.ended(DONE_WITHIN).await.is_none() {
            return Some("it lives".to_owned());
        }
        leases_run_out(&store).await;
        second = Some(stage.start(Role::Both, "second").await);
    }
    let program = second.as_ref().unwrap_or(&program);
    if !told && !within(DONE_WITHIN, async || tell(program, &paid).await).await {
        // As a provider does that was not answered.
        return Some("it was not taken again".to_owned());
    }
    if !asked {
        if !granted(&store, || false).await {
            return Some("nothing was granted".to_owned());
        }
        others.one_of_each(&store).await;
    }
    settled(&stage, &store).await
}

/// Tells that `paid` was paid; whether that was acknowledged.
async fn tell(program: &Program, paid: &Planned) -> bool {
    let kind = "payment_intent.succeeded";
    let body = stripe::event("evt_point", kind, &paid.reference, Some(paid.id)).to_string();
    let http = http().timeout(DONE_WITHIN).build().unwrap();
    let answer = stripe::deliver(&http, &program.base(), SECRET, body).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Waits until the payment's credits are there, or it is `over`; whether they are.
async fn granted(store: &Store, mut over: impl FnMut() -> bool) -> bool {
    let mut granted = false;
    within(DONE_WITHIN, async || {
        granted = credit_lot::Entity::find().count(store.db.reader()).await.unwrap() == 1;
        granted || over()
    })
    .await;
    granted
}

/// What the jobs are about that do not follow from the event itself.
struct Others<'a> {
    samples: Samples,
    /// Payments that are disputed.
    disputed: [PaymentId; 2],
    /// Where they are.
    stripe: &'a OutsideStripe,
}

impl Others<'_> {
    /// Has a job of each kind done.
    async fn one_of_each(&self, store: &Store) {
        let [first, second] = self.disputed;
        let disputes = [self.dispute(store, first).await, self.dispute(store, second).await];
        let txn = store.db.begin().await.unwrap();
        let now = store.clock.now();
        called_off(self.samples.over).update(&txn).await.unwrap();
        queue::insert(&txn, self.samples.jobs(now), now).await.unwrap();
        txn.commit().await.unwrap();
        self.samples.refund(store).await;
        self.samples.look(store).await;
        Samples::answer(store, &disputes).await;
    }

    /// Payment `id` is disputed at the provider, and we were told of it. Nobody else asks how it stands,
    /// since for us it was called off.
    async fn dispute(&self, store: &Store, id: PaymentId) -> dispute::Model {
        let (payment_reference, reference) = self.stripe.disputed().await;
        let (now, linked) = (store.clock.now(), Set(Some(payment_reference.clone())));
        let fact = DisputeFact {
            provider: Provider::Stripe,
            reference,
            payment_reference,
            livemode: false,
            account: None,
            amount: Money::new(16_000, "usd".parse().unwrap()),
            reason: "fraudulent".to_owned(),
            stage: DisputeStage::NeedsResponse,
            funds: None,
            evidence_due: None,
            occurred_at: now,
        };
        let items = [Item { news: News::Dispute(Box::new(fact)), event_id: None }];
        let txn = store.db.begin().await.unwrap();
        let row = payment::ActiveModel { provider_reference: linked, ..called_off(id) };
        row.update(&txn).await.unwrap();
        money_back::apply(&txn, &POLICY, &items, now).await.unwrap();
        txn.commit().await.unwrap();
        let find = dispute::Entity::find().filter(dispute::Column::PaymentId.eq(id));
        find.one(store.db.reader()).await.unwrap().unwrap()
    }
}

/// Payment `id`, which came to nothing.
fn called_off(id: PaymentId) -> payment::ActiveModel {
    let status = Set(payment::Status::Canceled);
    payment::ActiveModel { id: Unchanged(id), status, ..Default::default() }
}

/// What does not hold once everything is done, which it has to be in time.
async fn settled(stage: &Stage, store: &Store) -> Option<String> {
    let mut left = Vec::new();
    let done = within(DONE_WITHIN, async || {
        pauses_end(store).await;
        let jobs = job::Entity::find().all(store.db.reader()).await.unwrap();
        left = jobs.iter().filter(|job| job.state != State::Done).cloned().collect();
        let kinds: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        left.is_empty() && kinds.len() == worker::JOBS.len()
    });
    if !done.await {
        return Some(format!("left: {left:?}"));
    }
    let lots = credit_lot::Entity::find().all(store.db.reader()).await.unwrap();
    let answers = dispute_answer::Entity::find().all(store.db.reader()).await.unwrap();
    let said = answers.iter().filter(|row| row.state == dispute_answer::State::Sent).count();
    if (answers.len(), said) != (2, 2) {
        return Some(format!("the disputes were not answered: {answers:?}"));
    }
    let discrepancies = ledger::verify(store).await.unwrap();
    let mails = mails(&stage.path("data/mail")).len();
    let rows = mail::Entity::find().all(store.db.reader()).await.unwrap();
    let sent = rows.iter().all(|row| row.state == mail::State::Sent);
    let sound = lots.len() == 1 && discrepancies.is_empty() && sent && mails == rows.len();
    (!sound).then(|| format!("{} lots, {discrepancies:?}, {mails} mails: {rows:?}", lots.len()))
}
