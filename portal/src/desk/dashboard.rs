//! The desk's first page: whether promises are kept, what waits, what stands still.

mod measured;

use std::{sync::Arc, time::Duration};

use entities::{Timestamp, control, job};
use jobs::{
    Lane,
    queue::{self, Depth},
};
use payments::{
    controls,
    desk::{self, Raised, Sample, Waiting},
};
use poem::{Response, handler, web::Data};

use super::{
    guard::Staff,
    pages::leads,
    parts::{Cell, Figure, Figures, Note, Table},
    sheet::Sheet,
    words::{ago, count, span},
};
use crate::{Portal, message::Failure, words};

/// How many of the latest of each kind a promise is measured by.
const SAMPLE: u64 = 500;

/// Alerts that are shown.
const ALERTS: u64 = 8;

/// Design §8: longest time for the answer to a webhook, for credits, for the receipt's mail.
const WEBHOOK: Duration = Duration::from_secs(2);
const CREDITS: Duration = Duration::from_mins(5);
const RECEIPT: Duration = Duration::from_mins(10);

/// `GET /desk`.
#[handler]
pub(super) async fn show(
    staff: Staff,
    Data(portal): Data<&Arc<Portal>>,
) -> Result<Response, Failure> {
    let (store, now) = (&portal.store, portal.store.clock.now());
    let controls = controls::list(store).await?;
    let paused: Vec<_> = controls.into_iter().filter(|control| stands(control, now)).collect();
    Sheet::new(portal, &staff)
        .with_some(standing(&paused, now).as_ref())
        .with(&waits(&staff, &desk::waiting(store).await?))
        .with(&promises(
            measured::webhooks(&portal.metrics.render()),
            desk::applied_in(store, SAMPLE).await?,
            desk::mailed_in(store, SAMPLE).await?,
        ))
        .with(&lanes(&queue::depths(&store.db).await.map_err(payments::Error::from)?, now))
        .with(&alerts(desk::alerts(store, ALERTS).await?))
        .answer()
}

/// Whether `control` pauses anything at `now`.
pub(super) fn stands(control: &control::Model, now: Timestamp) -> bool {
    control.state == control::State::Paused && control.until.is_none_or(|until| until > now)
}

/// What stands still, and why.
fn standing(paused: &[control::Model], now: Timestamp) -> Option<Note> {
    let told = paused.iter().map(|control| {
        let until = control
            .until
            .map(|until| format!(", {}", ago(until, now).replace("in ", "for another ")));
        format!(
            "{} stands still since {} ({}: {}{}).",
            if control.scope == "all" { "Everything" } else { &control.scope },
            words::moment(control.updated_at),
            control.set_by,
            control.reason,
            until.unwrap_or_default(),
        )
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| Note::wait(told.join(" ")))
}

fn waits(staff: &Staff, waiting: &Waiting) -> Figures {
    let figure = |label: &str, number: i64, href: &str, tone| Figure {
        label: label.to_owned(),
        value: number.to_string(),
        more: String::new(),
        tone: if number > 0 { tone } else { "" },
        href: leads(staff, href),
    };
    Figures::new(
        "Waits for a person",
        vec![
            figure("Refund requests", waiting.refunds, "/desk/refunds", "wait"),
            figure("Disputes to answer", waiting.disputes, "/desk/disputes", "bad"),
            figure("Cases to review", waiting.reviews, "/desk/reviews", "wait"),
            figure(
                "Balances to change",
                waiting.adjustments,
                "/desk/adjustments?state=waiting",
                "wait",
            ),
            figure("Dead jobs", waiting.dead_jobs, "/desk/jobs?state=dead", "bad"),
            figure("Dead events", waiting.dead_events, "/desk/events?state=dead", "bad"),
        ],
    )
}

fn promises(
    webhooks: Option<measured::Answers>,
    credits: Option<Sample>,
    receipts: Option<Sample>,
) -> Figures {
    let answered = match webhooks {
        None => none("Webhook answered", WEBHOOK),
        Some(answers) => Figure {
            label: "Webhook answered".to_owned(),
            value: answers
                .p99
                .map_or_else(|| "over 10 min".to_owned(), |p99| format!("≤ {}", span(p99))),
            more: format!(
                "99 of 100, of {} since this process started; promised {}",
                answers.count,
                span(WEBHOOK)
            ),
            tone: tone(answers.p99.is_some_and(|p99| p99 <= WEBHOOK)),
            href: None,
        },
    };
    let sampled = |label: &str, sample: Option<Sample>, limit| match sample {
        None => none(label, limit),
        Some(sample) => Figure {
            label: label.to_owned(),
            value: span(sample.p99),
            more: format!(
                "99 of 100, of the latest {}; half within {}; promised {}",
                sample.count,
                span(sample.median),
                span(limit)
            ),
            tone: tone(sample.p99 <= limit),
            href: None,
        },
    };
    Figures::new(
        "Promises",
        vec![
            answered,
            sampled("Webhook to credits", credits, CREDITS),
            sampled("Payment to receipt", receipts, RECEIPT),
        ],
    )
}

fn none(label: &str, limit: Duration) -> Figure {
    Figure {
        label: label.to_owned(),
        value: "–".to_owned(),
        more: format!("nothing to measure yet; promised {}", span(limit)),
        tone: "",
        href: None,
    }
}

const fn tone(kept: bool) -> &'static str {
    if kept { "good" } else { "bad" }
}

fn lanes(depths: &[Depth], now: Timestamp) -> Table {
    let row = |lane: Lane| {
        let of = |state| depths.iter().find(|depth| depth.lane == lane && depth.state == state);
        let jobs = |state| of(state).map_or(0, |depth| depth.jobs);
        let link = |state: &str, number: i64| {
            Cell::number(number.to_string()).to(format!("/desk/jobs?lane={lane}&state={state}"))
        };
        // What is due later has not waited yet.
        let oldest = of(job::State::Queued).map(|depth| depth.oldest);
        let oldest = match oldest {
            None => "–".to_owned(),
            Some(at) if at > now => format!("next {}", ago(at, now)),
            Some(at) => span(now.since(at)),
        };
        vec![
            Cell::text(lane.as_str()),
            link("queued", jobs(job::State::Queued)),
            link("running", jobs(job::State::Running)),
            link("dead", jobs(job::State::Dead)),
            Cell::number(oldest),
        ]
    };
    Table::new(&["Lane", ">Waiting", ">Running", ">Dead", ">Oldest waits"], "")
        .titled("Queue")
        .rows(Lane::ALL.map(row))
}

fn alerts(raised: Vec<Raised>) -> Table {
    let told = i64::try_from(raised.len()).unwrap_or(i64::MAX);
    let title = if told == 0 {
        "Alerts".to_owned()
    } else {
        format!("Latest {}", count(told, "alert", "alerts"))
    };
    Table::new(&["When", "What", "Detail"], "Nothing was alarming yet.").titled(title).rows(
        raised.into_iter().map(|Raised { job_id, at, alert }| {
            vec![
                Cell::number(words::moment(at)),
                Cell::text(alert.kind).to(format!("/desk/jobs/{job_id}")),
                Cell::text(alert.detail),
            ]
        }),
    )
}
