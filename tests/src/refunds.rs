//! The refund desk in the tests' words, and events about money that goes back.

use entities::{PaymentId, RefundRequestId, dispute, refund, refund_request};
use ingress::{Claims, mint};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::{Asked, TestApp};

impl TestApp {
    /// A token of `user`, who is of the seller's with `role`.
    pub fn staff(&self, user: &str, role: &str) -> String {
        let claims = Claims {
            sub: user.to_owned(),
            email: None,
            roles: vec![role.to_owned()],
            exp: self.store.clock.now().seconds() + 3_600,
        };
        mint(&self.config.jwt_secret, &claims).unwrap()
    }

    /// Buys `pro-200` as `user` with `method`, to the credits: the payment, and Stripe's id of it.
    pub async fn buy(&self, user: &str, method: &str) -> (PaymentId, String) {
        let (payment, reference) = self.begin(user, method).await;
        assert_eq!(self.confirm(user, &reference).await.0, 200);
        self.catch_up().await;
        (payment, reference)
    }

    /// Waits for what Stripe has to say, and does what follows.
    pub async fn catch_up(&self) {
        self.sandbox.settle().await;
        self.run_jobs().await;
    }

    /// `POST /api/v1/payments/refund` as `user`, whatever comes of it.
    pub async fn try_refund(&self, user: &str, payment: PaymentId) -> Asked {
        let wish = json!({
            "transactionId": payment.to_string(), "reason": "not needed", "details": "too many",
        });
        let token = self.token(user);
        self.ask(Some(&token), "POST", "/api/v1/payments/refund", Some(&wish)).await
    }

    /// Asks for a refund of `payment` as `user`: the request's id.
    pub async fn ask_refund(&self, user: &str, payment: PaymentId) -> String {
        let asked = self.try_refund(user, payment).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        asked.body["data"]["refundRequestId"].as_str().unwrap().to_owned()
    }

    /// Approves `request` as `reviewer` of finance, who has just looked at it.
    pub async fn approve_refund(
        &self,
        reviewer: &str,
        request: &str,
        amount: Option<i64>,
    ) -> Asked {
        let version = self.request(request).await.version;
        let body = json!({ "version": version, "amount": amount });
        self.decide(reviewer, request, "approve", &body).await
    }

    /// Denies `request` as `reviewer` of finance, who has just looked at it.
    pub async fn deny_refund(&self, reviewer: &str, request: &str) -> Asked {
        let version = self.request(request).await.version;
        let body = json!({ "version": version, "reason": "used by your script" });
        self.decide(reviewer, request, "deny", &body).await
    }

    /// Decides about `request` as `reviewer` of finance.
    pub async fn decide(&self, reviewer: &str, request: &str, verb: &str, body: &Value) -> Asked {
        let path = format!("/api/v1/admin/refund-requests/{request}/{verb}");
        let token = self.staff(reviewer, "finance");
        self.ask(Some(&token), "POST", &path, Some(body)).await
    }

    /// The row of request `id`.
    pub async fn request(&self, id: &str) -> refund_request::Model {
        let id: RefundRequestId = id.parse().unwrap();
        let found = refund_request::Entity::find_by_id(id).one(self.store.db.reader()).await;
        found.unwrap().unwrap()
    }

    /// A payment of `user`'s by card that is disputed: the dispute.
    pub async fn disputed(&self, user: &str) -> dispute::Model {
        let (_, reference) = self.buy(user, "pm_card_visa").await;
        let dispute = self.sandbox.dispute(&reference, "fraudulent").unwrap();
        self.catch_up().await;
        self.dispute(&dispute).await
    }

    /// The dispute with the provider's id `reference`.
    pub async fn dispute(&self, reference: &str) -> dispute::Model {
        let found = dispute::Entity::find()
            .filter(dispute::Column::ProviderReference.eq(reference))
            .one(self.store.db.reader());
        found.await.unwrap().unwrap()
    }

    /// Every refund, oldest first.
    pub async fn refunds(&self) -> Vec<refund::Model> {
        let mut rows = refund::Entity::find().all(self.store.db.reader()).await.unwrap();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// How many refunds Stripe has made.
    pub fn refunds_at_stripe(&self) -> usize {
        let made = |event: &&Value| event["type"] == "refund.created";
        self.sandbox.events().iter().filter(made).count()
    }

    /// How many credits and how much money lie in `account`.
    pub async fn in_account(&self, account: &str) -> i64 {
        let body = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM ledger_entries WHERE \
                    account = ?1";
        let statement = boot::sql::statement(self.store.db.backend(), body, vec![account.into()]);
        let row = sea_orm::ConnectionTrait::query_one_raw(self.store.db.writer(), statement);
        row.await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

/// An event of `kind` about refund `refund` of payment object `reference`.
pub fn refund_event(
    event: &str,
    kind: &str,
    (refund, amount, status): (&str, i64, &str),
    reference: &str,
) -> Value {
    let mut object = json!({
        "id": refund,
        "object": "refund",
        "amount": amount,
        "charge": "ch_1",
        "created": 1_790_000_000,
        "currency": "usd",
        "metadata": {},
        "payment_intent": reference,
        "reason": null,
        "status": status,
    });
    if status == "failed" {
        object["failure_reason"] = json!("expired_or_canceled_card");
    }
    wrapped(event, kind, &object)
}

/// An event of `kind` about dispute `dispute` of payment object `reference`.
pub fn dispute_event(
    event: &str,
    kind: &str,
    (dispute, amount, status): (&str, i64, &str),
    reference: &str,
) -> Value {
    let object = json!({
        "id": dispute,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": "ch_1",
        "created": 1_790_000_000,
        "currency": "usd",
        "evidence_details": { "due_by": 1_790_700_000 },
        "livemode": false,
        "metadata": {},
        "payment_intent": reference,
        "reason": "fraudulent",
        "status": status,
    });
    wrapped(event, kind, &object)
}

/// An event of `kind` about `object`.
pub fn wrapped(event: &str, kind: &str, object: &Value) -> Value {
    json!({
        "id": event,
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": 1_790_000_000,
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": kind,
        "data": { "object": object },
    })
}
