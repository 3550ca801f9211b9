//! The routes of the API as the served `OpenAPI` document lists them, so that no route can be
//! forgotten, and something of everything that they may be about.

use entities::block;
use payments::{blocklist, reviews};
use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

/// What each write sends. An operation that is missing here fails the test.
fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "createStripeIntent" => {
            json!({ "packageId": "pro-200", "paymentMethodId": "pm_card_visa" })
        }
        "createCheckoutSession" | "createPaypalOrder" => json!({ "packageId": "pro-200" }),
        "savePaymentMethod" => json!({ "paymentMethodId": "pm_card_visa" }),
        "spendCredits" => json!({ "credits": 1, "reference": "matrix" }),
        "appealRefundRequest" => json!({ "reason": "look again" }),
        "adminReconcile" => json!({ "from": "2026-01-01T00:00:00Z" }),
        "adminReplayEvent" => json!({ "dryRun": true }),
        "adminApproveRefund"
        | "adminReleaseReview"
        | "adminConfirmFraud"
        | "adminAcceptDispute"
        | "adminApproveAdjustment"
        | "adminRefuseAdjustment" => json!({ "version": 0 }),
        "adminDenyRefund" => json!({ "version": 0, "reason": "used" }),
        "adminContactCustomer" => json!({ "message": "was it you?" }),
        "adminBlock" => json!({ "kind": "user", "value": "x", "reason": "matrix" }),
        "adminSubmitEvidence" => json!({ "version": 0, "text": "the credits were used" }),
        "adminAdjustBalance" => {
            json!({ "userId": USER, "credits": 1, "reason": "x", "reference": "matrix" })
        }
        "setBilling" => json!({ "name": "Ada", "address": ["1 Main St"], "country": "GB" }),
        _ => return None,
    })
}

/// One operation.
pub(crate) struct Route {
    pub(crate) id: String,
    pub(crate) verb: String,
    pub(crate) path: String,
    /// What the query has to say.
    pub(crate) query: String,
    /// What the query may speak of.
    pub(crate) parameters: Vec<String>,
    /// What the body may speak of.
    pub(crate) fields: Vec<String>,
    pub(crate) public: bool,
    /// Who of the seller's may call it; nobody, if it is for users.
    pub(crate) roles: Vec<String>,
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) schema: Value,
}

/// The document, and every operation in it.
pub(crate) async fn routes(app: &TestApp) -> (Value, Vec<Route>) {
    let asked = app.ask(None, "GET", "/api/v1/openapi.json", None).await;
    assert_eq!(asked.status, 200);
    let mut routes = Vec::new();
    for (path, operations) in asked.body["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let status = responses.keys().find(|status| *status != "default").unwrap();
            let content = responses[status]["content"].as_object().unwrap();
            let (kind, content) = content.iter().next().unwrap();
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let parameters: Vec<&Value> = parameters.filter(|p| p["in"] == "query").collect();
            let query: Vec<&str> = parameters
                .iter()
                .filter(|p| p["required"] == true)
                .map(|p| match p["name"].as_str().unwrap() {
                    "year" => "year=2026",
                    other => panic!("the test knows no value of {other}"),
                })
                .collect();
            let name = |p: &&Value| p["name"].as_str().unwrap().to_owned();
            routes.push(Route {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                verb: verb.to_uppercase(),
                path: format!("/api/v1{path}"),
                query: query.join("&"),
                parameters: parameters.iter().map(name).collect(),
                fields: fields(&asked.body, operation),
                public: operation["security"].as_array().is_some_and(Vec::is_empty),
                roles: serde_json::from_value(operation["x-roles"].clone()).unwrap_or_default(),
                status: status.parse().unwrap(),
                kind: kind.clone(),
                schema: content["schema"].clone(),
            });
        }
    }
    (asked.body, routes)
}

/// The names in the schema of the body of `operation`.
fn fields(document: &Value, operation: &Value) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let Some(schema) = schema.as_str() else { return Vec::new() };
    let schema = document.pointer(schema.trim_start_matches('#')).unwrap();
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

impl Route {
    /// Its address for the thing `id`.
    pub(crate) fn url(&self, id: &str) -> String {
        let question = if self.query.is_empty() { "" } else { "?" };
        format!("{}{question}{}", self.path.replace("{id}", id), self.query)
    }

    /// What it is sent about the thing `id`.
    pub(crate) fn body(&self, id: &str) -> Option<Value> {
        match self.id.as_str() {
            "confirmPayment" => Some(json!({ "transactionId": id })),
            "requestRefund" => Some(json!({ "transactionId": id, "reason": "not needed" })),
            other => body(other),
        }
    }

    /// Calls it about the thing `id`.
    pub(crate) async fn ask(&self, app: &TestApp, token: Option<&str>, id: &str) -> Asked {
        app.ask(token, &self.verb, &self.url(id), self.body(id).as_ref()).await
    }

    /// Which thing of the owner's its `{id}` names.
    pub(crate) fn thing<'a>(&self, things: &'a Things) -> &'a str {
        match self.id.as_str() {
            "getRefundOffer" => &things.other_payment,
            "getRefundRequest" | "adminGetRefundRequest" | "adminApproveRefund" => &things.request,
            "adminDenyRefund" => &things.other_request,
            "adminConfirmFraud" => &things.other_review,
            "adminUnblock" => &things.block,
            _ if self.path.starts_with("/api/v1/admin/reviews/") => &things.review,
            "adminGetDispute" | "adminSubmitEvidence" => &things.dispute,
            "adminApproveAdjustment" => &things.adjustment,
            "adminRefuseAdjustment" => &things.other_adjustment,
            "adminAcceptDispute" => &things.other_dispute,
            "appealRefundRequest" => &things.denied_request,
            "adminGetReconciliation" => &things.reconciliation,
            "adminReplayEvent" => &things.event,
            _ if self.path.starts_with("/api/v1/payments/paypal/") => &things.order,
            _ if self.path.starts_with("/api/v1/payment-methods/") => &things.method,
            _ => &things.payment,
        }
    }

    /// Whether it is about one thing of somebody's.
    pub(crate) fn names_one(&self) -> bool {
        let by_body = matches!(self.id.as_str(), "confirmPayment" | "requestRefund");
        self.path.contains("{id}") || by_body
    }
}

/// What the owner has.
pub(crate) struct Things {
    payment: String,
    other_payment: String,
    method: String,
    order: String,
    request: String,
    other_request: String,
    denied_request: String,
    review: String,
    other_review: String,
    block: String,
    reconciliation: String,
    event: String,
    adjustment: String,
    other_adjustment: String,
    dispute: String,
    other_dispute: String,
}

/// A change of a balance that finance asked for.
async fn adjustment(app: &TestApp, reference: &str) -> String {
    use payments::{
        adjustments::{Asker, Wish, ask},
        core::AdjustmentPolicy,
    };
    let asker = Asker { user_ref: "felix", is_admin: false };
    let wish = Wish { user_ref: USER, credits: 1, reason: "sample", reference };
    let waiting = ask(&app.store, asker, wish, &AdjustmentPolicy::default()).await;
    waiting.unwrap().unwrap().0.id.to_string()
}

/// A run that somebody asked for.
async fn reconciliation(app: &TestApp) -> String {
    use payments::reconciliations::{Wish, ask};
    let now = app.store.clock.now();
    let wish = Wish::Window(now - std::time::Duration::from_mins(1)..now);
    let (run, _) = ask(&app.store, entities::Provider::Stripe, wish, "operator").await.unwrap();
    run.id.to_string()
}

impl Things {
    /// The id of each of them.
    pub(crate) fn ids(&self) -> [&str; 16] {
        let Self { payment, other_payment, method, order, request, other_request, .. } = self;
        let Self { denied_request, review, other_review, block, reconciliation, .. } = self;
        let Self { event, adjustment, other_adjustment, dispute, other_dispute, .. } = self;
        [
            payment,
            other_payment,
            method,
            order,
            request,
            other_request,
            denied_request,
            review,
            other_review,
            block,
            reconciliation,
            event,
            adjustment,
            other_adjustment,
            dispute,
            other_dispute,
        ]
    }

    /// Makes them.
    pub(crate) async fn new(app: &TestApp) -> Self {
        let saved = json!({ "paymentMethodId": "pm_card_mastercard" });
        let token = app.token(USER);
        let saved = app.ask(Some(&token), "POST", "/api/v1/payment-methods", Some(&saved)).await;
        let method = saved.body["data"]["paymentMethod"]["paymentMethodId"].as_str().unwrap();
        let request = async || app.ask_refund(USER, app.buy(USER, "pm_card_visa").await.0).await;
        let denied_request = request().await;
        assert_eq!(app.deny_refund("eve", &denied_request).await.status, 200);
        // Of somebody else, whose account is flagged then.
        let review = async |user| {
            let (payment_id, _) = app.buy(user, "pm_card_visa").await;
            let (rule, detail) = ("amount-mismatch", "sample".to_owned());
            let case = reviews::Case { payment_id, rule, detail, event_id: None };
            let txn = app.store.db.begin().await.unwrap();
            let now = app.store.clock.now();
            let opened = reviews::open(&txn, vec![case], now).await.unwrap();
            txn.commit().await.unwrap();
            opened[0].0.to_string()
        };
        let (visitor, reason) = ("nobody@example", "sample");
        let block = blocklist::add(&app.store, "eve", block::Kind::User, visitor, reason, None);
        let dispute = async || app.disputed(USER).await.id.to_string();
        let (_, order) = app.begin_paypal(USER).await;
        app.approve(&order, sandbox::Funding::Balance);
        Self {
            payment: app.buy(USER, "pm_card_visa").await.0.to_string(),
            other_payment: app.buy(USER, "pm_card_visa").await.0.to_string(),
            method: method.to_owned(),
            order,
            request: request().await,
            other_request: request().await,
            review: review(USER).await,
            other_review: review("carl").await,
            block: block.await.unwrap().id.to_string(),
            denied_request,
            reconciliation: reconciliation(app).await,
            event: app.events().await[0].id.to_string(),
            adjustment: adjustment(app, "one").await,
            other_adjustment: adjustment(app, "other").await,
            dispute: dispute().await,
            other_dispute: dispute().await,
        }
    }
}
