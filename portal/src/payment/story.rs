//! What became of a payment, told to who pays.

use std::time::Duration;

use entities::{
    Timestamp,
    payment::{Model, Status},
};
use payments::core::declines;

use crate::words;

/// How long a payment that nobody pays is still waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// When a payment takes longer than usual, said so.
const SLOW: Duration = Duration::from_secs(20);

/// What stands at the top of the page.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) title: String,
    pub(crate) text: String,
    /// What to do next; empty if nothing.
    pub(crate) next: String,
    /// `good`, `bad`, `wait` or nothing.
    pub(crate) tone: &'static str,
    /// Whether to try another time makes sense.
    pub(crate) again: bool,
}

/// One thing on the way from a wish to credits.
#[derive(Debug)]
pub(crate) struct Step {
    /// `done`, `now`, `bad` or `todo`.
    pub(crate) tone: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

impl Story {
    /// What `payment` is at `now`, when the usual one takes `usual`.
    pub(crate) fn of(payment: &Model, usual: Option<Duration>, now: Timestamp) -> Self {
        let age = now.since(payment.created_at);
        let tell = |tone, again, title: &str, text: String, next: &str| Self {
            title: title.to_owned(),
            text,
            next: next.to_owned(),
            tone,
            again,
        };
        let credits = words::credits(payment.total_credits());
        match payment.status {
            Status::Pending if age > PATIENCE => tell(
                "",
                true,
                "This was not paid",
                "The payment was begun and not finished. Nothing was taken.".to_owned(),
                "Begin again whenever you like.",
            ),
            Status::Pending => tell("wait", false, "Confirming your payment", estimate(usual, age), ""),
            Status::RequiresAction => tell(
                "wait",
                true,
                "Your bank wants to hear from you",
                "Confirm the payment in the window or app of your bank. This page notices by itself."
                    .to_owned(),
                "If the window is gone, begin again: nothing is charged twice.",
            ),
            Status::Processing => {
                tell("wait", false, "Your payment is on its way", processing(payment, usual, age), "")
            }
            Status::Failed => {
                let (reason, next) = refusal(payment);
                tell("bad", true, "The payment did not go through", reason, next)
            }
            Status::Canceled => tell(
                "",
                true,
                "The payment was canceled",
                "Nothing was taken.".to_owned(),
                "Begin again whenever you like.",
            ),
            Status::Succeeded => tell(
                "good",
                false,
                "Thank you, that is paid",
                format!("{credits} were added to your balance."),
                "",
            ),
            Status::PartiallyRefunded => tell(
                "",
                false,
                "Partly refunded",
                "Part of the money went back the way it came.".to_owned(),
                "",
            ),
            Status::Refunded => tell(
                "",
                false,
                "Refunded",
                "All of the money went back the way it came.".to_owned(),
                "",
            ),
            Status::Blocked => tell(
                "bad",
                false,
                "This payment is blocked",
                "It was found to be fraudulent.".to_owned(),
                "Write to us if you think otherwise.",
            ),
        }
    }
}

/// How long it will still take, from how long it took others.
fn estimate(usual: Option<Duration>, age: Duration) -> String {
    if age > SLOW && usual.is_none_or(|usual| age > usual * 2) {
        return "This takes longer than usual. You may leave this page: nothing is charged twice, \
                and the receipt comes by mail."
            .to_owned();
    }
    match usual.map(|usual| usual.as_secs_f64().ceil()) {
        Some(seconds) if seconds <= 1.0 => "This usually takes about a second.".to_owned(),
        Some(seconds) if seconds < 90.0 => format!("This usually takes about {seconds} seconds."),
        Some(seconds) => format!("This usually takes about {:.0} minutes.", seconds / 60.0),
        None => "This usually takes a few seconds.".to_owned(),
    }
}

fn processing(payment: &Model, usual: Option<Duration>, age: Duration) -> String {
    if payment.method_kind.as_deref() == Some("us_bank_account") {
        return "A bank transfer takes up to four business days. You may leave this page: your \
                credits are added, and a receipt is mailed, as soon as the money has arrived."
            .to_owned();
    }
    format!("Your bank is working on it. {}", estimate(usual, age))
}

/// Why it failed, and what to do.
fn refusal(payment: &Model) -> (String, &'static str) {
    let code = payment.failure_code.as_deref().unwrap_or_default();
    let advice = declines::advice(code, payment.decline_code.as_deref());
    (format!("{} You have not been charged.", advice.sentence), advice.next.sentence())
}

/// The way of `payment`: sent, paid, credited, acknowledged to `email`.
pub(crate) fn steps(payment: &Model, email: Option<&str>, mailed: bool) -> Vec<Step> {
    let mut steps = vec![begun(payment), paid(payment)];
    if payment.succeeded_at.is_some() {
        steps.push(Step {
            tone: "done",
            title: "Credits added",
            text: words::credits(payment.total_credits()),
        });
        steps.push(acknowledged(email, mailed));
    } else if !matches!(payment.status, Status::Failed | Status::Canceled | Status::Blocked) {
        let text = words::credits(payment.total_credits());
        steps.push(Step { tone: "todo", title: "Credits are added", text });
        let text = email.map_or_else(String::new, |email| format!("To {email}"));
        steps.push(Step { tone: "todo", title: "Receipt is mailed", text });
    }
    steps
}

fn begun(payment: &Model) -> Step {
    Step { tone: "done", title: "Payment begun", text: words::moment(payment.created_at) }
}

fn paid(payment: &Model) -> Step {
    let (tone, title, text) = match payment.status {
        Status::Pending => ("now", "Bank confirms", String::new()),
        Status::RequiresAction => ("now", "You confirm with your bank", String::new()),
        Status::Processing => ("now", "Bank pays", String::new()),
        Status::Failed => ("bad", "Bank declined", at(payment.failed_at)),
        Status::Canceled => ("bad", "Canceled", at(Some(payment.updated_at))),
        Status::Blocked => ("bad", "Blocked", at(Some(payment.updated_at))),
        Status::Succeeded | Status::PartiallyRefunded | Status::Refunded => {
            ("done", "Bank confirmed", at(payment.succeeded_at))
        }
    };
    Step { tone, title, text }
}

fn acknowledged(email: Option<&str>, mailed: bool) -> Step {
    match email {
        None => Step { tone: "done", title: "Receipt", text: "On this page".to_owned() },
        Some(email) if mailed => {
            Step { tone: "done", title: "Receipt mailed", text: format!("To {email}") }
        }
        Some(email) => {
            Step { tone: "now", title: "Receipt is being mailed", text: format!("To {email}") }
        }
    }
}

fn at(time: Option<Timestamp>) -> String {
    time.map(words::moment).unwrap_or_default()
}
