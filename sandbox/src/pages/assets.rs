//! Style, font, mark and scripts, compiled in.

use poem::{Response, http::header};

const CSS: &str =
    concat!(include_str!("../../../design/style.css"), include_str!("../../assets/sandbox.css"));

/// The file `name`, if there is one.
pub(super) fn find(name: &str) -> Option<Response> {
    let script = "text/javascript; charset=utf-8";
    let (kind, content): (&str, &'static [u8]) = match name {
        "style.css" => ("text/css; charset=utf-8", CSS.as_bytes()),
        "inter.woff2" => ("font/woff2", include_bytes!("../../../design/inter-latin.woff2")),
        "mark.svg" => ("image/svg+xml", include_bytes!("../../../design/mark.svg")),
        "stripe.js" => (script, include_bytes!("../../assets/stripe.js")),
        "bank.js" => (script, include_bytes!("../../assets/bank.js")),
        "element.js" => (script, include_bytes!("../../assets/element.js")),
        "challenge.js" => (script, include_bytes!("../../assets/challenge.js")),
        _ => return None,
    };
    let answer = Response::builder().content_type(kind);
    let answer = answer.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Some(answer.header(header::CACHE_CONTROL, "public, max-age=60").body(content))
}
