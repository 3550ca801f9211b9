//! What became of a payment, told to who tries.

use entities::payment::{Model, Status};

use super::clock_time;

/// What stands at the top of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) tone: &'static str,
}

/// One thing on the way from a wish to credits.
#[derive(Debug)]
pub(crate) struct Step {
    /// `done`, `now`, `bad` or `todo`.
    pub(crate) tone: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

/// The status as a person reads it.
pub(crate) const fn status_words(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::RequiresAction => "requires action",
        Status::Processing => "processing",
        Status::Failed => "failed",
        Status::Canceled => "canceled",
        Status::Succeeded => "succeeded",
        Status::PartiallyRefunded => "partially refunded",
        Status::Refunded => "refunded",
        Status::Blocked => "blocked",
    }
}

/// How the status looks.
pub(crate) const fn tone(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::RequiresAction | Status::Processing => "wait",
        Status::Failed | Status::Blocked => "bad",
        Status::Succeeded => "good",
        Status::Canceled | Status::PartiallyRefunded | Status::Refunded => "",
    }
}

impl Story {
    pub(crate) fn of(payment: &Model) -> Self {
        let (title, text) = match payment.status {
            Status::Pending => (
                "Waiting for the payment",
                "Nothing has been paid yet. The sandbox keeps a way to pay it.",
            ),
            Status::RequiresAction => {
                ("Waiting for the payer", "The bank wants the payer to confirm before it pays.")
            }
            Status::Processing => ("The money is on its way", "The bank takes its time."),
            Status::Failed => ("The payment failed", "Nothing was taken, and nothing was granted."),
            Status::Canceled => ("The payment was called off", "Nothing was taken."),
            Status::Succeeded => ("Paid, and settled", "The credits were granted, exactly once."),
            Status::PartiallyRefunded => {
                ("Partly refunded", "The payment was settled; part of the money went back.")
            }
            Status::Refunded => {
                ("Refunded", "The payment was settled; all of the money went back.")
            }
            Status::Blocked => ("Blocked", "The payment was found to be fraud."),
        };
        Self { title, text, tone: tone(payment.status) }
    }
}

/// The way of `payment`: written down, paid, credited, acknowledged to `email`.
pub(crate) fn steps(payment: &Model, email: &str) -> [Step; 4] {
    [begun(payment), paid(payment), granted(payment), acknowledged(payment, email)]
}

fn begun(payment: &Model) -> Step {
    let at = clock_time(payment.created_at);
    let text = format!("Written down at {at}, before Stripe was asked.");
    Step { tone: "done", title: "Begun", text }
}

fn paid(payment: &Model) -> Step {
    let (tone, title, text) = match payment.status {
        Status::Pending => ("now", "To be paid", "The payer is at Stripe.".to_owned()),
        Status::RequiresAction => {
            ("now", "To be confirmed", "The payer's bank asks for 3-D Secure.".to_owned())
        }
        Status::Processing => ("now", "Being paid", "The bank has not answered yet.".to_owned()),
        Status::Failed => ("bad", "Declined", refusal(payment)),
        Status::Canceled => ("bad", "Called off", "It can no longer be paid.".to_owned()),
        Status::Succeeded | Status::PartiallyRefunded | Status::Refunded => {
            ("done", "Paid", receipt(payment))
        }
        Status::Blocked => ("bad", "Blocked", "It was found to be fraud.".to_owned()),
    };
    Step { tone, title, text }
}

fn refusal(payment: &Model) -> String {
    let code = payment.decline_code.as_deref().or(payment.failure_code.as_deref());
    let reason = code.unwrap_or("no reason given").replace('_', " ");
    let at = payment.failed_at.map(|at| format!(" at {}", clock_time(at))).unwrap_or_default();
    format!("Refused{at}: {reason}.")
}

fn receipt(payment: &Model) -> String {
    let brand = payment.method_brand.as_deref().or(payment.method_kind.as_deref());
    let method = brand.map(|brand| format!(" by {brand}")).unwrap_or_default();
    let last4 = payment.method_last4.as_deref().map(|last4| format!(" ending in {last4}"));
    let at = payment.succeeded_at.map(|at| format!(" at {}", clock_time(at))).unwrap_or_default();
    format!("{}{method}{}{at}.", payment.price(), last4.unwrap_or_default())
}

fn granted(payment: &Model) -> Step {
    let credits = payment.total_credits();
    let (tone, title, text) = match progress(payment) {
        Progress::Settled => (
            "done",
            "Credited",
            format!("{credits} credits. The same news again, by webhook or call, adds none."),
        ),
        Progress::Open => {
            ("todo", "To be credited", format!("{credits} credits, when Stripe's word arrives."))
        }
        Progress::Ended => {
            ("todo", "Not credited", format!("{credits} credits, had it been paid."))
        }
    };
    Step { tone, title, text }
}

fn acknowledged(payment: &Model, email: &str) -> Step {
    let (tone, title, text) = match progress(payment) {
        Progress::Settled => ("done", "Receipt", format!("Goes to {email}: see the mailbox.")),
        Progress::Open => ("todo", "Receipt", format!("A mail to {email}, into the mailbox here.")),
        Progress::Ended => ("todo", "No receipt", "There is nothing to acknowledge.".to_owned()),
    };
    Step { tone, title, text }
}

/// How far a payment is, seen from what follows it.
enum Progress {
    Open,
    Settled,
    Ended,
}

fn progress(payment: &Model) -> Progress {
    match payment.status {
        Status::Pending | Status::RequiresAction | Status::Processing => Progress::Open,
        _ if payment.succeeded_at.is_some() => Progress::Settled,
        _ => Progress::Ended,
    }
}
