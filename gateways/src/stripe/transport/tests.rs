//! Calls to a server that answers well or badly.

mod answers;
mod tries;

use std::time::Duration;

use entities::{Money, PaymentId};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::{Config, Stripe};
use crate::{GatewayError, PaymentOrder, retry::Limits, test_server::Server};

const OURS: &str = "txn_0199a3c5d2e87b3c8f0a1b2c3d4e5f60";

fn config(server: &Server) -> Config {
    let webhook_secrets = vec![SecretString::from("whsec_Zk3vQ8mT1xLr7YbN5wHd2cJf9pGs4aEu")];
    let secret_key = SecretString::from("sk_test_k3yk3yk3y");
    Config { api_base: server.base.parse().unwrap(), ..Config::new(secret_key, webhook_secrets) }
}

/// Patient enough for a busy machine, impatient enough for a test.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        exchange: Duration::from_secs(5),
        starts_within: Duration::from_secs(10),
        tries: 3,
        pause: Duration::from_millis(5),
    }
}

fn stripe(server: &Server) -> Stripe {
    Stripe::with_limits(config(server), limits()).unwrap()
}

fn order() -> PaymentOrder {
    let payment_id: PaymentId = OURS.parse().unwrap();
    PaymentOrder {
        payment_id,
        price: Money::new(16_000, "usd".parse().unwrap()),
        payment_method: Some("pm_card_visa".into()),
        customer: None,
        keep_method: false,
        receipt_email: Some(SecretString::from("zoë+1@example.com")),
        description: "Pro & 200 credits = 100%".into(),
        return_to: None,
        funding: crate::Funding::Wallet,
    }
}

fn intent(changes: &Value) -> Value {
    let mut intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 16_000, "amount_received": 0,
        "client_secret": "pi_1_secret_s3cret", "created": 1_767_225_600, "currency": "usd",
        "livemode": false, "metadata": {"payment_id": OURS}, "status": "requires_confirmation"
    });
    for (name, value) in changes.as_object().unwrap() {
        intent[name] = value.clone();
    }
    intent
}

/// What an error and its causes print, in every way there is.
fn shown(error: &GatewayError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
