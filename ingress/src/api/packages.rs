use ::payments::catalog;
use poem::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, success};
use crate::Problem;

/// One package.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Package")]
pub(crate) struct OnSale {
    package_id: String,
    name: String,
    /// In minor units.
    amount: i64,
    currency: String,
    credits: i64,
    bonus_credits: i64,
}

/// What is on sale.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Packages {
    items: Vec<OnSale>,
}

/// `GET /packages`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let package = |package: entities::package::Model| OnSale {
        amount: package.amount,
        currency: package.currency.code().to_owned(),
        credits: package.credits,
        bonus_credits: package.bonus_credits,
        package_id: package.id,
        name: package.name,
    };
    let on_sale = catalog::on_sale(&call.app.store).await?;
    Ok(success(&Packages { items: on_sale.into_iter().map(package).collect() }))
}
