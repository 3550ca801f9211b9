use entities::{RefundId, Timestamp, refund};

use crate::{core::refunds::credits_for, money_back::Books};

/// Adds to `books` a refund of all that is left of its payment, which nobody asked for: a policy
/// says so, such as that fraud was confirmed. Nothing is added while a bank decides about the money.
pub(crate) fn return_what_is_left(books: &mut Books, now: Timestamp) {
    let (payment, around) = (&books.payment, books.around());
    let left = payment.amount - payment.refunded - around.charged_back;
    if around.disputed || left <= 0 {
        return;
    }
    let id = RefundId::new();
    let row = refund::Model {
        id,
        payment_id: payment.id,
        request_id: None,
        provider: payment.provider,
        provider_reference: None,
        origin: refund::Origin::Desk,
        amount: left,
        currency: payment.currency.clone(),
        credits: credits_for(left, payment.amount, payment.total_credits()),
        state: refund::State::Reserved,
        booked: refund::Booked::Nothing,
        idempotency_key: Some(format!("refund-{id}")),
        first_sent_at: None,
        failure: None,
        version: 0,
        created_at: now,
        updated_at: now,
        succeeded_at: None,
    };
    books.refunds.push(row);
}
