//! Disputes, for support, finance and admins: looking at them, and answering (`AC9.6.2`).

use ::payments::disputes::{self, File, Wish};
use base64::{Engine, engine::general_purpose::STANDARD};
use entities::{DisputeId, dispute, dispute_answer};
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, place::Place, success, view};
use crate::Problem;

/// Largest body with evidence: 4 MiB of files, a third more as base64.
pub(super) const EVIDENCE_LIMIT: usize = 6 * 1024 * 1024;

/// What speaks for the seller.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DisputeEvidence")]
pub(crate) struct Evidence {
    /// The version of the dispute that was looked at.
    version: i64,
    /// What speaks for you: 1 to 1900 characters.
    text: String,
    /// At most 5, and 4 MiB together.
    #[serde(default)]
    files: Vec<EvidenceFile>,
}

/// A file that goes with evidence.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DisputeEvidenceFile")]
pub(crate) struct EvidenceFile {
    /// Letters, digits, dots, - and _: at most 100.
    name: String,
    /// `application/pdf`, `image/jpeg` or `image/png`.
    media_type: String,
    /// Which part of the evidence it is, each at most once: `receipt`, `customer_communication`,
    /// `service_documentation`, `shipping_documentation`, `refund_policy`, `cancellation_policy`,
    /// `uncategorized_file`.
    #[serde(default = "uncategorized")]
    field: String,
    /// What is in it, as base64.
    content: String,
}

fn uncategorized() -> String {
    "uncategorized_file".to_owned()
}

/// That the payer is right.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DisputeAcceptance")]
pub(crate) struct Acceptance {
    /// The version of the dispute that was looked at.
    version: i64,
}

/// A dispute.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dispute {
    #[serde(rename = "disputeId")]
    id: String,
    transaction_id: String,
    provider: String,
    /// The dispute in the provider's dashboard.
    provider_url: Option<String>,
    /// `warning`, `needs_response`, `under_review`, `harmless`, `won`, `lost`.
    status: String,
    /// Send it with an answer: it fails if somebody was faster.
    version: i64,
    /// `untouched`, `withdrawn`, `reinstated`.
    funds: String,
    /// Why, in the provider's code.
    reason: String,
    /// In minor units.
    amount: i64,
    currency: String,
    held_credits: i64,
    evidence_due: Option<String>,
    opened_at: String,
    closed_at: Option<String>,
    /// What was answered, oldest first.
    answers: Vec<Answer>,
}

/// An answer to a dispute.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DisputeAnswer")]
pub(crate) struct Answer {
    #[serde(rename = "answerId")]
    id: String,
    /// `evidence`, `accept`.
    kind: String,
    /// `asked`, `submitting`, `unknown`, `sent`, `failed`.
    status: String,
    /// Who asked for it, by the host application's id.
    asked_by: String,
    /// Why it failed, in the provider's code.
    failure: Option<String>,
    asked_at: String,
    sent_at: Option<String>,
}

/// `GET /admin/disputes`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let place: Place = call.query()?;
    let states: Vec<dispute::State> = place.states()?;
    let after: Option<DisputeId> = place.after()?;
    let page = disputes::page(&call.app.store, &states, after, place.limit()?).await?;
    Ok(success(&view::Page {
        items: page.disputes.iter().map(|found| Dispute::new(&call, found)).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /admin/disputes/{id}`.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    one(&call, call.id()?).await
}

/// `POST /admin/disputes/{id}/evidence`.
pub(crate) async fn evidence(call: Call) -> Result<Response, Problem> {
    let evidence: Evidence = call.json()?;
    let unreadable = |_| Problem::Malformed("a file's content is base64".to_owned());
    let contents = evidence.files.iter().map(|file| STANDARD.decode(&file.content));
    let contents: Vec<Vec<u8>> = contents.collect::<Result<_, _>>().map_err(unreadable)?;
    let files = evidence.files.iter().zip(&contents).map(|(file, content)| File {
        name: &file.name,
        field: &file.field,
        media: &file.media_type,
        content,
    });
    let files: Vec<File<'_>> = files.collect();
    answer(&call, evidence.version, Wish::Evidence(&evidence.text, &files)).await
}

/// `POST /admin/disputes/{id}/accept`.
pub(crate) async fn accept(call: Call) -> Result<Response, Problem> {
    let acceptance: Acceptance = call.json()?;
    answer(&call, acceptance.version, Wish::Accept).await
}

async fn answer(call: &Call, version: i64, wish: Wish<'_>) -> Result<Response, Problem> {
    let id: DisputeId = call.id()?;
    let user_ref = &call.user()?.user_ref;
    let asked = disputes::ask(&call.app.store, user_ref, (id, version), wish).await?;
    call.app.cashier.announce(asked.ok_or(Problem::NotFound)?);
    let mut response = one(call, id).await?;
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}

async fn one(call: &Call, id: DisputeId) -> Result<Response, Problem> {
    let found = disputes::find(&call.app.store, id).await?.ok_or(Problem::NotFound)?;
    Ok(success(&Dispute::new(call, &found)))
}

impl Dispute {
    fn new(call: &Call, (row, answers): &(dispute::Model, Vec<dispute_answer::Model>)) -> Self {
        Self {
            id: row.id.to_string(),
            transaction_id: row.payment_id.to_string(),
            provider: row.provider.as_str().to_owned(),
            provider_url: call.app.gateway_url(row.provider, &row.provider_reference),
            status: row.state.as_str().to_owned(),
            version: row.version,
            funds: row.funds.as_str().to_owned(),
            reason: row.reason.clone(),
            amount: row.amount,
            currency: row.currency.code().to_owned(),
            held_credits: row.held,
            evidence_due: row.evidence_due.map(|at| at.to_string()),
            opened_at: row.opened_at.to_string(),
            closed_at: row.closed_at.map(|at| at.to_string()),
            answers: answers.iter().map(Answer::new).collect(),
        }
    }
}

impl Answer {
    fn new(row: &dispute_answer::Model) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            status: row.state.as_str().to_owned(),
            asked_by: row.asked_by.clone(),
            failure: row.failure.clone(),
            asked_at: row.created_at.to_string(),
            sent_at: row.sent_at.map(|at| at.to_string()),
        }
    }
}
