//! Whether a payment looks like fraud: facts in, hits and a verdict out (`AC9.3.4`, `002-TS4`).
//!
//! No rule here knows what a payer is really up to. Each adds points, and a sentence that a person
//! can check; what the points come to is held for that person, or refused before anything is paid.

mod rules;
#[cfg(test)]
mod tests;

pub use rules::Rules;

use entities::{block, fact::RiskLevel};
use serde::{Deserialize, Serialize};

/// What is known around one payment. What is not known is left at its default, and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it costs, in minor units.
    pub amount: i64,
    /// How risky the provider takes it for.
    pub risk: Option<RiskLevel>,
    /// The same in a number, 0 to 100.
    pub risk_score: Option<i64>,
    /// Where the card was issued, as ISO 3166-1 alpha-2.
    pub card_country: Option<String>,
    /// Where the customer says they are billed.
    pub billing_country: Option<String>,
    /// What of the blocklist fits.
    pub listed: Vec<block::Kind>,
    /// Whether fraud of the customer's was confirmed before.
    pub flagged: bool,
    /// Payments of this user's within the span, this one not counted, that were paid.
    pub paid_by_user: u64,
    /// Payments of this user's within the span that were begun and are not paid.
    pub begun_by_user: u64,
    /// Payments with this card within the span, this one not counted.
    pub paid_with_card: u64,
    /// Users who paid with this card within a day, this one counted.
    pub users_of_card: u64,
    /// Users who bought from this address within the span, this one counted.
    pub users_at_address: u64,
    /// Users who bought on this device within a day, this one counted.
    pub users_of_device: u64,
    /// Tries of this user's to pay that were declined within the span.
    pub declines_of_user: u64,
    /// Tries to pay from this address that were declined within the span.
    pub declines_at_address: u64,
    /// The user's earlier payments that were paid, in the same currency.
    pub earlier: u64,
    /// The largest of them, in minor units.
    pub largest_earlier: i64,
}

/// Something that speaks against a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Which rule.
    pub rule: String,
    /// How much it says.
    pub points: u32,
    /// What was seen, in a sentence for the reviewer, without personal data.
    pub sentence: String,
}

/// What is to be done about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing.
    Allow,
    /// Its credits are set aside until a person has looked.
    Review,
    /// Likewise; and before it is paid it is refused.
    Block,
}

/// What speaks against a payment, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What speaks against it, the heaviest first.
    pub hits: Vec<Hit>,
    /// All their points.
    pub points: u32,
    /// What follows.
    pub verdict: Verdict,
}

impl Judgement {
    /// What was seen, in one line for the reviewer.
    pub fn detail(&self) -> String {
        let sentences: Vec<&str> = self.hits.iter().map(|hit| hit.sentence.as_str()).collect();
        format!("{} points: {}", self.points, sentences.join("; "))
    }

    /// The refusal that fits best, if it is refused.
    pub fn refusal(&self) -> Option<Refused> {
        let heaviest = self.hits.first().filter(|_| self.verdict == Verdict::Block)?;
        Some(match heaviest.rule.as_str() {
            "declines" | "begun" | "velocity" => Refused::TooManyTries,
            _ => Refused::NotSold,
        })
    }
}

/// Why nothing is sold, as far as the payer is told: who is kept out does not learn by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Somebody tries too much; later they may again.
    #[error("there were too many tries to pay; wait an hour and try again")]
    TooManyTries,
    /// Nothing is sold to them.
    #[error("this purchase cannot be made here; if you think that is wrong, write to the seller")]
    NotSold,
}

/// Judges a payment by what is known around it.
///
/// More that speaks against it never makes the verdict milder.
pub fn judge(facts: &Facts, rules: &Rules) -> Judgement {
    let mut hits: Vec<Hit> = if rules.enabled { find(facts, rules) } else { Vec::new() };
    hits.extend(barred(facts, rules));
    hits.retain(|hit| hit.points > 0);
    hits.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.rule.cmp(&b.rule)));
    let points = hits.iter().fold(0_u32, |sum, hit| sum.saturating_add(hit.points));
    let verdict = match points {
        _ if points >= rules.block_points => Verdict::Block,
        _ if points >= rules.review_points => Verdict::Review,
        _ => Verdict::Allow,
    };
    Judgement { hits, points, verdict }
}

/// What a person decided holds whatever else is switched off.
fn barred(facts: &Facts, rules: &Rules) -> Vec<Hit> {
    let mut hits: Vec<Hit> = facts
        .listed
        .iter()
        .map(|kind| {
            let what = match kind {
                block::Kind::User => "the user",
                block::Kind::Card => "the card",
                block::Kind::EmailDomain => "the domain of the user's mail address",
                block::Kind::Address => "the address",
            };
            hit("blocklist", rules.block_points, format!("{what} is on the blocklist"))
        })
        .collect();
    if facts.flagged {
        let sentence = "fraud of this user's was confirmed before".to_owned();
        hits.push(hit("flagged", rules.block_points, sentence));
    }
    hits
}

fn find(facts: &Facts, rules: &Rules) -> Vec<Hit> {
    let found = [
        risk(facts, rules),
        velocity(facts, rules),
        begun(facts, rules),
        card(facts, rules),
        address(facts, rules),
        device(facts, rules),
        declines(facts, rules),
        amount(facts, rules),
        country(facts, rules),
    ];
    found.into_iter().flatten().collect()
}

fn risk(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let score = facts.risk_score.unwrap_or_default();
    let scored = score >= i64::from(rules.risk_score);
    let points = match facts.risk {
        Some(RiskLevel::Highest) => rules.highest_risk_points,
        Some(RiskLevel::Elevated) => rules.elevated_risk_points,
        _ if scored => rules.elevated_risk_points,
        Some(RiskLevel::Unprotected) => rules.unprotected_points,
        Some(RiskLevel::Normal) | None => return None,
    };
    let level = facts.risk.map_or("no", RiskLevel::as_str);
    let score = facts.risk_score.map_or_else(String::new, |score| format!(", score {score}"));
    Some(hit("risk", points, format!("the provider sees {level} risk{score}")))
}

fn velocity(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let minutes = rules.span_minutes;
    over(facts.paid_by_user, rules.payments_per_user).then(|| {
        let paid = facts.paid_by_user;
        let sentence = format!("the user paid {paid} times within {minutes} minutes before");
        hit("velocity", rules.payments_per_user_points, sentence)
    })
}

fn begun(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let minutes = rules.span_minutes;
    over(facts.begun_by_user, rules.begun_per_user).then(|| {
        let begun = facts.begun_by_user;
        let sentence = format!("the user began {begun} payments within {minutes} minutes unpaid");
        hit("begun", rules.block_points, sentence)
    })
}

fn card(facts: &Facts, rules: &Rules) -> Option<Hit> {
    if over(facts.users_of_card, rules.users_per_card) {
        let sentence = format!("{} users paid with this card within a day", facts.users_of_card);
        return Some(hit("card-users", rules.users_per_card_points, sentence));
    }
    let minutes = rules.span_minutes;
    over(facts.paid_with_card, rules.payments_per_card).then(|| {
        let paid = facts.paid_with_card;
        let sentence = format!("the card paid {paid} times within {minutes} minutes before");
        hit("card-velocity", rules.payments_per_card_points, sentence)
    })
}

fn address(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let minutes = rules.span_minutes;
    over(facts.users_at_address, rules.users_per_address).then(|| {
        let users = facts.users_at_address;
        let sentence = format!("{users} users bought from this address within {minutes} minutes");
        hit("address-users", rules.users_per_address_points, sentence)
    })
}

fn device(facts: &Facts, rules: &Rules) -> Option<Hit> {
    over(facts.users_of_device, rules.users_per_device).then(|| {
        let sentence =
            format!("{} users bought on this device within a day", facts.users_of_device);
        hit("device-users", rules.users_per_device_points, sentence)
    })
}

/// Cards that were stolen by the thousand are tried out where something small can be bought.
fn declines(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let (minutes, most) = (rules.span_minutes, rules.declines_refused);
    let seen = facts.declines_of_user.max(facts.declines_at_address);
    let points = match seen {
        _ if over(seen, most) => rules.block_points,
        _ if over(seen, rules.declines) => rules.declines_points,
        _ => return None,
    };
    let sentence =
        format!("{seen} tries to pay were declined within {minutes} minutes: cards are tried out");
    Some(hit("declines", points, sentence))
}

fn amount(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let times = i64::from(rules.amount_times);
    let usual = facts.earlier >= u64::from(rules.amount_after) && facts.largest_earlier > 0;
    (times > 0 && usual && facts.amount >= facts.largest_earlier.saturating_mul(times)).then(|| {
        let sentence = format!("{times} times as much as this user ever paid, or more");
        hit("amount", rules.amount_points, sentence)
    })
}

fn country(facts: &Facts, rules: &Rules) -> Option<Hit> {
    let (card, billed) = (facts.card_country.as_ref()?, facts.billing_country.as_ref()?);
    (!card.eq_ignore_ascii_case(billed)).then(|| {
        let sentence = format!("the card is from {card}, the customer is billed in {billed}");
        hit("country", rules.country_points, sentence)
    })
}

/// Whether `seen` reaches `limit`; a limit of zero is none.
fn over(seen: u64, limit: u32) -> bool {
    limit > 0 && seen >= u64::from(limit)
}

fn hit(rule: &str, points: u32, sentence: String) -> Hit {
    Hit { rule: rule.to_owned(), points, sentence }
}
