//! What is offered, and who may decide (`AC9.5.1`, `AC9.5.5`, `001-SR4`).

use entities::{
    CustomerId, PaymentId, RefundRequestId, Timestamp,
    payment::{Model as Payment, Status},
    refund_request::{Model as Request, State},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    refunds::{
        Approval, Around, NotRefundable, RefundPolicy, Refusal, Reviewer, appeal, approve,
        credits_for, deny, offer, refunded_status, worth,
    },
    tests::payment,
};

const PAID: Timestamp = Timestamp::from_seconds(1_790_000_000);
const DAY: i64 = 86_400;

fn paid(refunded: i64) -> Payment {
    Payment { status: Status::Succeeded, succeeded_at: Some(PAID), refunded, ..payment() }
}

fn around(unused: i64) -> Around {
    Around { unused, disputed: false, reviewed: false, charged_back: 0, asked: false }
}

fn days(days: i64) -> Timestamp {
    Timestamp::from_seconds(PAID.seconds() + days * DAY)
}

// AC9.5.5
#[test]
fn the_amount_is_what_the_unused_credits_are_worth_and_says_how_it_comes_about() {
    let policy = RefundPolicy::default();
    let whole = offer(&paid(0), &around(240), &policy, days(1)).unwrap();
    assert_eq!(whole.amount.minor, 16_000);
    assert_eq!(
        whole.reasoning(),
        "240 of 240 credits are unused: 160.00 USD × 240 / 240 = 160.00 USD"
    );
    let part = offer(&paid(0), &around(100), &policy, days(1)).unwrap();
    assert_eq!(part.amount.minor, 6_666);
    let capped = offer(&paid(12_000), &around(100), &policy, days(1)).unwrap();
    assert_eq!(capped.amount.minor, 4_000);
    assert_eq!(
        capped.reasoning(),
        "100 of 240 credits are unused: 160.00 USD × 100 / 240 = 66.66 USD, of which 40.00 USD is \
         left to refund"
    );
}

#[test]
fn what_cannot_be_refunded_says_why() {
    let policy = RefundPolicy::default();
    let why = |payment: &Payment, around: Around, day| {
        offer(payment, &around, &policy, days(day)).unwrap_err()
    };
    assert_eq!(why(&payment(), around(240), 1), NotRefundable::NotPaid);
    assert!(offer(&paid(0), &around(240), &policy, days(30)).is_ok());
    assert_eq!(why(&paid(0), around(240), 31), NotRefundable::TooLate(days(30)));
    assert_eq!(why(&paid(0), around(0), 1), NotRefundable::NothingUnused);
    assert_eq!(why(&paid(16_000), around(240), 1), NotRefundable::NothingLeft);
    let gone = Around { charged_back: 16_000, ..around(240) };
    assert_eq!(why(&paid(0), gone, 1), NotRefundable::NothingLeft);
    let disputed = Around { disputed: true, ..around(240) };
    assert_eq!(why(&paid(0), disputed, 1), NotRefundable::Disputed);
    let asked = Around { asked: true, ..around(240) };
    assert_eq!(why(&paid(0), asked, 1), NotRefundable::Asked);
}

#[test]
fn the_status_follows_what_was_paid_back() {
    for (back, status) in
        [(0, Status::Succeeded), (1, Status::PartiallyRefunded), (16_000, Status::Refunded)]
    {
        assert_eq!(refunded_status(&paid(0), back), status);
    }
    assert_eq!(refunded_status(&payment(), 16_000), Status::Pending);
}

const BY_EVE: Reviewer<'_> = Reviewer { user_ref: "eve", version: 3 };
const BY_BOB: Reviewer<'_> = Reviewer { user_ref: "bob", version: 3 };
const BY_ADA: Reviewer<'_> = Reviewer { user_ref: "ada", version: 3 };

#[test]
fn nobody_decides_about_their_own_request_nor_about_one_that_changed() {
    let policy = RefundPolicy::default();
    assert_eq!(approve(&request(), BY_EVE, 16_000, &policy), Ok(Approval::Final));
    assert_eq!(approve(&request(), BY_EVE, 1, &policy), Ok(Approval::Final));
    assert_eq!(approve(&request(), BY_ADA, 16_000, &policy), Err(Refusal::OwnRequest));
    assert_eq!(deny(&request(), BY_ADA), Err(Refusal::OwnRequest));
    let stale = Reviewer { version: 2, ..BY_EVE };
    assert_eq!(approve(&request(), stale, 16_000, &policy), Err(Refusal::Stale));
    assert_eq!(deny(&request(), stale), Err(Refusal::Stale));
    for amount in [0, -1, 16_001, i64::MAX] {
        assert_eq!(approve(&request(), BY_EVE, amount, &policy), Err(Refusal::Amount(16_000)));
    }
    let done = Request { state: State::Approved, ..request() };
    let refusal = Refusal::NotWaiting(State::Approved);
    assert_eq!(approve(&done, BY_EVE, 1, &policy), Err(refusal));
}

#[test]
fn above_the_limit_two_people_approve_the_same_amount() {
    let policy = RefundPolicy { two_people_above: Some(10_000), ..RefundPolicy::default() };
    assert_eq!(approve(&request(), BY_EVE, 10_000, &policy), Ok(Approval::Final));
    assert_eq!(approve(&request(), BY_EVE, 10_001, &policy), Ok(Approval::First));
    let once = Request {
        first_approved_by: Some("eve".into()),
        first_approved_amount: Some(16_000),
        ..request()
    };
    assert_eq!(approve(&once, BY_EVE, 16_000, &policy), Err(Refusal::SecondPerson));
    assert_eq!(approve(&once, BY_BOB, 12_000, &policy), Err(Refusal::AnotherAmount(16_000)));
    assert_eq!(approve(&once, BY_BOB, 16_000, &policy), Ok(Approval::Final));
    assert_eq!(deny(&once, BY_EVE), Ok(State::Denied));
}

// AC9.5.4
#[test]
fn a_second_look_is_asked_for_once_in_time_and_taken_by_somebody_else() {
    let policy = RefundPolicy::default();
    let denied = Request {
        state: State::Denied,
        denied_by: Some("eve".into()),
        decided_at: Some(PAID),
        ..request()
    };
    assert_eq!(appeal(&denied, &policy, days(30)), Ok(()));
    assert_eq!(appeal(&denied, &policy, days(31)), Err(Refusal::NoAppeal(30)));
    assert_eq!(appeal(&request(), &policy, days(1)), Err(Refusal::NoAppeal(30)));
    let appealed = Request { state: State::Appealed, appealed_at: Some(days(1)), ..denied.clone() };
    assert_eq!(appeal(&appealed, &policy, days(2)), Err(Refusal::NoAppeal(30)));
    assert_eq!(approve(&appealed, BY_EVE, 1, &policy), Err(Refusal::SecondLook));
    assert_eq!(deny(&appealed, BY_EVE), Err(Refusal::SecondLook));
    assert_eq!(deny(&appealed, BY_BOB), Ok(State::Rejected));
    let again = Request { state: State::Denied, appealed_at: Some(days(1)), ..denied };
    assert_eq!(appeal(&again, &policy, days(2)), Err(Refusal::NoAppeal(30)));
}

proptest! {
    /// Rounding never pays out more than was paid, and never leaves credits that were paid back.
    #[test]
    fn money_and_credits_agree(
        price in 1_i64..10_000_000_000, granted in 1_i64..10_000_000, share in 0.0_f64..=1.0,
    ) {
        #[expect(clippy::cast_possible_truncation, reason = "a share of it is smaller")]
        #[expect(clippy::cast_precision_loss, reason = "any number near it will do")]
        let unused = ((granted as f64) * share) as i64;
        let amount = worth(price, unused, granted);
        prop_assert!((0..=price).contains(&amount));
        let credits = credits_for(amount, price, granted);
        prop_assert!(credits <= unused);
        prop_assert_eq!(credits_for(price, price, granted), granted);
    }
}

fn request() -> Request {
    Request {
        id: RefundRequestId::from_uuid(Uuid::from_u128(1)),
        payment_id: PaymentId::from_uuid(Uuid::from_u128(1)),
        customer_id: CustomerId::from_uuid(Uuid::from_u128(2)),
        state: State::PendingReview,
        reason: Vec::new(),
        details: None,
        appeal: None,
        amount: 16_000,
        currency: "usd".parse().unwrap(),
        unused: 240,
        granted: 240,
        held: 240,
        holds: 1,
        requested_by: "ada".into(),
        first_approved_by: None,
        first_approved_amount: None,
        denied_by: None,
        decided_by: None,
        decided_at: None,
        decision: None,
        version: 3,
        created_at: PAID,
        updated_at: PAID,
        appealed_at: None,
    }
}
