use std::sync::Arc;

use gateways::Gateways;
use jobs::Dispatcher;
use payments::{Store, core::Policies};

use crate::Mailer;

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
    /// Who is told when a person has to look.
    pub admin_email: Option<String>,
    /// The name of this process in leases: unique to each start.
    pub worker: Arc<str>,
}
