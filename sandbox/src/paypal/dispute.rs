//! Disputes: a payer complained to PayPal.

use serde_json::{Value, json};

use super::{
    PaypalWork,
    error::Refusal,
    order::{Captured, Order, link, minor, written},
    state::new_id,
    written_time,
};
use crate::api::params::Params;

/// For how long the seller may answer, in seconds.
const ANSWER: i64 = 10 * 86_400;

/// Longest notes, in characters.
const MAX_NOTES: usize = 2_000;

/// Why payers complain.
const REASONS: [&str; 4] = [
    "UNAUTHORISED",
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
    "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
    "DUPLICATE_TRANSACTION",
];

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Buyer,
    Seller,
}

/// A payer's complaint.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    id: String,
    order: String,
    reason: &'static str,
    amount: String,
    created: i64,
    updated: i64,
    due: i64,
    outcome: Option<Outcome>,
    /// What the seller said: notes, and the names of documents.
    evidences: Vec<(String, Vec<String>)>,
}

impl Dispute {
    fn status(&self) -> &'static str {
        match self.outcome {
            Some(_) => "RESOLVED",
            None if self.evidences.is_empty() => "WAITING_FOR_SELLER_RESPONSE",
            None => "UNDER_REVIEW",
        }
    }

    fn evidence(&self) -> Vec<Value> {
        let evidence = |(notes, documents): &(String, Vec<String>)| {
            let mut evidence = json!({
                "evidence_type": "OTHER", "notes": notes, "source": "SUBMITTED_BY_SELLER",
                "date": written_time(self.updated),
            });
            if !documents.is_empty() {
                let documents = documents.iter().map(|name| json!({ "name": name }));
                evidence["documents"] = documents.collect();
            }
            evidence
        };
        self.evidences.iter().map(evidence).collect()
    }

    /// As a list shows it.
    fn info(&self, order: &Order, base: &str) -> Value {
        let own = format!("{base}/v1/customer/disputes/{}", self.id);
        let mut view = json!({
            "dispute_id": self.id,
            "create_time": written_time(self.created),
            "update_time": written_time(self.updated),
            "reason": self.reason,
            "status": self.status(),
            "dispute_amount": order.sum(&self.amount),
            "dispute_life_cycle_stage": "CHARGEBACK",
            "dispute_channel": "INTERNAL",
            "links": [link(&own, "self", "GET")],
        });
        if self.outcome.is_none() {
            view["seller_response_due_date"] = json!(written_time(self.due));
        }
        view
    }

    /// As `GET /v1/customer/disputes/{id}` shows it.
    fn view(&self, order: &Order, base: &str) -> Value {
        let mut view = self.info(order, base);
        let capture = order.capture.as_ref().map(|capture| capture.id.as_str());
        let payee = order.payee();
        let mut transaction = json!({
            "buyer_transaction_id": order.id,
            "seller_transaction_id": capture,
            "create_time": written_time(order.created),
            "transaction_status": "COMPLETED",
            "gross_amount": order.sum(&order.amount),
            "buyer": { "name": "Pat Payer" },
            "seller": {
                "email": payee["email_address"], "merchant_id": payee["merchant_id"],
                "name": "Test shop",
            },
        });
        if let Some(custom) = &order.custom_id {
            transaction["custom"] = json!(custom);
        }
        view["disputed_transactions"] = json!([transaction]);
        if !self.evidences.is_empty() {
            view["evidences"] = json!(self.evidence());
        }
        match self.outcome {
            None => {
                view["allowed_response_options"] =
                    json!({ "accept_claim": { "accept_claim_types": ["REFUND"] } });
            }
            Some(Outcome::Seller) => {
                view["dispute_outcome"] = json!({ "outcome_code": "RESOLVED_SELLER_FAVOUR" });
            }
            Some(Outcome::Buyer) => {
                view["dispute_outcome"] = json!({
                    "outcome_code": "RESOLVED_BUYER_FAVOUR",
                    "amount_refunded": order.sum(&self.amount),
                });
                view["money_movements"] = json!([{
                    "affected_party": "SELLER",
                    "amount": order.sum(&self.amount),
                    "initiated_time": written_time(self.updated),
                    "type": "DEBIT",
                    "reason": "DISPUTE_SETTLEMENT",
                }]);
            }
        }
        view
    }
}

impl PaypalWork<'_> {
    /// The payer of the order `id` complains.
    pub(crate) fn open_dispute(&mut self, id: &str, reason: &str) -> Result<String, Refusal> {
        let reason = REASONS.into_iter().find(|known| *known == reason);
        let reason = reason.ok_or_else(|| Refusal::syntax("/reason"))?;
        let order = self.state.orders.get(id).ok_or_else(Refusal::not_found)?;
        let capture = order.capture.as_ref().filter(|it| it.status == Captured::Completed);
        let left = minor(&order.amount) - order.refunded();
        if capture.is_none() || left <= 0 || self.is_disputed(id) {
            return Err(Refusal::not_found());
        }
        let dispute = Dispute {
            id: format!("PP-D-{}", new_id()),
            order: id.to_owned(),
            reason,
            amount: written(left, &order.amount),
            created: self.now,
            updated: self.now,
            due: self.now + ANSWER,
            outcome: None,
            evidences: Vec::new(),
        };
        let id = dispute.id.clone();
        self.disputed(dispute, "CUSTOMER.DISPUTE.CREATED");
        Ok(id)
    }

    /// PayPal decides about the dispute `id`.
    pub(crate) fn decide_dispute(&mut self, id: &str, won: bool) -> Result<(), Refusal> {
        let dispute = self.state.disputes.get(id).filter(|it| it.outcome.is_none());
        let dispute = dispute.cloned().ok_or_else(Refusal::not_found)?;
        if !won {
            self.reverse(&dispute.order, &dispute.amount);
        }
        self.resolve(dispute, if won { Outcome::Seller } else { Outcome::Buyer });
        Ok(())
    }

    /// `POST /v1/customer/disputes/{id}/accept-claim`
    pub(super) fn accept_claim(&mut self, id: &str) -> Result<Value, Refusal> {
        self.waiting(id)?;
        self.decide_dispute(id, false)?;
        Ok(self.own_link(id))
    }

    /// `POST /v1/customer/disputes/{id}/provide-evidence`, whose `input` is JSON.
    pub(super) fn provide_evidence(
        &mut self,
        id: &str,
        input: &Value,
        documents: &[String],
    ) -> Result<Value, Refusal> {
        let mut dispute = self.waiting(id)?;
        let evidences = input["evidences"].as_array().filter(|list| !list.is_empty());
        let evidences = evidences.ok_or_else(|| Refusal::missing("/evidences"))?;
        for evidence in evidences {
            let notes = evidence["notes"].as_str().unwrap_or_default().to_owned();
            if notes.chars().count() > MAX_NOTES || evidence["evidence_type"].as_str().is_none() {
                return Err(Refusal::syntax("/evidences"));
            }
            dispute.evidences.push((notes, documents.to_vec()));
        }
        dispute.updated = self.now;
        self.disputed(dispute, "CUSTOMER.DISPUTE.UPDATED");
        Ok(self.own_link(id))
    }

    /// The dispute `id`, if it waits for the seller.
    fn waiting(&self, id: &str) -> Result<Dispute, Refusal> {
        let dispute = self.state.disputes.get(id).ok_or_else(Refusal::not_found)?;
        if dispute.status() == "WAITING_FOR_SELLER_RESPONSE" {
            return Ok(dispute.clone());
        }
        let description = "The dispute does not wait for the seller.";
        Err(Refusal::unprocessable("ACTION_NOT_ALLOWED_IN_CURRENT_STATE", description))
    }

    fn own_link(&self, id: &str) -> Value {
        let own = format!("{}/v1/customer/disputes/{id}", self.config.api_base);
        json!({ "links": [link(&own, "self", "GET")] })
    }

    /// The seller has paid all of it back: there is nothing left to complain about.
    pub(super) fn settle_by_refund(&mut self, order: &str) {
        let open = |dispute: &&Dispute| dispute.order == order && dispute.outcome.is_none();
        let found = self.state.disputes.iter().find(open).cloned();
        if let Some(dispute) = found {
            self.resolve(dispute, Outcome::Buyer);
        }
    }

    /// Whether the order `id` is disputed now.
    pub(super) fn is_disputed(&self, id: &str) -> bool {
        self.state.disputes.iter().any(|it| it.order == id && it.outcome.is_none())
    }

    /// `GET /v1/customer/disputes`, newest first.
    pub(super) fn list_disputes(&self, query: &Params) -> Value {
        let capture = query.text("disputed_transaction_id").ok().flatten();
        let base = &self.config.api_base;
        let items = self.state.disputes.before(None).filter_map(|dispute| {
            let order = self.state.orders.get(&dispute.order)?;
            let own = order.capture.as_ref().map(|capture| capture.id.as_str());
            (capture.is_none() || capture == own).then(|| dispute.info(order, base))
        });
        let own = format!("{base}/v1/customer/disputes");
        json!({ "items": items.collect::<Vec<_>>(), "links": [link(&own, "self", "GET")] })
    }

    /// The whole dispute.
    pub(super) fn dispute_view(&self, dispute: &Dispute) -> Value {
        let order = self.state.orders.get(&dispute.order);
        order.map(|order| dispute.view(order, &self.config.api_base)).unwrap_or_default()
    }

    fn resolve(&mut self, dispute: Dispute, outcome: Outcome) {
        let dispute = Dispute { outcome: Some(outcome), updated: self.now, ..dispute };
        self.disputed(dispute, "CUSTOMER.DISPUTE.RESOLVED");
    }

    /// Writes `dispute` down, and says so.
    fn disputed(&mut self, dispute: Dispute, kind: &'static str) {
        let view = self.dispute_view(&dispute);
        self.state.disputes.insert(dispute.id.clone(), dispute);
        self.emit(kind, "dispute", "A dispute changed", &view);
    }
}
