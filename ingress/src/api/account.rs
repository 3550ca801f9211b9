use ::payments::{billing, customers};
use entities::billing::Buyer;
use poem::{Response, http::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, success, view::Gone};
use crate::Problem;

/// Whom invoices are made out to.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Billing {
    /// A person's or a company's name.
    #[serde(default)]
    name: Option<String>,
    /// The address, line by line; at most 6.
    #[serde(default)]
    address: Vec<String>,
    /// The country, as ISO 3166-1 alpha-2.
    #[serde(default)]
    country: Option<String>,
    /// A VAT id and its like.
    #[serde(default)]
    tax_id: Option<String>,
}

impl From<Buyer> for Billing {
    fn from(Buyer { name, address, country, tax_id }: Buyer) -> Self {
        Self { name, address, country, tax_id }
    }
}

/// `GET /account/billing`.
pub(crate) async fn billing(call: Call) -> Result<Response, Problem> {
    let store = &call.app.store;
    let buyer = match customers::find(store, &call.user()?.user_ref).await? {
        Some(customer) => billing::of(store, &customer)?,
        None => Buyer::default(),
    };
    Ok(success(&Billing::from(buyer)))
}

/// `PUT /account/billing`: invoices that were shown before stay as they are.
pub(crate) async fn set_billing(call: Call) -> Result<Response, Problem> {
    let Billing { name, address, country, tax_id } = call.json()?;
    let buyer = Buyer { name, address, country, tax_id };
    billing::set(&call.app.store, call.user()?, &buyer).await?;
    Ok(success(&Billing::from(buyer)))
}

/// `DELETE /account` (`AC9.3.6`).
pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    call.app.cashier.close_account(call.user()?).await?;
    let mut response = success(&Gone { deleted: true });
    response.set_status(StatusCode::ACCEPTED);
    Ok(response)
}
