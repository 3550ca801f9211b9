//! Where providers deliver.

use boot::faults;
use entities::provider_event::Source;
use gateways::WebhookError;
use payments::inbox::Delivery;
use poem::{
    Body, IntoResponse, Request, Response, handler,
    web::{Data, Json, Path},
};
use serde_json::json;

use crate::{App, Problem, body};

/// `POST /webhooks/:provider`: takes one event from a provider.
///
/// The signature is over the raw bytes, so it is proved before anything is parsed. An event seen
/// before is answered like a new one: either way it need not be sent again.
#[handler]
pub(crate) async fn receive(
    Path(provider): Path<String>,
    Data(app): Data<&App>,
    request: &Request,
    body: Body,
) -> Result<Response, Problem> {
    let gateway = app.gateway(&provider)?;
    let limit = app.options.webhook_body_limit;
    let body = body::read(body, limit, app.options.body_timeout).await?;
    let envelope = match gateway.open_webhook(request.headers(), &body, app.clock().now()).await {
        Ok(envelope) => envelope,
        // Our trouble, not the sender's.
        Err(error @ WebhookError::Unproven(_)) => return Err(error.into()),
        Err(_) if faults::planted("signature-ignored") => gateway.open_fetched(&body)?,
        Err(error) => {
            let provider = gateway.provider().as_str();
            metrics::counter!("quittance_webhooks_refused_total", "provider" => provider)
                .increment(1);
            if matches!(error, WebhookError::Signature) {
                app.watch.forged_signature();
            }
            // Only failures count against an address; a genuine event is never turned away.
            app.limits.signature_failure(app.address(request))?;
            return Err(error.into());
        }
    };
    let delivery = Delivery {
        provider: gateway.provider(),
        envelope,
        body,
        source: Source::Webhook,
        received_at: app.store.clock.now(),
    };
    let recorded = app.recorder.record(delivery).await;
    let recorded = recorded.map_err(|error| Problem::Unavailable(error.into()))?;
    tracing::debug!(?recorded, "received a webhook");
    Ok(Json(json!({ "received": true })).into_response())
}
