//! Cases of suspected fraud, for support, finance and admins (`AC9.3.4`,
//! `AC9.3.5`, `AC9.6.6`).

use ::payments::{
    core::refunds::Reviewer,
    reviews::{self, Confirmation, Decided, Filter, FoundCase},
};
use entities::ReviewId;
use poem::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, blocklist::kind, place::Place, success, view};
use crate::Problem;

/// A decision that a case is harmless.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ReviewRelease")]
pub(crate) struct Release {
    /// The version of the case that was looked at.
    version: i64,
    /// What the next person should know.
    #[serde(default)]
    note: Option<String>,
}

/// A decision that a case is fraud.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ReviewConfirmation")]
pub(crate) struct Fraud {
    /// The version of the case that was looked at.
    version: i64,
    /// What the next person should know.
    #[serde(default)]
    note: Option<String>,
    /// What goes on the blocklist beside the user: `card`, `email_domain`, `address`.
    #[serde(default)]
    block: Vec<String>,
}

/// A message to the customer.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ReviewMessage")]
pub(crate) struct Contact {
    /// What to write: 1 to 2000 characters.
    message: String,
}

/// A case, with what a decision needs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReviewCase")]
pub(crate) struct Case {
    review_id: String,
    transaction_id: String,
    customer_id: String,
    /// Who pays, by the host application's id.
    user: String,
    /// Whether fraud of theirs was confirmed.
    flagged: bool,
    /// `open`, `released`, `confirmed`.
    status: String,
    /// Send it with a decision: it fails if somebody was faster.
    version: i64,
    /// `fraud`, or in what an event contradicts our rows.
    rule: String,
    detail: String,
    points: i64,
    hits: Vec<Hit>,
    held_credits: i64,
    /// What was paid, in minor units.
    amount: i64,
    currency: String,
    payment_status: String,
    provider: String,
    /// The payment in the provider's dashboard.
    provider_url: Option<String>,
    risk: Option<String>,
    risk_score: Option<i64>,
    card_country: Option<String>,
    /// The network it was begun from.
    address: Option<String>,
    created_at: String,
    decided_at: Option<String>,
    decided_by: Option<String>,
    note: Option<String>,
}

/// Something that speaks against a payment.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReviewHit")]
pub(crate) struct Hit {
    rule: String,
    points: u32,
    sentence: String,
}

/// A case and what was written to its customer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReviewCaseWithMessages")]
pub(crate) struct Whole {
    #[serde(flatten)]
    case: Case,
    messages: Vec<Message>,
}

/// What was written to a customer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SentMessage")]
pub(crate) struct Message {
    #[serde(rename = "messageId")]
    id: String,
    #[serde(rename = "message")]
    text: String,
    sent_by: String,
    created_at: String,
}

/// `GET /admin/reviews`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let filter = Filter { states: place.states()? };
    let after: Option<ReviewId> = place.after()?;
    let page = reviews::page(&call.app.store, &filter, after, place.limit()?).await?;
    let items = page.cases.iter().map(|case| Case::new(&call, case));
    Ok(success(&view::Page {
        items: items.collect::<Result<Vec<_>, _>>()?,
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /admin/reviews/{id}`.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id: ReviewId = call.id()?;
    whole(&call, id).await
}

/// `POST /admin/reviews/{id}/release`.
pub(crate) async fn release(call: Call) -> Result<Response, Problem> {
    let id: ReviewId = call.id()?;
    let Release { version, note } = call.json()?;
    let reviewer = Reviewer { user_ref: &call.user()?.user_ref, version };
    let decided = reviews::release(&call.app.store, reviewer, id, note.as_deref()).await?;
    announce(&call, decided)?;
    whole(&call, id).await
}

/// `POST /admin/reviews/{id}/confirm`.
pub(crate) async fn confirm(call: Call) -> Result<Response, Problem> {
    let id: ReviewId = call.id()?;
    let Fraud { version, note, block } = call.json()?;
    let block = block.iter().map(|word| kind(word)).collect::<Result<_, _>>()?;
    let reviewer = Reviewer { user_ref: &call.user()?.user_ref, version };
    let confirmation = Confirmation { block, note };
    let decided = reviews::confirm(&call.app.store, reviewer, id, &confirmation).await?;
    announce(&call, decided)?;
    whole(&call, id).await
}

/// `POST /admin/reviews/{id}/contact`.
pub(crate) async fn contact(call: Call) -> Result<Response, Problem> {
    let id: ReviewId = call.id()?;
    let Contact { message } = call.json()?;
    let user = &call.user()?.user_ref;
    let sent = reviews::contact(&call.app.store, user, id, &message).await?;
    let (message, enqueued) = sent.ok_or(Problem::NotFound)?;
    call.app.cashier.announce(enqueued);
    let mut response = success(&Message::new(&message));
    response.set_status(poem::http::StatusCode::ACCEPTED);
    Ok(response)
}

fn announce(call: &Call, decided: Option<Decided>) -> Result<(), Problem> {
    call.app.cashier.announce(decided.ok_or(Problem::NotFound)?.enqueued);
    Ok(())
}

async fn whole(call: &Call, id: ReviewId) -> Result<Response, Problem> {
    let found = reviews::find(&call.app.store, id).await?.ok_or(Problem::NotFound)?;
    let messages = reviews::messages(&call.app.store, id).await?;
    let messages = messages.iter().map(Message::new).collect();
    Ok(success(&Whole { case: Case::new(call, &found)?, messages }))
}

impl Case {
    fn new(call: &Call, found: &FoundCase) -> Result<Self, Problem> {
        let FoundCase { review, payment, customer, address } = found;
        let reference = payment.provider_reference.as_deref();
        let hits = reviews::hits(review)?.into_iter();
        let hit = |hit: ::payments::core::fraud::Hit| Hit {
            rule: hit.rule,
            points: hit.points,
            sentence: hit.sentence,
        };
        Ok(Self {
            review_id: review.id.to_string(),
            transaction_id: payment.id.to_string(),
            customer_id: customer.id.to_string(),
            user: customer.user_ref.clone(),
            flagged: customer.flagged_at.is_some(),
            status: review.state.as_str().to_owned(),
            version: review.version,
            rule: review.rule.clone(),
            detail: review.detail.clone(),
            points: review.points,
            hits: hits.map(hit).collect(),
            held_credits: review.held,
            amount: payment.amount,
            currency: payment.currency.code().to_owned(),
            payment_status: payment.status.as_str().to_owned(),
            provider: payment.provider.as_str().to_owned(),
            provider_url: reference.and_then(|id| call.app.gateway_url(payment.provider, id)),
            risk: payment.risk.map(|risk| risk.as_str().to_owned()),
            risk_score: payment.risk_score,
            card_country: payment.card_country.clone(),
            address: address.clone(),
            created_at: review.created_at.to_string(),
            decided_at: review.decided_at.map(|at| at.to_string()),
            decided_by: review.decided_by.clone(),
            note: review.note.clone(),
        })
    }
}

impl Message {
    fn new(message: &reviews::Message) -> Self {
        Self {
            id: message.id.to_string(),
            text: message.text.clone(),
            sent_by: message.sent_by.clone(),
            created_at: message.created_at.to_string(),
        }
    }
}
