//! PayPal's disputes in our words.

use async_trait::async_trait;
use entities::{
    Money, Provider, Timestamp,
    money_back::{DisputeFact, DisputeStage, Funds},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Answer, PayPal,
    amount::Amount,
    event::parse_time,
    order::Captured,
    requests::{self, is_dispute, is_id},
};
use crate::{
    DisputeAnswer, Disputes, GatewayError, Said, Unreadable,
    json::{is_code, maybe},
};

/// What a reason is called that PayPal does not give.
const OTHER: &str = "other";

/// The parts of a dispute that we use; the raw ones we can do without.
#[derive(Deserialize)]
struct Dispute<'a> {
    #[serde(rename = "dispute_id")]
    id: String,
    disputed_transactions: Vec<Transaction>,
    status: String,
    #[serde(rename = "dispute_amount")]
    amount: Amount,
    #[serde(borrow, default)]
    reason: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "dispute_outcome")]
    outcome: Option<&'a RawValue>,
    #[serde(borrow, default)]
    money_movements: Option<&'a RawValue>,
    #[serde(borrow, default)]
    seller_response_due_date: Option<&'a RawValue>,
    #[serde(borrow, default)]
    create_time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    update_time: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Transaction {
    /// The capture.
    seller_transaction_id: String,
}

#[derive(Deserialize)]
struct Outcome {
    outcome_code: String,
    #[serde(default)]
    amount_refunded: Option<Amount>,
}

#[derive(Deserialize)]
struct Movement {
    affected_party: String,
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

/// What PayPal did with the seller's money, by the movements that a dispute lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moved {
    taken: bool,
    returned: bool,
}

impl<'a> Dispute<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, Unreadable> {
        let dispute: Self = serde_json::from_slice(body)?;
        if !is_dispute(&dispute.id) {
            return Err(Unreadable::new("the dispute's id is not an id"));
        }
        Ok(dispute)
    }

    /// The capture that is disputed.
    fn capture(&self) -> Result<&str, Unreadable> {
        match self.disputed_transactions.as_slice() {
            [one] if is_id(&one.seller_transaction_id) => Ok(&one.seller_transaction_id),
            _ => Err(Unreadable::new("the dispute is not about one payment")),
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        maybe(self.outcome)
    }

    /// Fees are not part of what the payer paid.
    fn moved(&self) -> Moved {
        let movements: Vec<Movement> = maybe(self.money_movements).unwrap_or_default();
        let ours = movements
            .iter()
            .filter(|it| it.affected_party == "SELLER" && it.reason == "DISPUTE_SETTLEMENT");
        ours.fold(Moved::default(), |moved, it| Moved {
            taken: moved.taken || it.kind == "DEBIT",
            returned: moved.returned || it.kind == "CREDIT",
        })
    }

    fn stage(&self, moved: Moved) -> Result<DisputeStage, Unreadable> {
        Ok(match &*self.status {
            "OPEN" | "WAITING_FOR_SELLER_RESPONSE" => DisputeStage::NeedsResponse,
            "WAITING_FOR_BUYER_RESPONSE" | "UNDER_REVIEW" | "OTHER" => DisputeStage::UnderReview,
            "RESOLVED" => match self.outcome().as_ref().map(|it| it.outcome_code.as_str()) {
                Some("RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => DisputeStage::Lost,
                // PayPal paid the payer: out of its own pocket, unless it took the money from us.
                Some("RESOLVED_WITH_PAYOUT") if moved.taken && !moved.returned => {
                    DisputeStage::Lost
                }
                Some("RESOLVED_WITH_PAYOUT" | "RESOLVED_SELLER_FAVOUR" | "DENIED") => {
                    DisputeStage::Won
                }
                Some("CANCELED_BY_BUYER" | "NONE") => DisputeStage::Harmless,
                _ => return Err(Unreadable::new("the dispute's outcome is unknown")),
            },
            _ => return Err(Unreadable::new("the dispute's status is unknown")),
        })
    }

    /// What is disputed; once it is lost, what was lost of it.
    fn amount(&self, stage: DisputeStage) -> Result<Money, Unreadable> {
        let lost = self.outcome().and_then(|outcome| outcome.amount_refunded);
        match lost.filter(|_| stage == DisputeStage::Lost).map(|amount| amount.money()) {
            Some(lost) => lost,
            None => self.amount.money(),
        }
    }

    fn fact(&self, capture: &Captured, around: &Around) -> Result<DisputeFact, Unreadable> {
        let moved = self.moved();
        let stage = self.stage(moved)?;
        let time = |raw| maybe::<String>(raw).and_then(|text| parse_time(&text));
        let reason = maybe::<String>(self.reason).map(|reason| reason.to_ascii_lowercase());
        let at = time(self.update_time).or_else(|| time(self.create_time)).or(around.answered_at);
        Ok(DisputeFact {
            provider: Provider::Paypal,
            reference: self.id.clone(),
            payment_reference: capture.order.clone(),
            livemode: around.livemode,
            account: around.compares_merchant.then(|| capture.merchant.clone()),
            amount: self.amount(stage)?,
            reason: reason.filter(|it| is_code(it)).unwrap_or_else(|| OTHER.to_owned()),
            stage,
            funds: funds(stage, moved),
            evidence_due: time(self.seller_response_due_date),
            occurred_at: at.ok_or(Unreadable::new("the dispute has no time"))?,
        })
    }
}

/// A lost dispute took the money, whether or not its movements say so.
fn funds(stage: DisputeStage, moved: Moved) -> Option<Funds> {
    let is_lost = stage == DisputeStage::Lost;
    if moved.taken && moved.returned && !is_lost {
        return Some(Funds::Reinstated);
    }
    (moved.taken || is_lost).then_some(Funds::Withdrawn)
}

/// What is known of a dispute from around it.
struct Around {
    livemode: bool,
    /// Whether we know who we are, so that whom the payer paid is compared.
    compares_merchant: bool,
    answered_at: Option<Timestamp>,
}

/// What a dispute takes, or may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) amount: Money,
    pub(super) opened_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    items: Vec<Listed<'a>>,
}

#[derive(Deserialize)]
struct Listed<'a> {
    dispute_amount: Amount,
    #[serde(borrow, default)]
    create_time: Option<&'a RawValue>,
}

/// What the disputes of a list take, or may take.
pub(super) fn taken(body: &[u8]) -> Result<Vec<Taken>, Unreadable> {
    let list: List<'_> = serde_json::from_slice(body)?;
    let taken = list.items.iter().map(|dispute| {
        let opened_at = maybe::<String>(dispute.create_time).and_then(|text| parse_time(&text));
        Ok(Taken { amount: dispute.dispute_amount.money()?, opened_at })
    });
    taken.collect()
}

/// What of a dispute shows that it has an answer of ours.
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow, default)]
    evidences: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Evidence {
    #[serde(default)]
    notes: Option<String>,
}

/// Whether the dispute in `body`, which says `fact`, has `answer`: evidence names the answer it came
/// with, at its end; who accepts, loses.
fn has(body: &[u8], fact: &DisputeFact, answer: &DisputeAnswer) -> Result<bool, Unreadable> {
    if matches!(answer.said, Said::Accepted) {
        return Ok(fact.stage == DisputeStage::Lost);
    }
    let answered: Answered<'_> = serde_json::from_slice(body)?;
    let evidences: Vec<Evidence> = maybe(answered.evidences).unwrap_or_default();
    let end = name(answer);
    let mut notes = evidences.iter().filter_map(|evidence| evidence.notes.as_deref());
    Ok(notes.any(|notes| notes.ends_with(&end)))
}

fn name(answer: &DisputeAnswer) -> String {
    format!("({})", answer.answer_id)
}

#[async_trait]
impl Disputes for PayPal {
    async fn retrieve_dispute(&self, reference: &str) -> Result<DisputeFact, GatewayError> {
        let answer = self.transport.ask(&requests::dispute(reference)?).await?;
        self.dispute_fact(&answer).await
    }

    /// PayPal answers with links alone, so what came of it is asked for.
    async fn answer_dispute(&self, answer: &DisputeAnswer) -> Result<DisputeFact, GatewayError> {
        let request = match &answer.said {
            Said::Accepted => requests::accept_claim(&answer.reference, &name(answer))?,
            Said::Evidence(words, files) => {
                let notes = format!("{words} {}", name(answer));
                requests::provide_evidence(answer, &notes, files)?
            }
        };
        self.transport.post(&request, &answer.key).await?;
        self.retrieve_dispute(&answer.reference).await
    }

    async fn find_answer(
        &self,
        answer: &DisputeAnswer,
    ) -> Result<Option<DisputeFact>, GatewayError> {
        let told = self.transport.ask(&requests::dispute(&answer.reference)?).await?;
        let fact = self.dispute_fact(&told).await?;
        let is_there = has(&told.body, &fact, answer).map_err(GatewayError::Shape)?;
        Ok(is_there.then_some(fact))
    }
}

impl PayPal {
    async fn dispute_fact(&self, answer: &Answer) -> Result<DisputeFact, GatewayError> {
        let dispute = Dispute::parse(&answer.body).map_err(GatewayError::Shape)?;
        let capture = dispute.capture().map_err(GatewayError::Shape)?;
        let capture = self.captured(capture).await?;
        let around = Around {
            livemode: self.livemode,
            compares_merchant: self.merchant_id.is_some(),
            answered_at: answer.at,
        };
        dispute.fact(&capture, &around).map_err(GatewayError::Shape)
    }
}

#[cfg(test)]
mod tests;
