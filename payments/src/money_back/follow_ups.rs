//! What follows from a change of a payment's books: who is told, and what the audit log keeps.

use entities::{
    ReviewId, Timestamp,
    dispute::{self, Funds},
    refund::{self, Origin, State as RefundState},
    refund_request::{self, State as RequestState},
};
use jobs::{Alert, NewJob, ProcessRefund, RefundOccasion, SendRefundMail};

use super::Books;
use crate::{audit::Line, reviews::Case};

/// What follows.
#[derive(Debug, Default)]
pub(super) struct After {
    pub(super) lines: Vec<Line>,
    pub(super) jobs: Vec<NewJob>,
    pub(super) cases: Vec<Case>,
}

/// What follows from `after`, which was `before`, and which `actor` brought about.
pub(super) fn of(before: &Books, after: &Books, actor: &str, now: Timestamp) -> After {
    let mut follow = Following { after: After::default(), books: after, actor, now };
    for row in &after.requests {
        follow.request(before.requests.iter().find(|old| old.id == row.id), row);
    }
    for row in &after.refunds {
        follow.refund(before.refunds.iter().find(|old| old.id == row.id), row);
    }
    for row in &after.disputes {
        follow.dispute(before.disputes.iter().find(|old| old.id == row.id), row);
    }
    let (was, is) = (before.payment.status, after.payment.status);
    if was != is {
        follow.line(format!("payment.{}", is.as_str()), Some(was.as_str()), is.as_str().to_owned());
    }
    follow.after
}

struct Following<'a> {
    after: After,
    books: &'a Books,
    actor: &'a str,
    now: Timestamp,
}

impl Following<'_> {
    fn request(&mut self, old: Option<&refund_request::Model>, row: &refund_request::Model) {
        let was = old.map(|old| old.state);
        let first = old.is_some_and(|old| old.first_approved_by != row.first_approved_by);
        if first && row.first_approved_by.is_some() {
            let amount = row.first_approved_amount.unwrap_or_default();
            self.line(
                "refund_request.first_approval".to_owned(),
                None,
                format!("{} {amount}", row.id),
            );
        }
        if was == Some(row.state) {
            return;
        }
        let before = was.map(RequestState::as_str);
        let action = format!("refund_request.{}", row.state.as_str());
        self.line(action, before, format!("{} {}", row.id, row.computed()));
        match row.state {
            RequestState::PendingReview => {
                self.alert("refund-requested", row.id.to_string(), asked(row));
                self.mail(RefundOccasion::Requested(row.id));
            }
            RequestState::Approved => self.mail(RefundOccasion::Approved(row.id)),
            RequestState::Denied => self.mail(RefundOccasion::Denied(row.id)),
            RequestState::Appealed => {
                let detail = format!("somebody else has to take a second look: {}", asked(row));
                self.alert("refund-appealed", row.id.to_string(), detail);
                self.mail(RefundOccasion::Appealed(row.id));
            }
            RequestState::Rejected => self.mail(RefundOccasion::Rejected(row.id)),
            // The refund's own news say so.
            RequestState::Refunded | RequestState::Failed => {}
        }
    }

    fn refund(&mut self, old: Option<&refund::Model>, row: &refund::Model) {
        if old.is_none() && row.origin == Origin::Provider {
            self.flag(row);
        }
        if old.is_none() && row.origin == Origin::Desk {
            self.after.jobs.push(NewJob::of(&ProcessRefund { refund_id: row.id }, self.now));
        }
        let was = old.map(|old| old.state);
        if was == Some(row.state) {
            return;
        }
        let action = format!("refund.{}", row.state.as_str());
        self.line(action, was.map(RefundState::as_str), format!("{} {}", row.id, row.money()));
        // Of what a policy sends, nobody was told before it was paid.
        let promised = row.request_id.is_some() || was == Some(RefundState::Succeeded);
        match row.state {
            RefundState::Succeeded => self.mail(RefundOccasion::Paid(row.id)),
            RefundState::Canceled | RefundState::Failed => {
                let reason = row.failure.as_deref().unwrap_or("no reason given");
                let detail = format!(
                    "a refund of {} of payment {} was not paid ({reason}); its credits are back, \
                     and another way to pay has to be found with the customer",
                    row.money(),
                    row.payment_id
                );
                self.alert("refund-failed", row.id.to_string(), detail);
                if promised {
                    self.mail(RefundOccasion::Failed(row.id));
                }
            }
            RefundState::Reserved
            | RefundState::Submitting
            | RefundState::Unknown
            | RefundState::Pending => {}
        }
    }

    /// Nobody here approved it: a person should know, and see to the credits.
    fn flag(&mut self, row: &refund::Model) {
        let waiting = self.books.requests.iter().find(|request| request.state.waits());
        let beside = match waiting {
            Some(request) => format!("; the request {} waits for the same payment", request.id),
            None => String::new(),
        };
        let detail = format!(
            "{} was refunded at {}, not from here; {} credits go back with it{beside}",
            row.money(),
            row.provider,
            row.credits
        );
        self.after.cases.push(Case {
            payment_id: row.payment_id,
            rule: "refund-made-elsewhere",
            detail,
            event_id: None,
        });
    }

    fn dispute(&mut self, old: Option<&dispute::Model>, row: &dispute::Model) {
        let was = old.map(|old| old.state);
        if old.map_or(Funds::Untouched, |old| old.funds) != row.funds {
            let before = old.map(|old| old.funds.as_str());
            self.line(
                "dispute.funds".to_owned(),
                before,
                format!("{} {}", row.id, row.funds.as_str()),
            );
        }
        if was == Some(row.state) {
            return;
        }
        let action = format!("dispute.{}", row.state.as_str());
        self.line(action, was.map(dispute::State::as_str), format!("{} {}", row.id, row.money()));
        let kind = match (was, row.state) {
            (None, dispute::State::Warning) => "dispute-warning",
            (None, state) if state.is_open() => "dispute-opened",
            (Some(dispute::State::Warning), state) if state.is_open() => "dispute-opened",
            (_, dispute::State::Won) => "dispute-won",
            (_, dispute::State::Lost) => "dispute-lost",
            (_, dispute::State::Harmless) => "dispute-harmless",
            _ => return,
        };
        let due = row.evidence_due.map_or_else(
            || "no date for evidence is given".to_owned(),
            |due| format!("evidence is due by {due}"),
        );
        let detail = format!(
            "payment {} of {}: {} disputed at {} ({}), opened {}; {due}",
            row.payment_id,
            self.books.payment.price(),
            row.money(),
            row.provider,
            row.reason,
            row.opened_at
        );
        self.alert(kind, row.id.to_string(), detail);
    }

    fn line(&mut self, action: String, before: Option<&str>, after: String) {
        self.after.lines.push(Line {
            actor: self.actor.to_owned(),
            action,
            subject: self.books.payment.id.to_string(),
            before: before.map(str::to_owned),
            after: Some(after),
        });
    }

    fn alert(&mut self, kind: &str, subject: String, detail: String) {
        let alert = Alert { kind: kind.to_owned(), subject, detail };
        self.after.jobs.push(NewJob::of(&alert, self.now));
    }

    fn mail(&mut self, occasion: RefundOccasion) {
        self.after.jobs.push(NewJob::of(&SendRefundMail { occasion }, self.now));
    }
}

fn asked(row: &refund_request::Model) -> String {
    format!(
        "a refund of payment {} is asked for: {} for {} of {} credits; they are set aside",
        row.payment_id,
        row.computed(),
        row.unused,
        row.granted
    )
}

/// What the audit log keeps of a review that was opened.
pub(super) fn review_line(id: ReviewId, case: &Case) -> Line {
    Line {
        actor: "system".to_owned(),
        action: "review.open".to_owned(),
        subject: case.payment_id.to_string(),
        before: None,
        after: Some(format!("{id} {}", case.rule)),
    }
}

/// The alert of a review that was opened.
pub(super) fn review_alert(id: ReviewId, case: &Case) -> Alert {
    Alert {
        kind: case.rule.to_owned(),
        subject: id.to_string(),
        detail: format!("payment {}: {}", case.payment_id, case.detail),
    }
}
