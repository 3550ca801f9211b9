//! What is asked for by the clock. Every process ticks; the job's unique key makes one run of it.

use std::{str::FromStr, sync::Arc};

use apalis::prelude::{Data, Monitor, WorkerBuilder};
use apalis_cron::{CronScheduler, Tick};
use boot::Shutdown;
use cron::Schedule;
use entities::Timestamp;
use jobs::{NewJob, Prune, Reconcile, VerifyAudit, VerifyLedger, queue};

use crate::Context;

/// Two days: as long as a provider may be late with an event, and then some.
const RECENT: u64 = 48 * 3_600;

/// Longer than the 30 days for which Stripe lists events.
const ALL: u64 = 35 * 86_400;

/// A schedule, and the jobs it asks for.
#[derive(Clone, Copy)]
struct Timetable {
    name: &'static str,
    /// Seconds, minutes, hours, day, month, weekday; UTC.
    cron: &'static str,
    jobs: fn(&Context, &str, Timestamp) -> Vec<NewJob>,
}

const TIMETABLES: &[Timetable] = &[
    Timetable { name: "reconcile", cron: "0 */15 * * * *", jobs: reconcile_recent },
    Timetable { name: "reconcile-all", cron: "0 20 3 * * *", jobs: reconcile_all },
    Timetable { name: "verify-ledger", cron: "0 40 3 * * *", jobs: verify_ledger },
    Timetable { name: "verify-audit", cron: "0 50 3 * * *", jobs: verify_audit },
    Timetable { name: "prune", cron: "0 0 4 * * *", jobs: prune },
];

fn reconcile_recent(context: &Context, tick: &str, now: Timestamp) -> Vec<NewJob> {
    reconcile(context, RECENT, tick, now)
}

fn reconcile_all(context: &Context, tick: &str, now: Timestamp) -> Vec<NewJob> {
    reconcile(context, ALL, tick, now)
}

fn reconcile(context: &Context, window_seconds: u64, tick: &str, now: Timestamp) -> Vec<NewJob> {
    let providers = context.gateways.iter().map(|gateway| gateway.provider());
    let job = |provider| Reconcile { provider, window_seconds, tick: tick.to_owned() };
    providers.map(|provider| NewJob::of(&job(provider), now)).collect()
}

fn verify_ledger(_: &Context, tick: &str, now: Timestamp) -> Vec<NewJob> {
    vec![NewJob::of(&VerifyLedger { tick: tick.to_owned() }, now)]
}

fn verify_audit(_: &Context, tick: &str, now: Timestamp) -> Vec<NewJob> {
    vec![NewJob::of(&VerifyAudit { tick: tick.to_owned() }, now)]
}

fn prune(_: &Context, tick: &str, now: Timestamp) -> Vec<NewJob> {
    vec![NewJob::of(&Prune { tick: tick.to_owned() }, now)]
}

/// Ticks until `shutdown`.
pub(crate) async fn run(context: Arc<Context>, shutdown: Shutdown) {
    let monitor = TIMETABLES.iter().fold(Monitor::new(), |monitor, timetable| {
        let context = Arc::clone(&context);
        monitor.register(move |restarts| {
            let schedule = Schedule::from_str(timetable.cron).expect("the table holds schedules");
            WorkerBuilder::new(format!("{}-{}-{restarts}", timetable.name, context.worker))
                .backend(CronScheduler::new(schedule))
                .data((*timetable, Arc::clone(&context)))
                .build(tick)
        })
    });
    let signal = async {
        shutdown.signalled().await;
        Ok(())
    };
    if let Err(error) = monitor.should_restart(|_, _| true).run_with_signal(signal).await {
        tracing::error!(%error, "the schedules stopped");
    }
}

async fn tick(tick: Tick, of: Data<(Timetable, Arc<Context>)>) {
    let (timetable, context) = (*of).clone();
    let tick = format!("{}:{}", timetable.name, tick.get_timestamp());
    if let Err(error) = ask(&context, timetable, &tick).await {
        tracing::error!(tick, %error, "a schedule could not ask for its jobs");
    }
}

async fn ask(context: &Context, timetable: Timetable, tick: &str) -> Result<(), sea_orm::DbErr> {
    let now = context.store.clock.now();
    let jobs = (timetable.jobs)(context, tick, now);
    let txn = context.store.db.begin().await?;
    let enqueued = queue::insert(&txn, jobs, now).await?;
    txn.commit().await?;
    context.dispatcher.announce(enqueued);
    Ok(())
}
