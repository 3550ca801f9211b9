use std::sync::Arc;

use documents::Fonts;
use entities::billing::Seller;
use gateways::Gateways;
use jobs::Dispatcher;
use payments::{
    Store,
    audit::Seen,
    core::{Policies, RefundPolicy},
};

use crate::{Mailer, Notifier, Rest};

/// What jobs work with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The database and what belongs to it.
    pub store: Store,
    /// The providers.
    pub gateways: Gateways,
    /// What their facts have to agree with.
    pub policies: Policies,
    /// Tells workers of new jobs.
    pub dispatcher: Dispatcher,
    /// Sends mail.
    pub mailer: Mailer,
    /// Tells the operator's own systems of alerts.
    pub notifier: Notifier,
    /// Who is told when a person has to look.
    pub admin_email: Option<String>,
    /// The seller's rules about refunds.
    pub refunds: RefundPolicy,
    /// Who sells, for invoices.
    pub seller: Arc<Seller>,
    /// What invoices are written with.
    pub fonts: Fonts,
    /// Where payers reach us.
    pub public_url: Arc<str>,
    /// When providers are not to be asked for what can be done without.
    pub rest: Arc<Rest>,
    /// The furthest head of the audit log that this process has seen.
    pub audit_seen: Arc<Seen>,
    /// The name of this process in leases: unique to each start.
    pub worker: Arc<str>,
}
