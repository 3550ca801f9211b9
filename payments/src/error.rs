use boot::sql::WriteError;
use entities::PaymentId;
use sea_orm::{DbErr, RuntimeErr};

use crate::{
    core::{
        adjustments::NotAdjusted,
        disputes::Unanswerable,
        fraud,
        refunds::{NotRefundable, Refusal},
    },
    vault::VaultError,
};

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed, or could not be reached.
    #[error("the database failed")]
    Db(#[source] DbErr),
    /// Somebody else changed the row since it was read. Reading again helps.
    #[error("payment {0} was changed by somebody else at the same time")]
    Stale(PaymentId),
    /// The lease of a job was lost; whoever has it now will do the work.
    #[error("the lease of the job was lost")]
    LeaseLost(#[source] jobs::queue::LeaseLost),
    /// A sealed value cannot be opened.
    #[error("a sealed value cannot be opened")]
    Vault(#[from] VaultError),
    /// The catalogue has no such package on sale.
    #[error("no package {0:?} is on sale")]
    UnknownPackage(String),
    /// Less is there than was to be spent.
    #[error("{asked} credits were to be spent and {available} are there")]
    NotEnoughCredits {
        /// How many were asked for.
        asked: i64,
        /// How many there are.
        available: i64,
    },
    /// The reference of a spend, or of a change by hand, was used for another number of credits.
    #[error("the reference was used before, for {before} credits; {asked} were asked for")]
    SpentDifferently {
        /// How many were asked for.
        asked: i64,
        /// How many were taken before.
        before: i64,
    },
    /// The account was deleted.
    #[error("the account was deleted")]
    Closed,
    /// Nothing is sold to this buyer, or not now.
    #[error("{0}")]
    NotSold(fraud::Refused),
    /// Nothing of the payment can be refunded.
    #[error("{0}")]
    NotRefundable(NotRefundable),
    /// Somebody may not decide about a request for a refund, or not so.
    #[error("{0}")]
    Refused(Refusal),
    /// A dispute is not answered, or not so.
    #[error("{0}")]
    Unanswerable(Unanswerable),
    /// A change of a balance by hand is not decided, or not so.
    #[error("{0}")]
    NotAdjusted(NotAdjusted),
    /// An argument that no caller may pass.
    #[error("{0}")]
    Invalid(&'static str),
    /// What the row says cannot be.
    #[error("{0}")]
    Inconsistent(String),
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Db(error) => is_transient(error),
            Self::Stale(_) | Self::LeaseLost(_) => true,
            Self::Vault(_)
            | Self::UnknownPackage(_)
            | Self::NotEnoughCredits { .. }
            | Self::SpentDifferently { .. }
            | Self::Closed
            | Self::NotSold(_)
            | Self::NotRefundable(_)
            | Self::Refused(_)
            | Self::Unanswerable(_)
            | Self::NotAdjusted(_)
            | Self::Invalid(_)
            | Self::Inconsistent(_) => false,
        }
    }
}

impl From<DbErr> for Error {
    /// A text that the database cannot hold is the caller's mistake, and trying again does not help.
    fn from(error: DbErr) -> Self {
        if is_unstorable(&error) {
            return Self::Invalid("no text may hold the character U+0000");
        }
        Self::Db(error)
    }
}

impl From<NotRefundable> for Error {
    fn from(why: NotRefundable) -> Self {
        Self::NotRefundable(why)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotAdjusted> for Error {
    fn from(why: NotAdjusted) -> Self {
        Self::NotAdjusted(why)
    }
}

impl From<Unanswerable> for Error {
    fn from(why: Unanswerable) -> Self {
        Self::Unanswerable(why)
    }
}

impl From<WriteError> for Error {
    /// Of what is staged only the end of jobs has to write every row.
    fn from(error: WriteError) -> Self {
        jobs::queue::SettleError::from(error).into()
    }
}

impl From<jobs::queue::SettleError> for Error {
    fn from(error: jobs::queue::SettleError) -> Self {
        match error {
            jobs::queue::SettleError::LeaseLost(lost) => Self::LeaseLost(lost),
            jobs::queue::SettleError::Db(error) => error.into(),
        }
    }
}

/// Whether PostgreSQL refused a text that holds U+0000 (`character_not_in_repertoire`).
fn is_unstorable(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("22021"))
}

/// A refusal that repeats itself (a `CHECK`, a type) is not transient; everything else may be a
/// lock, a deadlock, or a server that is away.
fn is_transient(error: &DbErr) -> bool {
    match error {
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } | DbErr::ConvertFromU64(_) => {
            false
        }
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            let database = error.as_database_error();
            !database.is_some_and(|error| {
                error.is_check_violation()
                    || error.is_foreign_key_violation()
                    || error.is_unique_violation()
            })
        }
        _ => true,
    }
}
