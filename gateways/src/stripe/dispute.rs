//! Stripe's disputes in our words.

use std::{borrow::Cow, collections::BTreeMap};

use async_trait::async_trait;
use entities::{
    Provider, Timestamp,
    money_back::{DisputeFact, DisputeStage, Funds},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{
    Answer, Stripe, amount::from_stripe, envelope::is_word, intent::Context,
    requests::check_reference,
};
use crate::{
    DisputeAnswer, Disputes, EvidenceFile, GatewayError, Said, Unreadable,
    json::{is_code, maybe},
    multipart::Multipart,
};

/// The kinds of event that are about a dispute.
pub(super) const KINDS: [&str; 5] = [
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];

/// What a reason is called that Stripe does not give.
const GENERAL: &str = "general";

#[derive(Deserialize)]
struct Dispute<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    id: String,
    amount: i64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    livemode: bool,
    #[serde(default)]
    created: i64,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(borrow, default)]
    payment_intent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    evidence_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    balance_transactions: Option<&'a RawValue>,
}

/// What the bank took of the balance, or gave back.
#[derive(Deserialize)]
struct Movement {
    amount: i64,
}

#[derive(Deserialize)]
struct Evidence {
    due_by: Option<i64>,
}

/// What a dispute says; `None` if it is of a charge without a payment intent, which is none of ours.
pub(super) fn read(
    kind: &str,
    json: &str,
    livemode: bool,
    context: Context,
) -> Result<Option<DisputeFact>, Unreadable> {
    let dispute: Dispute<'_> = serde_json::from_str(json)?;
    if dispute.object != "dispute" || !is_word(&dispute.id) {
        return Err(Unreadable::new("the object is not a dispute"));
    }
    if dispute.livemode != livemode {
        return Err(Unreadable::new("the dispute is of another mode than its event"));
    }
    let Some(payment_reference) = maybe(dispute.payment_intent).filter(|id: &String| is_word(id))
    else {
        return Ok(None);
    };
    let due = maybe(dispute.evidence_details).and_then(|evidence: Evidence| evidence.due_by);
    let reason = if is_code(&dispute.reason) { &*dispute.reason } else { GENERAL };
    Ok(Some(DisputeFact {
        provider: Provider::Stripe,
        payment_reference,
        livemode,
        account: context.account,
        amount: from_stripe(dispute.amount, &dispute.currency)?,
        reason: reason.to_owned(),
        stage: stage(&dispute.status)?,
        funds: funds(kind),
        evidence_due: due.filter(|due| *due > 0).map(Timestamp::from_seconds),
        occurred_at: context.occurred_at,
        reference: dispute.id,
    }))
}

fn stage(status: &str) -> Result<DisputeStage, Unreadable> {
    Ok(match status {
        "warning_needs_response" | "warning_under_review" => DisputeStage::Warning,
        "needs_response" => DisputeStage::NeedsResponse,
        "under_review" => DisputeStage::UnderReview,
        "warning_closed" | "prevented" => DisputeStage::Harmless,
        "won" => DisputeStage::Won,
        "lost" => DisputeStage::Lost,
        _ => return Err(Unreadable::new("the dispute's status is unknown")),
    })
}

/// Money moves with events of their own, not with the dispute's status.
fn funds(kind: &str) -> Option<Funds> {
    match kind {
        "charge.dispute.funds_withdrawn" => Some(Funds::Withdrawn),
        "charge.dispute.funds_reinstated" => Some(Funds::Reinstated),
        _ => None,
    }
}

/// What became of the money, as the dispute itself lists it: its events may be gone.
fn moved(dispute: &Dispute<'_>) -> Option<Funds> {
    let moved: Vec<Movement> = maybe(dispute.balance_transactions)?;
    if moved.iter().any(|movement| movement.amount > 0) {
        return Some(Funds::Reinstated);
    }
    moved.iter().any(|movement| movement.amount < 0).then_some(Funds::Withdrawn)
}

/// What of a dispute shows that it has an answer of ours.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata {
    answer_id: String,
}

#[derive(Deserialize)]
struct Uploaded {
    id: String,
}

#[async_trait]
impl Disputes for Stripe {
    async fn retrieve_dispute(&self, reference: &str) -> Result<DisputeFact, GatewayError> {
        let answer = self.dispute(reference).await?;
        self.dispute_fact(&answer).map_err(GatewayError::Shape)
    }

    async fn answer_dispute(&self, answer: &DisputeAnswer) -> Result<DisputeFact, GatewayError> {
        check_reference(&answer.reference)?;
        let path = format!("/disputes/{}", answer.reference);
        let request = match &answer.said {
            Said::Accepted => RequestBuilder::new(StripeMethod::Post, format!("{path}/close")),
            Said::Evidence(words, files) => {
                let form = self.evidence(answer, words, files).await?;
                RequestBuilder::new(StripeMethod::Post, path).form(&form)
            }
        };
        let told = self.transport.call(&request, Some(&answer.key)).await?;
        self.dispute_fact(&told).map_err(GatewayError::Shape)
    }

    async fn find_answer(
        &self,
        answer: &DisputeAnswer,
    ) -> Result<Option<DisputeFact>, GatewayError> {
        let told = self.dispute(&answer.reference).await?;
        let fact = self.dispute_fact(&told).map_err(GatewayError::Shape)?;
        let is_there = match &answer.said {
            Said::Accepted => fact.stage == DisputeStage::Lost,
            Said::Evidence(..) => names(&told, answer).map_err(GatewayError::Shape)?,
        };
        Ok(is_there.then_some(fact))
    }
}

/// Whether the evidence of the dispute in `told` is that of `answer`.
fn names(told: &Answer, answer: &DisputeAnswer) -> Result<bool, Unreadable> {
    let named: Named<'_> = serde_json::from_str(told.text()?)?;
    let named = maybe(named.metadata).map(|metadata: Metadata| metadata.answer_id);
    Ok(named.is_some_and(|id| id == answer.answer_id.to_string()))
}

impl Stripe {
    async fn dispute(&self, reference: &str) -> Result<Answer, GatewayError> {
        check_reference(reference)?;
        let request = RequestBuilder::new(StripeMethod::Get, format!("/disputes/{reference}"));
        self.transport.call(&request, None).await
    }

    /// The form of evidence, once its files are there.
    async fn evidence(
        &self,
        answer: &DisputeAnswer,
        words: &str,
        files: &[EvidenceFile],
    ) -> Result<BTreeMap<String, String>, GatewayError> {
        let mut form = BTreeMap::from([
            ("evidence[uncategorized_text]".to_owned(), words.to_owned()),
            ("metadata[answer_id]".to_owned(), answer.answer_id.to_string()),
            ("submit".to_owned(), "true".to_owned()),
        ]);
        for (place, file) in files.iter().enumerate() {
            let key = format!("{}-file-{place}", answer.key);
            let body = Multipart::new(&key)
                .text("purpose", None, "dispute_evidence")
                .file("file", &file.name, &file.media, &file.content)
                .finish();
            let told = self.transport.upload(&body, &key).await?;
            let uploaded: Uploaded = serde_json::from_slice(&told.body)
                .map_err(|error| GatewayError::Shape(error.into()))?;
            form.insert(format!("evidence[{}]", file.field), uploaded.id);
        }
        Ok(form)
    }

    /// Reads a dispute out of an answer.
    fn dispute_fact(&self, answer: &Answer) -> Result<DisputeFact, Unreadable> {
        let json = answer.text()?;
        let dispute: Dispute<'_> = serde_json::from_str(json)?;
        let made = (dispute.created > 0).then(|| Timestamp::from_seconds(dispute.created));
        let occurred_at = answer.at.or(made).ok_or(Unreadable::new("the dispute has no time"))?;
        let context = Context { account: self.account.clone(), occurred_at };
        let fact = read("", json, self.livemode, context)?;
        let fact = fact.ok_or(Unreadable::new("the dispute names no payment"))?;
        Ok(DisputeFact { funds: moved(&dispute), ..fact })
    }
}
