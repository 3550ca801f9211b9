//! Refuses forms that another site's page sends in a visitor's name.

use std::sync::Arc;

use poem::{
    Endpoint, Request, Response, Result,
    http::{Method, header},
};
use url::Url;

use crate::{Portal, message::Failure, visitor};

/// Lets a request that changes something through unless a browser says that it comes from
/// somewhere else.
///
/// A client that says nothing is no browser, and nobody can be tricked through it.
pub(crate) async fn same_origin<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> Result<Response> {
    if request.method() == Method::POST {
        let home = visitor::portal(&request).map(|portal| portal.public_url.clone());
        let site = request.header("sec-fetch-site");
        if !is_ours(site, request.header(header::ORIGIN), home.as_ref().ok()) {
            return Err(Failure::CrossSite.into());
        }
    }
    endpoint.call(request).await.map(poem::IntoResponse::into_response)
}

/// Whether `request` comes from our own pages or the host application's.
pub(crate) fn is_host(request: &Request, portal: &Portal) -> bool {
    let origin = request.header(header::ORIGIN);
    if origin.is_some_and(|origin| portal.hosts.iter().any(|host| host == origin)) {
        return true;
    }
    is_ours(request.header("sec-fetch-site"), origin, Some(&portal.public_url))
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
