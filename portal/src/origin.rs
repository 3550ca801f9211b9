//! Refuses forms that another site's page sends in a visitor's name.

use std::sync::Arc;

use poem::{Endpoint, Request, Response, Result, http::header};
use url::Url;

use crate::{Portal, message::Failure};

/// Lets a request through unless a browser says that it comes from somewhere else.
///
/// A client that says nothing is no browser, and nobody can be tricked through it.
pub(crate) async fn same_origin<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> Result<Response> {
    let home = request.data::<Arc<Portal>>().map(|portal| portal.public_url.clone());
    let site = request.header("sec-fetch-site");
    let origin = request.header(header::ORIGIN);
    if !is_ours(site, origin, home.as_ref()) {
        return Err(Failure::CrossSite.into());
    }
    endpoint.call(request).await.map(poem::IntoResponse::into_response)
}

/// Browsers send `Sec-Fetch-Site` to `https` and to this machine, and `Origin` always.
fn is_ours(site: Option<&str>, origin: Option<&str>, home: Option<&Url>) -> bool {
    match (site, origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            home.is_some_and(|home| home.origin().ascii_serialization() == origin)
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_site_sends_is_not_ours() {
        let home = Url::parse("http://pay.example:5000/").unwrap();
        let ours = |site, origin| is_ours(site, origin, Some(&home));

        assert!(ours(Some("same-origin"), None) && ours(Some("none"), None) && ours(None, None));
        assert!(ours(None, Some("http://pay.example:5000")));
        for site in ["cross-site", "same-site", "", "x"] {
            assert!(!ours(Some(site), Some("http://pay.example:5000")), "{site}");
        }
        for origin in ["null", "", "http://pay.example", "https://pay.example:5000", "http://evil"]
        {
            assert!(!ours(None, Some(origin)), "{origin}");
        }
    }
}
