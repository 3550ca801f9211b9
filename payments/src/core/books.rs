use entities::{
    dispute::{self, Funds},
    ledger_transfer::Kind,
    refund, refund_request,
};

use super::{
    Holder, Position, Shift, Step,
    money_back::{dispute_step, funds_step, refund_step},
};

/// One transfer for the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Why.
    pub kind: Kind,
    /// The business fact.
    pub source_ref: String,
    /// How credits move.
    pub shift: Shift,
    /// Minor units that the provider takes from what it owes us; negative where it returns them.
    pub money: i64,
}

impl Booking {
    fn credits(kind: Kind, source_ref: String, shift: Shift) -> Self {
        Self { kind, source_ref, shift, money: 0 }
    }
}

/// Brings the ledger of one payment up to its refunds and disputes: what is to be booked, each
/// thing once, noted in the rows.
///
/// The sums that come of it do not depend on the order in which the rows came to their states.
pub fn settle(
    position: &mut Position,
    refunds: &mut [refund::Model],
    disputes: &mut [dispute::Model],
) -> Vec<Booking> {
    let mut bookings = Vec::new();
    for dispute in disputes.iter_mut() {
        settle_dispute(position, dispute, &mut bookings);
    }
    for refund in refunds.iter_mut() {
        settle_refund(position, refund, &mut bookings);
    }
    for dispute in disputes {
        dispute.held = position.held.get(&Holder::Dispute(dispute.id)).copied().unwrap_or_default();
    }
    bookings
}

fn settle_refund(position: &mut Position, refund: &mut refund::Model, bookings: &mut Vec<Booking>) {
    while let Some((step, booked)) = refund_step(refund) {
        let shift = position.step(step);
        let (kind, money) = match step {
            Step::RefundReturned(_) => (Kind::RefundReturn, -refund.amount),
            _ => (Kind::Refund, refund.amount),
        };
        bookings.push(Booking { kind, source_ref: refund.id.to_string(), shift, money });
        refund.booked = booked;
    }
    let holds = |request| position.held.get(&Holder::Request(request)).is_some_and(|n| *n > 0);
    if let Some(request) = refund.request_id.filter(|id| refund.state.is_void() && holds(*id)) {
        let shift = position.step(Step::Kept(request, 0));
        bookings.push(Booking::credits(Kind::Release, refund.id.to_string(), shift));
    }
}

fn settle_dispute(
    position: &mut Position,
    dispute: &mut dispute::Model,
    bookings: &mut Vec<Booking>,
) {
    while let Some(funds) = funds_step(dispute) {
        let (kind, money) = match funds {
            Funds::Reinstated => (Kind::ChargebackReturn, -dispute.amount),
            Funds::Withdrawn | Funds::Untouched => (Kind::Chargeback, dispute.amount),
        };
        let (source_ref, shift) = (dispute.id.to_string(), Shift::default());
        bookings.push(Booking { kind, source_ref, shift, money });
        dispute.booked_funds = funds;
    }
    while let Some((step, booked)) = dispute_step(dispute) {
        let shift = position.step(step);
        let (kind, source_ref) = match booked {
            dispute::Booked::Nothing | dispute::Booked::Open => {
                (Kind::Dispute, dispute.id.to_string())
            }
            dispute::Booked::Won | dispute::Booked::Lost => {
                (Kind::DisputeEnd, format!("{}:{}", dispute.id, booked.as_str()))
            }
        };
        bookings.push(Booking::credits(kind, source_ref, shift));
        dispute.booked = booked;
    }
}

/// What a request that was approved is, now that its refund is in `state`.
pub fn request_state(state: refund::State) -> refund_request::State {
    use refund::State::{Canceled, Failed, Pending, Reserved, Submitting, Succeeded, Unknown};
    match state {
        Reserved | Submitting | Unknown | Pending => refund_request::State::Approved,
        Succeeded => refund_request::State::Refunded,
        Canceled | Failed => refund_request::State::Failed,
    }
}
