//! The adapter against a server that answers well or badly.

mod calls;
mod webhooks;

use std::time::Duration;

use entities::{Money, PaymentId};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::{Config, PayPal};
use crate::{
    Funding, PaymentOrder, ReturnTo,
    retry::Limits,
    test_server::{Reply, Server, ok},
};

const OURS: &str = "txn_0199a3c5d2e87b3c8f0a1b2c3d4e5f60";
const ORDER: &str = "5O190127TN364715T";
const WEBHOOK: &str = "5TR7190CW1234567S";

fn config(server: &Server) -> Config {
    let secret = SecretString::from("s3cret");
    let base: Url = server.base.parse().unwrap();
    Config {
        authority: Some(webhooks::authority().der().to_vec()),
        ..Config::new("client".to_owned(), secret, WEBHOOK.to_owned(), base)
    }
}

/// Patient enough for a busy machine, impatient enough for a test.
fn paypal(server: &Server) -> PayPal {
    let limits = Limits {
        connect: Duration::from_secs(5),
        exchange: Duration::from_secs(5),
        starts_within: Duration::from_secs(10),
        tries: 3,
        pause: Duration::from_millis(5),
    };
    PayPal::with_limits(&config(server), limits).unwrap()
}

fn purchase() -> PaymentOrder {
    let payment_id: PaymentId = OURS.parse().unwrap();
    let back = |path: &str| Url::parse(&format!("https://shop.example/{path}")).unwrap();
    PaymentOrder {
        payment_id,
        price: Money::new(16_000, "usd".parse().unwrap()),
        payment_method: None,
        customer: None,
        keep_method: false,
        receipt_email: None,
        description: "é".repeat(200),
        funding: Funding::Wallet,
        return_to: Some(ReturnTo { approved: back("ok"), canceled: back("no") }),
    }
}

fn token(name: &str) -> Reply {
    ok(json!({ "access_token": name, "expires_in": 32_400, "token_type": "Bearer" }).to_string())
}

fn order(status: &str, captures: &Value) -> String {
    json!({
        "id": ORDER, "status": status, "update_time": "2026-01-01T00:01:00Z",
        "purchase_units": [{
            "custom_id": OURS, "amount": {"currency_code": "USD", "value": "160.00"},
            "payments": {"captures": captures},
        }],
        "links": [{"rel": "payer-action", "href": "https://www.paypal.com/checkoutnow?token=1"}],
    })
    .to_string()
}

fn paid() -> String {
    order(
        "COMPLETED",
        &json!([{
            "id": "3C679366HH908993F", "status": "COMPLETED",
            "amount": {"currency_code": "USD", "value": "160.00"},
            "create_time": "2026-01-01T00:02:00Z",
        }]),
    )
}

fn refusal(issue: &str) -> String {
    json!({ "name": "UNPROCESSABLE_ENTITY", "details": [{ "issue": issue }] }).to_string()
}
