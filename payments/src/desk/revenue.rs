//! What was earned, by day, week or month, and by how it was paid (`AC9.6.5`).

use std::collections::BTreeMap;

use boot::sql;
use entities::{Currency, Money, Timestamp};
use sea_orm::FromQueryResult;
use time::{Date, Duration, Month, Time};

use crate::{Error, Store};

/// Into which spans of time it is divided; all in UTC, weeks from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
}

/// What was earned by one way to pay in one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earned {
    /// The first day of the span.
    pub start: Date,
    /// `card`, `us_bank_account`, `paypal`, `venmo`, …
    pub method: String,
    /// How many payments succeeded in it.
    pub payments: i64,
    /// What they brought.
    pub gross: Money,
    /// What was refunded in it, of whichever payments.
    pub refunded: Money,
    /// What banks took back in it.
    pub charged_back: Money,
}

impl Earned {
    /// What is left.
    pub fn net(&self) -> Money {
        let minor = self.gross.minor - self.refunded.minor - self.charged_back.minor;
        Money::new(minor, self.gross.currency.clone())
    }
}

/// A day's sums, as the database adds them up.
#[derive(FromQueryResult)]
struct Row {
    day: i64,
    method: String,
    currency: String,
    payments: i64,
    gross: i64,
    refunded: i64,
    charged_back: i64,
}

/// Microseconds of a day are written out in it: times are integers, and a day is a division.
const BY_DAY: &str = "SELECT day, method, currency, CAST(SUM(payments) AS BIGINT) AS payments, \
                      CAST(SUM(gross) AS BIGINT) AS gross, CAST(SUM(refunded) AS BIGINT) AS \
                      refunded, CAST(SUM(charged_back) AS BIGINT) AS charged_back FROM (SELECT \
                      succeeded_at / 86400000000 AS day, COALESCE(method_kind, provider) AS \
                      method, currency, 1 AS payments, amount AS gross, 0 AS refunded, 0 AS \
                      charged_back FROM payments WHERE succeeded_at >= ?1 AND succeeded_at < ?2 \
                      UNION ALL SELECT r.succeeded_at / 86400000000, COALESCE(p.method_kind, \
                      p.provider), r.currency, 0, 0, r.amount, 0 FROM refunds r JOIN payments p \
                      ON p.id = r.payment_id WHERE r.state = 'succeeded' AND r.succeeded_at >= ?1 \
                      AND r.succeeded_at < ?2 UNION ALL SELECT d.closed_at / 86400000000, \
                      COALESCE(p.method_kind, p.provider), d.currency, 0, 0, 0, d.amount FROM \
                      disputes d JOIN payments p ON p.id = d.payment_id WHERE d.state = 'lost' \
                      AND d.closed_at >= ?1 AND d.closed_at < ?2) s GROUP BY day, method, \
                      currency ORDER BY day, currency, method";

/// What was earned from `from` to before `before`, oldest first.
pub async fn revenue(
    store: &Store,
    from: Timestamp,
    before: Timestamp,
    period: Period,
) -> Result<Vec<Earned>, Error> {
    let values = vec![from.micros().into(), before.micros().into()];
    let statement = sql::statement(store.db.backend(), BY_DAY, values);
    let rows = Row::find_by_statement(statement).all(store.db.reader()).await?;
    let mut sums: BTreeMap<(Date, String, String), [i64; 4]> = BTreeMap::new();
    for row in rows {
        let start = period.start(Timestamp::from_seconds(row.day * 86_400));
        let sum = sums.entry((start, row.currency, row.method)).or_default();
        let more = [row.payments, row.gross, row.refunded, row.charged_back];
        for (sum, more) in sum.iter_mut().zip(more) {
            *sum += more;
        }
    }
    let earned = |((start, currency, method), sum): ((Date, String, String), [i64; 4])| {
        let broken = |_| Error::Inconsistent(format!("{currency} is no currency"));
        let currency: Currency = currency.parse().map_err(broken)?;
        let money = |minor| Money::new(minor, currency.clone());
        let [payments, gross, refunded, charged_back] = sum;
        Ok(Earned {
            start,
            method,
            payments,
            gross: money(gross),
            refunded: money(refunded),
            charged_back: money(charged_back),
        })
    };
    sums.into_iter().map(earned).collect()
}

impl Period {
    /// The first day of the span that has `at` in it.
    pub fn start(self, at: Timestamp) -> Date {
        let day = at.datetime().date();
        match self {
            Self::Day => day,
            Self::Week => day - Duration::days(i64::from(day.weekday().number_days_from_monday())),
            Self::Month => day.replace_day(1).unwrap_or(day),
        }
    }

    /// The first day of the span after the one that begins on `start`.
    pub fn next(self, start: Date) -> Date {
        match self {
            Self::Day => start + Duration::days(1),
            Self::Week => start + Duration::days(7),
            Self::Month => {
                let (year, month) = match start.month() {
                    Month::December => (start.year() + 1, Month::January),
                    month => (start.year(), month.next()),
                };
                Date::from_calendar_date(year, month, 1).unwrap_or(start + Duration::days(31))
            }
        }
    }

    /// The first day of each span from the one with `from` in it to the last that begins before
    /// `before`.
    pub fn spans(self, from: Timestamp, before: Timestamp) -> Vec<Date> {
        let end = before.datetime();
        let began = |date: &Date| date.with_time(Time::MIDNIGHT).assume_utc() < end;
        std::iter::successors(Some(self.start(from)), |start| Some(self.next(*start)))
            .take_while(began)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_their_first() {
        let at = Timestamp::from_seconds(datetime!(2026-11-21 23:00 UTC).unix_timestamp());
        assert_eq!(Period::Day.start(at), date!(2026 - 11 - 21));
        assert_eq!(Period::Week.start(at), date!(2026 - 11 - 16));
        assert_eq!(Period::Month.start(at), date!(2026 - 11 - 01));
        assert_eq!(Period::Month.next(date!(2026 - 12 - 01)), date!(2027 - 01 - 01));
        let from = Timestamp::from_seconds(datetime!(2026-09-30 12:00 UTC).unix_timestamp());
        let months = Period::Month.spans(from, at);
        assert_eq!(months, [date!(2026 - 09 - 01), date!(2026 - 10 - 01), date!(2026 - 11 - 01)]);
        assert_eq!(Period::Week.spans(from, at).len(), 8);
    }
}
