//! What is held, what is refused, and that more evidence never makes anything milder (`AC9.3.4`).

use entities::{block, fact::RiskLevel};
use proptest::prelude::*;

use super::{Facts, Refused, Rules, Verdict, judge};

fn rules() -> Rules {
    Rules {
        enabled: true,
        elevated_risk_points: 50,
        highest_risk_points: 100,
        unprotected_points: 15,
        payments_per_user: 10,
        payments_per_user_points: 30,
        begun_per_user: 50,
        payments_per_card: 10,
        payments_per_card_points: 30,
        users_per_card: 3,
        users_per_card_points: 50,
        users_per_address: 10,
        users_per_address_points: 30,
        users_per_device: 3,
        users_per_device_points: 40,
        declines: 5,
        declines_points: 50,
        declines_refused: 20,
        amount_times: 5,
        amount_after: 2,
        amount_points: 20,
        country_points: 25,
        ..Rules::OFF
    }
}

/// The rules that hit, and what follows.
fn judged(facts: &Facts) -> (Vec<String>, Verdict) {
    let judgement = judge(facts, &rules());
    (judgement.hits.into_iter().map(|hit| hit.rule).collect(), judgement.verdict)
}

#[test]
fn nothing_known_is_nothing_held_against_anybody() {
    assert_eq!(judged(&Facts::default()), (Vec::new(), Verdict::Allow));
    let normal = Facts {
        risk: Some(RiskLevel::Normal),
        risk_score: Some(12),
        card_country: Some("US".to_owned()),
        billing_country: Some("us".to_owned()),
        users_of_card: 1,
        users_at_address: 1,
        ..Facts::default()
    };
    assert_eq!(judged(&normal), (Vec::new(), Verdict::Allow));
}

#[test]
fn each_rule_hits_at_its_limit_and_not_below() {
    let some = |text: &str| Some(text.to_owned());
    let none = Facts::default;
    let cases: [(&str, Facts, Facts); 11] = [
        ("velocity", Facts { paid_by_user: 9, ..none() }, Facts { paid_by_user: 10, ..none() }),
        ("begun", Facts { begun_by_user: 49, ..none() }, Facts { begun_by_user: 50, ..none() }),
        (
            "card-velocity",
            Facts { paid_with_card: 9, ..none() },
            Facts { paid_with_card: 10, ..none() },
        ),
        ("card-users", Facts { users_of_card: 2, ..none() }, Facts { users_of_card: 3, ..none() }),
        (
            "address-users",
            Facts { users_at_address: 9, ..none() },
            Facts { users_at_address: 10, ..none() },
        ),
        (
            "device-users",
            Facts { users_of_device: 2, ..none() },
            Facts { users_of_device: 3, ..none() },
        ),
        (
            "declines",
            Facts { declines_of_user: 4, ..none() },
            Facts { declines_at_address: 5, ..none() },
        ),
        (
            "amount",
            Facts { amount: 499, earlier: 2, largest_earlier: 100, ..none() },
            Facts { amount: 500, earlier: 2, largest_earlier: 100, ..none() },
        ),
        (
            "country",
            Facts { card_country: some("US"), ..none() },
            Facts { card_country: some("US"), billing_country: some("DE"), ..none() },
        ),
        (
            "risk",
            Facts { risk_score: Some(64), ..none() },
            Facts { risk_score: Some(65), ..none() },
        ),
        (
            "risk",
            Facts { risk: Some(RiskLevel::Normal), ..none() },
            Facts { risk: Some(RiskLevel::Elevated), ..none() },
        ),
    ];
    for (rule, below, at) in cases {
        assert_eq!(judged(&below).0, Vec::<String>::new(), "{rule}");
        assert_eq!(judged(&at).0, vec![rule.to_owned()]);
    }
}

#[test]
fn signs_that_say_little_alone_are_held_together() {
    let alone = Facts { users_at_address: 10, ..Facts::default() };
    assert_eq!(judged(&alone).1, Verdict::Allow);
    let together = Facts {
        card_country: Some("US".to_owned()),
        billing_country: Some("DE".to_owned()),
        ..alone
    };
    assert_eq!(judged(&together).1, Verdict::Review);
    let judgement = judge(&together, &rules());
    assert_eq!(judgement.points, 55);
    assert_eq!(
        judgement.detail(),
        "55 points: 10 users bought from this address within 60 minutes; the card is from US, the \
         customer is billed in DE"
    );
}

#[test]
fn what_a_person_decided_holds_though_the_rules_are_off() {
    let listed = Facts { listed: vec![block::Kind::Address], ..Facts::default() };
    let flagged = Facts { flagged: true, ..Facts::default() };
    for facts in [listed, flagged] {
        let judgement = judge(&facts, &Rules::OFF);
        assert_eq!(judgement.verdict, Verdict::Block);
        assert_eq!(judgement.refusal(), Some(Refused::NotSold));
    }
    let testing = Facts { declines_at_address: 20, ..Facts::default() };
    assert_eq!(judge(&testing, &rules()).refusal(), Some(Refused::TooManyTries));
    assert_eq!(judge(&testing, &Rules::OFF).refusal(), None);
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let risk = prop_oneof![
        Just(None),
        Just(Some(RiskLevel::Normal)),
        Just(Some(RiskLevel::Unprotected)),
        Just(Some(RiskLevel::Elevated)),
        Just(Some(RiskLevel::Highest)),
    ];
    let counts = proptest::collection::vec(0_u64..60, 8);
    (risk, proptest::option::of(0_i64..=100), counts, 0_i64..2_000, any::<bool>()).prop_map(
        |(risk, risk_score, counts, amount, flagged)| Facts {
            amount,
            risk,
            risk_score,
            flagged,
            paid_by_user: counts[0],
            begun_by_user: counts[1],
            paid_with_card: counts[2],
            users_of_card: counts[3],
            users_at_address: counts[4],
            users_of_device: counts[5],
            declines_of_user: counts[6],
            declines_at_address: counts[7],
            earlier: counts[0],
            largest_earlier: 100,
            ..Facts::default()
        },
    )
}

proptest! {
    #[test]
    fn more_that_speaks_against_it_is_never_milder(facts in any_facts(), more in any_facts()) {
        let worse = Facts {
            amount: facts.amount.max(more.amount),
            risk: facts.risk.max(more.risk),
            risk_score: facts.risk_score.max(more.risk_score),
            flagged: facts.flagged || more.flagged,
            paid_by_user: facts.paid_by_user.max(more.paid_by_user),
            begun_by_user: facts.begun_by_user.max(more.begun_by_user),
            paid_with_card: facts.paid_with_card.max(more.paid_with_card),
            users_of_card: facts.users_of_card.max(more.users_of_card),
            users_at_address: facts.users_at_address.max(more.users_at_address),
            users_of_device: facts.users_of_device.max(more.users_of_device),
            declines_of_user: facts.declines_of_user.max(more.declines_of_user),
            declines_at_address: facts.declines_at_address.max(more.declines_at_address),
            earlier: facts.earlier.max(more.earlier),
            ..facts.clone()
        };
        prop_assert!(judge(&worse, &rules()).points >= judge(&facts, &rules()).points);
        prop_assert!(judge(&worse, &rules()).verdict >= judge(&facts, &rules()).verdict);
    }

    #[test]
    fn points_are_those_of_the_hits_and_the_verdict_follows_from_them(facts in any_facts()) {
        let judgement = judge(&facts, &rules());
        prop_assert_eq!(judgement.points, judgement.hits.iter().map(|hit| hit.points).sum::<u32>());
        prop_assert_eq!(judgement.verdict == Verdict::Allow, judgement.points < 50);
        prop_assert_eq!(judgement.verdict == Verdict::Block, judgement.points >= 100);
        prop_assert_eq!(judgement.refusal().is_some(), judgement.verdict == Verdict::Block);
        prop_assert!(judgement.hits.iter().all(|hit| hit.points > 0 && !hit.sentence.is_empty()));
    }

    #[test]
    fn switched_off_nothing_speaks_against_anybody_but_what_a_person_said(facts in any_facts()) {
        let judgement = judge(&facts, &Rules::OFF);
        prop_assert_eq!(judgement.verdict == Verdict::Allow, !facts.flagged);
    }
}
