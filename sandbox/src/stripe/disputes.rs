//! Disputes: a payer went to the bank.

use serde_json::{Map, Value, json};

use super::{
    Work,
    list::OfCharge,
    metadata::{self, Metadata},
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// For how long evidence may be sent, in seconds.
const EVIDENCE: i64 = 9 * 86_400;

/// Cards whose payments are disputed at once, why, and whether the bank only asks.
const CARDS: [(&str, &str, bool); 3] = [
    ("4000000000000259", "fraudulent", false),
    ("4000000000002685", "product_not_received", false),
    ("4000000000001976", "fraudulent", true),
];

/// The parts of evidence, each a text or the id of a file.
const FIELDS: [&str; 27] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// A payer's complaint at the bank.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    id: String,
    created: i64,
    charge: String,
    intent: String,
    amount: i64,
    currency: String,
    reason: String,
    status: &'static str,
    evidence: Map<String, Value>,
    metadata: Metadata,
    submissions: u32,
    due: i64,
    /// What the bank took, and what it gave back.
    moved: Vec<i64>,
}

impl Dispute {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let mut evidence: Map<String, Value> =
            FIELDS.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
        evidence.insert("enhanced_evidence".to_owned(), json!({}));
        evidence.extend(self.evidence.clone());
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": self.moved.iter().map(|it| self.movement(*it)).collect::<Value>(),
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": evidence,
            "evidence_details": {
                "due_by": self.due,
                "enhanced_eligibility": {},
                "has_evidence": !self.evidence.is_empty(),
                "past_due": false,
                "submission_count": self.submissions,
            },
            "is_charge_refundable": self.status.starts_with("warning"),
            "livemode": false,
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "status": self.status,
        })
    }

    fn movement(&self, amount: i64) -> Value {
        json!({
            "id": format!("txn_{}{}", self.id, if amount < 0 { "out" } else { "in" }),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": self.created,
            "balance_type": "payments",
            "created": self.created,
            "currency": self.currency,
            "description": null,
            "exchange_rate": null,
            "fee": 0,
            "fee_details": [],
            "net": amount,
            "reporting_category": if amount < 0 { "dispute" } else { "dispute_reversal" },
            "source": self.id,
            "status": "available",
            "type": "adjustment",
        })
    }

    fn is_open(&self) -> bool {
        !matches!(self.status, "won" | "lost" | "warning_closed")
    }
}

impl Work<'_> {
    /// Disputes a payment of a card that is always disputed.
    pub(crate) fn dispute_by_card(&mut self, intent: &str, number: &str) {
        let found = CARDS.iter().find(|(card, ..)| *card == number);
        if let Some((_, reason, question)) = found {
            // The payment succeeded a moment ago, so there is something to dispute.
            drop(self.open_dispute(intent, reason, *question));
        }
    }

    /// The payer of the intent `id` goes to the bank, which only asks if it is a `question`.
    pub(crate) fn open_dispute(
        &mut self,
        id: &str,
        reason: &str,
        question: bool,
    ) -> Result<Value, ApiError> {
        let charge = self.intent(id)?.latest_charge.clone();
        let charge = charge.and_then(|charge| self.state.charges.get_mut(&charge));
        let charge = charge.filter(|charge| charge.is_paid() && !charge.disputed);
        let charge =
            charge.ok_or_else(|| ApiError::invalid("There is nothing here to dispute."))?;
        charge.disputed = !question;
        let dispute = Dispute {
            id: ids::random("du_1", 23),
            created: self.now,
            charge: charge.id.clone(),
            intent: id.to_owned(),
            amount: charge.amount - charge.refunded,
            currency: charge.currency.clone(),
            reason: reason.to_owned(),
            status: if question { "warning_needs_response" } else { "needs_response" },
            evidence: Map::new(),
            metadata: Metadata::new(),
            submissions: 0,
            due: self.now + EVIDENCE,
            moved: if question { Vec::new() } else { vec![charge.refunded - charge.amount] },
        };
        let view = dispute.view();
        self.state.disputes.insert(dispute.id.clone(), dispute);
        self.emit("charge.dispute.created", view.clone());
        if !question {
            self.emit("charge.dispute.funds_withdrawn", view.clone());
        }
        Ok(view)
    }

    /// The bank decides about the dispute `id`.
    pub(crate) fn decide_dispute(&mut self, id: &str, won: bool) -> Result<Value, ApiError> {
        let dispute = self.open_one(id)?;
        let question = dispute.status.starts_with("warning");
        dispute.status = match (question, won) {
            (true, _) => "warning_closed",
            (false, true) => "won",
            (false, false) => "lost",
        };
        if won && !question {
            dispute.moved.push(dispute.amount);
        }
        let view = dispute.view();
        self.emit("charge.dispute.closed", view.clone());
        if won && !question {
            self.emit("charge.dispute.funds_reinstated", view.clone());
        }
        Ok(view)
    }

    /// `POST /v1/disputes/{id}/close`: the merchant gives in.
    pub(crate) fn close_dispute(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        self.decide_dispute(id, false)
    }

    /// `POST /v1/disputes/{id}`: evidence.
    pub(crate) fn update_dispute(&mut self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["evidence", "expand", "metadata", "submit"])?;
        let submit = params.boolean("submit")?.unwrap_or(true);
        let evidence = params.map("evidence")?;
        if let Some(evidence) = &evidence {
            evidence.only(&FIELDS)?;
            for (field, text) in evidence.texts()? {
                if text.starts_with("file_") && self.state.files.get(text).is_none() {
                    return Err(ApiError::no_such("file", text, &format!("evidence[{field}]")));
                }
            }
        }
        let dispute = self.open_one(id)?;
        metadata::patch(&mut dispute.metadata, params)?;
        if let Some(evidence) = evidence {
            for (field, text) in evidence.texts()? {
                dispute.evidence.insert(field.to_owned(), json!(text));
            }
            if submit {
                dispute.submissions += 1;
                let question = dispute.status.starts_with("warning");
                dispute.status = if question { "warning_under_review" } else { "under_review" };
            }
        }
        let view = dispute.view();
        self.emit("charge.dispute.updated", view.clone());
        Ok(view)
    }

    /// `GET /v1/disputes/{id}`
    pub(crate) fn retrieve_dispute(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let dispute = self.state.disputes.get(id);
        dispute.map(Dispute::view).ok_or_else(|| ApiError::not_found("dispute", id, "dispute"))
    }

    /// `GET /v1/disputes`
    pub(crate) fn list_disputes(&self, params: &Params) -> Result<Value, ApiError> {
        let of = OfCharge::read(params)?;
        let wanted = |it: &Dispute| of.has(it.created, &it.charge, &it.intent);
        of.page.of(&self.state.disputes, "dispute", "/v1/disputes", wanted, Dispute::view)
    }

    fn open_one(&mut self, id: &str) -> Result<&mut Dispute, ApiError> {
        let dispute = self.state.disputes.get_mut(id);
        let dispute = dispute.ok_or_else(|| ApiError::not_found("dispute", id, "dispute"))?;
        let closed = || ApiError::invalid("This dispute is already closed.");
        if dispute.is_open() { Ok(dispute) } else { Err(closed()) }
    }
}
