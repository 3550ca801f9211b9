//! The yardstick: poem, HMAC-SHA256 over the body, 200. No limits, no log, no database.

use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use poem::{Body, Request, Route, Server, handler, http::StatusCode, listener::TcpListener, post};
use sha2::Sha256;

use crate::events::SECRET;

/// Serves until it is killed.
pub(crate) async fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let routes = Route::new().at("/webhooks/stripe", post(receive));
    Ok(Server::new(TcpListener::bind(listen)).run(routes).await?)
}

#[handler]
async fn receive(request: &Request, body: Body) -> StatusCode {
    let Ok(body) = body.into_bytes().await else { return StatusCode::BAD_REQUEST };
    let header = request.header("stripe-signature").unwrap_or_default();
    if is_genuine(header, &body) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn is_genuine(header: &str, body: &[u8]) -> bool {
    let part = |name: &str| header.split(',').find_map(|pair| pair.strip_prefix(name));
    let (Some(time), Some(claimed)) = (part("t="), part("v1=")) else { return false };
    let Ok(claimed) = hex::decode(claimed) else { return false };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&claimed).is_ok()
}
