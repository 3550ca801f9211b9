//! The Stripe API over HTTP.

mod auth;
pub(crate) mod error;
mod form;
pub(crate) mod keys;
pub(crate) mod multipart;
pub(crate) mod params;
mod routes;

use std::{sync::Arc, time::Duration};

use futures_util::stream;
use poem::{
    Body, Endpoint, Request, Response,
    http::{HeaderMap, Method, StatusCode, header},
};
use serde_json::Value;

pub(crate) use self::{auth::base64, form::parse as parse_form};
use self::{
    error::ApiError,
    keys::{Begun, Stored},
    params::Params,
    routes::Call,
};
use crate::{
    Inner, ids,
    stripe::{API_VERSION, Origin},
};

/// Largest body of a request.
const MAX_BODY: usize = 1024 * 1024;

/// Largest body of a request with files, which are sent with evidence.
pub(crate) const MAX_UPLOAD: usize = 6 * 1024 * 1024;

/// The API, to be nested at `/v1`.
pub(crate) struct Api(pub(crate) Arc<Inner>);

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path().to_owned();
        Ok(self.0.serve(request, &path).await)
    }
}

/// An answer on its way out.
struct Answer {
    status: u16,
    body: Arc<str>,
    request: String,
    key: Option<String>,
    original: Option<String>,
    replayed: bool,
    /// The connection breaks instead.
    lost: bool,
}

impl Inner {
    /// Answers a request to `path`, which is what follows `/v1`.
    pub(crate) async fn serve(self: &Arc<Self>, request: Request, path: &str) -> Response {
        let mut answer = Answer {
            status: 200,
            body: Arc::default(),
            request: ids::random("req_", 14),
            key: idempotency_key(&request),
            original: None,
            replayed: false,
            lost: false,
        };
        let done = match read(request, path).await {
            Ok(call) => self.answer(&call, &mut answer).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            answer.status = error.status;
            answer.body = written(&error.body());
        }
        answer.into_response()
    }

    /// Does the call, or finds out that it was done before.
    async fn answer(self: &Arc<Self>, call: &Call, answer: &mut Answer) -> Result<(), ApiError> {
        let fate = self.roll_call();
        answer.lost = fate.lost;
        let key = answer.key.clone();
        let running = match &key {
            Some(key) => {
                let params = format!("{:?}", call.params);
                match self.keys.begin(key, &call.url(), params, self.now())? {
                    Begun::New(running) => Some(running),
                    Begun::Replay(stored) => {
                        answer.replay(stored);
                        return Ok(());
                    }
                }
            }
            None => None,
        };
        tokio::time::sleep(Duration::from_millis(fate.delay_ms)).await;
        let result = if fate.failed { Err(broken()) } else { self.run(call, answer) };
        let begun = result.as_ref().err().is_none_or(|error| error.begun || error.status == 402);
        (answer.status, answer.body) = match result {
            Ok(body) => (200, written(&body)),
            Err(error) => (error.status, written(&error.body())),
        };
        if let Some(running) = running.filter(|_| begun) {
            answer.original = Some(answer.request.clone());
            running.keep(answer.stored());
        }
        Ok(())
    }

    fn run(self: &Arc<Self>, call: &Call, answer: &Answer) -> Result<Value, ApiError> {
        let origin = Origin { request: Some(answer.request.clone()), key: answer.key.clone() };
        self.work(origin, |work| call.run(work))
    }
}

impl Answer {
    fn stored(&self) -> Stored {
        let (body, request) = (self.body.clone(), self.request.clone());
        Stored { status: self.status, body, request }
    }

    fn replay(&mut self, stored: Stored) {
        self.status = stored.status;
        self.body = stored.body;
        self.original = Some(stored.request);
        self.replayed = true;
    }

    fn into_response(self) -> Response {
        if self.lost {
            return broken_connection();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        let mut response = Response::builder()
            .status(status)
            .content_type("application/json")
            .header(header::CACHE_CONTROL, "no-cache, no-store")
            .header("request-id", self.request)
            .header("stripe-version", API_VERSION);
        if status == StatusCode::UNAUTHORIZED {
            response = response.header(header::WWW_AUTHENTICATE, "Basic realm=\"Stripe\"");
        }
        if let Some(key) = self.key {
            response = response.header("idempotency-key", key);
        }
        if let Some(original) = self.original {
            response = response.header("original-request", original);
        }
        if self.replayed {
            response = response.header("idempotent-replayed", "true");
        }
        response.body(self.body.to_string())
    }
}

/// A body as Stripe writes it: with line breaks, for people who read it.
fn written(body: &Value) -> Arc<str> {
    format!("{body:#}").into()
}

/// Understands a request.
async fn read(mut request: Request, path: &str) -> Result<Call, ApiError> {
    // First of all, whatever comes of it: a body left unread would cost the client its connection.
    let limit = if path.trim_start_matches('/') == "files" { MAX_UPLOAD } else { MAX_BODY };
    let body = request.take_body().into_bytes_limit(limit).await;
    let caller = auth::caller(request.headers())?;
    let too_large = ApiError::invalid("The request body is too large.").status(413);
    let body = body.map_err(|_| too_large)?;
    let method = request.method().clone();
    let path = path.trim_start_matches('/').split('/').map(str::to_owned).collect();
    let mut fields = form::parse(request.uri().query().unwrap_or_default().as_bytes())?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match kind.and_then(multipart::boundary) {
        Some(boundary) if method == Method::POST => {
            fields.extend(form::of_parts(&boundary, &body)?);
        }
        _ if method == Method::POST => {
            check_content_type(request.headers())?;
            fields.extend(form::parse(&body)?);
        }
        _ => {}
    }
    Ok(Call { method, path, params: Params::new(fields), caller })
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let form = "application/x-www-form-urlencoded";
    if kind.is_none_or(|kind| kind.to_ascii_lowercase().starts_with(form)) {
        return Ok(());
    }
    let message = format!("Requests to the API must have the content type {form}.");
    Err(ApiError::invalid(message))
}

/// The key of a POST; other methods have no use for one.
fn idempotency_key(request: &Request) -> Option<String> {
    let key = request.header("idempotency-key")?;
    (request.method() == Method::POST && !key.is_empty()).then(|| key.to_owned())
}

fn broken() -> ApiError {
    let message = "An unknown error occurred. (The sandbox was asked to fail.)";
    ApiError::new(500, "api_error", message).begun()
}

/// A response that the server cannot write, so that it drops the connection without a word.
pub(crate) fn broken_connection() -> Response {
    let nothing = Body::from_bytes_stream(stream::pending::<std::io::Result<Vec<u8>>>());
    Response::builder().header(header::CONTENT_LENGTH, "none").body(nothing)
}
