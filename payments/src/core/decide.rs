use boot::faults;
use entities::{
    Timestamp,
    fact::{CardMark, Evidence, Fact, Failure, MethodSummary, News, Receipt},
    payment::{Model, Status},
};

use super::{Alarms, fraud::Rules};

/// What we hold true about ourselves, and facts have to agree with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether our keys move real money.
    pub livemode: bool,
    /// The connected account we act for; `None` for our own.
    pub account: Option<String>,
    /// Whether a payment that its bank suspects of fraud is refunded before it is disputed.
    pub refund_warnings: bool,
    /// What is suspicious.
    pub fraud: Rules,
    /// What is an attack.
    pub alarms: Alarms,
}

/// What follows from a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is true, and we knew as much or more.
    Nothing,
    /// The payment moves on.
    Advance(Box<Advance>),
    /// It is signed and cannot be true of this payment: a person has to look, nothing is granted.
    Review(Mismatch),
}

/// How a payment moves on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The provider's id of it, when we did not know it yet.
    pub reference: Option<String>,
    /// Its new status, if that changes.
    pub status: Option<Status>,
    /// What to note of a failed try.
    pub failure: Option<(Timestamp, Failure)>,
    /// What to note of a success.
    pub receipt: Option<(MethodSummary, Option<String>)>,
    /// What speaks for or against the payer that we did not know yet.
    pub evidence: Option<Evidence>,
    /// Whether credits are to be granted.
    pub grant: bool,
}

/// In what a fact contradicts our row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mismatch {
    /// Another amount than was asked.
    Amount,
    /// Another currency.
    Currency,
    /// Test money for a live payment, or the other way round.
    Livemode,
    /// Another connected account.
    Account,
    /// Another provider.
    Provider,
    /// Another payment object than the one we made.
    Reference,
}

impl Mismatch {
    /// The name of the rule, in rows and alerts.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Amount => "amount-mismatch",
            Self::Currency => "currency-mismatch",
            Self::Livemode => "livemode-mismatch",
            Self::Account => "account-mismatch",
            Self::Provider => "provider-mismatch",
            Self::Reference => "reference-mismatch",
        }
    }

    /// What was seen, in a sentence for the reviewer.
    pub fn detail(self, payment: &Model, fact: &Fact) -> String {
        match self {
            Self::Amount | Self::Currency => {
                let collected = match &fact.news {
                    News::Succeeded(receipt) | News::Charged(receipt) => &receipt.collected,
                    _ => &fact.asked,
                };
                format!("the provider says {collected}, we asked for {}", payment.price())
            }
            Self::Livemode => {
                format!(
                    "the provider says livemode={}, ours is {}",
                    fact.livemode, payment.livemode
                )
            }
            Self::Account => "the event belongs to another connected account".to_owned(),
            Self::Provider => {
                format!("{} speaks of a payment that {} has", fact.provider, payment.provider)
            }
            Self::Reference => "the event is about another payment object than ours".to_owned(),
        }
    }
}

/// Decides what `fact` changes about `payment`.
///
/// The outcome of a set of facts does not depend on their order or on repetition: status only
/// rises in rank, of failures the latest is kept, and what contradicts our row changes nothing.
pub fn decide(payment: &Model, fact: &Fact, policy: &Policy) -> Decision {
    if let Some(mismatch) = mismatch(payment, fact, policy) {
        return Decision::Review(mismatch);
    }
    let told = told_status(&fact.news);
    let rises = told.rank() > payment.status.rank() || faults::planted("status-falls");
    let status = rises.then_some(told);
    let settled = payment.status.rank().max(told.rank()) >= Status::Succeeded.rank();
    let advance = Advance {
        reference: payment.provider_reference.is_none().then(|| fact.reference.clone()),
        status,
        failure: if settled { None } else { newer_failure(payment, fact) },
        receipt: new_receipt(payment, &fact.news),
        evidence: new_evidence(payment, &fact.news),
        grant: status == Some(Status::Succeeded),
    };
    let nothing = Advance {
        reference: None,
        status: None,
        failure: None,
        receipt: None,
        evidence: None,
        grant: false,
    };
    if advance == nothing { Decision::Nothing } else { Decision::Advance(Box::new(advance)) }
}

/// `payment` after `advance`, with what `blind` makes of the card. Its version is left to whoever
/// writes it.
pub fn advance(
    payment: &mut Model,
    advance: &Advance,
    blind: impl Fn(&CardMark) -> String,
    now: Timestamp,
) {
    if let Some(reference) = &advance.reference {
        payment.provider_reference = Some(reference.clone());
    }
    if let Some(status) = advance.status {
        payment.status = status;
    }
    if let Some((at, failure)) = &advance.failure {
        payment.failed_at = Some(*at);
        payment.failure_code = Some(failure.code.clone());
        payment.decline_code.clone_from(&failure.decline_code);
    }
    if let Some((method, receipt_url)) = &advance.receipt {
        payment.method_kind = payment.method_kind.take().or_else(|| method.kind.clone());
        payment.method_brand = payment.method_brand.take().or_else(|| method.brand.clone());
        payment.method_last4 = payment.method_last4.take().or_else(|| method.last4.clone());
        payment.method_wallet = payment.method_wallet.take().or_else(|| method.wallet.clone());
        payment.receipt_url = payment.receipt_url.take().or_else(|| receipt_url.clone());
    }
    if let Some(Evidence { card, card_country, risk, risk_score }) = &advance.evidence {
        payment.card_blind = payment.card_blind.take().or_else(|| card.as_ref().map(blind));
        payment.card_country = payment.card_country.take().or_else(|| card_country.clone());
        payment.risk = payment.risk.or(*risk);
        payment.risk_score = payment.risk_score.or(*risk_score);
    }
    if advance.status == Some(Status::Succeeded) {
        payment.succeeded_at = Some(now);
        payment.failed_at = None;
        payment.failure_code = None;
        payment.decline_code = None;
    }
    payment.updated_at = now;
}

fn mismatch(payment: &Model, fact: &Fact, policy: &Policy) -> Option<Mismatch> {
    let price = payment.price();
    let known = payment.provider_reference.as_ref();
    if fact.provider != payment.provider {
        return Some(Mismatch::Provider);
    }
    if known.is_some_and(|reference| *reference != fact.reference)
        || fact.claimed.is_some_and(|claimed| claimed != payment.id)
    {
        return Some(Mismatch::Reference);
    }
    if fact.livemode != policy.livemode || fact.livemode != payment.livemode {
        return Some(Mismatch::Livemode);
    }
    if fact.account != policy.account {
        return Some(Mismatch::Account);
    }
    let mut sums = vec![&fact.asked];
    if let News::Succeeded(Receipt { collected, .. }) | News::Charged(Receipt { collected, .. }) =
        &fact.news
    {
        sums.push(collected);
    }
    if sums.iter().any(|sum| sum.currency != price.currency) {
        return Some(Mismatch::Currency);
    }
    if faults::planted("any-amount") {
        return None;
    }
    sums.iter().any(|sum| sum.minor != price.minor).then_some(Mismatch::Amount)
}

fn told_status(news: &News) -> Status {
    match news {
        // That it was taken from the payer is told of the charge; that it is ours, of the payment.
        News::Created | News::Charged(_) => Status::Pending,
        News::RequiresAction | News::Declined(_) => Status::RequiresAction,
        News::Processing => Status::Processing,
        News::Succeeded(_) => Status::Succeeded,
        News::Failed(_) => Status::Failed,
        News::Canceled => Status::Canceled,
    }
}

/// The failure of `fact`, if it happened after the one we know of; ties by code.
fn newer_failure(payment: &Model, fact: &Fact) -> Option<(Timestamp, Failure)> {
    let (News::Failed(failure) | News::Declined(failure)) = &fact.news else {
        return None;
    };
    let told = (Some(fact.occurred_at), Some(&failure.code), failure.decline_code.as_ref());
    let known = (payment.failed_at, payment.failure_code.as_ref(), payment.decline_code.as_ref());
    (told > known).then(|| (fact.occurred_at, failure.clone()))
}

/// What a success or a charge tells about method and receipt that we do not know yet.
fn new_receipt(payment: &Model, news: &News) -> Option<(MethodSummary, Option<String>)> {
    let (News::Succeeded(receipt) | News::Charged(receipt)) = news else {
        return None;
    };
    let Receipt { method, receipt_url, .. } = receipt;
    let news = (payment.method_kind.is_none() && method.kind.is_some())
        || (payment.method_brand.is_none() && method.brand.is_some())
        || (payment.method_last4.is_none() && method.last4.is_some())
        || (payment.method_wallet.is_none() && method.wallet.is_some())
        || (payment.receipt_url.is_none() && receipt_url.is_some());
    news.then(|| (method.clone(), receipt_url.clone()))
}

/// What a success or a charge tells of the payer that we do not know yet.
fn new_evidence(payment: &Model, news: &News) -> Option<Evidence> {
    let (News::Succeeded(receipt) | News::Charged(receipt)) = news else {
        return None;
    };
    let Evidence { card, card_country, risk, risk_score } = &receipt.evidence;
    let news = (payment.card_blind.is_none() && card.is_some())
        || (payment.card_country.is_none() && card_country.is_some())
        || (payment.risk.is_none() && risk.is_some())
        || (payment.risk_score.is_none() && risk_score.is_some());
    news.then(|| receipt.evidence.clone())
}
