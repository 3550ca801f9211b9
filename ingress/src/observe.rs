//! Around every request: a span, a histogram, no panic, and errors as problems.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Result, http::StatusCode};
use serde_json::json;
use tracing::Instrument;

/// Answers `request`; whatever goes wrong becomes a problem document.
pub(crate) async fn observe<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let started = tokio::time::Instant::now();
    let method = request.method().clone();
    let path = request.uri().path();
    let clean = !path.split('/').any(crate::api::holds_card);
    let path = if clean { path } else { "[REDACTED]" };
    let span = tracing::info_span!("request", %method, path);
    let served = AssertUnwindSafe(endpoint.call(request)).catch_unwind().instrument(span).await;
    let (response, route) = match served {
        Ok(Ok(response)) => {
            let response = response.into_response();
            let route = response.data::<PathPattern>().cloned();
            (response, route)
        }
        Ok(Err(error)) => {
            let route = error.data::<PathPattern>().cloned();
            (as_problem(error), route)
        }
        Err(_) => {
            tracing::error!("a handler panicked");
            (plain(StatusCode::INTERNAL_SERVER_ERROR), None)
        }
    };
    let route = label(route.as_ref());
    let status = response.status().as_u16().to_string();
    metrics::histogram!("quittance_http_seconds", "route" => route, "status" => status)
        .record(started.elapsed().as_secs_f64());
    Ok(response)
}

/// The route that answered, as figures name it: `/checkout/:package`. Whatever else somebody asked
/// for is one and the same, or anybody could make as many figures as they like.
fn label(route: Option<&PathPattern>) -> String {
    let pattern = route.map_or("", |pattern| &pattern.0);
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    match pattern {
        // Routes within routes that had none for it.
        "" => "unmatched".to_owned(),
        _ => format!("/{}", parts.join("/")),
    }
}

/// poem's own errors (no route, wrong method) answer in plain text; ours are problems already.
fn as_problem(error: poem::Error) -> Response {
    let status = error.status();
    let response = error.into_response();
    let is_problem =
        response.content_type().is_some_and(|kind| kind.starts_with("application/problem+json"));
    if is_problem { response } else { plain(status) }
}

fn plain(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or("error").to_lowercase();
    let code = title.replace([' ', '-'], "_");
    let body = json!({
        "type": format!("/problems/{code}"),
        "title": title,
        "status": status.as_u16(),
        "success": false,
        "code": code,
    });
    Response::builder()
        .status(status)
        .content_type("application/problem+json")
        .body(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_called_alike_however_deep_it_is() {
        let label = |pattern: &str| label(Some(&PathPattern(pattern.into())));
        assert_eq!(label("//checkout/:package"), "/checkout/:package");
        assert_eq!(label("/webhooks/:provider"), "/webhooks/:provider");
        assert_eq!(label("//"), "/");
        assert_eq!(label(""), "unmatched");
        assert_eq!(super::label(None), "unmatched");
    }
}
