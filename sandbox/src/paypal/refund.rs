//! Refunds: `POST /v2/payments/captures/{id}/refund`, PayPal's own pages, and what the bank does.

use serde_json::{Value, json};

use super::{
    PaypalWork,
    create::{amount, text},
    error::Refusal,
    order::{Captured, Funding, Order, link, minor, written},
    state::new_id,
    written_time,
};

/// For how long a capture may be refunded, in seconds: 180 days.
const TIME_LIMIT: i64 = 180 * 86_400;

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refunded {
    Completed,
    Pending,
    Failed,
}

/// Money on its way back.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) status: Refunded,
    pub(crate) amount: String,
    custom_id: Option<String>,
    invoice_id: Option<String>,
    note: Option<String>,
    created: i64,
    updated: i64,
    /// What the merchant asked for, as JSON: for judges of the merchant.
    pub(crate) request: Box<str>,
}

impl Refund {
    /// As PayPal shows it; `base` is where the API is.
    pub(crate) fn view(&self, order: &Order, base: &str) -> Value {
        let total = written(order.refunded(), &order.amount);
        let mut view = self.minimal(order, base);
        view["amount"] = order.sum(&self.amount);
        view["seller_payable_breakdown"] = json!({
            "gross_amount": order.sum(&self.amount),
            "paypal_fee": order.sum(&written(0, &order.amount)),
            "net_amount": order.sum(&self.amount),
            "total_refunded_amount": order.sum(&total),
        });
        view["payer"] = order.payee();
        view["create_time"] = json!(written_time(self.created));
        view["update_time"] = json!(written_time(self.updated));
        let texts = [
            ("custom_id", &self.custom_id),
            ("invoice_id", &self.invoice_id),
            ("note_to_payer", &self.note),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                view[name] = json!(text);
            }
        }
        if self.status != Refunded::Completed {
            view["status_details"] = json!({ "reason": "ECHECK" });
        }
        view
    }

    /// What is shown to those who did not ask for all of it.
    pub(crate) fn minimal(&self, order: &Order, base: &str) -> Value {
        let capture = order.capture.as_ref().map(|capture| capture.id.as_str()).unwrap_or_default();
        json!({
            "id": self.id,
            "status": match self.status {
                Refunded::Completed => "COMPLETED",
                Refunded::Pending => "PENDING",
                Refunded::Failed => "FAILED",
            },
            "links": [
                link(&format!("{base}/v2/payments/refunds/{}", self.id), "self", "GET"),
                link(&format!("{base}/v2/payments/captures/{capture}"), "up", "GET"),
            ],
        })
    }

    /// Whether its money is gone.
    pub(crate) fn counts(&self) -> bool {
        self.status != Refunded::Failed
    }
}

impl PaypalWork<'_> {
    /// `POST /v2/payments/captures/{id}/refund`
    pub(super) fn create_refund(
        &mut self,
        capture: &str,
        body: &Value,
    ) -> Result<(Order, Refund), Refusal> {
        let order = self.state.captures.get(capture).and_then(|id| self.state.orders.get(id));
        let order = order.ok_or_else(Refusal::not_found)?;
        let left = minor(&order.amount) - order.refunded();
        let value = match &body["amount"] {
            Value::Null => written(left, &order.amount),
            wish => {
                let (value, currency) = amount(wish, "/amount")?;
                if currency != order.currency {
                    return Err(currency_mismatch());
                }
                value
            }
        };
        let invoice_id = text(&body["invoice_id"], "/invoice_id")?;
        self.check_refund(order, minor(&value), invoice_id.as_deref())?;
        let pending = order.payer.as_ref().is_some_and(|it| it.funding == Funding::Echeck);
        let refund = Refund {
            id: new_id(),
            status: if pending { Refunded::Pending } else { Refunded::Completed },
            amount: value,
            custom_id: text(&body["custom_id"], "/custom_id")?,
            invoice_id,
            note: text(&body["note_to_payer"], "/note_to_payer")?,
            created: self.now,
            updated: self.now,
            request: body.to_string().into(),
        };
        let kind = if pending { "PAYMENT.REFUND.PENDING" } else { "PAYMENT.CAPTURE.REFUNDED" };
        let order = order.id.clone();
        Ok(self.refunded(&order, refund, kind))
    }

    fn check_refund(&self, order: &Order, wish: i64, invoice: Option<&str>) -> Result<(), Refusal> {
        let (amount, refunded) = (minor(&order.amount), order.refunded());
        let capture = order.capture.as_ref().ok_or_else(Refusal::not_found)?;
        match capture.status {
            Captured::Completed => {}
            Captured::Pending => return Err(pending_capture()),
            Captured::Declined => return Err(not_allowed()),
        }
        if self.now - capture.created > TIME_LIMIT {
            return Err(too_late());
        }
        if refunded >= amount {
            return Err(fully_refunded());
        }
        if wish > amount - refunded {
            return Err(too_much());
        }
        let names = |refund: &Refund| invoice.is_some() && refund.invoice_id.as_deref() == invoice;
        if order.refunds.iter().any(names) {
            return Err(duplicate_invoice());
        }
        if self.is_disputed(&order.id) && wish < amount - refunded {
            return Err(disputed());
        }
        Ok(())
    }

    /// `GET /v2/payments/refunds/{id}`
    pub(super) fn refund(&self, id: &str) -> Result<(Order, Refund), Refusal> {
        let order = self.state.refunds.get(id).and_then(|order| self.state.orders.get(order));
        let order = order.ok_or_else(Refusal::not_found)?;
        let refund = order.refunds.iter().find(|refund| refund.id == id);
        Ok((order.clone(), refund.ok_or_else(Refusal::not_found)?.clone()))
    }

    /// Refunds `amount` of the order `id` as if in PayPal's pages; all that is left, if `None`.
    pub(crate) fn refund_in_dashboard(
        &mut self,
        id: &str,
        amount: Option<&str>,
    ) -> Result<String, Refusal> {
        let order = self.state.orders.get(id).ok_or_else(Refusal::not_found)?;
        let capture = order.capture.as_ref().ok_or_else(Refusal::not_found)?.id.clone();
        // Such a refund has the names of what it gives back.
        let mut body = json!({ "custom_id": order.custom_id });
        if let Some(amount) = amount {
            body["amount"] = order.sum(amount);
        }
        Ok(self.create_refund(&capture, &body)?.1.id)
    }

    /// PayPal takes `amount` of the order `id` back by itself.
    pub(super) fn reverse(&mut self, id: &str, amount: &str) {
        let custom_id = self.state.orders.get(id).and_then(|order| order.custom_id.clone());
        let refund = Refund {
            id: new_id(),
            status: Refunded::Completed,
            amount: amount.to_owned(),
            custom_id,
            invoice_id: None,
            note: None,
            created: self.now,
            updated: self.now,
            request: Box::default(),
        };
        self.refunded(id, refund, "PAYMENT.CAPTURE.REVERSED");
    }

    /// A pending refund is paid, or a refund fails, even after it was paid.
    pub(crate) fn settle_refund(&mut self, id: &str, paid: bool) -> Result<(), Refusal> {
        let (order, mut refund) = self.refund(id)?;
        let status = match (refund.status, paid) {
            (Refunded::Pending, true) => Refunded::Completed,
            (Refunded::Pending | Refunded::Completed, false) => Refunded::Failed,
            (Refunded::Completed, true) | (Refunded::Failed, _) => return Err(Refusal::not_found()),
        };
        (refund.status, refund.updated) = (status, self.now);
        let kind = if paid { "PAYMENT.CAPTURE.REFUNDED" } else { "PAYMENT.REFUND.FAILED" };
        self.refunded(&order.id, refund, kind);
        Ok(())
    }

    /// Writes `refund` of the order `id` down, and says so.
    fn refunded(&mut self, id: &str, refund: Refund, kind: &'static str) -> (Order, Refund) {
        let order = self.state.orders.get_mut(id);
        let order = order.unwrap_or_else(|| unreachable!("it was there just now"));
        match order.refunds.iter_mut().find(|known| known.id == refund.id) {
            Some(known) => *known = refund.clone(),
            None => order.refunds.push(refund.clone()),
        }
        order.updated = self.now;
        let order = order.clone();
        self.state.refunds.insert(refund.id.clone(), id.to_owned());
        let summary = format!("A {} {} refund: {kind}", refund.amount, order.currency);
        self.emit(kind, "refund", &summary, &refund.view(&order, &self.config.api_base));
        if order.refunded() >= minor(&order.amount) && kind == "PAYMENT.CAPTURE.REFUNDED" {
            self.settle_by_refund(id);
        }
        (order, refund)
    }
}

fn fully_refunded() -> Refusal {
    Refusal::unprocessable("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded")
}

fn too_much() -> Refusal {
    let description = "The refund amount must be less than or equal to the capture amount that has \
                       not yet been refunded.";
    Refusal::unprocessable("REFUND_AMOUNT_EXCEEDED", description)
}

fn too_late() -> Refusal {
    let description = "You are over the time limit to perform a refund on this capture";
    Refusal::unprocessable("REFUND_TIME_LIMIT_EXCEEDED", description)
}

fn currency_mismatch() -> Refusal {
    let description = "Refund must be in the same currency as the capture";
    Refusal::unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", description)
}

fn pending_capture() -> Refusal {
    let description = "Cannot initiate a refund as the capture is pending. Capture is typically \
                       pending when the payer has funded the transaction using e-check/bank funded.";
    Refusal::unprocessable("PENDING_CAPTURE", description)
}

fn not_allowed() -> Refusal {
    Refusal::unprocessable("REFUND_NOT_ALLOWED", "Capture cannot be refunded.")
}

fn duplicate_invoice() -> Refusal {
    let description = "Invoice ID was previously used to refund a capture.";
    Refusal::unprocessable("DUPLICATE_INVOICE_ID", description)
}

fn disputed() -> Refusal {
    let description = "Partial refunds cannot be offered at this time because there is an open case \
                       on this transaction. Visit the PayPal Resolution Center to review this case.";
    Refusal::unprocessable("TRANSACTION_DISPUTED", description)
}
