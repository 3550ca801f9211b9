use payments::{customers, ledger};
use poem::{Response, handler, web::Data};
use serde::Serialize;

use super::success;
use crate::{App, Problem, auth::Caller};

#[derive(Serialize)]
struct Balance {
    balance: i64,
    held: i64,
}

/// `GET /api/v1/credits/balance`: what the caller may spend, and what is set aside.
#[handler]
pub(crate) async fn show(Caller(user): Caller, Data(app): Data<&App>) -> Result<Response, Problem> {
    let balance = match customers::find(&app.store, &user.user_ref).await? {
        Some(customer) => ledger::balance(&app.store, customer.id).await?,
        None => ledger::Balance::default(),
    };
    Ok(success(&Balance { balance: balance.available, held: balance.held }))
}
