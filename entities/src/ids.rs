//! Ids: a UUID v7 in the database, a prefixed text (`txn_0192…`) wherever a person may see it.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_ and 32 hexadecimal digits")]
pub struct ParseIdError {
    prefix: &'static str,
    text: String,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize,
            Deserialize,
        )]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// What the id starts with where a person may see it.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a new id; later ones sort after earlier ones.
            #[expect(clippy::new_without_default, reason = "an id is made, not defaulted")]
            #[expect(clippy::disallowed_methods, reason = "this is the one place ids come from")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id that `uuid` holds.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for the database.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let error = || ParseIdError { prefix: $prefix, text: text.chars().take(80).collect() };
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|digits| digits.len() == 32)
                    .and_then(|digits| Uuid::try_parse(digits).ok())
                    .map(Self)
                    .ok_or_else(error)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

typed_id!(
    /// Names a row of the audit log.
    AuditId, "aud"
);
typed_id!(
    /// Names a customer: one user of the host application.
    CustomerId, "cust"
);
typed_id!(
    /// Names an event in our inbox (not the provider's own id of it).
    EventId, "wev"
);
typed_id!(
    /// Names something that a reconciliation found missing.
    GapId, "gap"
);
typed_id!(
    /// Names an invoice (not the number that stands on it).
    InvoiceId, "inv"
);
typed_id!(
    /// Names a saved payment method (not the provider's own id of it).
    MethodId, "meth"
);
typed_id!(
    /// Names what a customer of ours is called at a provider.
    ProviderCustomerId, "pcus"
);
typed_id!(
    /// Names a job.
    JobId, "job"
);
typed_id!(
    /// Names a lot of credits: what one purchase granted.
    LotId, "lot"
);
typed_id!(
    /// Names a mail.
    MailId, "mail"
);
typed_id!(
    /// Names a payment; the seed's `transactionId`.
    PaymentId, "txn"
);
typed_id!(
    /// Names a dispute.
    DisputeId, "dsp"
);
typed_id!(
    /// Names a reconciliation: one look at a provider's side.
    ReconciliationId, "rec"
);
typed_id!(
    /// Names a change of a balance by hand.
    AdjustmentId, "adj"
);
typed_id!(
    /// Names an answer to a dispute.
    AnswerId, "ans"
);
typed_id!(
    /// Names a file that goes with an answer to a dispute.
    DisputeFileId, "dfl"
);
typed_id!(
    /// Names a refund: money on its way back (not the request for it).
    RefundId, "rfd"
);
typed_id!(
    /// Names a request for a refund; the seed's `refundRequestId`.
    RefundRequestId, "ref"
);
typed_id!(
    /// Names an entry of the blocklist.
    BlockId, "blk"
);
typed_id!(
    /// Names a message about a case to its customer.
    MessageId, "msg"
);
typed_id!(
    /// Names an attack: signals of one kind, until they cease.
    AttackId, "atk"
);
typed_id!(
    /// Names a review.
    ReviewId, "rev"
);
typed_id!(
    /// Names a session of the portal.
    SessionId, "ses"
);
typed_id!(
    /// Names a ledger transfer.
    TransferId, "tr"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = PaymentId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().starts_with("txn_"));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let other = CustomerId::new().to_string();
        assert!(other.parse::<PaymentId>().is_err());
        for text in ["", "txn_", "txn_zz", "txn_1234", "0192f0c1a7b87c3e9d4f5a6b7c8d9e0f"] {
            assert!(text.parse::<PaymentId>().is_err(), "{text}");
        }
    }
}
