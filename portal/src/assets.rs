//! The style and the mark, compiled in.
//!
//! Pages name a file together with the hash of what is in it, so that a browser may keep it for
//! good and still never shows a page in an older version's style.

use std::sync::LazyLock;

use poem::{
    Request, Response, handler,
    http::{StatusCode, header},
};

pub(crate) const CSS_PATH: &str = "/assets/portal.css";
pub(crate) const MARK_PATH: &str = "/assets/mark.svg";

const CSS: &str = include_str!("../assets/portal.css");
const MARK: &str = include_str!("../assets/mark.svg");

/// Where pages find the style.
pub(crate) static CSS_URL: LazyLock<String> = LazyLock::new(|| versioned(CSS_PATH, CSS));
/// Where pages find the mark.
pub(crate) static MARK_URL: LazyLock<String> = LazyLock::new(|| versioned(MARK_PATH, MARK));

/// `GET /assets/portal.css`.
#[handler]
pub(crate) fn css(request: &Request) -> Response {
    file(request, "text/css; charset=utf-8", CSS)
}

/// `GET /assets/mark.svg`.
#[handler]
pub(crate) fn mark(request: &Request) -> Response {
    file(request, "image/svg+xml", MARK)
}

fn file(request: &Request, content_type: &str, content: &'static str) -> Response {
    let version = version(content);
    let tag = format!("\"{version}\"");
    let exact = request.uri().query() == Some(&format!("v={version}"));
    let keep = if exact { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
    let answer = Response::builder().header(header::CACHE_CONTROL, keep).header(header::ETAG, &tag);
    if request.header(header::IF_NONE_MATCH) == Some(&tag) {
        return answer.status(StatusCode::NOT_MODIFIED).finish();
    }
    answer.content_type(content_type).body(content)
}

fn versioned(path: &str, content: &str) -> String {
    format!("{path}?v={}", version(content))
}

/// FNV-1a: enough to tell two versions of our own files apart.
fn version(content: &str) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", content.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step))
}
