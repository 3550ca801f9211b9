use std::fmt;

use boot::{db::WHOLE_TABLES, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::{Error, Store};

/// Something the ledger's own rows contradict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Which rule is broken.
    pub rule: &'static str,
    /// Where: a transfer, an account, a payment.
    pub subject: String,
    /// What is there, and what should be.
    pub detail: String,
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.rule, self.subject, self.detail)
    }
}

/// A rule, and the query that finds what breaks it: `subject`, `is`, `should`.
struct Rule {
    name: &'static str,
    query: &'static str,
}

/// Every sum is cast back: `SUM` of integers is `numeric` on PostgreSQL.
const RULES: &[Rule] = &[
    Rule {
        name: "the legs of a transfer sum to zero in each asset",
        query: "SELECT t.source_ref AS subject, CAST(SUM(e.amount) AS BIGINT) AS found, 0 AS should \
                FROM ledger_entries e JOIN ledger_transfers t ON t.id = e.transfer_id GROUP BY \
                t.id, t.source_ref, e.asset HAVING SUM(e.amount) <> 0",
    },
    Rule {
        name: "a transfer has at least two legs",
        query: "SELECT t.source_ref AS subject, CAST(COUNT(e.leg) AS BIGINT) AS found, 2 AS should \
                FROM ledger_transfers t LEFT JOIN ledger_entries e ON e.transfer_id = t.id GROUP \
                BY t.id, t.source_ref HAVING COUNT(e.leg) < 2",
    },
    Rule {
        name: "a balance is the sum of its entries",
        query: "SELECT b.account AS subject, b.amount AS found, CAST(COALESCE(SUM(e.amount), 0) AS \
                BIGINT) AS should FROM balances b LEFT JOIN ledger_entries e ON e.account = \
                b.account AND e.asset = b.asset GROUP BY b.account, b.asset, b.amount HAVING \
                b.amount <> COALESCE(SUM(e.amount), 0)",
    },
    Rule {
        name: "a customer's entries have a balance",
        query: "SELECT e.account AS subject, 0 AS found, CAST(SUM(e.amount) AS BIGINT) AS should \
                FROM ledger_entries e LEFT JOIN balances b ON b.account = e.account AND b.asset = \
                e.asset WHERE e.account LIKE 'cust%' AND b.account IS NULL GROUP BY e.account",
    },
    Rule {
        name: "nobody owes more credits than were taken back after they were spent",
        query: "SELECT 'all customers' AS subject, debts AS found, lots AS should FROM (SELECT \
                (SELECT CAST(COALESCE(-SUM(amount), 0) AS BIGINT) FROM balances WHERE amount < 0) \
                AS debts, (SELECT CAST(COALESCE(SUM(owed), 0) AS BIGINT) FROM credit_lots) AS \
                lots) s WHERE debts > lots",
    },
    Rule {
        name: "nothing below zero is set aside",
        query: "SELECT account AS subject, amount AS found, 0 AS should FROM balances WHERE \
                amount < 0 AND account LIKE '%:held'",
    },
    Rule {
        name: "what a lot has set aside is set aside for a request, a dispute or a review",
        query: "SELECT 'a lot' AS subject, held AS found, should FROM (SELECT l.held AS held, \
                CAST(COALESCE((SELECT SUM(r.held) FROM refund_requests r WHERE r.payment_id = \
                l.payment_id), 0) + COALESCE((SELECT SUM(d.held) FROM disputes d WHERE \
                d.payment_id = l.payment_id), 0) + COALESCE((SELECT SUM(w.held) FROM reviews w \
                WHERE w.payment_id = l.payment_id), 0) AS BIGINT) AS should FROM credit_lots l) s \
                WHERE held <> should",
    },
    Rule {
        name: "a payment counts what its refunds pay back",
        query: "SELECT p.package_id || ' of ' || CAST(p.created_at AS TEXT) AS subject, \
                p.refunded AS found, CAST(COALESCE(SUM(r.amount), 0) AS BIGINT) AS should FROM \
                payments p LEFT JOIN refunds r ON r.payment_id = p.id AND r.state NOT IN \
                ('canceled', 'failed') GROUP BY p.id, p.package_id, p.created_at, p.refunded \
                HAVING p.refunded <> COALESCE(SUM(r.amount), 0)",
    },
    Rule {
        name: "no payment pays back more than it took",
        query: "SELECT p.package_id || ' of ' || CAST(p.created_at AS TEXT) AS subject, \
                CAST(SUM(r.amount) AS BIGINT) AS found, p.amount AS should FROM payments p JOIN \
                refunds r ON r.payment_id = p.id AND r.state = 'succeeded' GROUP BY p.id, \
                p.package_id, p.created_at, p.amount HAVING SUM(r.amount) > p.amount",
    },
    Rule {
        name: "there are as many refunds booked as transfers for them",
        query: "SELECT 'all refunds' AS subject, booked AS found, transfers AS should FROM (SELECT \
                (SELECT COUNT(*) FROM refunds WHERE booked <> 'nothing') AS booked, (SELECT \
                COUNT(*) FROM ledger_transfers WHERE kind = 'refund') AS transfers) s WHERE booked \
                <> transfers",
    },
    Rule {
        name: "the lots of all customers hold what their balances say",
        query: "SELECT 'all customers' AS subject, lots AS found, sums AS should FROM (SELECT \
                (SELECT CAST(COALESCE(SUM(remaining + held - owed), 0) AS BIGINT) FROM credit_lots) + \
                (SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_adjustments) AS \
                lots, (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM balances WHERE asset = \
                'credits') AS sums) s WHERE lots <> sums",
    },
    Rule {
        name: "a payment that succeeded has one lot with all its credits",
        query: "SELECT p.package_id || ' of ' || CAST(p.created_at AS TEXT) AS subject, \
                CAST(COALESCE(l.granted + l.bonus, 0) AS BIGINT) AS found, p.credits + \
                p.bonus_credits AS should FROM payments p LEFT JOIN credit_lots l ON l.payment_id \
                = p.id WHERE p.status IN ('succeeded', 'partially_refunded', 'refunded') AND \
                (l.id IS NULL OR l.granted + l.bonus <> p.credits + p.bonus_credits)",
    },
    Rule {
        name: "credits are granted only for payments that succeeded",
        query: "SELECT p.status AS subject, l.granted + l.bonus AS found, 0 AS should FROM \
                credit_lots l JOIN payments p ON p.id = l.payment_id WHERE p.status NOT IN \
                ('succeeded', 'partially_refunded', 'refunded', 'blocked')",
    },
    Rule {
        name: "invoices are numbered without gaps",
        query: "SELECT s.series AS subject, CAST(COUNT(i.id) AS BIGINT) AS found, s.last AS should \
                FROM invoice_series s LEFT JOIN invoices i ON i.series = s.series AND i.number <= \
                s.last GROUP BY s.series, s.last HAVING COUNT(i.id) <> s.last",
    },
    Rule {
        name: "a change by hand moved what was approved",
        query: "SELECT 'a customer' AS subject, found, should FROM (SELECT a.customer_id, \
                CAST(SUM(a.credits) AS BIGINT) AS should, CAST(COALESCE((SELECT SUM(e.amount) FROM \
                ledger_transfers t JOIN ledger_entries e ON e.transfer_id = t.id WHERE t.kind = \
                'adjustment' AND t.customer_id = a.customer_id AND e.account <> \
                'credits:adjusted'), 0) AS BIGINT) AS found FROM credit_adjustments a WHERE \
                a.state = 'applied' GROUP BY a.customer_id) s WHERE found <> should",
    },
    Rule {
        name: "there are as many changes by hand as transfers for them",
        query: "SELECT 'all changes' AS subject, changes AS found, transfers AS should FROM \
                (SELECT (SELECT COUNT(*) FROM credit_adjustments WHERE state = 'applied') AS \
                changes, (SELECT COUNT(*) FROM ledger_transfers WHERE kind = 'adjustment') AS \
                transfers) s WHERE changes <> transfers",
    },
    Rule {
        name: "there are as many grants as lots",
        query: "SELECT 'all grants' AS subject, grants AS found, lots AS should FROM (SELECT \
                (SELECT COUNT(*) FROM ledger_transfers WHERE kind = 'grant') AS grants, (SELECT \
                COUNT(*) FROM credit_lots) AS lots) s WHERE grants <> lots",
    },
];

/// Recomputes everything that is derived, and returns what does not agree.
pub async fn verify(store: &Store) -> Result<Vec<Discrepancy>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        subject: String,
        found: i64,
        should: i64,
    }
    // One snapshot for all rules, or a payment between two of them looks like a fault.
    let txn = snapshot(store).await?;
    let mut discrepancies = Vec::new();
    for rule in RULES {
        let statement = sql::statement(store.db.backend(), rule.query, Vec::new());
        for row in Row::find_by_statement(statement).all(&txn).await? {
            let detail = format!("found {}, should be {}", row.found, row.should);
            discrepancies.push(Discrepancy { rule: rule.name, subject: row.subject, detail });
        }
    }
    txn.rollback().await?;
    Ok(discrepancies)
}

async fn snapshot(store: &Store) -> Result<sea_orm::DatabaseTransaction, DbErr> {
    use sea_orm::{DatabaseBackend, TransactionTrait};
    let txn = store.db.reader().begin().await?;
    if store.db.backend() == DatabaseBackend::Postgres {
        txn.execute_unprepared("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        txn.execute_unprepared(WHOLE_TABLES).await?;
    }
    Ok(txn)
}
