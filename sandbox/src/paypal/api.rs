//! PayPal's API over HTTP.

use std::{sync::Arc, time::Duration};

use poem::{
    Request, Response,
    http::{HeaderMap, Method, StatusCode, header},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{PaypalWork, error::Refusal, order::Order, verify::verify};
use crate::{
    Inner,
    api::{
        MAX_UPLOAD, base64, broken_connection,
        keys::{Begun, Stored},
        multipart,
        params::Params,
        parse_form,
    },
    ids, lock,
};

/// How long a token is good for: nine hours, as at PayPal.
const TOKEN_SECONDS: i64 = 32_400;

/// A call that has been read.
struct Call {
    method: Method,
    path: Vec<String>,
    query: Params,
    body: Vec<u8>,
    headers: HeaderMap,
}

/// A status and a body.
type Answer = (u16, Value);

impl Inner {
    /// Answers a request to `path`, which is what follows `/sandbox/paypal`.
    pub(crate) async fn serve_paypal(
        self: &Arc<Self>,
        mut request: Request,
        path: &str,
    ) -> Response {
        // First of all, whatever comes of it: a body left unread would cost the client its connection.
        let Ok(body) = request.take_body().into_bytes_limit(MAX_UPLOAD).await else {
            return written(413, &Refusal::malformed().body());
        };
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let call = Call {
            method: request.method().clone(),
            path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            query: parse_form(query).map(Params::new).unwrap_or_default(),
            body: body.into(),
            headers: request.headers().clone(),
        };
        if let ["v1", "notifications", "certs", name] = parts(&call)[..] {
            return self.certificate(name);
        }
        let fate = self.roll_call();
        let answer = self.once(&call, fate.failed, fate.delay_ms).await;
        if fate.lost {
            return broken_connection();
        }
        match answer {
            Ok((status, body)) => written(status, &body),
            Err(refusal) => written(refusal.status, &refusal.body()),
        }
    }

    /// Does the call, or finds out that it was done before.
    async fn once(
        self: &Arc<Self>,
        call: &Call,
        failed: bool,
        delay_ms: u64,
    ) -> Result<Answer, Refusal> {
        let id = call.headers.get("paypal-request-id").and_then(|id| id.to_str().ok());
        let id = id.filter(|id| call.method == Method::POST && !id.is_empty());
        let key = id.map(|id| format!("paypal:{id}"));
        let running = match &key {
            None => None,
            Some(key) => {
                let body = String::from_utf8_lossy(&call.body).into_owned();
                let begun = self.keys.begin(key, &call.path.join("/"), body, self.now());
                match begun.map_err(|_| Refusal::conflict())? {
                    Begun::New(running) => Some(running),
                    // Asked for again: done before, so 200 rather than 201.
                    Begun::Replay(Stored { status, body, .. }) => {
                        let status = if status == 201 { 200 } else { status };
                        return Ok((status, serde_json::from_str(&body).unwrap_or_default()));
                    }
                }
            }
        };
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        if failed {
            return Err(Refusal::broken());
        }
        let result = self.run_paypal(call, id);
        let (status, body) = match &result {
            Ok((status, body)) => (*status, body.clone()),
            Err(refusal) => (refusal.status, refusal.body()),
        };
        if let Some(running) = running.filter(|_| status != 401) {
            let body = body.to_string().into();
            running.keep(Stored { status, body, request: String::new() });
        }
        result
    }

    fn run_paypal(
        self: &Arc<Self>,
        call: &Call,
        request_id: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let path = parts(call);
        if (&call.method, &path[..]) == (&Method::POST, &["v1", "oauth2", "token"]) {
            return Ok(self.grant(call));
        }
        self.check_token(&call.headers)?;
        if let (&Method::POST, ["v1", "notifications", "verify-webhook-signature"]) =
            (&call.method, &path[..])
        {
            return verify(&self.config.paypal, &call.body).map(|body| (200, body));
        }
        self.paypal_work(|work| work.run(call, &path, request_id))
    }

    /// `POST /v1/oauth2/token`
    fn grant(&self, call: &Call) -> Answer {
        let config = &self.config.paypal;
        let expected = format!("{}:{}", config.client_id, config.client_secret.expose_secret());
        let given = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| base64(value.strip_prefix("Basic ")?));
        if given.as_deref() != Some(expected.as_bytes()) {
            let body = json!({
                "error": "invalid_client", "error_description": "Client Authentication failed",
            });
            return (401, body);
        }
        let wants = parse_form(&call.body).map(Params::new).unwrap_or_default();
        if wants.text("grant_type").ok().flatten() != Some("client_credentials") {
            let body = json!({
                "error": "unsupported_grant_type",
                "error_description": "Grant Type is NULL or unsupported",
            });
            return (400, body);
        }
        let token = ids::random("A21AA", 90);
        let now = self.now();
        lock(&self.paypal).tokens.insert(token.clone(), now + TOKEN_SECONDS);
        let body = json!({
            "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/applications/webhooks",
            "access_token": token,
            "token_type": "Bearer",
            "app_id": "APP-80W284485P519543T",
            "expires_in": TOKEN_SECONDS,
            "nonce": ids::random("", 43),
        });
        (200, body)
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        let ends = token.and_then(|token| lock(&self.paypal).tokens.get(token).copied());
        if ends.is_some_and(|ends| self.now() < ends) {
            Ok(())
        } else {
            Err(Refusal::unauthorized())
        }
    }

    /// The certificate of the webhooks; anybody may have it.
    fn certificate(&self, name: &str) -> Response {
        let authority = &self.config.paypal.authority;
        match authority.chain() {
            Ok(chain) if name == authority.name() => {
                Response::builder().content_type("application/x-pem-file").body(chain.to_owned())
            }
            _ => StatusCode::NOT_FOUND.into(),
        }
    }
}

impl PaypalWork<'_> {
    fn run(
        &mut self,
        call: &Call,
        path: &[&str],
        request_id: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let whole = call.headers.get("prefer").is_some_and(|it| it == "return=representation");
        match (&call.method, path) {
            (&Method::POST, ["v2", "checkout", "orders"]) => {
                let order = self.create_order(&json_body(call)?, request_id)?;
                let status = if order.source.is_some() { 200 } else { 201 };
                Ok((status, self.show(&order, whole)))
            }
            (&Method::GET, ["v2", "checkout", "orders", id]) => {
                let order = self.state.orders.get(id).ok_or_else(Refusal::not_found)?;
                Ok((200, self.order_view(order)))
            }
            (&Method::POST, ["v2", "checkout", "orders", id, "capture"]) => {
                if !call.body.is_empty() {
                    json_body(call)?;
                }
                let order = self.capture_order(id)?;
                Ok((201, self.show(&order, whole)))
            }
            (&Method::GET, ["v2", "payments", "captures", id]) => {
                let order = self.state.captures.get(id).and_then(|id| self.state.orders.get(id));
                let view = order.and_then(|order| order.capture_view(&self.config.api_base));
                view.map(|view| (200, view)).ok_or_else(Refusal::not_found)
            }
            (&Method::POST, ["v2", "payments", "captures", id, "refund"]) => {
                let body = if call.body.is_empty() { Value::Null } else { json_body(call)? };
                let (order, refund) = self.create_refund(id, &body)?;
                let base = &self.config.api_base;
                Ok((
                    201,
                    if whole { refund.view(&order, base) } else { refund.minimal(&order, base) },
                ))
            }
            (&Method::GET, ["v2", "payments", "refunds", id]) => {
                let (order, refund) = self.refund(id)?;
                Ok((200, refund.view(&order, &self.config.api_base)))
            }
            (&Method::GET, ["v1", "customer", "disputes"]) => {
                Ok((200, self.list_disputes(&call.query)))
            }
            (&Method::GET, ["v1", "customer", "disputes", id]) => {
                let dispute = self.state.disputes.get(id).ok_or_else(Refusal::not_found)?;
                Ok((200, self.dispute_view(dispute)))
            }
            (&Method::POST, ["v1", "customer", "disputes", id, "accept-claim"]) => {
                json_body(call)?;
                Ok((200, self.accept_claim(id)?))
            }
            (&Method::POST, ["v1", "customer", "disputes", id, "provide-evidence"]) => {
                let (input, documents) = input(call)?;
                Ok((200, self.provide_evidence(id, &input, &documents)?))
            }
            (&Method::GET, ["v1", "notifications", "webhooks-events"]) => {
                Ok((200, self.list_events(&call.query)?))
            }
            (&Method::GET, ["v1", "notifications", "webhooks-events", id]) => {
                Ok((200, self.retrieve_event(id)?))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn show(&self, order: &Order, whole: bool) -> Value {
        if whole {
            return self.order_view(order);
        }
        order.minimal(&self.config.api_base, &self.approval_url(&order.id))
    }
}

fn parts(call: &Call) -> Vec<&str> {
    call.path.iter().map(String::as_str).collect()
}

fn json_body(call: &Call) -> Result<Value, Refusal> {
    let kind = call.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::media());
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::malformed())?;
    if body.is_object() { Ok(body) } else { Err(Refusal::malformed()) }
}

/// The JSON of a body of several parts, and the names of its files.
fn input(call: &Call) -> Result<(Value, Vec<String>), Refusal> {
    let kind = call.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(boundary) = kind.and_then(multipart::boundary) else { return Err(Refusal::media()) };
    let parts = multipart::parse(&boundary, &call.body).ok_or_else(Refusal::malformed)?;
    let input = parts.iter().find(|part| part.name == "input").ok_or_else(Refusal::malformed)?;
    let input = serde_json::from_slice(&input.content).map_err(|_| Refusal::malformed())?;
    Ok((input, parts.into_iter().filter_map(|part| part.file).collect()))
}

fn written(status: u16, body: &Value) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or_default())
        .content_type("application/json")
        .header(header::CACHE_CONTROL, "max-age=0, no-cache, no-store, must-revalidate")
        .header("paypal-debug-id", ids::random("f", 12).to_ascii_lowercase())
        .body(body.to_string())
}
