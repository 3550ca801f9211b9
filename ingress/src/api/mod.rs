//! The JSON API of the host application's front end (`002-EP1` and its siblings).

pub(crate) mod balance;
pub(crate) mod confirm;
pub(crate) mod intent;
pub(crate) mod paypal;

use poem::{IntoResponse, Response, http::Method, middleware::Cors, web::Json};
use serde::Serialize;
use serde_json::json;

use crate::App;

/// The answer to what went well: `{"success": true, "data": …}`.
pub(crate) fn success(data: &impl Serialize) -> Response {
    Json(json!({ "success": true, "data": data }))
        .with_header("cache-control", "no-store")
        .into_response()
}

/// Lets scripts of the allowed origins in, and of no other (`001-SR6`).
pub(crate) fn cors(app: &App) -> Cors {
    let origins = app.options.origins.clone();
    // An empty list would mean every origin; the function says no to what is not listed.
    Cors::new()
        .allow_origins_fn(move |origin| origins.iter().any(|allowed| allowed == origin))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(["authorization", "content-type", "idempotency-key"])
}
