//! Where payers come back to from a provider's pages.

use url::Url;

use crate::{App, Problem};

/// Longest address to come back to.
const MAX_URL: usize = 2_000;

/// The page at `url`, which the field `name` holds, if it is on an origin that may call us. A page of
/// anybody else's would let a link that looks like ours lead payers astray.
pub(crate) fn back(app: &App, name: &str, url: &str) -> Result<Url, Problem> {
    let parsed = Url::parse(url).ok().filter(|_| url.len() <= MAX_URL);
    let allowed = parsed.filter(|url| {
        let origin = url.origin().ascii_serialization();
        url.username().is_empty()
            && url.password().is_none()
            && app.options.origins.contains(&origin)
    });
    allowed.ok_or_else(|| {
        let origins = app.options.origins.join(", ");
        Problem::Malformed(format!("{name} has to be on one of: {origins}"))
    })
}
