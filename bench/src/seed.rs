//! Payments that wait for their events, and a history that lies behind them.

use boot::{
    Clock, Db,
    db::DbOptions,
    sql::{self, Column, Rows, Type, col},
};
use entities::{CustomerId, PaymentId};
use payments::{customers, vault::Vault};
use sea_orm::{ConnectionTrait, DbErr};

use crate::events;

/// What everything here is encrypted with.
pub(crate) const MASTER_KEY: [u8; 32] = *b"the key of benchmarks, no others";

/// Payments of each customer.
const PAYMENTS_EACH: usize = 4;

/// Rows in one statement; SQLite takes 32,766 values.
const CHUNK: usize = 2_000;

const CUSTOMERS: &[Column] =
    &[col("id", Type::Uuid), col("user_ref", Type::Text), col("email", Type::Bytes)];

const PAYMENTS: &[Column] =
    &[col("id", Type::Uuid), col("customer_id", Type::Uuid), col("reference", Type::Text)];

/// Opens the database at `url`.
pub(crate) async fn open(url: &str) -> Result<Db, DbErr> {
    let statement_timeout = std::time::Duration::from_mins(30);
    Db::connect(&DbOptions { url: url.into(), max_connections: 4, statement_timeout }).await
}

/// Writes `count` payments of `run` that are begun and not paid.
pub(crate) async fn payments(db: &Db, run: &str, count: usize) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let vault = Vault::open(db, &MASTER_KEY, now).await?;
    let mut numbers = 0..count;
    loop {
        let chunk: Vec<usize> = numbers.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let mut customers = Rows::new(CUSTOMERS);
        let mut payments = Rows::new(PAYMENTS);
        let mut customer = CustomerId::new();
        for (index, number) in chunk.into_iter().enumerate() {
            if index % PAYMENTS_EACH == 0 {
                customer = CustomerId::new();
                let email = format!("{run}-{number}@example.com");
                let email = vault.seal(customers::email_place(customer), email.as_bytes())?;
                let user_ref = format!("{run}-{number}");
                customers.push([customer.uuid().into(), user_ref.into(), email.into()]);
            }
            let reference = events::reference(run, number);
            payments.push([
                PaymentId::new().uuid().into(),
                customer.uuid().into(),
                reference.into(),
            ]);
        }
        let at = || vec![now.micros().into()];
        let body = "INSERT INTO customers (id, user_ref, email, created_at, updated_at) SELECT id, \
                    user_ref, email, ?1, ?1 FROM v";
        db.writer().execute_raw(customers.statement(db.backend(), body, at())).await?;
        let body = "INSERT INTO payments (id, customer_id, package_id, kind, provider, \
                    provider_reference, livemode, amount, currency, credits, bonus_credits, \
                    status, version, created_at, updated_at) SELECT id, customer_id, 'pro-200', \
                    'one_time', 'stripe', reference, ?2, 16000, 'usd', 200, 40, 'pending', 1, ?1, \
                    ?1 FROM v";
        let mut more = at();
        more.push(false.into());
        db.writer().execute_raw(payments.statement(db.backend(), body, more)).await?;
    }
}

/// The number that `query` finds.
pub(crate) async fn number(db: &Db, query: &str) -> anyhow::Result<i64> {
    let statement = sql::statement(db.backend(), query, Vec::new());
    let row = db.reader().query_one_raw(statement).await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("nothing found by {query}"))?;
    Ok(row.try_get_by_index(0)?)
}

/// Writes a history of `count` events that were handled long ago, with all that came of them, so
/// that tables and indexes are as deep as after years (PostgreSQL only).
pub(crate) async fn history(db: &Db, count: usize) -> anyhow::Result<()> {
    for statement in HISTORY {
        let statement = statement.replace("{count}", &count.to_string());
        db.writer().execute_unprepared(&statement).await?;
    }
    for table in TABLES {
        db.writer().execute_unprepared(&format!("VACUUM ANALYZE {table}")).await?;
    }
    Ok(())
}

const TABLES: &[&str] = &[
    "customers",
    "payments",
    "provider_events",
    "jobs",
    "ledger_transfers",
    "ledger_entries",
    "credit_lots",
    "balances",
    "audit_log",
    "invoices",
    "mails",
];

/// Ids are of version 7, an event every second; each event's rows have ids of their own kind.
const HISTORY: &[&str] = &[
    "CREATE FUNCTION bench_id(n bigint, kind text) RETURNS uuid LANGUAGE sql AS $$ SELECT \
     (lpad(to_hex(1500000000000 + n * 1000), 12, '0') || '7' || substr(md5(kind || n), 1, 3) || \
     '8' || substr(md5(kind || n), 4, 15))::uuid $$",
    "CREATE TABLE bench_n AS SELECT n::bigint AS n, (1500000000 + n::bigint) * 1000000 AS at, \
     bench_id(n, 'c') AS customer, bench_id(n, 'p') AS payment, bench_id(n, 'e') AS event, \
     bench_id(n, 't') AS transfer FROM generate_series(1, {count}) n",
    "INSERT INTO customers (id, user_ref, email, created_at, updated_at) SELECT customer, 'old-' \
     || n, decode(md5(n::text), 'hex'), at, at FROM bench_n",
    "INSERT INTO payments (id, customer_id, package_id, kind, provider, provider_reference, \
     livemode, amount, currency, credits, bonus_credits, status, version, created_at, updated_at, \
     succeeded_at) SELECT payment, customer, 'pro-200', 'one_time', 'stripe', 'pi_old_' || md5('' \
     || n), false, 16000, 'usd', 200, 40, 'succeeded', 2, at, at, at FROM bench_n",
    "INSERT INTO provider_events (id, provider, account, livemode, event_id, kind, occurred_at, \
     body, sha256, state, source, parks, received_at, settled_at) SELECT event, 'stripe', '', \
     false, 'evt_old_' || md5('' || n), 'payment_intent.succeeded', at, decode(repeat(md5('' || \
     n), 40), 'hex'), repeat(md5('' || n), 2), 'applied', 'webhook', 0, at, at FROM bench_n",
    "INSERT INTO jobs (id, name, lane, dedup_key, payload, state, attempts, run_at, worker, \
     created_at, finished_at) SELECT bench_id(n, 'a'), 'apply-event', 'events', 'evt_' || \
     replace(event::text, '-', ''), '{\"event_id\":\"evt_' || replace(event::text, '-', '') || \
     '\"}', 'done', 1, at, 'w-0', at, at FROM bench_n",
    "INSERT INTO jobs (id, name, lane, dedup_key, payload, state, attempts, run_at, worker, \
     created_at, finished_at) SELECT bench_id(n, 'r'), 'send-receipt', 'mail', 'txn_' || \
     replace(payment::text, '-', ''), '{\"payment_id\":\"txn_' || replace(payment::text, '-', '') \
     || '\"}', 'done', 1, at, 'w-0', at, at FROM bench_n",
    "INSERT INTO ledger_transfers (id, kind, source_ref, customer_id, created_at) SELECT transfer, \
     'grant', 'txn_' || replace(payment::text, '-', ''), customer, at FROM bench_n",
    "INSERT INTO ledger_entries (transfer_id, leg, account, asset, amount) SELECT transfer, leg, \
     CASE leg WHEN 0 THEN 'clearing:stripe' WHEN 1 THEN 'revenue' WHEN 2 THEN 'cust_' || \
     replace(customer::text, '-', '') || ':available' WHEN 3 THEN 'credits:issued' ELSE \
     'credits:bonus' END, CASE WHEN leg < 2 THEN \
     'usd' ELSE 'credits' END, CASE leg WHEN 0 THEN 16000 WHEN 1 THEN -16000 WHEN 2 THEN 240 WHEN \
     3 THEN -200 ELSE -40 END FROM bench_n, generate_series(0, 4) leg",
    "INSERT INTO credit_lots (id, customer_id, payment_id, granted, bonus, remaining, held, \
     created_at) SELECT bench_id(n, 'l'), customer, payment, 200, 40, 240, 0, at FROM bench_n",
    "INSERT INTO balances (account, asset, amount, updated_at) SELECT 'cust_' || \
     replace(customer::text, '-', '') || ':available', 'credits', 240, at FROM bench_n",
    "INSERT INTO audit_log (id, at, actor, action, subject, before, after) SELECT bench_id(n, \
     'u'), at, 'provider:stripe', 'payment.succeeded', 'txn_' || replace(payment::text, '-', ''), \
     'pending', 'succeeded' FROM bench_n",
    "INSERT INTO invoices (id, series, number, payment_id, customer_id, issued_at, snapshot) SELECT \
     bench_id(n, 'i'), 'INV', n, payment, customer, at, decode(repeat(md5('' || n), 30), 'hex') \
     FROM bench_n",
    "INSERT INTO invoice_series (series, last) VALUES ('INV', {count}) ON CONFLICT (series) DO \
     UPDATE SET last = invoice_series.last + excluded.last",
    "INSERT INTO mails (id, occasion, recipient, subject, state, created_at, sent_at) SELECT \
     bench_id(n, 'm'), 'receipt:txn_' || replace(payment::text, '-', ''), decode(md5('' || n), \
     'hex'), 'Your receipt', 'sent', at, at FROM bench_n",
    "DROP TABLE bench_n",
];
