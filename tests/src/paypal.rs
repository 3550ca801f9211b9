//! PayPal, as the tests play it: payers who approve, and events that it signed or did not.

use entities::{PaymentId, payment};
use sandbox::{Funding, Signed};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::TestApp;

/// The webhook that the tests' PayPal signs for.
pub const WEBHOOK_ID: &str = "5TR7190CW1234567S";

/// Where orders are begun.
pub const CREATE: &str = "/api/v1/payments/paypal/create-order";

impl TestApp {
    /// Begins to buy `pro-200` with PayPal as `user`: the payment, and the order.
    pub async fn begin_paypal(&self, user: &str) -> (PaymentId, String) {
        let (status, body) = self.post(user, CREATE, &json!({ "packageId": "pro-200" })).await;
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body["data"][name].as_str().unwrap().to_owned();
        (text("transactionId").parse().unwrap(), text("orderId"))
    }

    /// Buys `pro-200` with PayPal as `user`, from `funding`, to the credits: the payment, and the
    /// order. An eCheck is paid by its bank.
    pub async fn buy_paypal(&self, user: &str, funding: Funding) -> (PaymentId, String) {
        let (payment, order) = self.begin_paypal(user).await;
        self.approve(&order, funding);
        self.capture(user, &order).await;
        self.catch_up().await;
        if funding == Funding::Echeck {
            assert!(self.sandbox.paypal().settle_capture(&order, true));
            self.catch_up().await;
        }
        let succeeded = payment::Status::Succeeded;
        assert_eq!(self.payment(payment).await.status, succeeded);
        (payment, order)
    }

    /// Delivers the newest event of `kind` about money that goes back once more, under another id.
    pub async fn deliver_paypal_again(&self, kind: &str) -> u16 {
        let event: Value = serde_json::from_slice(&self.paypal_event(kind)).unwrap();
        let id = format!("WH-AGAIN-{}", entities::JobId::new().uuid().simple());
        let event = json!({ "id": id, "resource": event["resource"], "event_type": kind,
            "create_time": event["create_time"] });
        let body = event.to_string().into_bytes();
        self.deliver_paypal(&self.sign_paypal(&body), &body).await
    }

    /// The refunds that PayPal has of `order`.
    pub async fn refunds_at_paypal(&self, order: &str) -> Vec<Value> {
        let order = self.call_paypal(&format!("v2/checkout/orders/{order}"), None).await;
        let refunds = &order["purchase_units"][0]["payments"]["refunds"];
        refunds.as_array().cloned().unwrap_or_default()
    }

    /// The payer approves `order`, to be paid from `funding`.
    pub fn approve(&self, order: &str, funding: Funding) {
        assert!(self.sandbox.paypal().approve(order, funding));
    }

    /// `POST /api/v1/payments/paypal/{order}/capture` as `user`.
    pub async fn capture(&self, user: &str, order: &str) -> (u16, Value) {
        let path = format!("/api/v1/payments/paypal/{order}/capture");
        self.post(user, &path, &json!({})).await
    }

    /// Calls PayPal's API, as whoever has our credentials can.
    pub async fn call_paypal(&self, path: &str, body: Option<Value>) -> Value {
        let base = self.url("/sandbox/paypal");
        let asked = self.http.post(format!("{base}/v1/oauth2/token"));
        let asked = asked.basic_auth("client", Some("secret"));
        let token = asked.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        let token: Value = token.json().await.unwrap();
        let url = format!("{base}/{path}");
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let request = request.bearer_auth(token["access_token"].as_str().unwrap());
        let request = request.header("paypal-request-id", entities::JobId::new().to_string());
        request.send().await.unwrap().json().await.unwrap()
    }

    /// An order at PayPal that we did not make, for `value` dollars, claiming to be for `payment`.
    pub async fn foreign_order(&self, value: &str, payment: PaymentId) -> String {
        let body = json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "amount": { "currency_code": "USD", "value": value },
                "custom_id": payment.to_string(),
            }],
        });
        let order = self.call_paypal("v2/checkout/orders", Some(body)).await;
        order["id"].as_str().unwrap().to_owned()
    }

    /// Signs `body` as PayPal does for our webhook.
    pub fn sign_paypal(&self, body: &[u8]) -> Signed {
        self.sandbox.paypal().sign(WEBHOOK_ID, body)
    }

    /// Delivers `body` with `headers`: the status.
    pub async fn deliver_paypal(&self, headers: &Signed, body: &[u8]) -> u16 {
        let mut request = self.http.post(self.url("/webhooks/paypal"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.body(body.to_vec()).send().await.unwrap().status().as_u16()
    }

    /// The newest event of `kind`, in the bytes that were sent.
    pub fn paypal_event(&self, kind: &str) -> Vec<u8> {
        let events = self.sandbox.paypal().events();
        let found = events.into_iter().rev().find(|event| event["event_type"] == kind);
        found.unwrap().to_string().into_bytes()
    }

    /// The payment whose order is `reference`.
    pub async fn payment_of_order(&self, reference: &str) -> Option<payment::Model> {
        let all = payment::Entity::find().all(self.store.db.reader()).await.unwrap();
        all.into_iter().find(|payment| payment.provider_reference.as_deref() == Some(reference))
    }
}

/// `body` with `from` replaced by `to`, and padded so that its CRC32 stays what it was.
///
/// The padding is a new last field of the outermost object. Each of its letters is one of two;
/// which of them changes the checksum is linear, so the choice is a system of 32 equations.
pub fn forge_same_crc(body: &[u8], from: &str, to: &str) -> Vec<u8> {
    const LETTERS: usize = 64;
    let text = std::str::from_utf8(body).unwrap().replace(from, to);
    let start = format!("{},\"pad\":\"", text.strip_suffix('}').unwrap());
    let with = |letters: &[u8]| [start.as_bytes(), letters, b"\"}"].concat();
    let plain = [b'a'; LETTERS];
    let wanted = crc32fast::hash(body) ^ crc32fast::hash(&with(&plain));
    // What the n-th letter changes about the checksum, and which letters that stands for.
    let mut rows: Vec<(u32, u64)> = (0..LETTERS)
        .map(|n| {
            let mut letters = plain;
            letters[n] = b'b';
            (crc32fast::hash(&with(&letters)) ^ crc32fast::hash(&with(&plain)), 1_u64 << n)
        })
        .collect();
    let (mut left, mut chosen) = (wanted, 0_u64);
    for bit in (0..32).rev().map(|bit| 1_u32 << bit) {
        let Some(place) = rows.iter().position(|(effect, _)| effect & bit != 0) else { continue };
        let (effect, which) = rows.swap_remove(place);
        for row in rows.iter_mut().filter(|row| row.0 & bit != 0) {
            *row = (row.0 ^ effect, row.1 ^ which);
        }
        if left & bit != 0 {
            (left, chosen) = (left ^ effect, chosen ^ which);
        }
    }
    assert_eq!(left, 0, "64 letters suffice for 32 equations");
    let letters: Vec<u8> =
        (0..LETTERS).map(|n| if chosen >> n & 1 == 1 { b'b' } else { b'a' }).collect();
    let forged = with(&letters);
    assert_eq!(crc32fast::hash(&forged), crc32fast::hash(body));
    forged
}
