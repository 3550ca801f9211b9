//! What a payer does on PayPal's page, and `POST /v2/checkout/orders/{id}/capture`.

use super::{
    PaypalWork,
    error::Refusal,
    order::{Capture, Captured, Funding, Order, Payer, Status},
    state::new_id,
};

impl PaypalWork<'_> {
    /// The payer approves the order, to be paid from `funding`.
    pub(crate) fn approve(
        &mut self,
        id: &str,
        funding: Funding,
        email: &str,
    ) -> Result<(), Refusal> {
        let (now, payer_id) = (self.now, "QYR5Z8XDVJNXQ".to_owned());
        let order = self.state.orders.get_mut(id).ok_or_else(Refusal::not_found)?;
        if !order.status.is_open() {
            return Err(already_captured());
        }
        order.status = Status::Approved;
        order.updated = now;
        order.payer = Some(Payer { id: payer_id, email: email.to_owned(), funding });
        let order = order.clone();
        let resource = self.order_view(&order);
        self.emit(
            "CHECKOUT.ORDER.APPROVED",
            "checkout-order",
            "An order has been approved by buyer",
            &resource,
        );
        Ok(())
    }

    /// Collects what an approved order asks for.
    pub(super) fn capture_order(&mut self, id: &str) -> Result<Order, Refusal> {
        let order = self.state.orders.get(id).ok_or_else(Refusal::not_found)?;
        if order.status == Status::Completed {
            return Err(already_captured());
        }
        let funding = match &order.payer {
            Some(payer) if order.status == Status::Approved => payer.funding,
            _ => return Err(not_approved()),
        };
        if self.is_paid(order) {
            let description = "Duplicate Invoice ID detected. To avoid a potential duplicate \
                               transaction your account setting requires that Invoice Id be unique \
                               for each transaction.";
            return Err(Refusal::unprocessable("DUPLICATE_INVOICE_ID", description));
        }
        if funding == Funding::DeclinedCard {
            let description = "The instrument presented  was either declined by the processor or \
                               bank, or it can't be used for this payment.";
            let refusal = Refusal::unprocessable("INSTRUMENT_DECLINED", description);
            return Err(refusal.redirect(self.approval_url(id)));
        }
        let pending = funding == Funding::Echeck;
        let status = if pending { Captured::Pending } else { Captured::Completed };
        Ok(self.captured(id, status).unwrap_or_else(|| unreachable!("it was there just now")))
    }

    /// The bank pays a pending capture, or does not.
    pub(crate) fn settle_capture(&mut self, id: &str, paid: bool) -> Result<(), Refusal> {
        let order = self.state.orders.get(id).ok_or_else(Refusal::not_found)?;
        let pending = order.capture.as_ref().is_some_and(|it| it.status == Captured::Pending);
        if !pending {
            return Err(Refusal::not_found());
        }
        let status = if paid { Captured::Completed } else { Captured::Declined };
        self.captured(id, status);
        Ok(())
    }

    /// Lets the capture have been made so many seconds earlier.
    pub(super) fn age_capture(&mut self, id: &str, seconds: i64) -> Result<(), Refusal> {
        let order = self.state.orders.get_mut(id).ok_or_else(Refusal::not_found)?;
        let capture = order.capture.as_mut().ok_or_else(Refusal::not_found)?;
        capture.created = capture.created.saturating_sub(seconds);
        Ok(())
    }

    fn captured(&mut self, id: &str, status: Captured) -> Option<Order> {
        let now = self.now;
        let order = self.state.orders.get_mut(id)?;
        order.status = Status::Completed;
        order.updated = now;
        let capture = order.capture.get_or_insert_with(|| Capture {
            id: new_id(),
            status,
            created: now,
            updated: now,
        });
        (capture.status, capture.updated) = (status, now);
        let place = capture.id.clone();
        let order = order.clone();
        self.state.captures.insert(place, id.to_owned());
        if let Some(invoice) = &order.invoice_id {
            self.state.paid.insert(invoice.clone(), id.to_owned());
        }
        let (kind, summary) = match status {
            Captured::Completed => ("PAYMENT.CAPTURE.COMPLETED", "Payment completed"),
            Captured::Pending => ("PAYMENT.CAPTURE.PENDING", "Payment pending"),
            Captured::Declined => ("PAYMENT.CAPTURE.DENIED", "Payment denied"),
        };
        let summary = format!("{summary} for $ {} {}", order.amount, order.currency);
        let resource = order.capture_view(&self.config.api_base).unwrap_or_default();
        self.emit(kind, "capture", &summary, &resource);
        Some(order)
    }

    /// Whether another order of the same invoice was paid.
    fn is_paid(&self, order: &Order) -> bool {
        let paid = order.invoice_id.as_ref().and_then(|invoice| self.state.paid.get(invoice));
        paid.is_some_and(|id| *id != order.id)
    }
}

fn already_captured() -> Refusal {
    let description =
        "Order already captured.If 'intent=CAPTURE' only one capture per order is allowed.";
    Refusal::unprocessable("ORDER_ALREADY_CAPTURED", description)
}

fn not_approved() -> Refusal {
    let description = "Payer has not yet approved the Order for payment. Please redirect the payer \
                       to the 'rel':'approve' url returned as part of the HATEOAS links within the \
                       Create Order call or provide a valid `payment_source` in the request.";
    Refusal::unprocessable("ORDER_NOT_APPROVED", description)
}
