use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use payments::Store;
use rand::{SeedableRng, rngs::StdRng};
use sea_orm::ConnectionTrait;

use super::{
    Report,
    check::{Expected, check, left_in_redis, quiet},
    faults::{Done, Victim, Victims, sequence},
    load::{Delivered, Load, LoadOptions},
    proxy::Proxy,
    script::{Planned, Said, prepare, script},
};
use crate::{
    at_once::leases_of_the_dead_run_out,
    process::{Postgres, RedisServer, Role, Stage, free_port},
};

/// Longest time without progress once nothing fails any more, while something is left to do. A
/// killed worker's mail is taken over after 45 s, its tickets after 30 s.
const QUIET_WITHIN: Duration = Duration::from_secs(90);

/// Longest time for what was begun to be acknowledged once nothing fails any more.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_mins(1);

/// Kills from one word about how far a run is to the next.
const TELLS_EVERY: usize = 50;

/// Processes of each kind.
const EACH: usize = 2;

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Two ingresses and two workers over PostgreSQL and Redis.
    Servers,
    /// One process over SQLite.
    Embedded,
}

/// How many processes of each kind are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kills {
    /// Workers; in [`Form::Embedded`] the one process.
    pub worker: usize,
    /// Ingresses.
    pub ingress: usize,
    /// Redis.
    pub redis: usize,
    /// PostgreSQL.
    pub postgres: usize,
}

impl Kills {
    /// `total` kills, most of them of workers.
    pub fn of(total: usize, form: Form) -> Self {
        if form == Form::Embedded {
            return Self { worker: total, ingress: 0, redis: 0, postgres: 0 };
        }
        let (ingress, redis, postgres) = (total / 4, total / 10, total / 20);
        Self { worker: total - ingress - redis - postgres, ingress, redis, postgres }
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.worker + self.ingress + self.redis + self.postgres
    }
}

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the events and the faults follow from.
    pub seed: u64,
    /// What runs.
    pub form: Form,
    /// What is killed.
    pub kills: Kills,
    /// Events in a second.
    pub rate: u32,
    /// Whether the leases of the dead are over as soon as nothing fails any more, instead of up to
    /// 75 s later.
    pub leases_end: bool,
}

impl Plan {
    /// Payments enough to talk about until the last kill, at about a second for each, and two minutes
    /// more: a busy machine is slower. Those that nobody talked about by then are left alone.
    fn payments(&self) -> usize {
        (self.kills.total() * 2 + 120) * self.rate as usize / 2
    }
}

/// Runs `plan` and checks what must hold after it; a long run says how far it is.
pub async fn run(plan: Plan) -> Report {
    let started = Instant::now();
    let (stage, mut victims) = match plan.form {
        Form::Servers => servers().await,
        Form::Embedded => embedded().await,
    };
    let store = stage.store().await;
    let payments = prepare(&store, plan.seed, plan.payments()).await;
    let said = script(plan.seed, &payments);
    let options = LoadOptions {
        seed: plan.seed,
        rate: plan.rate,
        targets: victims.ingresses.iter().map(|victim| victim.program.base()).collect(),
    };
    let options = if options.targets.is_empty() {
        LoadOptions { targets: vec![victims.workers[0].program.base()], ..options }
    } else {
        options
    };
    let load = Load::start(said.clone(), options, stage.directory());

    let (mut done, mut rng) = (Done::default(), StdRng::seed_from_u64(plan.seed));
    let (mut wrong, mut told) = (Vec::new(), 0);
    for act in sequence(plan.seed, plan.kills, plan.form == Form::Servers) {
        victims.suffer(act, &mut rng, &mut done).await;
        told = tell(&done, &load, told, started.elapsed());
    }
    if load.is_over() {
        wrong.push("the events ended before the faults did".to_owned());
    }
    load.stop();
    victims.recover(&mut done).await;
    let mended = Instant::now();
    let delivered = load.finish(ACKNOWLEDGED_WITHIN).await;
    if plan.leases_end {
        let living = victims.workers.iter().map(|victim| &victim.program);
        leases_of_the_dead_run_out(&store, living).await;
    }
    if !quiet(&store, QUIET_WITHIN).await {
        wrong.push(format!("I2: something is left to do: {}", open(&store).await));
    }
    let quiet_after = mended.elapsed();
    let expected = Expected { payments: &payments, delivered: &delivered };
    wrong.extend(check(&store, expected, &stage.path("data/mail")).await);
    if let Some((redis, _)) = &victims.redis {
        wrong.extend(left_in_redis(redis, Duration::from_secs(45)).await);
    }
    wrong.extend(victims.stop().await);

    let mut report = describe(plan, &said, &payments, &delivered, done);
    report.quiet_after = quiet_after;
    report.deaths_in_transaction = victims.postgres.as_ref().map(Postgres::deaths_in_transaction);
    report.begun_again = begun_again(&store).await;
    report.wrong = wrong;
    report.demand_enough(plan.kills.total());
    report.took = started.elapsed();
    if !report.wrong.is_empty() {
        keep(stage.directory());
    }
    report
}

/// Says how far a run is, after every [`TELLS_EVERY`] kills; how many there were when it said so last.
fn tell(done: &Done, load: &Load, told: usize, took: Duration) -> usize {
    let kills = done.kills.values().sum::<usize>();
    if kills < told + TELLS_EVERY {
        return told;
    }
    let (minutes, acknowledged) = (took.as_secs() / 60, load.acknowledged());
    eprintln!("{kills} kills and {acknowledged} acknowledgements after {minutes} min");
    kills
}

fn describe(
    plan: Plan,
    said: &[Said],
    payments: &[Planned],
    delivered: &Delivered,
    done: Done,
) -> Report {
    Report {
        seed: plan.seed,
        rate: plan.rate,
        form: match plan.form {
            Form::Servers => "PostgreSQL and Redis",
            Form::Embedded => "embedded",
        },
        kills: done.kills,
        faults: done.faults,
        payments: payments.len(),
        events: delivered.acknowledged.len(),
        duplicates: delivered.duplicates(),
        at_once: delivered.at_once,
        reordered: reordered(said, delivered),
        unavailable: delivered.statuses.get(&503).copied().unwrap_or_default(),
        unknown: delivered.unknown,
        ..Report::default()
    }
}

/// Events that were acknowledged after the success of their payment, which is the last of it.
fn reordered(said: &[Said], delivered: &Delivered) -> usize {
    let place = |event: &str| delivered.acknowledged.get(event).map(|it| it.place);
    let events: BTreeMap<&str, &Said> =
        said.iter().map(|said| (said.event.as_str(), said)).collect();
    let late = events.values().filter(|said| {
        let success = format!("evt_{}_succeeded", said.payment.reference);
        let (own, last) = (place(&said.event), place(&success));
        said.kind != "succeeded" && own.zip(last).is_some_and(|(own, last)| own > last)
    });
    late.count()
}

async fn servers() -> (Stage, Victims) {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let way_to_redis = Proxy::before(redis.port()).await;
    let mut stage = Stage::on(&postgres).await;
    stage.set("REDIS_URL", &format!("redis://127.0.0.1:{}", way_to_redis.port()));
    let (mut ingresses, mut workers) = (Vec::new(), Vec::new());
    for index in 0..EACH {
        ingresses.push(victim(&stage, &postgres, Role::Ingress, index).await);
    }
    for index in 0..EACH {
        workers.push(victim(&stage, &postgres, Role::Worker, index).await);
    }
    let redis = Some((redis, way_to_redis));
    (stage, Victims { ingresses, workers, postgres: Some(postgres), redis })
}

async fn victim(stage: &Stage, postgres: &Postgres, role: Role, index: usize) -> Victim {
    let way = Proxy::before(postgres.port()).await;
    let database = stage.database_through(way.port());
    let listen = format!("127.0.0.1:{}", free_port());
    let mut more = vec![("DATABASE_URL", database.as_str())];
    // A worker's word for the sandbox is the first ingress, which has the stage's own port.
    if role == Role::Ingress && index > 0 {
        more.push(("LISTEN_ADDR", &listen));
    }
    let name = format!("{role:?}-{index}").to_lowercase();
    Victim { program: stage.start_with(role, &name, &more).await, way: Some(way) }
}

async fn embedded() -> (Stage, Victims) {
    let stage = Stage::embedded();
    let program = stage.start(Role::Both, "quittance").await;
    let workers = vec![Victim { program, way: None }];
    (stage, Victims { ingresses: Vec::new(), workers, postgres: None, redis: None })
}

async fn begun_again(store: &Store) -> i64 {
    let text = "SELECT CAST(COALESCE(SUM(attempts - 1), 0) AS BIGINT) AS n FROM jobs WHERE \
                attempts > 1";
    let statement = boot::sql::statement(store.db.backend(), text, Vec::new());
    let row = store.db.reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

async fn open(store: &Store) -> String {
    let text = "SELECT name, state, attempts, COUNT(*) AS n FROM jobs WHERE state IN ('queued', \
                'running') GROUP BY name, state, attempts";
    let statement = boot::sql::statement(store.db.backend(), text, Vec::new());
    let rows = store.db.reader().query_all_raw(statement).await.unwrap();
    let describe = |row: &sea_orm::QueryResult| {
        let (name, state): (String, String) =
            (row.try_get("", "name").unwrap(), row.try_get("", "state").unwrap());
        let (attempts, jobs): (i64, i64) =
            (row.try_get("", "attempts").unwrap(), row.try_get("", "n").unwrap());
        format!("{jobs} {name} {state} after {attempts} attempts")
    };
    rows.iter().map(describe).collect::<Vec<_>>().join(", ")
}

/// Keeps the logs of a run that failed where somebody can read them.
fn keep(directory: &Path) {
    let kept = std::env::temp_dir().join(format!("quittance-chaos-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&kept);
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_file() {
            let _ = std::fs::copy(entry.path(), kept.join(entry.file_name()));
        }
    }
    eprintln!("the logs are kept in {}", kept.display());
}
