//! What can be typed.

use boot::{Settings, telemetry::LogOptions};
use clap::{Args, Parser, Subcommand};

/// A self-hosted payment back end: a signed webhook becomes credits, exactly once.
///
/// Without a command everything runs in this process: the ingress, the workers, an embedded
/// database, and, as long as no provider key is set, a sandbox that plays the providers.
#[derive(Clone, Debug, Parser)]
#[command(name = "quittance", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What the processes are told.
    #[command(flatten)]
    pub settings: Settings,
    /// What they log.
    #[command(flatten)]
    pub log: LogOptions,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// HTTP only; jobs are left to workers
    Ingress,
    /// Jobs only; any number of these may run
    Worker,
    /// Brings the database's schema up to date, or takes it back
    Migrate {
        /// What to do with the schema.
        #[command(subcommand)]
        action: Migrate,
    },
    /// Checks the configuration and everything it names
    Doctor,
    /// Asks the providers for what never reached us, heals it, and lists each gap
    Reconcile(Reconcile),
    /// Shows what an event would change if it came again; with --apply, has it applied
    Replay {
        /// The event: wev_ and 32 digits, as `quittance events --json` lists it
        id: String,
        /// Write, and do not only show
        #[arg(long)]
        apply: bool,
    },
    /// Lists jobs, runs them again, calls them off
    Jobs {
        /// What to do with them.
        #[command(subcommand)]
        action: Jobs,
    },
    /// Lists the newest events that providers delivered
    Events(Events),
    /// Makes a token, as the host application would
    Token(Token),
    /// Recomputes every balance from the ledger; fails if one differs
    VerifyLedger,
    /// Recomputes the chain of the audit log; fails if a line was edited, deleted or slipped in
    VerifyAudit {
        /// A head that was noted elsewhere, in a log or a notification: the chain must lead there
        #[arg(long = "head", value_name = "NUMBER:HASH")]
        heads: Vec<payments::audit::Anchor>,
    },
    /// Pauses a lane, or everything but ingest
    Pause {
        /// events, money, refunds, mail, upkeep or all
        scope: String,
        /// Why, for the next person
        #[arg(long)]
        reason: String,
    },
    /// Lets what was paused work again
    Resume {
        /// events, money, refunds, mail, upkeep or all
        scope: String,
    },
    /// Asks the ingress of this machine whether it is ready; for containers
    Healthcheck,
}

/// What to look at on the providers' side.
#[derive(Args, Clone, Debug)]
pub struct Reconcile {
    /// How far back to look, in hours
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..=840))]
    pub hours: u64,
    /// From this day (UTC) on: 2026-01-31
    #[arg(long, value_name = "DAY", conflicts_with = "hours")]
    pub from: Option<String>,
    /// To this day (UTC), itself included
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// One payment: txn_ and 32 digits
    #[arg(long, value_name = "ID", conflicts_with_all = ["hours", "from", "to", "event", "provider"])]
    pub payment: Option<String>,
    /// One event, by the provider's id or by ours
    #[arg(long, value_name = "ID", conflicts_with_all = ["hours", "from", "to"])]
    pub event: Option<String>,
    /// stripe or paypal; all that are set up, if left out
    #[arg(long)]
    pub provider: Option<entities::Provider>,
}

/// What can be done with the schema.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Migrate {
    /// Applies what is missing
    Up,
    /// Takes the newest migrations back, and with them their data
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Says what is applied and what is missing
    Status,
}

/// What can be done with jobs.
#[derive(Clone, Debug, Subcommand)]
pub enum Jobs {
    /// Lists the newest, one JSON object on a line
    List(JobFilter),
    /// Queues dead and cancelled jobs again, with all their attempts
    Requeue(JobFilter),
    /// Calls waiting and dead jobs off
    Cancel(JobFilter),
}

/// Which jobs are meant.
#[derive(Args, Clone, Debug)]
pub struct JobFilter {
    /// This one: job_ and 32 digits
    #[arg(long)]
    pub id: Option<String>,
    /// Those of this name, such as send-receipt
    #[arg(long)]
    pub name: Option<String>,
    /// Those in this state: queued, running, done, dead, cancelled
    #[arg(long)]
    pub state: Option<String>,
    /// Really all that match, when neither --id nor --name is given
    #[arg(long)]
    pub all: bool,
    /// Most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
}

/// Which events to list, and how.
#[derive(Args, Clone, Debug)]
pub struct Events {
    /// One JSON object on a line
    #[arg(long)]
    pub json: bool,
    /// Most to list
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
}

/// For whom a token is.
#[derive(Args, Clone, Debug)]
pub struct Token {
    /// The host application's id of the user
    #[arg(long)]
    pub user: String,
    /// Where receipts go
    #[arg(long)]
    pub email: Option<String>,
    /// customer, support, finance, admin; comma-separated
    #[arg(long, value_delimiter = ',')]
    pub roles: Vec<String>,
    /// How long it is good for, in minutes
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=525_600))]
    pub minutes: u64,
}
