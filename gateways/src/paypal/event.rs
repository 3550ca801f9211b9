//! PayPal's events: what is written on the outside, and where they tell us to look.

use std::borrow::Cow;

use entities::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

use super::requests::{CAPTURE_PREFIX, REFUND_PREFIX, is_dispute, is_id};
use crate::{Envelope, EventPage, ReadError, Reading, Unreadable, json::maybe};

/// Ids and kinds are shorter; ours are columns of this width.
const MAX_WORD: usize = 255;

/// Kinds that are about an order.
const ORDER_KINDS: [&str; 2] = ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"];

/// Kinds that are about a capture.
const CAPTURE_KINDS: [&str; 4] = [
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
];

/// Kinds that are about a refund, or about money that PayPal itself took back.
const REFUND_KINDS: [&str; 4] = [
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
];

/// Kinds that are about a dispute.
const DISPUTE_KINDS: [&str; 3] =
    ["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED"];

/// An event with its resource unread.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "event_type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    create_time: Cow<'a, str>,
    #[serde(borrow)]
    resource: &'a RawValue,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    supplementary_data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Disputed<'a> {
    #[serde(borrow)]
    dispute_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Supplement<'a> {
    #[serde(borrow)]
    related_ids: Related<'a>,
}

#[derive(Deserialize)]
struct Related<'a> {
    #[serde(borrow)]
    order_id: Cow<'a, str>,
}

impl<'a> Event<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Unreadable> {
        let event: Self = serde_json::from_slice(body)?;
        if !is_word(&event.id) || !is_word(&event.kind) {
            return Err(Unreadable::new("the event's id or type is not a word"));
        }
        if !event.resource.get().starts_with('{') {
            return Err(Unreadable::new("the event is about nothing"));
        }
        Ok(event)
    }

    /// The mode is that of our keys: PayPal's events do not tell theirs.
    pub(super) fn envelope(&self, livemode: bool) -> Result<Envelope, Unreadable> {
        let occurred_at =
            parse_time(&self.create_time).ok_or(Unreadable::new("the event's time is none"))?;
        Ok(Envelope {
            event_id: self.id.to_string(),
            kind: self.kind.to_string(),
            account: None,
            livemode,
            occurred_at,
        })
    }

    /// Where to look for what became of the payment; `prefix` is of what the resource is that names
    /// no order.
    fn hint(&self, prefix: &str) -> Result<String, Unreadable> {
        let resource: Resource<'_> = serde_json::from_str(self.resource.get())?;
        let order = if ORDER_KINDS.contains(&&*self.kind) {
            Some(resource.id.to_string())
        } else {
            maybe(resource.supplementary_data)
                .map(|found: Supplement<'_>| found.related_ids.order_id.to_string())
        };
        match order {
            Some(order) if is_id(&order) => Ok(order),
            None if is_id(&resource.id) => Ok(format!("{prefix}{}", resource.id)),
            _ => Err(Unreadable::new("the resource's id is not an id")),
        }
    }

    fn dispute(&self) -> Result<String, Unreadable> {
        let resource: Disputed<'_> = serde_json::from_str(self.resource.get())?;
        if is_dispute(&resource.dispute_id) {
            Ok(resource.dispute_id.into_owned())
        } else {
            Err(Unreadable::new("the dispute's id is not an id"))
        }
    }
}

/// What an event may be about that concerns us.
#[derive(Clone, Copy)]
enum About {
    Payment,
    Refund,
    Dispute,
}

impl About {
    fn of(kind: &str) -> Option<Self> {
        if ORDER_KINDS.contains(&kind) || CAPTURE_KINDS.contains(&kind) {
            Some(Self::Payment)
        } else if REFUND_KINDS.contains(&kind) {
            Some(Self::Refund)
        } else {
            DISPUTE_KINDS.contains(&kind).then_some(Self::Dispute)
        }
    }
}

/// Says what a stored event means: a hint at most.
pub(super) fn read(body: &[u8]) -> Result<Reading, ReadError> {
    let event = Event::parse(body).map_err(ReadError::Malformed)?;
    let read = match About::of(&event.kind) {
        None => Ok(Reading::Irrelevant),
        Some(About::Payment) => event.hint(CAPTURE_PREFIX).map(Reading::Hint),
        Some(About::Refund) => event.hint(REFUND_PREFIX).map(Reading::Refunds),
        Some(About::Dispute) => event.dispute().map(Reading::DisputeHint),
    };
    read.map_err(ReadError::Malformed)
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    rel: String,
}

/// A page of events; only those that [`read`] makes something of.
pub(super) fn page(body: &[u8]) -> Result<EventPage, Unreadable> {
    let list: List<'_> = serde_json::from_slice(body)?;
    let known = |event: &&&RawValue| {
        let kind = Event::parse(event.get().as_bytes()).map(|event| event.kind.to_string());
        // One that cannot be read is passed on, so that somebody hears of it.
        kind.map_or(true, |kind| About::of(&kind).is_some())
    };
    let events = list.events.iter().filter(known).map(|event| event.get().to_owned()).collect();
    // Of the link only the query is used: an answer must not choose whom we ask.
    let next = list.links.iter().find(|link| link.rel == "next");
    let next = next.and_then(|link| Url::parse(&link.href).ok()?.query().map(str::to_owned));
    Ok(EventPage { events, next })
}

/// A time as PayPal writes it.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    (time.year() >= 1970).then(|| Timestamp::from_seconds(time.unix_timestamp()))
}

fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, resource: &Value) -> Vec<u8> {
        json!({
            "id": "WH-58D329510W468432D-8HN650336L201105X", "event_version": "1.0",
            "create_time": "2026-02-14T21:50:07.940Z", "resource_type": "capture",
            "resource_version": "2.0", "event_type": kind, "summary": "Zoë", "resource": resource,
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn an_event_says_where_to_look_and_no_more() {
        let approved = event("CHECKOUT.ORDER.APPROVED", &json!({"id": "5O190127TN364715T"}));
        assert_eq!(read(&approved).unwrap(), Reading::Hint("5O190127TN364715T".to_owned()));

        let completed = json!({
            "id": "42311647XV020574X", "status": "COMPLETED", "amount": {"value": "2000.00"},
            "supplementary_data": {"related_ids": {"order_id": "1AB234567A1234567"}},
        });
        let completed = event("PAYMENT.CAPTURE.COMPLETED", &completed);
        assert_eq!(read(&completed).unwrap(), Reading::Hint("1AB234567A1234567".to_owned()));

        let bare = json!({"id": "1JU08902781691411", "status": "COMPLETED"});
        for kind in REFUND_KINDS {
            let told = Reading::Refunds("refunds/1JU08902781691411".to_owned());
            assert_eq!(read(&event(kind, &bare)).unwrap(), told);
        }
        for kind in DISPUTE_KINDS {
            let dispute = event(kind, &json!({"dispute_id": "PP-D-4012", "status": "RESOLVED"}));
            assert_eq!(read(&dispute).unwrap(), Reading::DisputeHint("PP-D-4012".to_owned()));
        }

        let bare = event("PAYMENT.CAPTURE.DENIED", &json!({"id": "42311647XV020574X"}));
        assert_eq!(read(&bare).unwrap(), Reading::Hint("captures/42311647XV020574X".to_owned()));
    }

    #[test]
    fn what_would_lead_elsewhere_is_refused() {
        for id in ["../../v1/oauth2/token", "a?b", "", "a/b", "ä"] {
            let told = event("CHECKOUT.ORDER.APPROVED", &json!({"id": id}));
            assert!(read(&told).is_err(), "{id}");
            let told = event("PAYMENT.CAPTURE.REFUNDED", &json!({"id": id}));
            assert!(read(&told).is_err(), "{id}");
            let told = event("CUSTOMER.DISPUTE.CREATED", &json!({"dispute_id": id}));
            assert!(read(&told).is_err(), "{id}");
        }
    }

    #[test]
    fn other_kinds_are_irrelevant() {
        let told = event("BILLING.PLAN.CREATED", &json!({"id": "P-1"}));
        assert_eq!(read(&told).unwrap(), Reading::Irrelevant);
    }

    #[test]
    fn the_envelope_is_read_without_the_resource() {
        let body = event("X.Y", &json!({"id": 5}));
        let envelope = Event::parse(&body).unwrap().envelope(true).unwrap();
        assert_eq!(envelope.event_id, "WH-58D329510W468432D-8HN650336L201105X");
        assert_eq!(envelope.kind, "X.Y");
        assert_eq!(envelope.occurred_at.seconds(), 1_771_105_807);
        assert!(envelope.livemode);
        for body in [&b"[]"[..], b"{}", b"null", b"{\"id\":\"x\"", b"\xff"] {
            assert!(Event::parse(body).is_err());
        }
    }

    #[test]
    fn of_the_next_page_only_the_query_is_taken() {
        let body = json!({
            "events": [
                serde_json::from_slice::<Value>(&event("PAYMENT.CAPTURE.PENDING", &json!({"id": "1"}))).unwrap(),
                serde_json::from_slice::<Value>(&event("BILLING.PLAN.CREATED", &json!({"id": "1"}))).unwrap(),
            ],
            "links": [{"rel": "next", "href": "https://evil.example/x?page_size=100&next_page_token=7"}],
        });
        let page = page(body.to_string().as_bytes()).unwrap();
        assert_eq!(page.events.len(), 1);
        assert_eq!(page.next.as_deref(), Some("page_size=100&next_page_token=7"));
    }
}
