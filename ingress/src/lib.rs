//! HTTP for machines: webhooks, the JSON API, health, metrics.
//!
//! **Invariants:** no rule about money stands here and no query. A handler extracts, calls once,
//! and answers. A webhook is answered 2xx when its row is committed, and for no other reason.

mod api;
mod app;
mod auth;
mod body;
pub mod cashier;
pub mod guard;
mod health;
mod limits;
mod observe;
mod problem;
mod server;
mod webhooks;

pub use app::{App, Options};
pub use auth::{Claims, TokenKey, mint};
pub use cashier::{Approval, Begun, Cashier, CashierError, Confirmed, Target};
pub use problem::Problem;
pub use server::{Bound, bind};

use poem::{Endpoint, EndpointExt, Route, get, middleware::AddData, post};

/// The routes of the ingress, and `others` beside them.
pub fn routes(app: App, others: Route) -> impl Endpoint {
    let cors = api::cors(&app);
    let api = Route::new()
        .at("/payments/stripe/intent", post(api::intent::create))
        .at("/payments/paypal/create-order", post(api::paypal::create_order))
        .at("/payments/paypal/:order/capture", post(api::paypal::capture))
        .at("/payments/confirm", post(api::confirm::confirm))
        .at("/credits/balance", get(api::balance::show))
        .with(cors);
    others
        .nest("/api/v1", api)
        .at("/webhooks/:provider", post(webhooks::receive))
        .at("/health/live", get(health::live))
        .at("/health/ready", get(health::ready))
        .at("/metrics", get(health::metrics))
        .with(AddData::new(app))
        .around(observe::observe)
}
