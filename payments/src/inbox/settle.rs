use boot::sql::{Column, Rows, Type, Writes, col, nullable};
use entities::{EventId, PaymentId, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its news stands in our rows.
    Applied,
    /// It says nothing that concerns us.
    Ignored,
    /// Its payment is unknown to us yet.
    Parked(String),
    /// It can never be applied.
    Dead(String),
}

const COLUMNS: &[Column] = &[
    col("id", Type::Uuid),
    col("state", Type::Text),
    nullable("error", Type::Text),
    col("parks", Type::Int),
    nullable("payment_id", Type::Uuid),
];

/// An event, what became of it, and the payment that it turned out to be about.
pub type Settled = (EventId, Verdict, Option<PaymentId>);

/// Notes `verdicts`, if and only if `txn` commits. What was applied stays applied.
pub async fn settle(
    txn: &DatabaseTransaction,
    verdicts: &[Settled],
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut writes = Writes::new();
    stage_settled(&mut writes, verdicts, now);
    writes.execute(txn).await?;
    Ok(())
}

/// Adds to `writes` what [`settle`] notes.
pub fn stage_settled(writes: &mut Writes, verdicts: &[Settled], now: Timestamp) {
    let mut rows = Rows::new(COLUMNS);
    for (id, verdict, payment_id) in verdicts {
        let (state, error, parks) = match verdict {
            Verdict::Applied => ("applied", None, 0_i64),
            Verdict::Ignored => ("ignored", None, 0),
            Verdict::Parked(cause) => ("parked", Some(cause.clone()), 1),
            Verdict::Dead(cause) => ("dead", Some(cause.clone()), 0),
        };
        let payment_id = payment_id.map(PaymentId::uuid);
        rows.push([id.uuid().into(), state.into(), error.into(), parks.into(), payment_id.into()]);
    }
    let body = "UPDATE provider_events SET state = v.state, error = v.error, parks = \
                provider_events.parks + v.parks, payment_id = COALESCE(v.payment_id, \
                provider_events.payment_id), settled_at = CASE WHEN v.state = 'parked' THEN NULL \
                ELSE ?1 END FROM v WHERE provider_events.id = v.id AND provider_events.state <> \
                'applied'";
    writes.add(rows, body, vec![now.micros().into()]);
}
