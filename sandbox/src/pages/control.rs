//! Controls for tests: faults, redelivery, a look inside.

use std::sync::Arc;

use poem::{Response, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{message, redirect};
use crate::{
    Faults, Inner,
    faults::{Dice, WebhookFate},
    lock,
};

/// Most deliveries and events shown at once.
const MAX_SHOWN: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    order: String,
    paid: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeliver {
    event: String,
}

impl Inner {
    /// `GET /sandbox/control/faults`
    pub(super) fn show_faults(&self) -> Response {
        answer(StatusCode::OK, &json!(lock(&self.dice).faults()))
    }

    /// `POST /sandbox/control/faults`
    pub(super) fn control_faults(&self, body: &[u8]) -> Response {
        let faults: Faults = match serde_json::from_slice(body) {
            Ok(faults) => faults,
            Err(error) => return bad(&error.to_string()),
        };
        match faults.check() {
            Ok(()) => {
                *lock(&self.dice) = Dice::new(faults);
                self.show_faults()
            }
            Err(error) => bad(&error.to_string()),
        }
    }

    /// `POST /sandbox/faults`, from the dashboard: a form without its unchecked boxes.
    pub(super) fn form_faults(&self, body: &[u8]) -> Response {
        let fields = form_urlencoded::parse(body).map(|(name, value)| {
            let value = serde_json::from_str(&value).unwrap_or(Value::Null);
            (name.into_owned(), value)
        });
        let faults: Result<Faults, _> = serde_json::from_value(Value::Object(fields.collect()));
        let checked = faults.map_err(|error| error.to_string()).and_then(|faults| {
            faults.check().map_err(|error| error.to_string())?;
            Ok(faults)
        });
        match checked {
            Ok(faults) => {
                *lock(&self.dice) = Dice::new(faults);
                redirect("/sandbox")
            }
            Err(why) => message(StatusCode::BAD_REQUEST, "That did not work", &why),
        }
    }

    /// `POST /sandbox/control/redeliver`
    pub(super) fn control_redeliver(self: &Arc<Self>, body: &[u8]) -> Response {
        match serde_json::from_slice::<Redeliver>(body) {
            Ok(Redeliver { event }) if self.redeliver(&event) => {
                answer(StatusCode::ACCEPTED, &json!({ "event": event }))
            }
            Ok(Redeliver { event }) => {
                let why = format!("no such event: {event}");
                answer(StatusCode::NOT_FOUND, &json!({ "error": why }))
            }
            Err(error) => bad(&error.to_string()),
        }
    }

    /// `POST /sandbox/control/paypal/settle`: the bank pays a pending eCheck, or does not.
    pub(super) fn control_settle(self: &Arc<Self>, body: &[u8]) -> Response {
        match serde_json::from_slice::<Settle>(body) {
            Ok(Settle { order, paid }) => {
                if self.paypal_work(|work| work.settle_capture(&order, paid)).is_ok() {
                    return answer(StatusCode::OK, &json!({ "order": order, "paid": paid }));
                }
                let why = format!("no pending capture of an order {order}");
                answer(StatusCode::NOT_FOUND, &json!({ "error": why }))
            }
            Err(error) => bad(&error.to_string()),
        }
    }

    /// `POST /sandbox/events/{id}/redeliver`, from the dashboard.
    pub(super) fn form_redeliver(self: &Arc<Self>, id: &str) -> Response {
        if self.redeliver(id) {
            redirect("/sandbox")
        } else {
            message(StatusCode::NOT_FOUND, "Nothing here", "There is no such event.")
        }
    }

    /// `GET /sandbox/control/state`
    pub(super) fn show_state(&self) -> Response {
        let deliveries = self.deliverer.deliveries();
        let recent = deliveries.get(deliveries.len().saturating_sub(MAX_SHOWN)..);
        let state = lock(&self.state);
        let events: Vec<Value> = state
            .events
            .before(None)
            .take(MAX_SHOWN)
            .map(|event| {
                json!({
                    "id": event.id, "type": event.kind, "created": event.created,
                    "pending_webhooks": event.pending,
                })
            })
            .collect();
        let intents: Vec<Value> = state
            .intents
            .before(None)
            .take(MAX_SHOWN)
            .map(|intent| {
                json!({
                    "id": intent.id, "status": intent.status.name(), "amount": intent.amount,
                    "currency": intent.currency, "metadata": intent.metadata,
                })
            })
            .collect();
        answer(
            StatusCode::OK,
            &json!({
                "webhook_target": self.deliverer.target(),
                "pending_deliveries": self.deliverer.pending(),
                "faults": lock(&self.dice).faults(),
                "payment_intents": intents,
                "paypal": self.paypal_state(),
                "events": events,
                "deliveries": recent,
            }),
        )
    }

    fn paypal_state(&self) -> Value {
        let deliveries = self.paypal_deliverer.deliveries();
        let recent = deliveries.get(deliveries.len().saturating_sub(MAX_SHOWN)..);
        let state = lock(&self.paypal);
        let orders = state.orders.before(None).take(MAX_SHOWN).map(|order| {
            json!({
                "id": order.id, "status": order.status.name(), "amount": order.amount,
                "currency": order.currency, "custom_id": order.custom_id,
                "capture": order.capture.as_ref().map(|capture| capture.status.name()),
                "request": serde_json::from_str(&order.request).unwrap_or(Value::Null),
                "refunds": order.refunds.iter().map(|refund| json!({
                    "id": refund.id, "amount": refund.amount,
                    "request": serde_json::from_str(&refund.request).unwrap_or(Value::Null),
                })).collect::<Vec<_>>(),
            })
        });
        let events = state.events.before(None).take(MAX_SHOWN).map(|event| {
            json!({ "id": event.id, "type": event.kind, "created": event.created, "delivered": event.delivered })
        });
        json!({
            "webhook_target": self.paypal_deliverer.target(),
            "pending_deliveries": self.paypal_deliverer.pending(),
            "orders": orders.collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
            "deliveries": recent,
        })
    }

    /// Sends an event once more, whatever the faults; false if there is none of this id.
    fn redeliver(self: &Arc<Self>, id: &str) -> bool {
        let state = lock(&self.state);
        let Some(event) = state.events.get(id) else {
            drop(state);
            return self.redeliver_paypal(id);
        };
        self.deliverer.start(id, &format!("{:#}", event.view()), WebhookFate::default());
        true
    }
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let response = Response::builder().status(status).content_type("application/json");
    response.body(format!("{body:#}"))
}

pub(super) fn bad(why: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({ "error": why }))
}
