//! Events: what happened, for webhooks and for those who ask.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{PaypalWork, error::Refusal, order::link, state::new_id, written_time};
use crate::api::params::Params;

/// Most events on a page, and how many there are if nobody says.
const MAX_PAGE: u32 = 300;
const USUAL_PAGE: u32 = 10;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: i64,
    /// JSON: a text takes a tenth of the memory of a tree.
    pub(crate) text: Box<str>,
    /// Whether the webhook took it.
    pub(crate) delivered: bool,
}

impl PaypalWork<'_> {
    /// Makes an event about `resource`.
    pub(super) fn emit(
        &mut self,
        kind: &'static str,
        resource_type: &str,
        summary: &str,
        resource: &Value,
    ) {
        let id = format!("WH-{}-{}", new_id(), new_id());
        let base = &self.config.api_base;
        let own = format!("{base}/v1/notifications/webhooks-events/{id}");
        let text = json!({
            "id": id,
            "event_version": "1.0",
            "create_time": written_time(self.now),
            "resource_type": resource_type,
            "resource_version": "2.0",
            "event_type": kind,
            "summary": summary,
            "resource": resource,
            "links": [link(&own, "self", "GET"), link(&format!("{own}/resend"), "resend", "POST")],
        });
        let text = text.to_string().into();
        let event = Event { id: id.clone(), kind, created: self.now, text, delivered: false };
        self.state.events.insert(id.clone(), event);
        self.made.push(id);
    }

    /// `GET /v1/notifications/webhooks-events`
    pub(super) fn list_events(&self, query: &Params) -> Result<Value, Refusal> {
        let text = |name: &str| query.text(name).ok().flatten();
        let bound = |name: &str| match text(name) {
            None => Ok(None),
            Some(text) => OffsetDateTime::parse(text, &Rfc3339)
                .map(|time| Some(time.unix_timestamp()))
                .map_err(|_| Refusal::syntax(name)),
        };
        let (since, until) = (bound("start_time")?, bound("end_time")?);
        let size = match text("page_size") {
            None => USUAL_PAGE,
            Some(size) => size.parse().map_err(|_| Refusal::syntax("page_size"))?,
        };
        let size = usize::try_from(size.clamp(1, MAX_PAGE)).unwrap_or(usize::MAX);
        let after = text("next_page_token").and_then(|id| self.state.events.place(id));
        let wanted = |event: &&Event| {
            since.is_none_or(|since| event.created >= since)
                && until.is_none_or(|until| event.created <= until)
                && text("event_type").is_none_or(|kind| kind == event.kind)
        };
        let mut found = self.state.events.before(after).filter(wanted);
        let page: Vec<&Event> = found.by_ref().take(size).collect();
        let mut links = Vec::new();
        if let (Some(last), Some(_)) = (page.last(), found.next()) {
            links.push(link(&self.next_page(query, &last.id), "next", "GET"));
        }
        let events: Vec<Value> = page.iter().map(|event| event.view()).collect();
        Ok(json!({ "count": events.len(), "events": events, "links": links }))
    }

    /// `GET /v1/notifications/webhooks-events/{id}`
    pub(super) fn retrieve_event(&self, id: &str) -> Result<Value, Refusal> {
        self.state.events.get(id).map(Event::view).ok_or_else(Refusal::not_found)
    }

    fn next_page(&self, query: &Params, last: &str) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for name in ["start_time", "end_time", "page_size", "event_type"] {
            if let Ok(Some(value)) = query.text(name) {
                pairs.append_pair(name, value);
            }
        }
        let pairs = pairs.append_pair("next_page_token", last).finish();
        format!("{}/v1/notifications/webhooks-events?{pairs}", self.config.api_base)
    }
}

impl Event {
    /// As it is sent and listed.
    pub(crate) fn view(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}
