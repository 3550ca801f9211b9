//! What stands before every operation: limits, who is asking, no card numbers, and a key under which
//! a write can be sent again.

use std::time::Duration;

use ::payments::{
    alerts,
    customers::User,
    fraud::Visit,
    idempotency::{self, Answer, Begun},
};
use jobs::Alert;
use poem::{
    Endpoint, FromRequest, Request, RequestBody, Response, Result,
    error::ResponseError,
    http::{HeaderMap, HeaderValue, StatusCode},
    web::Data,
};

use super::{
    Call,
    screen::{holds_card, json_holds_card, json_holds_nul},
    table::{Access, Operation},
};
use crate::{App, Problem, auth, body, limits::Standing};

/// Longest idempotency key, as at Stripe.
const MAX_KEY: usize = 255;

/// The header in which the host application says what it calls the payer's device.
const DEVICE: &str = "quittance-device";

/// The header that tells a stored answer from a fresh one.
const REPLAYED: &str = "idempotent-replayed";

/// An operation, and what a request has to pass to get to it.
pub(super) struct Gate(pub(super) &'static Operation);

impl Endpoint for Gate {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let Data(app) = Data::<&App>::from_request(&request, &mut RequestBody::default()).await?;
        let app = app.clone();
        let body = request.take_body();
        let mut standing = None;
        let answer = async {
            standing = Some(app.limits.from(app.address(&request))?);
            let mut held = Vec::new();
            let user = match self.0.access {
                Access::Anybody => None,
                Access::User => {
                    let (user, _) = auth::caller(&app, &request)?;
                    standing = Some(app.limits.of(&user.user_ref)?);
                    Some(user)
                }
                Access::Staff(roles) => {
                    let (user, has) = auth::caller(&app, &request)?;
                    standing = Some(app.limits.of(&user.user_ref)?);
                    if !roles.iter().any(|role| has.iter().any(|name| name == role.as_str())) {
                        return Err(Problem::Forbidden);
                    }
                    held = has;
                    Some(user)
                }
            };
            let body = body::read(body, self.0.limit, app.options.body_timeout).await?;
            let device = request.header(DEVICE);
            let visit = Visit::new(app.address(&request), device)?;
            let call = Call {
                visit,
                id: request.raw_path_param("id").map(str::to_owned),
                query: request.uri().query().unwrap_or_default().to_owned(),
                app: app.clone(),
                user,
                roles: held,
                body,
            };
            screen(self.0, &call, request.headers()).await?;
            once(self.0, call, request.headers()).await
        };
        let mut response = match answer.await {
            Ok(response) => response,
            Err(problem) => {
                if let Problem::TooMany(exceeded) = &problem {
                    standing = Some(*exceeded);
                }
                problem.as_response()
            }
        };
        if let Some(standing) = standing {
            tell(response.headers_mut(), &standing);
        }
        Ok(response)
    }
}

/// Refuses what holds a card number, whichever field it stands in: it must neither be stored nor
/// logged, and whoever builds a form that sends one has to know (`000-SR2`, `002-SC5`). Refuses
/// U+0000 as well, which PostgreSQL cannot store in a text.
async fn screen(
    operation: &'static Operation,
    call: &Call,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let key = headers.get("idempotency-key").map(HeaderValue::as_bytes).unwrap_or_default();
    let mut texts = vec![String::from_utf8_lossy(key).into_owned()];
    texts.extend(call.id.clone());
    let query: Vec<(String, String)> = serde_urlencoded::from_str(&call.query).unwrap_or_default();
    texts.extend(query.into_iter().flat_map(|(name, value)| [name, value]));
    let json = serde_json::from_slice(&call.body).ok();
    if json.as_ref().is_some_and(json_holds_nul) || texts.iter().any(|text| text.contains('\0')) {
        return Err(Problem::Malformed("no text may hold the character U+0000".to_owned()));
    }
    let in_body = match &json {
        Some(json) => json_holds_card(json),
        None => holds_card(&String::from_utf8_lossy(&call.body)),
    };
    if !in_body && !texts.iter().any(|text| holds_card(text)) {
        return Ok(());
    }
    metrics::counter!("quittance_card_numbers_refused_total").increment(1);
    let now = call.app.clock().now();
    let alert = Alert {
        kind: "card-number-sent".to_owned(),
        // One a day for each operation: a broken form sends many.
        subject: format!("{}:{}", operation.id, now.seconds().div_euclid(86_400)),
        detail: format!(
            "a client sent what looks like a card number to {}; it was refused and not kept. Card \
             numbers belong in the provider's own form",
            operation.id
        ),
    };
    let raised = alerts::raise(&call.app.store, &alert).await?;
    call.app.cashier.announce(raised);
    Err(Problem::CardNumber)
}

/// Serves `call`, and under an idempotency key at most once.
async fn once(
    operation: &'static Operation,
    call: Call,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let key = headers.get("idempotency-key").filter(|_| operation.idempotent);
    let (Some(key), Some(user)) = (key, call.user.clone()) else {
        return (operation.serve)(call).await;
    };
    let key = read_key(key)?.to_owned();
    let app = call.app.clone();
    // The path with its id: the same key for two payments is two requests.
    let name = format!("{} {}", operation.id, call.id.as_deref().unwrap_or_default());
    let owner = match begin(&app, &user, &key, &name, &call.body).await? {
        Begun::New(owner) => owner,
        Begun::Replay(answer) => return Ok(replay(answer)),
        Begun::InFlight => return Err(Problem::KeyInUse),
        Begun::Differs => return Err(Problem::KeyReused),
    };
    // On a task of its own: a client that hangs up must not leave its key taken.
    let served = tokio::spawn(async move {
        let response = match (operation.serve)(call).await {
            Ok(response) => response,
            Err(problem) => problem.as_response(),
        };
        keep(&app, owner, response).await
    });
    served.await.map_err(|error| Problem::Unavailable(error.into()))?
}

async fn begin(
    app: &App,
    user: &User,
    key: &str,
    operation: &str,
    body: &[u8],
) -> Result<Begun, Problem> {
    let user_ref = &user.user_ref;
    Ok(idempotency::begin(&app.store, idempotency::Request { user_ref, key, operation, body })
        .await?)
}

/// Keeps an answer that a second try would get as well; frees the key of one that it would not.
async fn keep(
    app: &App,
    owner: idempotency::Owner,
    response: Response,
) -> Result<Response, Problem> {
    let status = response.status();
    let passing = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT);
    if passing {
        idempotency::release(&app.store, owner).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.into_vec().await.map_err(|error| Problem::Unavailable(error.into()))?;
    let answer = Answer { status: status.as_u16(), body: body.clone() };
    idempotency::keep(&app.store, owner, &answer).await?;
    Ok(Response::from_parts(parts, body.into()))
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    Response::builder()
        .status(status)
        .content_type(kind)
        .header("cache-control", "no-store")
        .header(REPLAYED, "true")
        .body(answer.body)
}

fn read_key(key: &HeaderValue) -> Result<&str, Problem> {
    let sound = |key: &&str| (1..=MAX_KEY).contains(&key.len());
    key.to_str().ok().filter(sound).ok_or_else(|| {
        Problem::Malformed("Idempotency-Key has 1 to 255 visible characters of ASCII".to_owned())
    })
}

/// Tells a client how much it may still ask (draft-ietf-httpapi-ratelimit-headers).
fn tell(headers: &mut HeaderMap, standing: &Standing) {
    let Standing { name, quota, remaining, reset } = standing;
    let window = Duration::from_mins(1).as_secs();
    let policy = format!("\"{name}\";q={quota};w={window}");
    let limit = format!("\"{name}\";r={remaining};t={}", reset.as_secs().max(1));
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
}
