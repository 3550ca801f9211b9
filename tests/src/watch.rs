//! Fraud, cases and the blocklist in the tests' words.

use entities::{ReviewId, block, payment, review};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::{Asked, TestApp};

impl TestApp {
    /// Begins to buy `pro-200` as `user` with `method`, coming from `address`.
    pub async fn begin_from(&self, user: &str, method: &str, address: &str) -> Asked {
        let wish = json!({ "packageId": "pro-200", "paymentMethodId": method });
        let (token, path) = (self.token(user), "/api/v1/payments/stripe/intent");
        let headers = [("x-forwarded-for", address)];
        self.ask_with(Some(&token), "POST", path, Some(&wish), &headers).await
    }

    /// Pays the newest payment of `user`, whatever comes of it, and does what follows.
    pub async fn settle_begun(&self, user: &str) {
        let reference = self.payment_of(user).await.provider_reference.unwrap();
        self.confirm(user, &reference).await;
        self.catch_up().await;
    }

    /// The newest payment of `user`.
    pub async fn payment_of(&self, user: &str) -> payment::Model {
        let customer = payments::customers::find(&self.store, user).await.unwrap().unwrap();
        let newest = payments::checkout::of_customer(&self.store, customer.id, 1).await;
        newest.unwrap().remove(0)
    }

    /// What of the blocklist is in force.
    pub async fn blocks(&self) -> Vec<block::Model> {
        payments::blocklist::page(&self.store, false, None, 100).await.unwrap().entries
    }

    /// The only case there is.
    pub async fn only_case(&self) -> review::Model {
        let mut rows = review::Entity::find().all(self.store.db.reader()).await.unwrap();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    /// Case `id` as it is now.
    pub async fn case(&self, id: ReviewId) -> review::Model {
        review::Entity::find_by_id(id).one(self.store.db.reader()).await.unwrap().unwrap()
    }

    /// Decides about case `id`, in its present version, as `reviewer` of finance.
    pub async fn review(&self, reviewer: &str, id: ReviewId, verb: &str, more: &Value) -> Asked {
        let mut body = json!({ "version": self.case(id).await.version });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let path = format!("/api/v1/admin/reviews/{id}/{verb}");
        self.ask(Some(&self.staff(reviewer, "finance")), "POST", &path, Some(&body)).await
    }

    /// Puts `value` of `kind` on the blocklist, as somebody of finance.
    pub async fn block(&self, kind: &str, value: &str) -> Asked {
        let wish = json!({ "kind": kind, "value": value, "reason": "a test says so" });
        let token = self.staff("eve", "finance");
        self.ask(Some(&token), "POST", "/api/v1/admin/blocklist", Some(&wish)).await
    }

    /// Whether `scope` stands still.
    pub async fn is_paused(&self, scope: &str) -> bool {
        let controls = payments::controls::list(&self.store).await.unwrap();
        let now = self.store.clock.now();
        controls.iter().any(|row| {
            row.scope == scope
                && row.state == entities::control::State::Paused
                && row.until.is_none_or(|until| until > now)
        })
    }
}
