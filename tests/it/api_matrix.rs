//! Every route of the API, as everybody: the list is the served `OpenAPI` document's own, so no route
//! can be forgotten (`001-SR4`, `001-C6`).

use entities::block;
use ingress::{Claims, mint};
use payments::{blocklist, reviews};
use serde_json::{Value, json};
use tests::{Asked, TestApp, USER};

/// The official description of `OpenAPI` 3.1 (<https://spec.openapis.org/oas/3.1/schema/2022-10-07>).
const OPENAPI: &str = include_str!("openapi-3.1.schema.json");

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

struct Route {
    id: String,
    verb: String,
    path: String,
    query: String,
    public: bool,
    /// Who of the seller's may call it; nobody, if it is for users.
    roles: Vec<String>,
    status: u16,
    kind: String,
    schema: Value,
}

async fn routes(app: &TestApp) -> (Value, Vec<Route>) {
    let asked = app.ask(None, "GET", "/api/v1/openapi.json", None).await;
    assert_eq!(asked.status, 200);
    let mut routes = Vec::new();
    for (path, operations) in asked.body["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let status = responses.keys().find(|status| *status != "default").unwrap();
            let content = responses[status]["content"].as_object().unwrap();
            let (kind, content) = content.iter().next().unwrap();
            let required = operation["parameters"].as_array().unwrap().iter();
            let required = required.filter(|p| p["in"] == "query" && p["required"] == true);
            let query: Vec<&str> = required
                .map(|p| match p["name"].as_str().unwrap() {
                    "year" => "year=2026",
                    other => panic!("the test knows no value of {other}"),
                })
                .collect();
            routes.push(Route {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                verb: verb.to_uppercase(),
                path: format!("/api/v1{path}"),
                query: query.join("&"),
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

impl Route {
    fn url(&self, id: &str) -> String {
        let question = if self.query.is_empty() { "" } else { "?" };
        format!("{}{question}{}", self.path.replace("{id}", id), self.query)
    }

    async fn ask(&self, app: &TestApp, token: Option<&str>, id: &str) -> Asked {
        let body = match self.id.as_str() {
            "confirmPayment" => Some(json!({ "transactionId": id })),
            "requestRefund" => Some(json!({ "transactionId": id, "reason": "not needed" })),
            other => body(other),
        };
        app.ask(token, &self.verb, &self.url(id), body.as_ref()).await
    }

    /// Which thing of the owner's its `{id}` names.
    fn thing<'a>(&self, things: &'a Things) -> &'a str {
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

    fn names_one(&self) -> bool {
        let by_body = matches!(self.id.as_str(), "confirmPayment" | "requestRefund");
        self.path.contains("{id}") || by_body
    }
}

/// What the owner has.
struct Things {
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
    async fn new(app: &TestApp) -> Self {
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

#[tokio::test]
async fn the_document_is_openapi_3_1() {
    let app = TestApp::without_workers().await;
    let (document, routes) = routes(&app).await;
    let official: Value = serde_json::from_str(OPENAPI).unwrap();
    let validator = jsonschema::options().build(&official).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(routes.len() >= 18, "{}", routes.len());
    app.stop().await;
}

/// Route × nobody, a token that ended, a forged one, somebody else, and the owner.
#[tokio::test]
async fn everybody_gets_what_is_theirs_and_nothing_else() {
    // So many are asked that the limit would answer instead; it has a test of its own.
    let app = TestApp::with_config(|config| {
        config.file.limits.api_requests_per_minute_per_user = 10_000;
    })
    .await;
    let things = Things::new(&app).await;
    let token = app.token(USER);
    let (document, mut routes) = routes(&app).await;
    // What ends things comes last.
    routes.sort_by_key(|route| (route.id == "deleteAccount", route.verb == "DELETE"));

    let claims = |sub: &str, exp: i64| Claims {
        sub: sub.to_owned(),
        email: None,
        roles: vec!["admin".to_owned()],
        exp: app.store.clock.now().seconds() + exp,
    };
    let expired = mint(&app.config.jwt_secret, &claims(USER, -3_600)).unwrap();
    let forged = mint(&"another secret of 32 bytes and more!".into(), &claims(USER, 60)).unwrap();
    let stranger = app.token("mallory");
    for route in &routes {
        let id = route.thing(&things);
        for token in [None, Some(&*expired), Some(&*forged), Some("x")] {
            let asked = route.ask(&app, token, id).await;
            let expected = if route.public { 200 } else { 401 };
            assert_eq!(asked.status, expected, "{} with {token:?}: {}", route.id, asked.body);
        }
        if !route.roles.is_empty() {
            assert_for_staff(&app, route, id).await;
            continue;
        }
        if route.names_one() {
            let asked = route.ask(&app, Some(&stranger), id).await;
            assert_eq!(asked.status, 404, "{} of somebody else: {}", route.id, asked.body);
            let nobodys = nobodys(id);
            let asked = route.ask(&app, Some(&token), &nobodys).await;
            assert_eq!(asked.status, 404, "{} of nobody: {}", route.id, asked.body);
        }
    }
    for route in &routes {
        let id = route.thing(&things);
        let staff = route.roles.first().map(|role| app.staff("eve", role));
        let asked = route.ask(&app, Some(staff.as_ref().unwrap_or(&token)), id).await;
        assert_eq!(asked.status, route.status, "{}: {}", route.id, asked.body);
        assert!(asked.kind.starts_with(&route.kind), "{}: {}", route.id, asked.kind);
        assert!(asked.headers.contains_key("ratelimit"), "{} tells its limit", route.id);
        if route.kind == "application/json" && !route.schema.is_null() {
            assert_described(&document, route, &asked.body);
        }
    }
    app.stop().await;
}

/// An id like `id` that nothing has.
fn nobodys(id: &str) -> String {
    let (start, last) = id.split_at(id.len() - 1);
    format!("{start}{}", if last == "0" { "1" } else { "0" })
}

/// Only the roles of the document get in; what a client calls itself is no role.
async fn assert_for_staff(app: &TestApp, route: &Route, id: &str) {
    for role in ["customer", "support", "finance", "admin", "Admin", "root", ""] {
        let nobodys = nobodys(id);
        let token = app.staff("mallory", role);
        let asked = route.ask(app, Some(&token), &nobodys).await;
        let let_in = route.roles.iter().any(|allowed| allowed == role);
        let expected = match (let_in, route.names_one()) {
            (false, _) => 403,
            (true, true) => 404,
            (true, false) => route.status,
        };
        assert_eq!(asked.status, expected, "{} as {role:?}: {}", route.id, asked.body);
    }
    for user in [USER, "mallory"] {
        let asked = route.ask(app, Some(&app.token(user)), id).await;
        assert_eq!(asked.status, 403, "{} as {user}: {}", route.id, asked.body);
    }
}

/// The answer is what the document says it is.
fn assert_described(document: &Value, route: &Route, body: &Value) {
    let mut schema = route.schema.clone();
    if schema.as_object().is_none_or(serde_json::Map::is_empty) {
        return;
    }
    schema["components"] = document["components"].clone();
    let validator = jsonschema::options().build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(body).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{}: {body}", route.id);
}

// 001-SR6
#[tokio::test]
async fn scripts_of_other_origins_are_refused() {
    let app = TestApp::without_workers().await;
    let token = app.token(USER);
    let ask = async |origin: &str| {
        let request = app.http.get(app.url("/api/v1/packages")).bearer_auth(&token);
        request.header("origin", origin).send().await.unwrap()
    };
    assert_eq!(ask("https://evil.example").await.status().as_u16(), 403);
    let own = app.url("").trim_end_matches('/').to_owned();
    let allowed = ask(&own).await;
    assert_eq!(allowed.status().as_u16(), 200);
    assert_eq!(allowed.headers()["access-control-allow-origin"], own.as_str());
    app.stop().await;
}

// 001-A3
#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_back() {
    let app = TestApp::without_workers().await;
    let token = app.token("busy");
    let mut last = app.ask(Some(&token), "GET", "/api/v1/credits/balance", None).await;
    // On a slow machine some of it is free again by then.
    for _ in 0..app.config.file.limits.api_requests_per_minute_per_user * 4 {
        if last.status == 429 {
            break;
        }
        last = app.ask(Some(&token), "GET", "/api/v1/credits/balance", None).await;
    }
    assert_eq!((last.status, &last.body["code"]), (429, &json!("too_many_requests")));
    assert!(last.headers.contains_key("retry-after"));
    assert!(last.headers["ratelimit"].to_str().unwrap().contains("r=0"));
    app.stop().await;
}
