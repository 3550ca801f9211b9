use std::{collections::HashMap, time::Duration};

use boot::sql::{Column, Rows, Type, col, nullable};
use entities::{
    Currency, CustomerId, PaymentId, Timestamp, billing::Buyer, block, fact::RiskLevel, payment,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use crate::{
    Error, billing,
    core::fraud::{Facts, Rules},
    vault::Vault,
};

/// For how long the users of a card or a device are remembered.
const DAY: Duration = Duration::from_hours(24);

/// Whom a judgement is about.
#[derive(Clone, Debug)]
pub(crate) struct Suspect {
    /// The payment; `None` before it is begun.
    pub(crate) payment_id: Option<PaymentId>,
    pub(crate) customer_id: CustomerId,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) card_blind: Option<String>,
    pub(crate) card_country: Option<String>,
    pub(crate) risk: Option<RiskLevel>,
    pub(crate) risk_score: Option<i64>,
    pub(crate) address_blind: Option<String>,
    pub(crate) device_blind: Option<String>,
    /// What follows the @ of their mail address, where that is known.
    pub(crate) email_domain: Option<String>,
    /// Their address, to be compared with ranges, where that is known.
    pub(crate) address: Option<String>,
}

impl Suspect {
    /// As `row` knows it.
    pub(crate) fn of(row: &payment::Model) -> Self {
        Self {
            payment_id: Some(row.id),
            customer_id: row.customer_id,
            amount: row.amount,
            currency: row.currency.clone(),
            card_blind: row.card_blind.clone(),
            card_country: row.card_country.clone(),
            risk: row.risk,
            risk_score: row.risk_score,
            address_blind: row.address_blind.clone(),
            device_blind: row.device_blind.clone(),
            email_domain: None,
            address: None,
        }
    }
}

const COLUMNS: &[Column] = &[
    // The nil id, which no payment has, before it is begun.
    col("id", Type::Uuid),
    col("customer", Type::Uuid),
    col("currency", Type::Text),
    nullable("card", Type::Text),
    nullable("address", Type::Text),
    nullable("device", Type::Text),
    nullable("domain", Type::Text),
    nullable("digits", Type::Text),
];

/// Every count stops where no rule looks further, so that whoever buys a lot costs no more.
///
/// COALESCE, or PostgreSQL may find a customer's payments by the index of all that succeeded, and
/// every grant would read them all.
const QUERY: &str = "SELECT v.id AS id, v.customer AS customer, c.billing AS billing, \
    c.flagged_at AS flagged_at, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM payments p WHERE p.customer_id = v.customer AND \
        p.created_at > ?1 AND COALESCE(p.succeeded_at, 0) > 0 AND p.id <> v.id LIMIT 200) s) \
        AS paid_by_user, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM payments p WHERE p.customer_id = v.customer AND \
        p.created_at > ?1 AND p.succeeded_at IS NULL AND p.id <> v.id LIMIT 1000) s) \
        AS begun_by_user, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM payments p WHERE p.card_blind = v.card AND \
        p.created_at > ?1 AND p.id <> v.id LIMIT 200) s) AS paid_with_card, \
    (SELECT COUNT(DISTINCT s.customer_id) FROM (SELECT p.customer_id FROM payments p WHERE \
        p.card_blind = v.card AND p.created_at > ?2 LIMIT 1000) s) AS users_of_card, \
    (SELECT COUNT(DISTINCT s.customer_id) FROM (SELECT p.customer_id FROM payments p WHERE \
        p.address_blind = v.address AND p.created_at > ?1 LIMIT 1000) s) AS users_at_address, \
    (SELECT COUNT(DISTINCT s.customer_id) FROM (SELECT p.customer_id FROM payments p WHERE \
        p.device_blind = v.device AND p.created_at > ?2 LIMIT 1000) s) AS users_of_device, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM declines d WHERE d.customer_id = v.customer AND \
        d.at > ?1 LIMIT 1000) s) AS declines_of_user, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM declines d WHERE d.address_blind = v.address AND \
        d.at > ?1 LIMIT 1000) s) AS declines_at_address, \
    (SELECT COUNT(*) FROM (SELECT 1 FROM payments p WHERE p.customer_id = v.customer AND \
        p.currency = v.currency AND COALESCE(p.succeeded_at, 0) > 0 AND p.id <> v.id LIMIT 200) s) \
        AS earlier, \
    (SELECT COALESCE(MAX(s.amount), 0) FROM (SELECT p.amount FROM payments p WHERE \
        p.customer_id = v.customer AND p.currency = v.currency AND COALESCE(p.succeeded_at, 0) > 0 \
        AND p.id <> v.id LIMIT 200) s) AS largest_earlier, \
    (SELECT COUNT(*) FROM blocklist b WHERE b.kind = 'user' AND b.value = c.user_ref AND \
        b.removed_at IS NULL AND (b.expires_at IS NULL OR b.expires_at > ?3)) AS user_listed, \
    (SELECT COUNT(*) FROM blocklist b WHERE b.kind = 'card' AND b.value = v.card AND \
        b.removed_at IS NULL AND (b.expires_at IS NULL OR b.expires_at > ?3)) AS card_listed, \
    (SELECT COUNT(*) FROM blocklist b WHERE b.kind = 'email_domain' AND b.value = v.domain AND \
        b.removed_at IS NULL AND (b.expires_at IS NULL OR b.expires_at > ?3)) AS domain_listed, \
    (SELECT COUNT(*) FROM blocklist b WHERE b.kind = 'address' AND v.digits BETWEEN b.low AND \
        b.high AND b.removed_at IS NULL AND (b.expires_at IS NULL OR b.expires_at > ?3)) \
        AS address_listed \
    FROM v JOIN customers c ON c.id = v.customer";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    customer: CustomerId,
    billing: Option<Vec<u8>>,
    flagged_at: Option<Timestamp>,
    paid_by_user: i64,
    begun_by_user: i64,
    paid_with_card: i64,
    users_of_card: i64,
    users_at_address: i64,
    users_of_device: i64,
    declines_of_user: i64,
    declines_at_address: i64,
    earlier: i64,
    largest_earlier: i64,
    user_listed: i64,
    card_listed: i64,
    domain_listed: i64,
    address_listed: i64,
}

/// What is known around `suspects`, in their order, as `connection` sees it at `now`.
pub(crate) async fn gather(
    connection: &impl ConnectionTrait,
    vault: &Vault,
    rules: &Rules,
    suspects: &[Suspect],
    now: Timestamp,
) -> Result<Vec<Facts>, Error> {
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = ask(connection, rules, suspects, now).await?;
    let missing = || Error::Inconsistent("a payment has no customer".to_owned());
    let facts = suspects.iter().map(|suspect| {
        let row = rows.remove(&(id(suspect), suspect.customer_id)).ok_or_else(missing)?;
        facts(vault, suspect, &row)
    });
    facts.collect()
}

fn id(suspect: &Suspect) -> Uuid {
    suspect.payment_id.map_or(Uuid::nil(), PaymentId::uuid)
}

async fn ask(
    connection: &impl ConnectionTrait,
    rules: &Rules,
    suspects: &[Suspect],
    now: Timestamp,
) -> Result<HashMap<(Uuid, CustomerId), Row>, DbErr> {
    let mut rows = Rows::new(COLUMNS);
    for suspect in suspects {
        rows.push([
            id(suspect).into(),
            suspect.customer_id.uuid().into(),
            suspect.currency.code().into(),
            suspect.card_blind.clone().into(),
            suspect.address_blind.clone().into(),
            suspect.device_blind.clone().into(),
            suspect.email_domain.clone().into(),
            suspect.address.clone().into(),
        ]);
    }
    let (span, day) = (now - rules.span(), now - DAY);
    let more = vec![span.micros().into(), day.micros().into(), now.micros().into()];
    let statement = rows.statement(connection.get_database_backend(), QUERY, more);
    let rows = Row::find_by_statement(statement).all(connection).await?;
    Ok(rows.into_iter().map(|row| ((row.id, row.customer), row)).collect())
}

fn facts(vault: &Vault, suspect: &Suspect, row: &Row) -> Result<Facts, Error> {
    let buyer: Buyer = billing::open(vault, row.customer, row.billing.as_deref())?;
    let listed = [
        (block::Kind::User, row.user_listed),
        (block::Kind::Card, row.card_listed),
        (block::Kind::EmailDomain, row.domain_listed),
        (block::Kind::Address, row.address_listed),
    ];
    Ok(Facts {
        amount: suspect.amount,
        risk: suspect.risk,
        risk_score: suspect.risk_score,
        card_country: suspect.card_country.clone(),
        billing_country: buyer.country,
        listed: listed.into_iter().filter(|(_, count)| *count > 0).map(|(kind, _)| kind).collect(),
        flagged: row.flagged_at.is_some(),
        paid_by_user: row.paid_by_user.unsigned_abs(),
        begun_by_user: row.begun_by_user.unsigned_abs(),
        paid_with_card: row.paid_with_card.unsigned_abs(),
        users_of_card: row.users_of_card.unsigned_abs(),
        users_at_address: row.users_at_address.unsigned_abs(),
        users_of_device: row.users_of_device.unsigned_abs(),
        declines_of_user: row.declines_of_user.unsigned_abs(),
        declines_at_address: row.declines_at_address.unsigned_abs(),
        earlier: row.earlier.unsigned_abs(),
        largest_earlier: row.largest_earlier,
    })
}
