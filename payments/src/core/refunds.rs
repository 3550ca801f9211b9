//! What a refund may be, and who may decide it.

use std::time::Duration;

use entities::{
    Money, Timestamp,
    payment::{Model as Payment, Status},
    refund_request::{Model as Request, State},
    review,
};

/// A day.
const DAY: Duration = Duration::from_hours(24);

/// The seller's rules about refunds (`AC9.5.1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPolicy {
    /// For how many days after the payment a refund may be asked for.
    pub days: u32,
    /// For how many days after a denial a second look may be asked for.
    pub appeal_days: u32,
    /// Above how much, in minor units, two people have to approve; `None`: never.
    pub two_people_above: Option<i64>,
}

impl Default for RefundPolicy {
    fn default() -> Self {
        Self { days: 30, appeal_days: 30, two_people_above: None }
    }
}

/// What stands around a payment when a refund is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// Credits of the payment that are not used, nor set aside.
    pub unused: i64,
    /// Whether a dispute about it is open.
    pub disputed: bool,
    /// Whether its credits are set aside until a person has looked.
    pub reviewed: bool,
    /// What the bank took back for good, in minor units.
    pub charged_back: i64,
    /// Whether a request for a refund of it is open.
    pub asked: bool,
}

/// What would be paid back (`AC9.5.5`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// How much.
    pub amount: Money,
    /// What was paid.
    pub price: Money,
    /// Credits that are not used.
    pub unused: i64,
    /// Credits the payment granted, bonus included.
    pub granted: i64,
    /// What is left to refund, whatever the credits are worth.
    pub left: Money,
    /// Until when it may be asked for.
    pub until: Timestamp,
}

impl Offer {
    /// How the amount comes about, in a sentence for the customer.
    pub fn reasoning(&self) -> String {
        let Self { amount, price, unused, granted, left, .. } = self;
        let worth = format!(
            "{unused} of {granted} credits are unused: {price} × {unused} / {granted} = {}",
            Money::new(worth(price.minor, *unused, *granted), price.currency.clone())
        );
        if amount.minor == worth_of(self) {
            return worth;
        }
        format!("{worth}, of which {left} is left to refund")
    }
}

fn worth_of(offer: &Offer) -> i64 {
    worth(offer.price.minor, offer.unused, offer.granted)
}

/// Why nothing can be refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// The money never came.
    #[error("the payment has not succeeded")]
    NotPaid,
    /// It was too long ago.
    #[error("a refund could be asked for until {0}")]
    TooLate(Timestamp),
    /// Every credit was used.
    #[error("all credits of the payment are used")]
    NothingUnused,
    /// All of it went back.
    #[error("nothing of the payment is left to refund")]
    NothingLeft,
    /// The payer went to the bank, which decides now.
    #[error("the payment is disputed at the bank, which decides about the money")]
    Disputed,
    /// Somebody has to look at the payment first.
    #[error("the payment is being reviewed; a refund can be asked for afterwards")]
    Reviewed,
    /// One is under way.
    #[error("a refund of the payment is being looked at")]
    Asked,
}

/// What a refund of `payment` would be now, from its unused credits.
pub fn offer(
    payment: &Payment,
    around: &Around,
    policy: &RefundPolicy,
    now: Timestamp,
) -> Result<Offer, NotRefundable> {
    let paid_at = payment.succeeded_at.filter(|_| is_paid(payment.status));
    let until = paid_at.ok_or(NotRefundable::NotPaid)? + DAY * policy.days;
    if around.disputed {
        return Err(NotRefundable::Disputed);
    }
    if around.reviewed {
        return Err(NotRefundable::Reviewed);
    }
    if around.asked {
        return Err(NotRefundable::Asked);
    }
    if now > until {
        return Err(NotRefundable::TooLate(until));
    }
    let left = payment.amount - payment.refunded - around.charged_back;
    if left <= 0 {
        return Err(NotRefundable::NothingLeft);
    }
    let granted = payment.total_credits();
    let amount = worth(payment.amount, around.unused, granted).min(left);
    if around.unused <= 0 || amount <= 0 {
        return Err(NotRefundable::NothingUnused);
    }
    let money = |minor| Money::new(minor, payment.currency.clone());
    Ok(Offer {
        amount: money(amount),
        price: payment.price(),
        unused: around.unused,
        granted,
        left: money(left),
        until,
    })
}

/// Whether the money of a payment came, and did not all go again by our will.
pub fn is_paid(status: Status) -> bool {
    matches!(status, Status::Succeeded | Status::PartiallyRefunded | Status::Refunded)
}

/// What the status of a payment is of which so much was paid back; others stay what they are.
pub fn refunded_status(payment: &Payment, paid_back: i64) -> Status {
    match payment.status {
        status if !is_paid(status) => status,
        _ if paid_back <= 0 => Status::Succeeded,
        _ if paid_back < payment.amount => Status::PartiallyRefunded,
        _ => Status::Refunded,
    }
}

/// What `unused` of `granted` credits are worth that cost `price`, rounded down.
pub fn worth(price: i64, unused: i64, granted: i64) -> i64 {
    scaled(price, unused, granted).0
}

/// How many of `granted` credits go back with `amount` of `price`, rounded up: what was paid back
/// leaves no credits behind.
pub fn credits_for(amount: i64, price: i64, granted: i64) -> i64 {
    let (whole, rest) = scaled(granted, amount, price);
    (whole + i64::from(rest)).min(granted)
}

/// `of × part / whole`, and whether something was left over.
fn scaled(of: i64, part: i64, whole: i64) -> (i64, bool) {
    let product = i128::from(of) * i128::from(part);
    let whole = i128::from(whole.max(1));
    let quotient = i64::try_from(product / whole).unwrap_or(i64::MAX);
    (quotient, product % whole != 0)
}

/// What an approval comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Somebody else has to approve as well.
    First,
    /// The money is to go back.
    Final,
}

/// Why somebody may not decide about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody decided since they looked.
    #[error("the request was changed since you looked; look again")]
    Stale,
    /// It waits for nobody.
    #[error("the request is not waiting for a decision: it is {}", .0.as_str())]
    NotWaiting(State),
    /// It is their own.
    #[error("nobody decides about their own request")]
    OwnRequest,
    /// They denied it, so the second look is somebody else's.
    #[error("you denied it: the second look is somebody else's")]
    SecondLook,
    /// They approved it before.
    #[error("you approved it: above this amount somebody else has to as well")]
    SecondPerson,
    /// The first person approved another amount.
    #[error("{0} was approved first; approve the same, or deny")]
    AnotherAmount(i64),
    /// More than the unused credits are worth, or nothing.
    #[error("an amount from 1 to {0} minor units may be approved")]
    Amount(i64),
    /// A dispute is open, or all of it went back meanwhile.
    #[error("{0}")]
    NotRefundable(NotRefundable),
    /// Somebody decided about a case before.
    #[error("somebody decided before you: the case is {}", .0.as_str())]
    Decided(review::State),
    /// The time for a second look is over, or there was nothing to look at.
    #[error("a second look can be asked for once, within {0} days of a denial")]
    NoAppeal(u32),
}

/// Who decides, about which version of what they looked at.
#[derive(Clone, Copy, Debug)]
pub struct Reviewer<'a> {
    /// The host application's id of them.
    pub user_ref: &'a str,
    /// The version they looked at.
    pub version: i64,
}

/// Whether `reviewer` may approve `amount` minor units of `request`, and what that comes to.
pub fn approve(
    request: &Request,
    reviewer: Reviewer<'_>,
    amount: i64,
    policy: &RefundPolicy,
) -> Result<Approval, Refusal> {
    decide(request, reviewer)?;
    if !(1..=request.amount).contains(&amount) {
        return Err(Refusal::Amount(request.amount));
    }
    if policy.two_people_above.is_none_or(|limit| amount <= limit) {
        return Ok(Approval::Final);
    }
    match (request.first_approved_by.as_deref(), request.first_approved_amount) {
        (None, _) => Ok(Approval::First),
        (Some(first), _) if first == reviewer.user_ref => Err(Refusal::SecondPerson),
        (Some(_), Some(first)) if first != amount => Err(Refusal::AnotherAmount(first)),
        (Some(_), _) => Ok(Approval::Final),
    }
}

/// Whether `reviewer` may deny `request`, and what it is then.
pub fn deny(request: &Request, reviewer: Reviewer<'_>) -> Result<State, Refusal> {
    decide(request, reviewer)?;
    Ok(if request.state == State::Appealed { State::Rejected } else { State::Denied })
}

/// Whether a second look at `request` may be asked for.
pub fn appeal(request: &Request, policy: &RefundPolicy, now: Timestamp) -> Result<(), Refusal> {
    let until = request.decided_at.map(|at| at + DAY * policy.appeal_days);
    let open = request.state == State::Denied && request.appealed_at.is_none();
    if open && until.is_some_and(|until| now <= until) {
        Ok(())
    } else {
        Err(Refusal::NoAppeal(policy.appeal_days))
    }
}

fn decide(request: &Request, reviewer: Reviewer<'_>) -> Result<(), Refusal> {
    if !request.state.waits() {
        return Err(Refusal::NotWaiting(request.state));
    }
    if request.version != reviewer.version {
        return Err(Refusal::Stale);
    }
    if request.requested_by == reviewer.user_ref {
        return Err(Refusal::OwnRequest);
    }
    let denied = request.denied_by.as_deref() == Some(reviewer.user_ref);
    if denied && request.state == State::Appealed {
        return Err(Refusal::SecondLook);
    }
    Ok(())
}
