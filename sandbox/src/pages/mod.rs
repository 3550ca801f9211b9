//! Pages for people, and the controls.

use std::sync::Arc;

use poem::{Endpoint, Request, Response, http::StatusCode};

use crate::Inner;

/// Everything below `/sandbox`.
pub(crate) struct Pages(pub(crate) Arc<Inner>);

impl Endpoint for Pages {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path().to_owned();
        match path.strip_prefix("/stripe/v1") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                Ok(self.0.serve(request, rest).await)
            }
            _ => Ok(StatusCode::NOT_FOUND.into()),
        }
    }
}
