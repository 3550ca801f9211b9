//! Who sells, who buys, and what an invoice says of it: kept as JSON, encrypted.

use serde::{Deserialize, Serialize};

use crate::{Money, PaymentId, Timestamp};

/// Who is billed, as they say themselves.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// A person's or a company's name.
    pub name: Option<String>,
    /// The address, line by line.
    #[serde(default)]
    pub address: Vec<String>,
    /// The country, as ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The number a company is taxed under: a VAT id and its like.
    pub tax_id: Option<String>,
}

impl std::fmt::Debug for Buyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buyer([REDACTED])")
    }
}

/// Who sells, and what tax the prices include.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// The seller's name.
    pub name: String,
    /// Their address, line by line.
    pub address: Vec<String>,
    /// The number they are taxed under.
    pub tax_id: Option<String>,
    /// What the tax is called: `VAT`, `GST`, …
    pub tax_name: String,
    /// Its rate, in hundredths of a percent: 1900 is 19 %.
    pub tax_basis_points: u32,
}

/// An invoice, as it says for ever.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Its number, as people see it.
    pub number: String,
    /// The payment.
    pub payment_id: PaymentId,
    /// When it was issued, in microseconds since 1970.
    pub issued_at_micros: i64,
    /// Who sold.
    pub seller: Seller,
    /// Who bought.
    pub buyer: Buyer,
    /// Where the buyer was written to.
    pub buyer_email: Option<String>,
    /// What was bought, in words.
    pub item: String,
    /// How many credits it granted, bonus included.
    pub credits: i64,
    /// What was paid, tax included.
    pub total: Money,
    /// What of it is not tax.
    pub net: Money,
    /// What of it is tax.
    pub tax: Money,
    /// How it was paid: brand or kind, and last four digits.
    pub method: Option<(String, String)>,
    /// The wallet that the card was in: `google_pay`. Invoices that were fixed before it was
    /// noted have none.
    #[serde(default)]
    pub wallet: Option<String>,
}

impl std::fmt::Debug for Invoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invoice").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Invoice {
    /// When it was issued.
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_micros(self.issued_at_micros)
    }
}
