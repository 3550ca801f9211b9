//! Whatever the order, however often: one state, at most one grant (`I3`, `I4`).

use entities::{
    CustomerId, Money, PaymentId, Provider, Timestamp,
    fact::{CardMark, Evidence, Fact, Failure, MethodSummary, News, Receipt, RiskLevel},
    payment::{Kind, Model, Status},
};
use itertools::Itertools;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Alarms, Decision, Mismatch, Policy, advance, decide, fraud::Rules};

const NOW: Timestamp = Timestamp::from_seconds(1_790_001_000);
const OURS: Policy = Policy {
    livemode: false,
    account: None,
    refund_warnings: false,
    fraud: Rules::OFF,
    alarms: Alarms::USUAL,
};

/// What can befall a payment, each event at its second.
fn scenarios() -> Vec<(&'static str, Status, Vec<Fact>)> {
    use News::{Canceled, Created, Processing, RequiresAction};
    let timed = |news: Vec<News>| (0..).zip(news).map(|(at, news)| fact(at, news)).collect();
    vec![
        ("paid at once", Status::Succeeded, timed(vec![Created, success()])),
        ("3-D Secure", Status::Succeeded, timed(vec![Created, RequiresAction, success()])),
        ("bank debit", Status::Succeeded, timed(vec![Created, Processing, success()])),
        (
            "bank debit that fails days later",
            Status::Failed,
            timed(vec![Created, Processing, failure("debit_not_authorized")]),
        ),
        (
            "three cards",
            Status::Succeeded,
            timed(vec![
                Created,
                failure("expired_card"),
                RequiresAction,
                failure("card_declined"),
                Processing,
                success(),
            ]),
        ),
        (
            "declined until given up",
            Status::Canceled,
            timed(vec![
                Created,
                failure("expired_card"),
                RequiresAction,
                failure("card_declined"),
                failure("incorrect_cvc"),
                Canceled,
            ]),
        ),
        (
            "still declined",
            Status::Failed,
            timed(vec![
                Created,
                failure("b"),
                RequiresAction,
                failure("a"),
                failure("c"),
                Processing,
            ]),
        ),
    ]
}

#[test]
fn every_order_of_a_scenario_ends_in_one_state() {
    for (name, status, facts) in scenarios() {
        let (expected, grants) = told(&facts);
        assert_eq!(expected.status, status, "{name}");
        assert_eq!(grants, usize::from(status == Status::Succeeded), "{name}");
        for order in facts.iter().permutations(facts.len()) {
            assert_eq!(
                told(order.iter().copied()),
                (expected.clone(), grants),
                "{name}: {order:?}"
            );
        }
    }
}

#[test]
fn every_doubling_at_every_place_changes_nothing() {
    for (name, _, facts) in scenarios() {
        let expected = told(&facts);
        for order in facts.iter().permutations(facts.len()) {
            for (again, place) in (0..facts.len()).cartesian_product(0..=facts.len()) {
                let mut order = order.clone();
                order.insert(place, &facts[again]);
                assert_eq!(told(order.iter().copied()), expected, "{name}: {order:?}");
            }
        }
    }
}

proptest! {
    /// Not only what providers say today: any set of true facts, in any order and multiplicity.
    #[test]
    fn any_facts_commute(
        facts in proptest::collection::vec(any_fact(), 1..8),
        seed in proptest::collection::vec(0_usize..64, 0..16),
    ) {
        let expected = told(&facts);
        let mut other: Vec<Fact> = facts.iter().rev().cloned().collect();
        for pick in seed {
            let fact = facts[pick % facts.len()].clone();
            other.insert(pick % (other.len() + 1), fact);
        }
        prop_assert_eq!(told(&other), expected);
    }

    /// A lie in any field grants nothing and moves nothing, whatever the payment's state.
    #[test]
    fn what_contradicts_our_row_changes_nothing(
        facts in proptest::collection::vec(any_fact(), 0..4), lie in 0_usize..7, gain in 1_i64..100_000,
    ) {
        let (mut payment, _) = told(&facts);
        payment.provider_reference = Some("pi_ours".into());
        let mut fact = fact(9, success());
        let collected = |money| News::Succeeded(Receipt { collected: money, ..receipt() });
        let expected = match lie {
            0 => { fact.asked = usd(16_000 - gain); Mismatch::Amount }
            1 => { fact.news = collected(usd(16_000 + gain)); Mismatch::Amount }
            2 => { fact.news = collected(Money::new(16_000, "eur".parse()?)); Mismatch::Currency }
            3 => { fact.livemode = true; Mismatch::Livemode }
            4 => { fact.account = Some("acct_other".into()); Mismatch::Account }
            5 => { fact.reference = "pi_other".into(); Mismatch::Reference }
            _ => { fact.claimed = Some(PaymentId::new()); Mismatch::Reference }
        };
        prop_assert_eq!(decide(&payment, &fact, &OURS), Decision::Review(expected));
    }
}

/// The payment after `facts`, and how often credits were granted.
fn told<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> (Model, usize) {
    let (mut payment, mut grants) = (payment(), 0);
    for fact in facts {
        match decide(&payment, fact, &OURS) {
            Decision::Nothing => {}
            Decision::Advance(step) => {
                grants += usize::from(step.grant);
                advance(&mut payment, &step, |card| card.0.clone(), NOW);
            }
            Decision::Review(mismatch) => panic!("{mismatch:?} of {fact:?}"),
        }
    }
    (payment, grants)
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let news = prop_oneof![
        Just(News::Created),
        Just(News::RequiresAction),
        Just(News::Processing),
        Just(News::Canceled),
        Just(success()),
        Just(charged()),
        ("[a-c]", proptest::option::of("[a-c]"))
            .prop_map(|(code, decline_code)| { News::Failed(Failure { code, decline_code }) }),
        "[a-c]".prop_map(|code| News::Declined(Failure { code, decline_code: None })),
    ];
    (0_i64..4, news).prop_map(|(at, news)| fact(at, news))
}

fn fact(at: i64, news: News) -> Fact {
    Fact {
        provider: Provider::Stripe,
        reference: "pi_ours".into(),
        claimed: None,
        livemode: false,
        account: None,
        asked: usd(16_000),
        occurred_at: Timestamp::from_seconds(1_790_000_000 + at),
        news,
    }
}

fn success() -> News {
    News::Succeeded(receipt())
}

/// How the money was taken, which says more of the method than the success does.
fn charged() -> News {
    let text = |text: &str| Some(text.to_owned());
    let method = MethodSummary {
        kind: text("card"),
        brand: text("visa"),
        last4: text("4242"),
        wallet: text("google_pay"),
    };
    let evidence = Evidence {
        card: Some(CardMark("fp_1".to_owned())),
        card_country: text("US"),
        risk: Some(RiskLevel::Elevated),
        risk_score: Some(70),
    };
    let receipt_url = text("https://pay.example/1");
    News::Charged(Receipt { method, receipt_url, evidence, ..receipt() })
}

fn receipt() -> Receipt {
    let method = MethodSummary { kind: Some("card".into()), ..MethodSummary::default() };
    Receipt { collected: usd(16_000), method, receipt_url: None, evidence: Evidence::default() }
}

fn failure(code: &str) -> News {
    News::Failed(Failure { code: code.into(), decline_code: None })
}

fn usd(minor: i64) -> Money {
    Money::new(minor, "usd".parse().unwrap())
}

/// A payment nobody has heard of yet.
pub(super) fn payment() -> Model {
    let begun = Timestamp::from_seconds(1_790_000_000);
    Model {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        customer_id: CustomerId::from_uuid(Uuid::from_u128(2)),
        package_id: "pro-200".into(),
        kind: Kind::OneTime,
        provider: Provider::Stripe,
        provider_reference: None,
        livemode: false,
        amount: 16_000,
        currency: "usd".parse().unwrap(),
        credits: 200,
        bonus_credits: 40,
        status: Status::Pending,
        failure_code: None,
        decline_code: None,
        failed_at: None,
        method_kind: None,
        method_brand: None,
        method_last4: None,
        method_wallet: None,
        receipt_url: None,
        card_blind: None,
        card_country: None,
        risk: None,
        risk_score: None,
        address_blind: None,
        address: None,
        device_blind: None,
        refunded: 0,
        version: 0,
        created_at: begun,
        updated_at: begun,
        succeeded_at: None,
    }
}
