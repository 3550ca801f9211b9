//! `quittance.toml`: numbers with good defaults. `quittance.toml.example` shows them all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fraud::{Breaker, Fraud};

/// What `quittance.toml` says; what it leaves out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// How many jobs of each lane run at once.
    pub lanes: Lanes,
    /// The HTTP server.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// The worker.
    pub worker: Worker,
    /// How often one may ask.
    pub limits: Limits,
    /// Sending mails.
    pub mail: Mail,
    /// What invoices say.
    pub invoice: Invoice,
    /// The rules about refunds.
    pub refunds: Refunds,
    /// The rules about changing balances by hand.
    pub adjustments: Adjustments,
    /// Where payers pay.
    pub checkout: Checkout,
    /// What is suspicious.
    pub fraud: Fraud,
    /// What is an attack.
    pub breaker: Breaker,
    /// Who is notified of alerts, beside the mail.
    pub notify: Notify,
}

/// `[checkout]`: where payers pay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checkout {
    /// Where Stripe's form is.
    pub stripe: StripeForm,
}

/// Where a card or a bank account is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StripeForm {
    /// In our page, by Stripe's script.
    #[default]
    Embedded,
    /// On a page of Stripe's.
    Hosted,
}

/// `[notify]`: systems of the operator's that are told of alerts by signed webhooks.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Their addresses; https, or on this machine.
    pub urls: Vec<String>,
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An address may hold a secret.
        write!(f, "Notify({} addresses)", self.urls.len())
    }
}

/// `[refunds]`: when money may go back, and who has to agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refunds {
    /// For how many days after a payment a refund may be asked for.
    pub days: u32,
    /// For how many days after a denial a second look may be asked for.
    pub appeal_days: u32,
    /// Above how many minor units two people have to approve; 0 for never.
    pub two_people_above: u64,
    /// Whether a payment of which its bank warns that it may be fraud is refunded at once, before
    /// it is disputed.
    pub refund_early_fraud_warnings: bool,
}

impl Default for Refunds {
    fn default() -> Self {
        Self {
            days: 30,
            appeal_days: 30,
            two_people_above: 50_000,
            refund_early_fraud_warnings: false,
        }
    }
}

/// `[adjustments]`: who may change a balance by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adjustments {
    /// Above how many credits that one admin gives and takes alone within 24 hours another one has to
    /// approve; 0 for never.
    pub two_people_above: u64,
}

impl Default for Adjustments {
    fn default() -> Self {
        Self { two_people_above: 500 }
    }
}

/// `[lanes]`: how many jobs of each lane one process runs at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lanes {
    /// Batches of provider events.
    pub events: usize,
    /// Provider calls that move money.
    pub money: usize,
    /// Mails.
    pub mail: usize,
    /// Everything that can wait.
    pub upkeep: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { events: 2, money: 8, mail: 8, upkeep: 1 }
    }
}

/// `[http]`: what the server takes from strangers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Largest webhook that is read.
    pub webhook_body_limit_bytes: usize,
    /// Longest time a body may take to arrive; whoever takes longer is told so.
    pub body_timeout_ms: u64,
    /// Most connections open at once.
    pub max_connections: usize,
    /// Most connections open at once from one address; 0 for no limit, as behind a proxy.
    pub max_connections_per_address: usize,
    /// Longest time from accepting a connection to the first byte of an answer, while the request
    /// is still arriving; whoever takes longer is cut off.
    pub first_byte_timeout_ms: u64,
    /// Longest time for an answer once the request has arrived.
    pub handler_timeout_ms: u64,
    /// Longest time a connection may rest between two requests.
    pub keep_alive_timeout_ms: u64,
    /// Longest time open requests are given to finish when the process stops.
    pub drain_seconds: u64,
    /// Whether a proxy of ours writes `X-Forwarded-For`; otherwise anybody could.
    pub trust_forwarded_for: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            webhook_body_limit_bytes: 262_144,
            body_timeout_ms: 4_000,
            max_connections: 4_000,
            max_connections_per_address: 256,
            first_byte_timeout_ms: 5_000,
            handler_timeout_ms: 30_000,
            keep_alive_timeout_ms: 75_000,
            drain_seconds: 10,
            trust_forwarded_for: false,
        }
    }
}

impl Http {
    /// [`body_timeout_ms`](Self::body_timeout_ms) as a duration.
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// [`first_byte_timeout_ms`](Self::first_byte_timeout_ms) as a duration.
    pub fn first_byte_timeout(&self) -> Duration {
        Duration::from_millis(self.first_byte_timeout_ms)
    }

    /// [`handler_timeout_ms`](Self::handler_timeout_ms) as a duration.
    pub fn handler_timeout(&self) -> Duration {
        Duration::from_millis(self.handler_timeout_ms)
    }

    /// [`keep_alive_timeout_ms`](Self::keep_alive_timeout_ms) as a duration.
    pub fn keep_alive_timeout(&self) -> Duration {
        Duration::from_millis(self.keep_alive_timeout_ms)
    }

    /// [`drain_seconds`](Self::drain_seconds) as a duration.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

/// `[database]`: how hard to lean on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Most connections one process holds at once (PostgreSQL only).
    pub max_connections: u32,
    /// Longest time for one statement (PostgreSQL only).
    pub statement_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self { max_connections: 10, statement_timeout_ms: 15_000 }
    }
}

/// `[worker]`: how jobs are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// Longest time running jobs are given to finish when the process stops.
    pub drain_seconds: u64,
    /// How often to look for jobs that are due and were not taken.
    pub sweep_interval_ms: u64,
}

impl Default for Worker {
    fn default() -> Self {
        Self { drain_seconds: 25, sweep_interval_ms: 2_000 }
    }
}

impl Worker {
    /// [`drain_seconds`](Self::drain_seconds) as a duration.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// [`sweep_interval_ms`](Self::sweep_interval_ms) as a duration.
    pub fn sweep_interval(&self) -> Duration {
        Duration::from_millis(self.sweep_interval_ms)
    }
}

/// `[limits]`: how often one may ask, per process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// API requests of one user in a minute.
    pub api_requests_per_minute_per_user: u32,
    /// API requests from one address in a minute.
    pub api_requests_per_minute_per_address: u32,
    /// Webhooks with a wrong signature from one address in a minute; right ones are never limited.
    pub signature_failures_per_minute_per_address: u32,
    /// Tries of an address to open a session of the pages, in a minute.
    pub sign_ins_per_minute_per_address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            api_requests_per_minute_per_user: 120,
            api_requests_per_minute_per_address: 600,
            signature_failures_per_minute_per_address: 30,
            sign_ins_per_minute_per_address: 60,
        }
    }
}

/// `[mail]`: sending mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Most mails to one recipient in an hour, so that a bug cannot flood anybody.
    pub per_recipient_per_hour: u32,
    /// Longest time the mail server may take for one mail.
    pub timeout_ms: u64,
}

impl Default for Mail {
    fn default() -> Self {
        Self { per_recipient_per_hour: 20, timeout_ms: 20_000 }
    }
}

impl Mail {
    /// [`timeout_ms`](Self::timeout_ms) as a duration.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

/// `[invoice]`: what invoices say of the seller and of tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Invoice {
    /// The seller's name; empty for the name of the mails' sender.
    pub seller_name: String,
    /// Their address, line by line.
    pub seller_address: Vec<String>,
    /// The number they are taxed under; empty for none.
    pub seller_tax_id: String,
    /// What the tax is called.
    pub tax_name: String,
    /// The tax that prices include, in hundredths of a percent: 1900 is 19 %; 0 for none.
    pub tax_basis_points: u32,
    /// A folder of fonts (.ttf, .otf) for what Latin, Greek and Cyrillic letters cannot write; empty
    /// for none.
    pub font_dir: String,
}

impl Default for Invoice {
    fn default() -> Self {
        Self {
            seller_name: String::new(),
            seller_address: Vec::new(),
            seller_tax_id: String::new(),
            tax_name: "VAT".to_owned(),
            tax_basis_points: 0,
            font_dir: String::new(),
        }
    }
}
