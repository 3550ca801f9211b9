//! A Stripe that answers at once, so that what is left of an answer's time is ours.

use std::sync::atomic::{AtomicU64, Ordering};

use poem::{
    Route, Server, handler,
    listener::{Acceptor, Listener, TcpListener},
    post,
    web::Json,
};
use serde_json::{Value, json};

/// Numbers what is made here.
static MADE: AtomicU64 = AtomicU64::new(1);

/// Starts to answer; where, as `STRIPE_API_BASE` wants it.
pub(crate) async fn start() -> anyhow::Result<String> {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    let address = acceptor.local_addr().remove(0);
    let address = address.as_socket_addr().copied();
    let address = address.ok_or_else(|| anyhow::anyhow!("a listener has an address"))?;
    let routes = Route::new()
        .at("/v1/customers", post(customer))
        .at("/v1/payment_intents", post(payment_intent));
    tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
    Ok(format!("http://{address}/"))
}

fn id(prefix: &str) -> String {
    format!("{prefix}_bench{:012}", MADE.fetch_add(1, Ordering::Relaxed))
}

#[handler]
fn customer() -> Json<Value> {
    Json(json!({ "id": id("cus"), "object": "customer", "livemode": false }))
}

/// For a package that costs 160 dollars, as all payments here do.
#[handler]
fn payment_intent() -> Json<Value> {
    let id = id("pi");
    Json(json!({
        "client_secret": format!("{id}_secret_bench"),
        "id": id,
        "object": "payment_intent",
        "amount": 16_000,
        "amount_received": 0,
        "currency": "usd",
        "livemode": false,
        "status": "requires_payment_method",
        "created": 1_790_000_000,
        "metadata": {},
    }))
}
