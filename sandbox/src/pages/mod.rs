//! Pages for people, and the controls.

mod assets;
mod checkout;
mod control;
mod dashboard;
mod element;
mod hosted;
mod mailbox;
mod mime;
mod money_back;
mod paypal;
mod paypal_money_back;
mod wallet;

use std::sync::Arc;

use askama::Template;
use poem::{
    Body, Endpoint, Request, Response,
    http::{Method, StatusCode, header},
};

use crate::{
    Inner,
    api::{error::ApiError, params::Params, parse_form},
};

/// Largest body of a request to a page.
const MAX_BODY: usize = 64 * 1024;

/// No scripts but our own, no foreign content. Forms may end on the merchant's return URL, wherever that is.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                      img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self' http: https:; \
                      frame-ancestors 'self'";

/// For what a merchant's page shows in a frame: our own scripts, and calls to ourselves.
const FRAMED: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
                      font-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'self' http: https:; frame-ancestors http: https:";

/// Everything below `/sandbox`.
pub(crate) struct Pages(pub(crate) Arc<Inner>);

impl Endpoint for Pages {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path().to_owned();
        let below = |prefix: &str| {
            let rest = path.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        };
        if let Some(rest) = below("/stripe/v1") {
            return Ok(self.0.serve(request, rest).await);
        }
        if below("/paypal/v1").or_else(|| below("/paypal/v2")).is_some() {
            let rest = below("/paypal").unwrap_or_default().to_owned();
            return Ok(self.0.serve_paypal(request, &rest).await);
        }
        Ok(self.0.page(request, &path).await)
    }
}

impl Inner {
    /// Answers a request for a page or a control.
    async fn page(self: &Arc<Self>, mut request: Request, path: &str) -> Response {
        let body = request.take_body().into_bytes_limit(MAX_BODY).await;
        let method = request.method().clone();
        if method == Method::POST && !is_from_here(&request) {
            return message(StatusCode::FORBIDDEN, "Refused", "This came from another site.");
        }
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let query = parse_form(query).map(Params::new).unwrap_or_default();
        let Ok(body) = body else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "That is too much.");
        };
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match method {
            Method::GET => self.show(&path, &query).await,
            Method::POST => self.act(&path, &body),
            _ => message(StatusCode::METHOD_NOT_ALLOWED, "Not that way", "Use GET or POST."),
        }
    }

    async fn show(self: &Arc<Self>, path: &[&str], query: &Params) -> Response {
        match path {
            [] => self.show_dashboard(),
            ["elements", "payment"] => element::show(),
            ["elements", "express"] => wallet::show_buttons(),
            ["elements", "wallet"] => wallet::show_sheet(query),
            ["pay", id] => self.show_payment(id, query),
            ["checkout", id] => self.show_session(id),
            ["3ds", id] => self.show_challenge(id, query),
            ["receipts", id] => self.show_receipt(id),
            ["paypal", "checkoutnow"] => self.show_approval(query),
            ["paypal", "sdk", "js"] => paypal::sdk(),
            ["paypal", "popup.js"] => paypal::popup(),
            ["mail"] => self.show_mailbox().await,
            ["mail", name] => self.show_mail(name).await,
            ["mail", name, "html"] => self.show_letter(name).await,
            ["control", "faults"] => self.show_faults(),
            ["control", "state"] => self.show_state(),
            [name] => assets::find(name).unwrap_or_else(nothing_here),
            _ => nothing_here(),
        }
    }

    fn act(self: &Arc<Self>, path: &[&str], body: &[u8]) -> Response {
        match path {
            ["control", "faults"] => return self.control_faults(body),
            ["control", "redeliver"] => return self.control_redeliver(body),
            ["control", "paypal", "settle"] => return self.control_settle(body),
            ["control", "paypal", "refunds"] => return self.control_paypal_refund(body),
            ["control", "paypal", "refunds", "settle"] => {
                return self.control_paypal_refund_settle(body);
            }
            ["control", "paypal", "disputes"] => return self.control_paypal_dispute(body),
            ["control", "paypal", "disputes", "decide"] => return self.control_paypal_decide(body),
            ["control", "refunds"] => return self.control_refund(body),
            ["control", "warnings"] => return self.control_warning(body),
            ["control", "disputes"] => return self.control_dispute(body),
            ["control", "disputes", "decide"] => return self.control_decide(body),
            _ => {}
        }
        let form = match parse_form(body) {
            Ok(form) => Params::new(form),
            Err(error) => return refused(&error),
        };
        match path {
            ["faults"] => self.form_faults(body),
            ["events", id, "redeliver"] => self.form_redeliver(id),
            ["pay", id] => self.pay(id, &form),
            ["checkout", id] => self.pay_session(id, &form),
            ["paypal", "checkoutnow"] => self.approve(&form),
            ["paypal", "orders", id, "settle"] => self.form_settle(id, &form),
            ["3ds", id] => self.answer_3ds(id, &form),
            _ => nothing_here(),
        }
    }
}

/// Renders a page.
fn html(status: StatusCode, template: &impl Template) -> Response {
    html_under(POLICY, status, template)
}

/// Renders a page that may do what `policy` says.
fn html_under(policy: &'static str, status: StatusCode, template: &impl Template) -> Response {
    let Ok(page) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into() };
    Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-store")
        .body(page)
}

/// Renders a sentence.
fn message(status: StatusCode, title: &str, text: &str) -> Response {
    #[derive(Template)]
    #[template(path = "message.html")]
    struct Message<'a> {
        title: &'a str,
        text: &'a str,
    }
    html(status, &Message { title, text })
}

/// Renders an error of the API.
fn refused(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    message(status, "That did not work", error.message())
}

fn nothing_here() -> Response {
    message(StatusCode::NOT_FOUND, "Nothing here", "The sandbox has no such page.")
}

fn redirect(url: &str) -> Response {
    let response = Response::builder().status(StatusCode::SEE_OTHER);
    response.header(header::LOCATION, url).body(Body::empty())
}

/// Whether a page of ours, or no page at all, sent the request. Browsers say so; others do not.
fn is_from_here(request: &Request) -> bool {
    matches!(request.header("sec-fetch-site"), None | Some("same-origin" | "none"))
}

/// A time as a person reads it.
fn written_time(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds);
    time.map_or_else(
        |_| seconds.to_string(),
        |time| {
            let (date, (hour, minute, second)) = (time.date(), time.to_hms());
            format!("{date} {hour:02}:{minute:02}:{second:02}")
        },
    )
}
