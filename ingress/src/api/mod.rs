//! The JSON API of the host application's front end (`002-EP1` and its siblings).
//!
//! Every route is a row of [`OPERATIONS`]: the router, the description of the API and the test of who
//! may call what are all made from it, so none of them can forget one.

mod account;
mod adjustments;
mod back;
mod balance;
mod blocklist;
mod call;
mod confirm;
mod desk;
mod disputes;
mod export;
mod gate;
mod hosted;
mod intent;
mod invoice;
mod methods;
mod openapi;
mod packages;
mod payments;
mod paypal;
mod place;
mod receipt;
mod reconciliation;
mod refunds;
mod replay;
mod reviews;
mod screen;
mod spend;
mod table;
mod view;

pub(crate) use self::payments::midnight;
pub(crate) use back::back;
pub(crate) use call::Call;
pub(crate) use screen::holds_card;
pub(crate) use table::OPERATIONS;
pub use table::Role;

use poem::{
    Endpoint, EndpointExt, IntoResponse, Response, Route, RouteMethod, middleware::Cors, web::Json,
};
use serde::Serialize;
use serde_json::json;

use crate::App;
use gate::Gate;

/// Where the API is.
pub(crate) const BASE: &str = "/api/v1";

/// Every operation behind its gate, and behind the allow-list of origins.
pub(crate) fn routes(app: &App) -> impl Endpoint + use<> {
    let mut paths: Vec<&str> = OPERATIONS.iter().map(|operation| operation.path).collect();
    paths.dedup();
    let mut route = Route::new();
    for path in paths {
        let mut methods = RouteMethod::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.path == path) {
            methods = methods.method(operation.verb.method(), Gate(operation));
        }
        route = route.at(table::router_path(path), methods);
    }
    route.with(cors(app))
}

/// The document that describes them.
pub fn openapi() -> serde_json::Value {
    openapi::document()
}

/// The answer to what went well: `{"success": true, "data": …}`.
pub(crate) fn success(data: &impl Serialize) -> Response {
    Json(json!({ "success": true, "data": data }))
        .with_header("cache-control", "no-store")
        .into_response()
}

/// Lets scripts of the allowed origins in, and of no other (`001-SR6`).
fn cors(app: &App) -> Cors {
    let origins = app.options.origins.clone();
    // An empty list would mean every origin; the function says no to what is not listed.
    Cors::new()
        .allow_origins_fn(move |origin| origins.iter().any(|allowed| allowed == origin))
        .allow_methods(["GET", "POST", "PUT", "DELETE"])
        .allow_headers(["authorization", "content-type", "idempotency-key", "quittance-device"])
        .expose_headers(["ratelimit", "ratelimit-policy", "retry-after", "idempotent-replayed"])
}
