//! What every page has: a frame, and headers that let a browser do nothing more than show it.

use askama::Template;
use poem::{
    IntoResponse, Response,
    http::{StatusCode, header},
    middleware::SetHeader,
};

use crate::assets;

/// Nothing but our own style and pictures; no script, no frame, no form that leads elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The frame of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) css: &'static str,
    pub(crate) mark: &'static str,
    pub(crate) version: &'static str,
    pub(crate) sandbox: bool,
}

impl Page {
    pub(crate) fn new(sandbox: bool) -> Self {
        Self {
            css: &assets::CSS_URL,
            mark: &assets::MARK_URL,
            version: env!("CARGO_PKG_VERSION"),
            sandbox,
        }
    }
}

/// A page, with its status.
#[derive(Debug)]
pub(crate) struct View<T>(pub(crate) StatusCode, pub(crate) T);

impl<T: Template + Send> IntoResponse for View<T> {
    fn into_response(self) -> Response {
        let html = match self.1.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page cannot be rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into();
            }
        };
        Response::builder()
            .status(self.0)
            .content_type("text/html; charset=utf-8")
            .header(header::CACHE_CONTROL, "no-store")
            .body(html)
    }
}

/// The headers of every answer.
pub(crate) fn headers() -> SetHeader {
    SetHeader::new()
        .overriding(header::CONTENT_SECURITY_POLICY, POLICY)
        .overriding(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .overriding(header::REFERRER_POLICY, "same-origin")
        .overriding("cross-origin-opener-policy", "same-origin")
        .overriding("cross-origin-resource-policy", "same-origin")
}
