//! PayPal: headers and body of a webhook, and the body of an event. What PayPal says decides
//! nothing, so there is no third.

use std::sync::LazyLock;

use entities::Timestamp;
use gateways::{
    Gateway, Reading,
    paypal::{Config, PayPal},
};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};

/// The headers that prove a webhook, in the order of the input's first lines.
const HEADERS: [&str; 5] = [
    "paypal-auth-algo",
    "paypal-transmission-time",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-cert-url",
];

/// The authority's key was thrown away, and nobody listens where its certificates should be.
static GATEWAY: LazyLock<PayPal> = LazyLock::new(|| {
    let secret = SecretString::from("secret");
    let base = "http://127.0.0.1:1/".parse().unwrap();
    let mut config = Config::new("client".into(), secret, "4UU18246J5216431Y".into(), base);
    config.authority = Some(include_bytes!("../authority.der").to_vec());
    PayPal::new(&config).unwrap()
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// A webhook: the values of its five headers, a line each, then its body.
pub fn signature(data: &[u8]) -> bool {
    let mut parts = data.splitn(HEADERS.len() + 1, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in HEADERS {
        let Ok(value) = HeaderValue::from_bytes(parts.next().unwrap_or_default()) else {
            return false;
        };
        headers.insert(name, value);
    }
    let body = parts.next().unwrap_or_default();
    let now = Timestamp::from_seconds(1_790_000_000);
    let opened = RUNTIME.block_on(GATEWAY.open_webhook(&headers, body, now));
    assert!(opened.is_err(), "accepted without a certificate");
    false
}

/// An event: it is a hint that leads to PayPal's own API, and nowhere else.
pub fn event(data: &[u8]) -> bool {
    let opened = GATEWAY.open_fetched(data).is_ok();
    let reference = match GATEWAY.read(data) {
        Ok(Reading::Hint(it) | Reading::Refunds(it) | Reading::DisputeHint(it)) => it,
        Ok(Reading::Irrelevant) | Err(_) => return false,
        Ok(told) => panic!("believed without a look: {told:?}"),
    };
    let id = reference.strip_prefix("captures/").unwrap_or(&reference);
    let id = id.strip_prefix("refunds/").unwrap_or(id);
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    assert!(plain && !id.is_empty(), "leads elsewhere: {reference}");
    opened
}
