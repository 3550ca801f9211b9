use std::collections::{BTreeMap, BTreeSet, HashSet};

use boot::sql::{Column, Rows, Type, Writes, col};
use entities::{LotId, PaymentId, Timestamp, TransferId, ledger_transfer::Kind, payment::Model};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::{BONUS, CREDITS, ISSUED, REVENUE, available, balances, clearing, held};

const TRANSFERS: &[Column] = &[
    col("id", Type::Uuid),
    col("kind", Type::Text),
    col("source_ref", Type::Text),
    col("customer_id", Type::Uuid),
];

const ENTRIES: &[Column] = &[
    col("transfer_id", Type::Uuid),
    col("leg", Type::Int),
    col("account", Type::Text),
    col("asset", Type::Text),
    col("amount", Type::Int),
];

const LOTS: &[Column] = &[
    col("id", Type::Uuid),
    col("customer_id", Type::Uuid),
    col("payment_id", Type::Uuid),
    col("granted", Type::Int),
    col("bonus", Type::Int),
    col("held", Type::Int),
];

/// A transfer about to be written.
pub(super) struct Transfer {
    pub(super) id: TransferId,
    pub(super) kind: Kind,
    pub(super) source_ref: String,
    pub(super) customer_id: entities::CustomerId,
    pub(super) legs: Vec<(String, String, i64)>,
}

/// A payment whose credits were granted by this very transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The payment.
    pub(crate) payment_id: PaymentId,
    /// All its credits, bonus included.
    pub(crate) credits: i64,
}

/// Grants the credits of `payments`, if and only if `txn` commits and `writes` are executed in it;
/// returns those that had not been granted before, whoever asked. The credits of those in
/// `suspected` are set aside.
pub(crate) async fn grant(
    txn: &DatabaseTransaction,
    writes: &mut Writes,
    payments: &[&Model],
    suspected: &BTreeSet<PaymentId>,
    now: Timestamp,
) -> Result<Vec<Grant>, DbErr> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let account = |payment: &Model| {
        let account = if suspected.contains(&payment.id) { held } else { available };
        account(payment.customer_id)
    };
    let transfers =
        payments.iter().map(|payment| grant_transfer(payment, account(payment))).collect();
    let new = begin(txn, writes, transfers, now).await?;
    let granted: Vec<&&Model> =
        payments.iter().filter(|payment| new.contains(&payment.id.to_string())).collect();
    let mut lots = Rows::new(LOTS);
    let mut changes: BTreeMap<String, i64> = BTreeMap::new();
    for payment in &granted {
        let set_aside = if suspected.contains(&payment.id) { payment.total_credits() } else { 0 };
        lots.push([
            LotId::new().uuid().into(),
            payment.customer_id.uuid().into(),
            payment.id.uuid().into(),
            payment.credits.into(),
            payment.bonus_credits.into(),
            set_aside.into(),
        ]);
        *changes.entry(account(payment)).or_default() += payment.total_credits();
    }
    let body = "INSERT INTO credit_lots (id, customer_id, payment_id, granted, bonus, remaining, \
                held, created_at) SELECT id, customer_id, payment_id, granted, bonus, granted + \
                bonus - held, held, ?1 FROM v";
    writes.add(lots, body, vec![now.micros().into()]);
    balances::stage(writes, changes, now);
    let grant =
        |payment: &&&Model| Grant { payment_id: payment.id, credits: payment.total_credits() };
    Ok(granted.iter().map(grant).collect())
}

fn grant_transfer(payment: &Model, account: String) -> Transfer {
    let currency = payment.currency.code().to_owned();
    let credits = || CREDITS.to_owned();
    let mut legs = vec![
        (clearing(payment.provider), currency.clone(), payment.amount),
        (REVENUE.to_owned(), currency, -payment.amount),
        (account, credits(), payment.total_credits()),
        (ISSUED.to_owned(), credits(), -payment.credits),
    ];
    if payment.bonus_credits > 0 {
        legs.push((BONUS.to_owned(), credits(), -payment.bonus_credits));
    }
    Transfer {
        id: TransferId::new(),
        kind: Kind::Grant,
        source_ref: payment.id.to_string(),
        customer_id: payment.customer_id,
        legs,
    }
}

/// Writes `transfers` with their legs, and returns the `source_ref` of those that were not there.
pub(super) async fn post(
    txn: &DatabaseTransaction,
    transfers: Vec<Transfer>,
    now: Timestamp,
) -> Result<HashSet<String>, DbErr> {
    let mut writes = Writes::new();
    let new = begin(txn, &mut writes, transfers, now).await?;
    writes.execute(txn).await?;
    Ok(new)
}

/// Writes `transfers`, adds their legs to `writes`, and returns the `source_ref` of those that were
/// not there.
async fn begin(
    txn: &DatabaseTransaction,
    writes: &mut Writes,
    transfers: Vec<Transfer>,
    now: Timestamp,
) -> Result<HashSet<String>, DbErr> {
    let backend = txn.get_database_backend();
    let mut rows = Rows::new(TRANSFERS);
    for transfer in &transfers {
        assert!(balanced(&transfer.legs), "the legs of a transfer sum to zero in each asset");
        rows.push([
            transfer.id.uuid().into(),
            transfer.kind.as_str().into(),
            transfer.source_ref.clone().into(),
            transfer.customer_id.uuid().into(),
        ]);
    }
    let body = "INSERT INTO ledger_transfers (id, kind, source_ref, customer_id, created_at) \
                SELECT id, kind, source_ref, customer_id, ?1 FROM v WHERE true ON CONFLICT (kind, \
                source_ref) DO NOTHING";
    let statement = rows.clone().statement(backend, body, vec![now.micros().into()]);
    let mut new: HashSet<String> =
        transfers.iter().map(|transfer| transfer.source_ref.clone()).collect();
    if txn.execute_raw(statement).await?.rows_affected() < transfers.len() as u64 {
        new = written(txn, rows).await?;
    }
    let mut entries = Rows::new(ENTRIES);
    for transfer in transfers.into_iter().filter(|transfer| new.contains(&transfer.source_ref)) {
        for (leg, (account, asset, amount)) in (0_i64..).zip(transfer.legs) {
            let id = transfer.id.uuid();
            entries.push([id.into(), leg.into(), account.into(), asset.into(), amount.into()]);
        }
    }
    let body = "INSERT INTO ledger_entries (transfer_id, leg, account, asset, amount) SELECT \
                transfer_id, leg, account, asset, amount FROM v";
    writes.add(entries, body, Vec::new());
    Ok(new)
}

/// The `source_ref` of those of `transfers` that are in the ledger under their own ids.
async fn written(txn: &DatabaseTransaction, transfers: Rows) -> Result<HashSet<String>, DbErr> {
    let body = "SELECT t.source_ref FROM v JOIN ledger_transfers t ON t.id = v.id";
    let statement = transfers.statement(txn.get_database_backend(), body, Vec::new());
    let found = txn.query_all_raw(statement).await?;
    found.iter().map(|row| row.try_get("", "source_ref")).collect()
}

fn balanced(legs: &[(String, String, i64)]) -> bool {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for (_, asset, amount) in legs {
        *sums.entry(asset).or_default() += i128::from(*amount);
    }
    sums.values().all(|sum| *sum == 0)
}
