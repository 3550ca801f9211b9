//! Style, font, mark and scripts, compiled in: everything that pages load from us.
//!
//! Pages name a file together with the hash of what is in it, so that a browser may keep it for
//! good and still never shows a page in an older version's style; a script also by its whole hash,
//! so that a browser runs exactly what was built. `docs/scripts.md` is the inventory.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::{
    Endpoint, Request, Response, Result,
    http::{StatusCode, header},
};
use sha2::{Digest, Sha256};

/// A file.
pub(crate) struct File {
    /// Where it is.
    pub(crate) path: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

/// The mark, to stand in a page itself: one thing less to ask for before the page is complete.
pub(crate) const MARK_SVG: &str = include_str!("../../design/mark.svg");

const CSS: File = File {
    path: "/assets/portal.css",
    kind: "text/css; charset=utf-8",
    content: concat!(include_str!("../../design/style.css"), include_str!("../assets/portal.css"))
        .as_bytes(),
};
const FONT: File = File {
    path: "/assets/inter.woff2",
    kind: "font/woff2",
    content: include_bytes!("../../design/inter-latin.woff2"),
};
const MARK: File =
    File { path: "/assets/mark.svg", kind: "image/svg+xml", content: MARK_SVG.as_bytes() };
const CHECKOUT: File = File {
    path: "/assets/checkout.js",
    kind: "text/javascript; charset=utf-8",
    content: include_bytes!("../assets/checkout.js"),
};
const PAYMENT: File = File {
    path: "/assets/payment.js",
    kind: "text/javascript; charset=utf-8",
    content: include_bytes!("../assets/payment.js"),
};
const PAYPAL: File = File {
    path: "/assets/paypal.js",
    kind: "text/javascript; charset=utf-8",
    content: include_bytes!("../assets/paypal.js"),
};

const DESK_CSS: File = File {
    path: "/assets/desk.css",
    kind: "text/css; charset=utf-8",
    content: include_bytes!("../assets/desk.css"),
};

/// Every file.
pub(crate) static FILES: [File; 7] = [CSS, DESK_CSS, FONT, MARK, CHECKOUT, PAYMENT, PAYPAL];

/// Where pages find the style.
pub(crate) static CSS_URL: LazyLock<String> = LazyLock::new(|| CSS.url());
/// Where the desk's pages find what only they have.
pub(crate) static DESK_CSS_URL: LazyLock<String> = LazyLock::new(|| DESK_CSS.url());
/// Where pages find the font. The style names it, without a version: only by the same name is what
/// a page asks for beforehand what the style uses.
pub(crate) const FONT_URL: &str = FONT.path;
/// Where browsers find the mark for a tab; pages hold it themselves.
pub(crate) static MARK_URL: LazyLock<String> = LazyLock::new(|| MARK.url());
/// What the checkout page runs.
pub(crate) static CHECKOUT_SCRIPT: LazyLock<Script> = LazyLock::new(|| CHECKOUT.script());
/// What puts PayPal's buttons into the checkout page.
pub(crate) static PAYPAL_SCRIPT: LazyLock<Script> = LazyLock::new(|| PAYPAL.script());
/// What a payment's page runs.
pub(crate) static PAYMENT_SCRIPT: LazyLock<Script> = LazyLock::new(|| PAYMENT.script());

/// A script as a page names it.
pub(crate) struct Script {
    pub(crate) url: String,
    /// For the attribute `integrity`.
    pub(crate) integrity: String,
}

impl File {
    fn url(&self) -> String {
        format!("{}?v={}", self.path, self.version())
    }

    fn script(&self) -> Script {
        let integrity = format!("sha256-{}", STANDARD.encode(Sha256::digest(self.content)));
        Script { url: self.url(), integrity }
    }

    fn version(&self) -> String {
        hex::encode(&Sha256::digest(self.content)[..8])
    }
}

/// Serves a file.
pub(crate) struct Serve {
    file: &'static File,
    /// The query that names exactly this version.
    exact: String,
    tag: String,
}

impl Serve {
    pub(crate) fn new(file: &'static File) -> Self {
        let version = file.version();
        Self { file, exact: format!("v={version}"), tag: format!("\"{version}\"") }
    }
}

impl Endpoint for Serve {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let exact = request.uri().query() == Some(&self.exact);
        let keep =
            if exact { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
        let answer =
            Response::builder().header(header::CACHE_CONTROL, keep).header(header::ETAG, &self.tag);
        if request.header(header::IF_NONE_MATCH) == Some(&self.tag) {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
        Ok(answer.content_type(self.file.kind).body(self.file.content))
    }
}
