//! What became of a payment, told to who pays.

use std::time::Duration;

use entities::{
    Provider, Timestamp,
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
            Status::RequiresAction if is_paypals(payment) && !is_paypals_to_mend(payment) => tell(
                "wait",
                true,
                "PayPal waits for you",
                "Approve the payment in PayPal's window. This page notices by itself.".to_owned(),
                "If the window is gone, go on at PayPal: nothing is charged twice.",
            ),
            Status::RequiresAction if !is_paypals(payment) => tell(
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
            Status::Failed | Status::RequiresAction => {
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
                "It was found to be fraudulent. What was paid goes back the way it came.".to_owned(),
                "Write to us if you think otherwise.",
            ),
        }
    }
}

impl Story {
    /// A payment that was paid, and of whose credits `held` are set aside until somebody has looked.
    pub(crate) fn reviewed(held: i64) -> Self {
        Self {
            title: "Paid, and being reviewed".to_owned(),
            text: format!(
                "Your payment arrived. A person looks at it before its credits can be spent, \
                 usually within one business day; until then {} are set aside.",
                words::credits(held)
            ),
            next: "You need not do anything. We write to you as soon as it is decided.".to_owned(),
            tone: "wait",
            again: false,
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
    if is_paypals(payment) {
        return "PayPal is waiting for your bank, which takes up to six business days. You may leave \
                this page: your credits are added, and a receipt is mailed, as soon as the money has \
                arrived."
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
pub(crate) fn steps(payment: &Model, held: i64, email: Option<&str>, mailed: bool) -> Vec<Step> {
    let mut steps = vec![begun(payment), paid(payment)];
    if held > 0 {
        let text = format!("{} are set aside", words::credits(held));
        steps.push(Step { tone: "now", title: "A person looks at it", text });
        steps.push(acknowledged(email, mailed));
    } else if payment.status == Status::Blocked {
        // The status says it all.
    } else if payment.succeeded_at.is_some() {
        steps.push(Step {
            tone: "done",
            title: "Credits added",
            text: words::credits(payment.total_credits()),
        });
        steps.push(acknowledged(email, mailed));
    } else if !matches!(payment.status, Status::Failed | Status::Canceled) {
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
        Status::Pending if is_paypals(payment) => ("now", "PayPal confirms", String::new()),
        Status::Pending => ("now", "Bank confirms", String::new()),
        Status::RequiresAction if is_paypals_to_mend(payment) => {
            ("bad", "PayPal declined", at(payment.failed_at))
        }
        Status::RequiresAction if is_paypals(payment) => {
            ("now", "You approve it at PayPal", String::new())
        }
        Status::RequiresAction => ("now", "You confirm with your bank", String::new()),
        Status::Processing => ("now", "Bank pays", String::new()),
        Status::Failed if is_paypals(payment) => ("bad", "PayPal declined", at(payment.failed_at)),
        Status::Failed => ("bad", "Bank declined", at(payment.failed_at)),
        Status::Canceled => ("bad", "Canceled", at(Some(payment.updated_at))),
        Status::Blocked => ("bad", "Blocked", at(Some(payment.updated_at))),
        Status::Succeeded | Status::PartiallyRefunded | Status::Refunded => {
            let who = if is_paypals(payment) { "PayPal confirmed" } else { "Bank confirmed" };
            ("done", who, at(payment.succeeded_at))
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

fn is_paypals(payment: &Model) -> bool {
    payment.provider == Provider::Paypal
}

/// Whether the payer can go on with `payment` at PayPal.
pub(crate) fn goes_on_at_paypal(payment: &Model) -> bool {
    is_paypals(payment) && payment.status == Status::RequiresAction
}

/// Whether PayPal declined what the payer of `payment` had chosen to pay from, so that another
/// choice there can complete the same order.
pub(crate) fn is_paypals_to_mend(payment: &Model) -> bool {
    goes_on_at_paypal(payment) && payment.failure_code.is_some()
}

/// Whether a payment on a page of Stripe's can still be made there.
pub(crate) fn waits_for_a_page(payment: &Model) -> bool {
    !is_paypals(payment)
        && matches!(payment.status, Status::Pending | Status::RequiresAction | Status::Failed)
}

fn at(time: Option<Timestamp>) -> String {
    time.map(words::moment).unwrap_or_default()
}
