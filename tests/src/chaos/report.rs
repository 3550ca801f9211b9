use std::{collections::BTreeMap, fmt, time::Duration};

/// What happened in a run, and what did not hold.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the events and the faults followed from.
    pub seed: u64,
    /// Events in a second.
    pub rate: u32,
    /// What ran: `PostgreSQL and Redis`, or `embedded`.
    pub form: &'static str,
    /// Processes ended by SIGKILL, by what they were.
    pub kills: BTreeMap<&'static str, usize>,
    /// Other faults, by what they were.
    pub faults: BTreeMap<&'static str, usize>,
    /// Payments there were events about.
    pub payments: usize,
    /// Events acknowledged.
    pub events: usize,
    /// Acknowledged deliveries beyond the first of an event.
    pub duplicates: usize,
    /// Events sent twice at the same moment.
    pub at_once: usize,
    /// Events acknowledged after one that came later in truth.
    pub reordered: usize,
    /// Requests answered 503.
    pub unavailable: usize,
    /// Requests whose connection ended without an answer.
    pub unknown: usize,
    /// Clients of the database that went in the middle of a transaction; `None` on SQLite, which
    /// does not tell.
    pub deaths_in_transaction: Option<usize>,
    /// Runs of jobs that had to be begun again.
    pub begun_again: i64,
    /// From the end of the last fault until nothing was left to do.
    pub quiet_after: Duration,
    /// How long the run took.
    pub took: Duration,
    /// What did not hold, of the invariants or of the run itself.
    pub wrong: Vec<String>,
}

impl Report {
    /// All processes that were killed.
    pub fn killed(&self) -> usize {
        self.kills.values().sum()
    }

    /// Adds to [`wrong`](Self::wrong) what there was too little of: a run in which nothing happened
    /// proves nothing.
    pub fn demand_enough(&mut self, kills: usize) {
        let mut demand = |what: &str, is: usize, least: usize| {
            if is < least {
                self.wrong.push(format!("too few {what} to prove anything: {is}, not {least}"));
            }
        };
        demand("kills", self.kills.values().sum(), kills);
        demand("events", self.events, kills * 5);
        demand("duplicates", self.duplicates, self.events / 50);
        demand("events sent twice at once", self.at_once, self.events / 200);
        demand("reorderings", self.reordered, self.events / 200);
        demand("runs begun again", usize::try_from(self.begun_again).unwrap_or(0), 1);
        if let Some(deaths) = self.deaths_in_transaction {
            demand("deaths inside a transaction", deaths, kills / 8);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {:#x}, {}, {} s", self.seed, self.form, self.took.as_secs())?;
        writeln!(f, "kills: {} ({})", self.killed(), listed(&self.kills))?;
        writeln!(f, "other faults: {}", listed(&self.faults))?;
        writeln!(f, "events: {} about {} payments", self.events, self.payments)?;
        writeln!(
            f,
            "duplicates: {}, twice at once: {}, reordered: {}",
            self.duplicates, self.at_once, self.reordered
        )?;
        writeln!(
            f,
            "answered 503: {}, connection ended without an answer: {}",
            self.unavailable, self.unknown
        )?;
        if let Some(deaths) = self.deaths_in_transaction {
            writeln!(f, "deaths inside a transaction: {deaths}")?;
        }
        writeln!(f, "runs begun again: {}", self.begun_again)?;
        writeln!(f, "quiet {:.1} s after the last fault", self.quiet_after.as_secs_f64())?;
        if self.wrong.is_empty() {
            return write!(f, "every invariant holds");
        }
        writeln!(f, "{} things are wrong:", self.wrong.len())?;
        for wrong in self.wrong.iter().take(20) {
            writeln!(f, "  {wrong}")?;
        }
        write!(
            f,
            "repeat it: scripts/chaos --only kills --seed {:#x} --kills {} --rate {}",
            self.seed,
            self.killed(),
            self.rate
        )
    }
}

fn listed(counts: &BTreeMap<&'static str, usize>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{count} {what}"));
    counts.collect::<Vec<_>>().join(", ")
}
