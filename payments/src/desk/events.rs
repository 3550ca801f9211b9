//! The log of webhooks: what providers told us, and what became of it (`AC9.6.7`).

use boot::sql;
use entities::{
    EventId, PaymentId, Provider, Timestamp,
    provider_event::{Column, Entity, Model, Source, State},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::records;
use crate::{Error, Store, inbox};

/// Names whose values say nothing of a person: kept when a body is shown to who may not see all.
const HARMLESS: [&str; 24] = [
    "amount",
    "amount_captured",
    "amount_received",
    "amount_refunded",
    "api_version",
    "capture_method",
    "created",
    "create_time",
    "currency",
    "currency_code",
    "event_type",
    "event_version",
    "final_capture",
    "intent",
    "livemode",
    "object",
    "outcome",
    "reason",
    "resource_type",
    "state",
    "status",
    "type",
    "update_time",
    "value",
];

/// Which events are wanted; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who sent them.
    pub provider: Option<Provider>,
    /// What became of them.
    pub state: Option<State>,
    /// How they reached us.
    pub source: Option<Source>,
    /// Their kind, in the provider's words, or how it begins.
    pub kind: Option<String>,
    /// The provider's id of one.
    pub event_id: Option<String>,
    /// Received then or later.
    pub from: Option<Timestamp>,
    /// Received before.
    pub before: Option<Timestamp>,
}

/// At most `limit` events that `filter` means, newest first, from `after` on.
pub async fn list(
    store: &Store,
    filter: &Filter,
    after: Option<EventId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(provider) = filter.provider {
        find = find.filter(Column::Provider.eq(provider));
    }
    if let Some(state) = filter.state {
        find = find.filter(Column::State.eq(state));
    }
    if let Some(source) = filter.source {
        find = find.filter(Column::Source.eq(source));
    }
    if let Some(kind) = &filter.kind {
        find = find.filter(Column::Kind.starts_with(kind));
    }
    if let Some(id) = &filter.event_id {
        find = find.filter(Column::EventId.eq(id));
    }
    if let Some(from) = filter.from {
        find = find.filter(Column::ReceivedAt.gte(from));
    }
    if let Some(before) = filter.before {
        find = find.filter(Column::ReceivedAt.lt(before));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.all(store.db.reader()).await?)
}

/// The event `id` and its body, of which only the shape is shown, and what says nothing of a person.
pub async fn redacted(store: &Store, id: EventId) -> Result<Option<(Model, String)>, Error> {
    let Some(opened) = inbox::find(store, id).await? else { return Ok(None) };
    let text = match serde_json::from_slice(&opened.body) {
        Ok(json) => pretty(&redact(json, true)),
        Err(_) => "(not JSON)".to_owned(),
    };
    Ok(Some((opened.event, text)))
}

/// The event `id` and its whole body; that `actor` opened it is written down first.
pub async fn open(
    store: &Store,
    id: EventId,
    actor: &str,
) -> Result<Option<(Model, String)>, Error> {
    let Some(opened) = inbox::find(store, id).await? else { return Ok(None) };
    records::note(store, actor, "event.opened", id.to_string()).await?;
    let text = match serde_json::from_slice(&opened.body) {
        Ok(json) => pretty(&json),
        Err(_) => String::from_utf8_lossy(&opened.body).into_owned(),
    };
    Ok(Some((opened.event, text)))
}

/// The payment that event `id` turned out to be about.
pub async fn payment_of(store: &Store, id: EventId) -> Result<Option<PaymentId>, Error> {
    let body = "SELECT payment_id FROM provider_events WHERE id = ?1 AND payment_id IS NOT NULL";
    let statement = sql::statement(store.db.backend(), body, vec![id.uuid().into()]);
    let row = store.db.reader().query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "payment_id")).transpose()?.map(PaymentId::from_uuid))
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string())
}

/// `json` without what is not `harmless`.
fn redact(json: Value, harmless: bool) -> Value {
    match json {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let harmless = HARMLESS.contains(&name.as_str());
                    (name, redact(value, harmless))
                })
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| redact(item, harmless)).collect())
        }
        Value::String(_) | Value::Number(_) if !harmless => Value::String("[redacted]".to_owned()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_redacted_has_nothing_of_a_person() {
        let event = json!({
            "type": "charge.succeeded",
            "data": { "object": {
                "id": "ch_1", "amount": 16000, "status": "succeeded",
                "billing_details": { "name": "Ada", "email": "ada@example.com", "phone": 441 },
                "metadata": { "value": { "name": "Ada" } },
                "tags": ["Ada", { "status": "new", "who": "Ada" }],
            } },
        });
        let text = pretty(&redact(event, true));
        for part in ["charge.succeeded", "16000", "\"succeeded\"", "email", "\"new\""] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for part in ["Ada", "ada@", "441", "ch_1"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
}
