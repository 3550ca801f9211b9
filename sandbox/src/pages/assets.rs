//! Style, font, mark and scripts, compiled in.

use poem::{Response, http::header};

const CSS: &str =
    concat!(include_str!("../../../design/style.css"), include_str!("../../assets/sandbox.css"));

/// The stand-in for Stripe.js: one script, as the real one is, in files by what they hold.
const STRIPE: &str = concat!(
    "(() => {\n\"use strict\";\n\n",
    include_str!("../../assets/stripe/frame.js"),
    "\n",
    include_str!("../../assets/stripe/elements.js"),
    "\n",
    include_str!("../../assets/stripe/wallets.js"),
    "\n",
    include_str!("../../assets/stripe/instance.js"),
    "})();\n"
);

/// The inside of the Payment Element: one script too, since each is asked for before a card can be
/// typed.
const ELEMENT: &str = concat!(
    include_str!("../../assets/bank.js"),
    include_str!("../../assets/confirm.js"),
    include_str!("../../assets/element.js"),
);

/// The inside of a wallet's sheet.
const WALLET: &str =
    concat!(include_str!("../../assets/confirm.js"), include_str!("../../assets/wallet.js"));

/// The file `name`, if there is one.
pub(super) fn find(name: &str) -> Option<Response> {
    let script = "text/javascript; charset=utf-8";
    let (kind, content): (&str, &'static [u8]) = match name {
        "style.css" => ("text/css; charset=utf-8", CSS.as_bytes()),
        "inter.woff2" => ("font/woff2", include_bytes!("../../../design/inter-latin.woff2")),
        "mark.svg" => ("image/svg+xml", include_bytes!("../../../design/mark.svg")),
        "stripe.js" => (script, STRIPE.as_bytes()),
        "express.js" => (script, include_bytes!("../../assets/express.js")),
        "wallet.js" => (script, WALLET.as_bytes()),
        "element.js" => (script, ELEMENT.as_bytes()),
        "challenge.js" => (script, include_bytes!("../../assets/challenge.js")),
        _ => return None,
    };
    let answer = Response::builder().content_type(kind);
    let answer = answer.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Some(answer.header(header::CACHE_CONTROL, "public, max-age=60").body(content))
}
