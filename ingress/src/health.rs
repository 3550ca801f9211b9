//! Whether this process lives, and whether it may be sent requests.

use std::{sync::Arc, time::Duration};

use boot::{Shutdown, telemetry::Metrics};
use payments::Store;
use poem::{
    Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler,
    http::StatusCode,
    middleware::AddData,
    web::{Data, Json},
};
use serde_json::json;

use crate::{figures::Sampler, observe};

/// Longest wait for the database before we call ourselves not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a process says of itself.
#[derive(Clone)]
pub(crate) struct Pulse {
    pub(crate) store: Store,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Metrics,
    /// Reads the gauges of what stands in the database; one kind of process suffices.
    pub(crate) sampler: Option<Arc<Sampler>>,
}

/// What a process that only works shows: whether it lives, whether it can work, and what it counts
/// itself. What stands in the database is shown by the ingress.
pub fn worker_routes(store: &Store, shutdown: &Shutdown) -> impl Endpoint + use<> {
    let measured = boot::telemetry::install_metrics();
    payments::figures::register();
    let (store, shutdown) = (store.clone(), shutdown.clone());
    let pulse = Pulse { store, shutdown, metrics: measured, sampler: None };
    routes(Route::new(), pulse).around(observe::observe)
}

/// `route` with what says how `pulse` is.
pub(crate) fn routes(route: Route, pulse: Pulse) -> Route {
    route
        .at("/health/live", get(live))
        .at("/health/ready", get(ready.with(AddData::new(pulse.clone()))))
        .at("/metrics", get(metrics.with(AddData::new(pulse))))
}

/// `GET /health/live`: the process runs.
#[handler]
fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers, and we are not shutting down. Redis is not asked:
/// without it we are slower, and still ready.
#[handler]
async fn ready(Data(pulse): Data<&Pulse>) -> Response {
    let pinged = tokio::time::timeout(PATIENCE, pulse.store.db.ping()).await;
    let database = matches!(pinged, Ok(Ok(())));
    let stopping = pulse.shutdown.is_triggered();
    let status =
        if database && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if status.is_success() { "ready" } else { "not ready" };
    Json(json!({ "status": word, "database": database, "stopping": stopping }))
        .with_status(status)
        .into_response()
}

/// `GET /metrics`: everything that is counted, for Prometheus.
#[handler]
async fn metrics(Data(pulse): Data<&Pulse>) -> Response {
    if let Some(sampler) = &pulse.sampler {
        sampler.refresh(&pulse.store).await;
    }
    pulse.metrics.render().with_content_type("text/plain; version=0.0.4").into_response()
}
