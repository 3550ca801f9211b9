//! Every boundary between two things a process says to its database: there it dies, or its
//! connection breaks, or it is held up for longer than its leases last. What a process does besides,
//! such as sending a mail, happens between two of them.

use std::time::Duration;

use futures_util::future::join_all;
use tests::{
    at_once::leases_run_out,
    chaos::{
        CommitCut, Expected, Load, LoadOptions, Planned, Proxy, Said, Trip, check, prepare, quiet,
        script,
    },
    process::{Postgres, Program, Role, Stage, within},
};

/// Boundaries of the short form, each with six cases; `CHAOS_BOUNDARIES` is for the long one.
const BOUNDARIES: usize = 6;

/// The database that every case begins with.
const TEMPLATE: &str = "template_of_cases";

/// Longer than the lease of an event, so that another run takes over meanwhile.
const HELD_UP: Duration = Duration::from_secs(17);

/// The mail of a process that died waits for 45 s.
const SETTLED_WITHIN: Duration = Duration::from_secs(100);

/// Cases at once: they wait, most of the time.
const AT_ONCE: usize = 18;

/// What happens there to the process.
#[derive(Clone, Copy, Debug)]
enum What {
    Dies,
    IsCutOff,
    IsHeldUp,
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_between_any_two_statements_loses_nothing_and_doubles_nothing() {
    let postgres = Postgres::start().await;
    let payments = template(&postgres).await;
    let words = count_words(&postgres, &payments).await;
    let wanted = std::env::var("CHAOS_BOUNDARIES").ok().and_then(|text| text.parse().ok());
    let step = words.div_ceil(wanted.unwrap_or(BOUNDARIES)).max(1);
    // Another offset each time, so that all of them have their turn.
    let first = rand::random_range(1..=step);
    let cases: Vec<Case> = (first..=words).step_by(step).flat_map(Case::at).collect();
    let mut ran = Vec::new();
    for (wave, cases) in cases.chunks(AT_ONCE).enumerate() {
        let mut runs = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            let url = postgres.copy(TEMPLATE, &format!("case_{wave}_{index}")).await;
            runs.push(case.run(url, postgres.port(), &payments));
        }
        ran.extend(join_all(runs).await.into_iter().flatten());
    }
    let came = ran.len();
    let wrong: Vec<String> = ran.into_iter().flatten().collect();
    eprintln!("{came} cases at every {step}th of {words} words to the database, from {first}");
    assert!(came >= cases.len() / 4, "too few cases came to pass to prove anything: {came}");
    assert!(wrong.is_empty(), "of {words} words: {wrong:#?}");
}

/// A database with everything in it but events.
async fn template(postgres: &Postgres) -> Vec<Planned> {
    let stage = Stage::over_database(&postgres.create(TEMPLATE).await);
    let mut program = stage.start(Role::Both, "template").await;
    let store = stage.store().await;
    let payments = prepare(&store, 7, 4).await;
    assert!(payments.iter().any(|payment| payment.succeeds));
    assert!(program.terminate(Duration::from_secs(10)).await.is_some());
    store.db.close().await.unwrap();
    payments
}

/// How much a process says to its database while it works off the events, when nothing happens.
async fn count_words(postgres: &Postgres, payments: &[Planned]) -> usize {
    let stage = Stage::over_database(&postgres.copy(TEMPLATE, "uncut").await);
    let way = Proxy::before(postgres.port()).await;
    let database = stage.database_through(way.port());
    let program = stage.start_with(Role::Both, "quittance", &[("DATABASE_URL", &database)]).await;
    let store = stage.store().await;
    way.trip(usize::MAX, CommitCut::Before, Trip::Break);
    let delivered = say(&stage, &program, payments).finish(Duration::from_secs(30)).await;
    assert!(quiet(&store, Duration::from_secs(30)).await);
    let expected = Expected { payments, delivered: &delivered };
    assert!(check(&store, expected, &stage.path("data/mail")).await.is_empty());
    way.words()
}

#[derive(Clone, Copy, Debug)]
struct Case {
    what: What,
    word: usize,
    side: CommitCut,
}

impl Case {
    /// All that can happen at `word`.
    fn at(word: usize) -> impl Iterator<Item = Self> {
        let sides = [CommitCut::Before, CommitCut::After];
        let whats = [What::Dies, What::IsCutOff, What::IsHeldUp];
        sides.into_iter().flat_map(move |side| whats.map(|what| Self { what, word, side }))
    }

    /// What does not hold afterwards; `None` if it never came to that, as events that arrive faster
    /// are worked off in fewer words.
    async fn run(self, url: String, port: u16, payments: &[Planned]) -> Option<Vec<String>> {
        let (mut stage, way) = (Stage::over_database(&url), Proxy::before(port).await);
        stage.settings("[database]\nmax_connections = 4\n");
        let through = stage.database_through(way.port());
        let more = [("DATABASE_URL", through.as_str())];
        // On a machine where many start at once, one may find no connection in time.
        let mut program = stage.spawn(Role::Both, "quittance", &more);
        program.supervised().await;
        let store = stage.store().await;
        let trip = match self.what {
            What::Dies | What::IsCutOff => Trip::Break,
            What::IsHeldUp => Trip::Delay(HELD_UP),
        };
        way.trip(self.word, self.side, trip);
        let load = say(&stage, &program, payments);
        if !within(Duration::from_secs(20), async || way.tripped()).await {
            return None;
        }
        if matches!(self.what, What::Dies) {
            program.kill();
            leases_run_out(&store).await;
            program.start_again();
            program.supervised().await;
        }
        let delivered = load.finish(Duration::from_mins(1)).await;
        let mut wrong = Vec::new();
        if !quiet(&store, SETTLED_WITHIN).await {
            wrong.push("something is left to do".to_owned());
        }
        let expected = Expected { payments, delivered: &delivered };
        wrong.extend(check(&store, expected, &stage.path("data/mail")).await);
        Some(wrong.into_iter().map(|wrong| format!("{self:?}: {wrong}")).collect())
    }
}

/// A provider begins to say everything about `payments`, one thing after the other.
fn say(stage: &Stage, program: &Program, payments: &[Planned]) -> Load {
    let options = LoadOptions { seed: 7, rate: 20, targets: vec![program.base()] };
    let mut said: Vec<Said> = script(7, payments);
    // And all of it once more.
    said.extend(said.clone());
    Load::start(said, options, stage.directory())
}
