//! HTTP for machines: webhooks, the JSON API, health, metrics.
//!
//! **Invariants:** no rule about money stands here and no query. A handler extracts, calls once,
//! and answers. A webhook is answered 2xx when its row is committed, and for no other reason.

mod api;
mod app;
mod attack;
mod auth;
mod body;
pub mod cashier;
mod figures;
mod files;
pub mod guard;
mod health;
mod limits;
mod observe;
mod problem;
mod reconciler;
mod replay;
mod server;
mod webhooks;

pub use api::{Role, openapi};
pub use app::{App, Options};
pub use attack::{AttackLimits, Watch};
pub use auth::{Claims, TokenKey, mint};
pub use cashier::{
    Approval, Begun, BegunSetup, Cashier, CashierError, Confirmed, SpentCredits, Target,
};
pub use files::Files;
pub use gateways::{Funding, ReturnTo};
pub use health::worker_routes;
pub use limits::{SignIns, Standing};
pub use payments::fraud::Visit;
pub use problem::Problem;
pub use reconciler::{Reconciler, ReconcilerError, Subject};
pub use replay::{DryRun, ReplayError, Replayer};
pub use server::{Bound, bind};

use poem::{Endpoint, EndpointExt, Route, middleware::AddData, post};

/// The routes of the ingress, and `others` beside them.
pub fn routes(app: App, others: Route) -> impl Endpoint {
    let api = api::routes(&app);
    health::routes(others, app.pulse())
        .nest(api::BASE, api)
        .at("/webhooks/:provider", post(webhooks::receive))
        .with(AddData::new(app))
        .around(observe::observe)
}
