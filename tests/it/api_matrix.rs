//! Every route of the API, as everybody: the list is the served `OpenAPI` document's own, so no route
//! can be forgotten (`001-SR4`, `001-C6`).

use ingress::{Claims, mint};
use serde_json::{Value, json};
use tests::{TestApp, USER};

use crate::api_routes::{Route, Things, routes};

/// The official description of `OpenAPI` 3.1 (<https://spec.openapis.org/oas/3.1/schema/2022-10-07>).
const OPENAPI: &str = include_str!("openapi-3.1.schema.json");

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
