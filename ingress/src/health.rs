//! Whether this process lives, and whether it may be sent requests.

use std::time::Duration;

use poem::{IntoResponse, Response, handler, http::StatusCode, web::Data, web::Json};
use serde_json::json;

use crate::App;

/// Longest wait for the database before we call ourselves not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /health/live`: the process runs.
#[handler]
pub(crate) fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers, and we are not shutting down. Redis is not asked:
/// without it we are slower, and still ready.
#[handler]
pub(crate) async fn ready(Data(app): Data<&App>) -> Response {
    let pinged = tokio::time::timeout(PATIENCE, app.store.db.ping()).await;
    let database = matches!(pinged, Ok(Ok(())));
    let stopping = app.shutdown.is_triggered();
    let status =
        if database && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if status.is_success() { "ready" } else { "not ready" };
    Json(json!({ "status": word, "database": database, "stopping": stopping }))
        .with_status(status)
        .into_response()
}

/// `GET /metrics`: everything that is counted, for Prometheus.
#[handler]
pub(crate) async fn metrics(Data(app): Data<&App>) -> Response {
    app.sampler.refresh(&app.store).await;
    app.metrics.render().with_content_type("text/plain; version=0.0.4").into_response()
}
