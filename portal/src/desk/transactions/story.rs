//! What happened to a payment, in words.

use entities::{dispute, job, ledger_transfer::Kind, mail, provider_event, refund, review};
use payments::desk::story::{Moment as Told, What};

use super::super::{
    events, jobs as job_pages,
    parts::{Cell, Moment},
};
use crate::words;

/// `told` as a line of the story.
pub(super) fn moment(told: &Told) -> Moment {
    let (kind, tone, what) = words_of(&told.what);
    Moment { at: words::second(told.at), kind, tone, what }
}

fn words_of(what: &What) -> (&'static str, &'static str, Cell) {
    match what {
        What::Begun => ("payment", "", Cell::text("The payer began to pay")),
        What::Event(event) => {
            let (tone, state) = events::state_words(event.state);
            let more = match event.source {
                provider_event::Source::Webhook => state.to_owned(),
                source => format!("{state}, by {}", source.as_str()),
            };
            let cell = Cell::text(&event.kind).to(format!("/desk/events/{}", event.id));
            ("event", tone, cell.soft(more))
        }
        What::Job(job) => of_job(job),
        What::Ledger { kind, source_ref, available, held } => {
            let cell = Cell::text(moved(*kind, *available, *held)).soft(source_ref);
            ("ledger", if *available >= 0 { "good" } else { "" }, cell)
        }
        What::Mail(mail) => {
            let tone = if mail.state == mail::State::Sent { "good" } else { "wait" };
            ("mail", tone, Cell::text(&mail.subject).soft(occasion(&mail.occasion)))
        }
        What::Asked(row) => {
            let text =
                format!("The customer asked for a refund of {}", words::money(&row.computed()));
            let href = format!("/desk/refunds/{}", row.id);
            ("refund", "wait", Cell::text(text).to(href).soft(row.state.as_str()))
        }
        What::Refund(row) => of_refund(row),
        What::Dispute(row) => of_dispute(row),
        What::Review(row) => {
            let open = row.state == review::State::Open;
            ("review", if open { "bad" } else { "" }, Cell::text(&row.detail).soft(&row.rule))
        }
        What::Audit(line) => {
            let change = match (&line.before, &line.after) {
                (Some(before), Some(after)) => format!("{before} → {after}"),
                (None, Some(after)) => after.clone(),
                (_, None) => String::new(),
            };
            let who = format!("{change} by {}", line.actor);
            ("audit", "", Cell::text(&line.action).soft(who.trim()))
        }
    }
}

fn of_job(job: &job::Model) -> (&'static str, &'static str, Cell) {
    let (tone, state) = job_pages::state_words(job.state);
    let tone = if tone == "accent" { "wait" } else { tone };
    let cell = Cell::text(&job.name).to(format!("/desk/jobs/{}", job.id));
    ("job", tone, cell.soft(state.to_lowercase()))
}

fn of_refund(row: &refund::Model) -> (&'static str, &'static str, Cell) {
    let who = match row.origin {
        refund::Origin::Desk => "A refund was approved",
        refund::Origin::Provider => "A refund was made at the provider",
    };
    let tone = match row.state {
        refund::State::Succeeded => "good",
        state if state.is_void() => "bad",
        _ => "wait",
    };
    let text = format!("{who}: {}", words::money(&row.money()));
    let failure = row.failure.as_deref().map(|why| format!(", {why}")).unwrap_or_default();
    ("refund", tone, Cell::text(text).soft(format!("{}{failure}", row.state.as_str())))
}

fn of_dispute(row: &dispute::Model) -> (&'static str, &'static str, Cell) {
    let tone = match row.state {
        dispute::State::Won | dispute::State::Harmless => "good",
        dispute::State::Lost | dispute::State::NeedsResponse => "bad",
        dispute::State::Warning | dispute::State::UnderReview => "wait",
    };
    let text = format!("The payer disputed {}", words::money(&row.money()));
    ("dispute", tone, Cell::text(text).soft(format!("{}, {}", row.reason, row.state.as_str())))
}

fn moved(kind: Kind, available: i64, held: i64) -> String {
    let why = match kind {
        Kind::Grant => "Credits were granted",
        Kind::Spend => "Credits were used",
        Kind::Hold => "Credits were set aside for a refund",
        Kind::Release => "Credits are free again",
        Kind::Refund => "Credits were taken for a refund",
        Kind::RefundReturn => "A refund came back, and its credits",
        Kind::Dispute => "Credits were set aside for a dispute",
        Kind::DisputeEnd => "The dispute about the credits ended",
        Kind::Chargeback => "The bank took the money back",
        Kind::ChargebackReturn => "The bank returned the money",
        Kind::Adjustment => "Credits were changed by hand",
    };
    let mut parts = Vec::new();
    if available != 0 {
        parts.push(format!("{available:+} available"));
    }
    if held != 0 {
        parts.push(format!("{held:+} set aside"));
    }
    if parts.is_empty() { why.to_owned() } else { format!("{why}: {}", parts.join(", ")) }
}

/// What an occasion is, without its ids.
fn occasion(occasion: &str) -> String {
    let words = occasion.split(':').filter(|part| !part.contains('_'));
    words.filter(|part| part.parse::<i64>().is_err()).collect::<Vec<_>>().join(", ")
}
