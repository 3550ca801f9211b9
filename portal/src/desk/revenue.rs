//! Revenue by day, week or month, and by how it was paid (`AC9.6.5`).

mod chart;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entities::{Currency, Money, Timestamp};
use payments::desk::revenue::{self, Earned, Period};
use poem::{
    Response, handler,
    web::{Data, Query},
};
use serde::Deserialize;
use time::Date;

use self::chart::{Bar, Chart};
use super::{
    form::{Field, Filters},
    guard::Staff,
    list::{day, day_after},
    parts::{Cell, Figure, Figures, Note, Table, Ways, address},
    sheet::Sheet,
    words::count,
};
use crate::{Portal, message::Failure, words};

const PATH: &str = "/desk/revenue";

/// What is shown unless a span of time is asked for.
const USUAL: Duration = Duration::from_hours(24 * 30);

/// Most bars of a chart, and rows of its table: more cannot be told apart.
const MOST: usize = 120;

const PERIODS: [(&str, &str, Period); 3] = [
    ("day", "Day", Period::Day),
    ("week", "Week", Period::Week),
    ("month", "Month", Period::Month),
];

/// What stands in the address.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    by: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// What is asked for, made whole.
struct Span {
    period: Period,
    from: Timestamp,
    before: Timestamp,
}

impl Span {
    fn of(wanted: &Wanted, now: Timestamp) -> Self {
        let period = PERIODS.iter().find(|(value, ..)| *value == wanted.by);
        let before = day_after(&wanted.to).unwrap_or(now + Duration::from_secs(1));
        let from = day(&wanted.from).unwrap_or(before - USUAL);
        Self { period: period.map_or(Period::Day, |(.., period)| *period), from, before }
    }

    async fn read(&self, portal: &Portal) -> Result<Vec<Earned>, payments::Error> {
        revenue::revenue(&portal.store, self.from, self.before, self.period).await
    }
}

/// `GET /desk/revenue`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let span = Span::of(&wanted, portal.store.clock.now());
    let earned = span.read(portal).await?;
    let by = if wanted.by.is_empty() { "day" } else { &wanted.by };
    let names = PERIODS.map(|(value, name, _)| (value.to_owned(), name.to_owned()));
    let filters = Filters::new(
        PATH,
        vec![
            Field::choice("by", "By", by, names).usually("day"),
            Field::day("from", "From", &wanted.from),
            Field::day("to", "To", &wanted.to),
        ],
    );
    let query = [("by", by), ("from", &wanted.from), ("to", &wanted.to)];
    let ways =
        Ways::new(vec![("As a table (CSV)".to_owned(), address("/desk/revenue.csv", &query))]);
    let mut sheet = Sheet::new(portal, &staff)
        .lead("What payments brought, less what was refunded or taken back, on the day it was.")
        .with(&filters);
    let starts = span.period.spans(span.from, span.before);
    if starts.len() > MOST {
        sheet =
            sheet.with(&Note::wait(format!("More than {MOST} bars: only the latest are drawn.")));
    }
    let starts = &starts[starts.len().saturating_sub(MOST)..];
    let mut currencies: BTreeMap<&str, Vec<&Earned>> = BTreeMap::new();
    for row in &earned {
        currencies.entry(row.gross.currency.code()).or_default().push(row);
    }
    if currencies.is_empty() {
        sheet = sheet.with(&Note::plain("Nothing was earned in that time."));
    }
    for rows in currencies.values() {
        let currency = rows[0].gross.currency.clone();
        sheet = sheet
            .with(&sums(rows, &currency))
            .with(&chart(rows, starts, &currency, by))
            .with(&by_method(rows, &currency))
            .with(&table(rows, &currency, by));
    }
    sheet.with(&ways).answer()
}

/// `GET /desk/revenue.csv`.
#[handler]
pub(super) async fn csv(
    _staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let span = Span::of(&wanted, portal.store.clock.now());
    Ok(portal.files.revenue(&span.read(portal).await?)?)
}

/// What `rows` come to together.
#[derive(Clone, Copy, Default)]
struct Sum {
    payments: i64,
    gross: i64,
    back: i64,
}

impl Sum {
    fn of<'a>(rows: impl IntoIterator<Item = &'a &'a Earned>) -> Self {
        rows.into_iter().fold(Self::default(), |sum, row| Self {
            payments: sum.payments + row.payments,
            gross: sum.gross + row.gross.minor,
            back: sum.back + row.refunded.minor + row.charged_back.minor,
        })
    }

    fn cells(self, currency: &Currency) -> [Cell; 4] {
        let money = |minor| Cell::number(words::money(&Money::new(minor, currency.clone())));
        [
            Cell::number(self.payments.to_string()),
            money(self.gross),
            money(self.back),
            money(self.gross - self.back),
        ]
    }
}

fn sums(rows: &[&Earned], currency: &Currency) -> Figures {
    let sum = Sum::of(rows);
    let money = |minor| words::money(&Money::new(minor, currency.clone()));
    let figure = |label: &str, value: String, more: String| Figure {
        label: label.to_owned(),
        value,
        more,
        tone: "",
        href: None,
    };
    Figures::new(
        currency.code().to_ascii_uppercase(),
        vec![
            figure("Earned", money(sum.gross), count(sum.payments, "payment", "payments")),
            figure("Went back", money(sum.back), "refunds and lost disputes".to_owned()),
            figure("Left", money(sum.gross - sum.back), String::new()),
        ],
    )
}

fn chart(rows: &[&Earned], starts: &[Date], currency: &Currency, by: &str) -> Chart {
    let bars = starts.iter().map(|start| {
        let sum = Sum::of(rows.iter().filter(|row| row.start == *start));
        Bar {
            name: start.to_string(),
            value: sum.gross,
            text: words::money(&Money::new(sum.gross, currency.clone())),
        }
    });
    let title = format!("Earned by {by}, {}", currency.code().to_ascii_uppercase());
    let money = |minor| words::money(&Money::new(minor, currency.clone()));
    Chart::new(title, &bars.collect::<Vec<_>>(), money)
}

fn by_method(rows: &[&Earned], currency: &Currency) -> Table {
    let mut methods: BTreeMap<&str, Vec<&Earned>> = BTreeMap::new();
    for row in rows {
        methods.entry(&row.method).or_default().push(row);
    }
    let row = |(method, rows): (&str, Vec<&Earned>)| {
        let mut cells = vec![Cell::text(words::method(Some(method), None, None))];
        cells.extend(Sum::of(&rows).cells(currency));
        cells
    };
    Table::new(&["Method", ">Payments", ">Earned", ">Went back", ">Left"], "")
        .titled("By method")
        .rows(methods.into_iter().map(row))
}

fn table(rows: &[&Earned], currency: &Currency, by: &str) -> Table {
    let mut starts: BTreeMap<Date, Vec<&Earned>> = BTreeMap::new();
    for row in rows {
        starts.entry(row.start).or_default().push(row);
    }
    let row = |(start, rows): (Date, Vec<&Earned>)| {
        let mut cells = vec![Cell::number(start.to_string())];
        cells.extend(Sum::of(&rows).cells(currency));
        cells
    };
    Table::new(&["From", ">Payments", ">Earned", ">Went back", ">Left"], "")
        .titled(format!("By {by}"))
        .rows(starts.into_iter().rev().take(MOST).map(row))
}
