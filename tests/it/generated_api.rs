//! Thousands of calls of the API, by those who may and by others, that are nearly what they should
//! be: no answer is a failure of ours, and nobody gets credits that were not paid for.

use entities::{fact::News, payment};
use ingress::{Claims, mint};
use rand::Rng;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{TestApp, USER};

use crate::{
    api_routes::{Route, Things, routes},
    generate::Luck,
    siege::{Shot, besieged, fire, outlast},
};

/// Calls of each operation.
const CALLS: usize = 48;

/// Calls of all operations before jobs run in between.
const ROUNDS: usize = 6;

#[tokio::test]
async fn generated_calls_are_never_our_failure_and_grant_only_what_was_paid() {
    let (mut luck, (app, clock)) = (Luck::new(), besieged().await);
    let things = Things::new(&app).await;
    let (_, routes) = routes(&app).await;
    let mut served = vec![0; routes.len()];
    for _ in 0..ROUNDS {
        // All operations at once, as they come in a shop.
        let calls = (0..CALLS / ROUNDS).flat_map(|_| 0..routes.len());
        let calls: Vec<usize> = calls.collect();
        let shots: Vec<Shot> =
            calls.iter().map(|which| call(&mut luck, &app, &routes[*which], &things)).collect();
        let answers = fire(&app, &shots).await;
        for (which, answer) in calls.into_iter().zip(answers) {
            served[which] += usize::from(answer.status < 300);
        }
        app.catch_up().await;
    }
    outlast(&app, &clock).await;
    assert_paid(&app).await;
    // An operation that never gets to its end is not tested. Of those that decide the same thing the
    // first leaves nothing to the others.
    let never = routes.iter().zip(served).filter(|(_, served)| *served == 0);
    let (reads, writes): (Vec<_>, Vec<_>) = never
        .map(|(route, _)| (route.verb.as_str(), route.id.as_str()))
        .partition(|(verb, _)| *verb == "GET");
    assert_eq!(reads, [], "never served");
    assert!(writes.len() * 10 < routes.len(), "never served: {writes:?}");
    // Whoever is asked for an event that does not exist cannot find it.
    let lost = "jobs WHERE state <> 'done' AND NOT (name = 'run-reconciliation' AND last_error \
                LIKE '%has no such event%')";
    assert_eq!(app.count(lost).await, 0, "a call made a job fail");
    app.stop().await;
}

/// The provider says of each payment that granted something that it was paid in full.
async fn assert_paid(app: &TestApp) {
    let payments = payment::Entity::find().all(app.store.db.reader()).await.unwrap();
    let mut count = 0;
    for payment in payments {
        if payment.status.rank() < payment::Status::Succeeded.rank() {
            continue;
        }
        let gateway = app.context.gateways.get(payment.provider).unwrap();
        let reference = payment.provider_reference.as_ref().unwrap();
        let told = gateway.retrieve_payment(reference).await.unwrap();
        let News::Succeeded(receipt) = told.fact.news else { panic!("never paid: {payment:?}") };
        assert_eq!(receipt.collected, payment.price());
        count += 1;
    }
    assert_eq!(app.count("credit_lots").await, count);
}

/// A call of `route`.
fn call(luck: &mut Luck, app: &TestApp, route: &Route, things: &Things) -> Shot {
    let thing = route.thing(things).to_owned();
    let body = route.body(&thing).map(|body| body_like(luck, body, route, things));
    let mut shot = Shot::post(&path(luck, route, &thing, things), body.unwrap_or_default());
    shot.method.clone_from(&route.verb);
    if shot.body.is_empty() && luck.percent(10) {
        shot.body = luck.bytes(b"{\"version\":0}");
    }
    if let Some(token) = token(luck, app, route) {
        shot.header("authorization", token);
    }
    let kinds: &[&str] = &["application/json", "application/json", "text/xml", ""];
    shot.header("content-type", luck.one(kinds));
    if luck.percent(40) {
        let key = format!("key-{}", luck.0.random_range(0..2_000));
        let odd = luck.percent(15);
        shot.header("idempotency-key", if odd { luck.header(&key) } else { key.into_bytes() });
    }
    if luck.percent(10) {
        let device = luck.header("a phone");
        shot.header("quittance-device", device);
    }
    if luck.percent(3) {
        luck.one(&["PATCH", "HEAD", "TRACE", "BREW"]).clone_into(&mut shot.method);
    }
    shot
}

/// The path, with the id that it should have or another, and a query.
fn path(luck: &mut Luck, route: &Route, thing: &str, things: &Things) -> String {
    let id = match luck.0.random_range(0..10) {
        0 => luck.one(&things.ids()).to_owned(),
        1 => String::from_utf8_lossy(&luck.bytes(thing.as_bytes())).into_owned(),
        2 => luck.text(),
        _ => thing.to_owned(),
    };
    let mut path = route.url(&encoded(&id));
    let mut ask = |pair: String| {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&pair);
    };
    let sound = ["1", "100", "succeeded", "open", "true", "2026-01-31", "card", "pending_review"];
    for name in &route.parameters {
        if luck.percent(25) {
            let odd = luck.percent(60);
            let value = if odd { luck.text() } else { luck.one(&sound).to_owned() };
            ask(format!("{name}={}", encoded(&value)));
        }
    }
    if luck.percent(3) {
        ask(luck.one(&["=&&=", "%zz=%", "limit=1&limit=2", "cursor", "%00=%00"]).to_owned());
    }
    path
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let encode = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

/// What `route` is sent, with more of what it may be sent, and spoilt.
fn body_like(luck: &mut Luck, mut body: Value, route: &Route, things: &Things) -> Vec<u8> {
    let fields = body.as_object_mut().unwrap();
    for name in &route.fields {
        if luck.percent(10) {
            let value = match luck.0.random_range(0..4) {
                0 => json!(luck.one(&things.ids())),
                1 => {
                    json!([{ "name": "a.pdf", "mediaType": "application/pdf", "content": "JVBERg==" }])
                }
                2 => json!(luck.one(&["stripe", "paypal", "address", "10.0.0.0/8", "card"])),
                _ => luck.odd(),
            };
            fields.insert(name.clone(), value);
        }
        // What was used once would be refused from then on.
        if name == "reference" && luck.percent(80) {
            fields.insert(name.clone(), json!(format!("r{}", luck.0.random_range(0..500))));
        }
    }
    luck.sent(body)
}

/// Who calls: mostly somebody who may.
fn token(luck: &mut Luck, app: &TestApp, route: &Route) -> Option<Vec<u8>> {
    let bearer = |token: String| Some(format!("Bearer {token}").into_bytes());
    let minted = |sub: &str, roles: &[String]| {
        let claims = Claims {
            sub: sub.to_owned(),
            email: Some(format!("{sub}@example.com")),
            roles: roles.to_vec(),
            exp: app.store.clock.now().seconds() + 3_600,
        };
        bearer(mint(&app.config.jwt_secret, &claims).unwrap())
    };
    // Whoever deletes their account has none any more.
    let owner = if route.id == "deleteAccount" { "leaver" } else { USER };
    match luck.0.random_range(0..20) {
        0 => None,
        1 => Some(luck.header(&format!("Bearer {}", app.token(USER)))),
        2 => minted("mallory", &[luck.text()]),
        3 => minted(&luck.text(), &route.roles),
        _ => minted(if route.roles.is_empty() { owner } else { "eve" }, &route.roles),
    }
}
