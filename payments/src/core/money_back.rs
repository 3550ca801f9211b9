//! What follows from a provider's news about money that goes back.

use entities::{
    DisputeId,
    dispute::{self, Funds, State as DisputeState},
    money_back::{self, DisputeFact, DisputeStage, RefundFact, RefundNews, WarningFact},
    payment::Model as Payment,
    refund::{self, State as RefundState},
};

use super::{Mismatch, Policy, Step};

/// In what a fact about a refund contradicts the payment it names.
pub fn refund_mismatch(payment: &Payment, fact: &RefundFact, policy: &Policy) -> Option<Mismatch> {
    let modes = [policy.livemode, payment.livemode];
    if fact.provider != payment.provider {
        return Some(Mismatch::Provider);
    }
    if fact.livemode.is_some_and(|livemode| modes.iter().any(|mode| *mode != livemode)) {
        return Some(Mismatch::Livemode);
    }
    if fact.account != policy.account {
        return Some(Mismatch::Account);
    }
    sum_mismatch(payment, &fact.amount)
}

/// In what a fact about a dispute contradicts the payment it names.
pub fn dispute_mismatch(
    payment: &Payment,
    fact: &DisputeFact,
    policy: &Policy,
) -> Option<Mismatch> {
    if fact.provider != payment.provider {
        return Some(Mismatch::Provider);
    }
    if fact.livemode != policy.livemode || fact.livemode != payment.livemode {
        return Some(Mismatch::Livemode);
    }
    if fact.account != policy.account {
        return Some(Mismatch::Account);
    }
    sum_mismatch(payment, &fact.amount)
}

/// In what a warning of fraud contradicts the payment it names.
pub fn warning_mismatch(
    payment: &Payment,
    fact: &WarningFact,
    policy: &Policy,
) -> Option<Mismatch> {
    if fact.provider != payment.provider {
        return Some(Mismatch::Provider);
    }
    if fact.livemode != policy.livemode || fact.livemode != payment.livemode {
        return Some(Mismatch::Livemode);
    }
    (fact.account != policy.account).then_some(Mismatch::Account)
}

fn sum_mismatch(payment: &Payment, amount: &entities::Money) -> Option<Mismatch> {
    if amount.currency != payment.currency {
        return Some(Mismatch::Currency);
    }
    (!(1..=payment.amount).contains(&amount.minor)).then_some(Mismatch::Amount)
}

/// What a refund is after `news`, if that is further than it was.
pub fn refund_state(now: RefundState, news: &RefundNews) -> Option<RefundState> {
    let told = match news {
        RefundNews::Pending => RefundState::Pending,
        RefundNews::Succeeded => RefundState::Succeeded,
        RefundNews::Canceled => RefundState::Canceled,
        RefundNews::Failed(_) => RefundState::Failed,
    };
    (told.rank() > now.rank()).then_some(told)
}

/// What a dispute is after hearing of `stage`, if that is further than it was.
pub fn dispute_state(now: DisputeState, stage: DisputeStage) -> Option<DisputeState> {
    let told = told_stage(stage);
    (told.rank() > now.rank()).then_some(told)
}

/// What a dispute is about after `fact`, in minor units; `None` if that contradicts what it was about.
///
/// It may be lost in part: then the part counts, unless the ledger holds the whole. Older news may
/// still tell of the whole.
pub fn dispute_amount(dispute: &dispute::Model, fact: &DisputeFact) -> Option<i64> {
    let told = fact.amount.minor;
    let is_older = told_stage(fact.stage).rank() < dispute.state.rank();
    let is_lost = fact.stage == DisputeStage::Lost && dispute.state != DisputeState::Lost;
    let may_shrink = is_lost && dispute.booked_funds == Funds::Untouched;
    if told == dispute.amount || (may_shrink && told < dispute.amount) {
        Some(told)
    } else {
        is_older.then_some(dispute.amount)
    }
}

/// A stage in our rows' words.
pub fn told_stage(stage: DisputeStage) -> DisputeState {
    match stage {
        DisputeStage::Warning => DisputeState::Warning,
        DisputeStage::NeedsResponse => DisputeState::NeedsResponse,
        DisputeStage::UnderReview => DisputeState::UnderReview,
        DisputeStage::Harmless => DisputeState::Harmless,
        DisputeStage::Won => DisputeState::Won,
        DisputeStage::Lost => DisputeState::Lost,
    }
}

/// What the bank did with the money, in our rows' words.
pub fn told_funds(funds: Option<money_back::Funds>) -> Funds {
    match funds {
        None => Funds::Untouched,
        Some(money_back::Funds::Withdrawn) => Funds::Withdrawn,
        Some(money_back::Funds::Reinstated) => Funds::Reinstated,
    }
}

/// What the ledger does not know yet of a refund, and what it will know then.
pub fn refund_step(refund: &refund::Model) -> Option<(Step, refund::Booked)> {
    use refund::Booked::{Nothing, Paid, Returned};
    match (refund.booked, refund.state) {
        (Nothing, RefundState::Succeeded) => {
            Some((Step::RefundPaid(refund.request_id, refund.credits), Paid))
        }
        (Paid, RefundState::Failed | RefundState::Canceled) => {
            Some((Step::RefundReturned(refund.credits), Returned))
        }
        _ => None,
    }
}

/// What the ledger does not know yet of a dispute, and what it will know then.
pub fn dispute_step(dispute: &dispute::Model) -> Option<(Step, dispute::Booked)> {
    use dispute::Booked::{Lost, Nothing, Open, Won};
    let id: DisputeId = dispute.id;
    // A loss is the bank's last word, however the news of it are ordered.
    match (dispute.booked, dispute.state) {
        (Nothing, state) if state.is_open() => {
            Some((Step::DisputeOpened(id, dispute.credits), Open))
        }
        (Nothing | Open | Won, DisputeState::Lost) => {
            Some((Step::DisputeLost(id, dispute.credits), Lost))
        }
        (Open, DisputeState::Won | DisputeState::Harmless) => Some((Step::DisputeWon(id), Won)),
        _ => None,
    }
}

/// What the bank did that the ledger does not know yet: one thing at a time.
pub fn funds_step(dispute: &dispute::Model) -> Option<Funds> {
    match (dispute.booked_funds, dispute.funds) {
        (Funds::Untouched, Funds::Withdrawn | Funds::Reinstated) => Some(Funds::Withdrawn),
        (Funds::Withdrawn, Funds::Reinstated) => Some(Funds::Reinstated),
        _ => None,
    }
}
