//! Events: what happened, for webhooks and for those who ask.

use serde_json::{Value, json};

use super::{API_VERSION, Origin, Work, list::Page};
use crate::api::{error::ApiError, params::Params};

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: i64,
    /// JSON. There may be a great many events, and a text takes a tenth of the memory of a tree.
    pub(crate) data: Box<str>,
    pub(crate) origin: Origin,
    /// How many webhook endpoints have not taken it yet.
    pub(crate) pending: u32,
}

impl Event {
    /// As Stripe shows it.
    pub(crate) fn view(&self) -> Value {
        let data: Value = serde_json::from_str(&self.data).unwrap_or_default();
        json!({
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": data,
            "livemode": false,
            "pending_webhooks": self.pending,
            "request": { "id": self.origin.request, "idempotency_key": self.origin.key },
            "type": self.kind,
        })
    }
}

impl Work<'_> {
    /// `GET /v1/events/{id}`
    pub(crate) fn retrieve_event(&self, id: &str, params: &Params) -> Result<Value, ApiError> {
        params.only(&["expand"])?;
        let event = self.state.events.get(id);
        event.map(Event::view).ok_or_else(|| ApiError::not_found("event", id, "id"))
    }

    /// `GET /v1/events`
    pub(crate) fn list_events(&self, params: &Params) -> Result<Value, ApiError> {
        let known = ["type", "types", "delivery_success"];
        let page = Page::read(params, &known)?;
        let kinds = wanted_kinds(params)?;
        let delivered = params.boolean("delivery_success")?;
        let wanted = |event: &Event| {
            page.created.contains(event.created)
                && delivered.is_none_or(|wanted| wanted == (event.pending == 0))
                && kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|k| matches(k, event.kind)))
        };
        page.of(&self.state.events, "event", "/v1/events", wanted, Event::view)
    }
}

fn wanted_kinds(params: &Params) -> Result<Option<Vec<String>>, ApiError> {
    const MAX_TYPES: usize = 20;
    let one = params.filled("type")?.map(|kind| vec![kind.to_owned()]);
    let many = params.list("types")?;
    match (one, many) {
        (Some(_), Some(_)) => Err(ApiError::exclusive("type", "types")),
        (_, Some(many)) if many.len() > MAX_TYPES => {
            let message = format!("You may specify at most {MAX_TYPES} types.");
            Err(ApiError::invalid(message).param("types"))
        }
        (one, many) => Ok(one.or(many)),
    }
}

/// Whether `kind` is `pattern`, in which a `*` at the end stands for anything.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => kind == pattern,
    }
}
