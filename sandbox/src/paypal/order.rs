//! Orders and their captures, as PayPal shows them.

use serde_json::{Value, json};

use super::{refund::Refund, written_time};

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    PayerActionRequired,
    Approved,
    Completed,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::PayerActionRequired => "PAYER_ACTION_REQUIRED",
            Self::Approved => "APPROVED",
            Self::Completed => "COMPLETED",
        }
    }

    /// Whether the payer may still approve it, or choose anew what to pay from.
    pub(crate) const fn is_open(self) -> bool {
        !matches!(self, Self::Completed)
    }
}

/// What the payer pays from, and so what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funding {
    /// The money is there.
    Balance,
    /// `PayPal` lends the money, and the merchant has it at once.
    Credit,
    /// The money is there, in the payer's Venmo account.
    Venmo,
    /// A card that its bank declines when the order is captured.
    DeclinedCard,
    /// A bank account: the capture is pending for days, and may yet fail.
    Echeck,
}

impl Funding {
    /// All of them, in the order in which they are offered.
    pub(crate) const ALL: [Self; 5] =
        [Self::Balance, Self::Credit, Self::Venmo, Self::DeclinedCard, Self::Echeck];

    /// The name in forms.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Credit => "credit",
            Self::Venmo => "venmo",
            Self::DeclinedCard => "declined",
            Self::Echeck => "echeck",
        }
    }

    /// The one called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|funding| funding.name() == name)
    }

    /// What the payer reads, and what becomes of it.
    pub(crate) const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Balance => ("PayPal balance", "Pays at once"),
            Self::Credit => ("PayPal Credit", "Pays at once, the payer pays later"),
            Self::Venmo => ("Venmo", "Pays at once"),
            Self::DeclinedCard => ("Visa ···· 0002", "The bank declines"),
            Self::Echeck => ("Bank account ···· 6789", "eCheck: pending until you settle it"),
        }
    }

    /// The key of `payment_source`.
    const fn source(self) -> &'static str {
        match self {
            Self::Venmo => "venmo",
            Self::Balance | Self::Credit | Self::DeclinedCard | Self::Echeck => "paypal",
        }
    }
}

/// What became of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    Completed,
    Pending,
    Declined,
}

impl Captured {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Declined => "DECLINED",
        }
    }
}

/// Money that was collected, or is being.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) id: String,
    pub(crate) status: Captured,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// An order of one purchase.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// In hundredths, or whole units of a currency without decimals.
    pub(crate) amount: String,
    pub(crate) currency: String,
    /// What the merchant sent with the purchase: ids, description, brand.
    pub(crate) reference_id: String,
    pub(crate) custom_id: Option<String>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    /// What is to be paid from, if the merchant said so: then the payer has to act from the start.
    pub(crate) source: Option<&'static str>,
    pub(crate) merchant_id: String,
    pub(crate) payer: Option<Payer>,
    pub(crate) capture: Option<Capture>,
    pub(crate) refunds: Vec<Refund>,
    /// What the merchant asked for, as JSON: for judges of the merchant.
    pub(crate) request: Box<str>,
}

/// Who approved an order, and what they pay from.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) funding: Funding,
}

impl Order {
    /// As `GET /v2/checkout/orders/{id}` shows it; `base` is where the API is, `approval` the page.
    pub(crate) fn view(&self, base: &str, approval: &str) -> Value {
        let mut view = json!({
            "id": self.id,
            "intent": "CAPTURE",
            "status": self.status.name(),
            "purchase_units": [self.unit(base)],
            "create_time": written_time(self.created),
            "update_time": written_time(self.updated),
            "links": self.links(base, approval),
        });
        if let (Some(source), None) = (self.source, &self.payer) {
            view["payment_source"] = json!({ source: {} });
        }
        if let Some(payer) = &self.payer {
            let name = json!({ "given_name": "Pat", "surname": "Payer" });
            view["payment_source"] = json!({ payer.funding.source(): {
                "email_address": payer.email, "account_id": payer.id, "name": name,
                "address": { "country_code": "US" },
            }});
            if payer.funding.source() == "paypal" {
                view["payment_source"]["paypal"]["account_status"] = json!("VERIFIED");
            }
            view["payer"] = json!({
                "name": name, "email_address": payer.email, "payer_id": payer.id,
                "address": { "country_code": "US" },
            });
        }
        view
    }

    /// What is shown to those who did not ask for all of it.
    pub(crate) fn minimal(&self, base: &str, approval: &str) -> Value {
        let mut view = self.view(base, approval);
        let kept = ["id", "status", "links", "payment_source", "payer", "purchase_units"];
        if let Some(fields) = view.as_object_mut() {
            let captured = self.capture.is_some();
            fields.retain(|name, _| {
                kept.contains(&name.as_str()) && (captured || name != "purchase_units")
            });
        }
        view
    }

    /// The capture, as its own call and its events show it.
    pub(crate) fn capture_view(&self, base: &str) -> Option<Value> {
        let mut view = self.capture.as_ref().map(|capture| self.bare_capture(capture, base))?;
        view["supplementary_data"] = json!({ "related_ids": { "order_id": self.id } });
        view["payee"] = self.payee();
        Some(view)
    }

    fn unit(&self, base: &str) -> Value {
        let mut unit = json!({
            "reference_id": self.reference_id,
            "amount": self.money(),
            "payee": self.payee(),
        });
        let texts = [
            ("custom_id", &self.custom_id),
            ("invoice_id", &self.invoice_id),
            ("description", &self.description),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                unit[name] = json!(text);
            }
        }
        if let Some(capture) = &self.capture {
            unit["payments"] = json!({ "captures": [self.bare_capture(capture, base)] });
            if !self.refunds.is_empty() {
                let refunds = self.refunds.iter().map(|refund| refund.view(self, base));
                unit["payments"]["refunds"] = refunds.collect();
            }
        }
        unit
    }

    fn bare_capture(&self, capture: &Capture, base: &str) -> Value {
        let mut view = json!({
            "id": capture.id,
            "status": self.capture_status(capture),
            "amount": self.money(),
            "final_capture": true,
            "seller_protection": {
                "status": "ELIGIBLE",
                "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
            },
            "create_time": written_time(capture.created),
            "update_time": written_time(capture.updated),
            "links": [
                link(&format!("{base}/v2/payments/captures/{}", capture.id), "self", "GET"),
                link(&format!("{base}/v2/checkout/orders/{}", self.id), "up", "GET"),
            ],
        });
        for (name, text) in [("custom_id", &self.custom_id), ("invoice_id", &self.invoice_id)] {
            if let Some(text) = text {
                view[name] = json!(text);
            }
        }
        if capture.status != Captured::Completed {
            view["status_details"] = json!({ "reason": "ECHECK" });
        }
        view
    }

    fn capture_status(&self, capture: &Capture) -> &'static str {
        match self.refunded() {
            0 => capture.status.name(),
            part if part < minor(&self.amount) => "PARTIALLY_REFUNDED",
            _ => "REFUNDED",
        }
    }

    /// How much went back, or is on its way, in hundredths or whole units.
    pub(crate) fn refunded(&self) -> i64 {
        let refunds = self.refunds.iter().filter(|refund| refund.counts());
        refunds.map(|refund| minor(&refund.amount)).sum()
    }

    fn money(&self) -> Value {
        self.sum(&self.amount)
    }

    /// `amount` in the order's currency.
    pub(super) fn sum(&self, amount: &str) -> Value {
        json!({ "currency_code": self.currency, "value": amount })
    }

    pub(super) fn payee(&self) -> Value {
        json!({ "email_address": "shop@example.com", "merchant_id": self.merchant_id })
    }

    fn links(&self, base: &str, approval: &str) -> Vec<Value> {
        let own = format!("{base}/v2/checkout/orders/{}", self.id);
        let mut links = vec![link(&own, "self", "GET")];
        match self.status {
            Status::PayerActionRequired => links.push(link(approval, "payer-action", "GET")),
            Status::Created => {
                links.push(link(approval, "approve", "GET"));
                links.push(link(&format!("{own}/capture"), "capture", "POST"));
            }
            // The payer has acted: PayPal says no more where they could.
            Status::Approved => {
                links.push(link(&format!("{own}/capture"), "capture", "POST"));
            }
            Status::Completed => {}
        }
        links
    }
}

/// An amount in hundredths, or in whole units if it has no decimals.
pub(super) fn minor(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap_or_default()
}

/// `minor` written like `like`: with its decimals.
pub(super) fn written(minor: i64, like: &str) -> String {
    if like.contains('.') {
        format!("{}.{:02}", minor / 100, minor % 100)
    } else {
        minor.to_string()
    }
}

pub(super) fn link(href: &str, rel: &str, method: &str) -> Value {
    json!({ "href": href, "rel": rel, "method": method })
}
