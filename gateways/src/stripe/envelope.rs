//! The outside of an event: as little as is needed to store it once and to find it again.

use std::borrow::Cow;

use entities::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Envelope, Unreadable};

/// Stripe's ids and kinds are shorter; ours are columns of this width.
const MAX_WORD: usize = 255;

/// 9999-12-31, the last time that can be written down as RFC 3339.
const MAX_SECONDS: i64 = 253_402_300_799;

/// An event with its object unread.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) livemode: bool,
    created: i64,
    #[serde(borrow, default)]
    account: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
    #[serde(borrow, default)]
    previous_attributes: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Unreadable> {
        let event: Self = serde_json::from_slice(body)?;
        if event.object != "event" {
            return Err(Unreadable::new("the object is not an event"));
        }
        if !is_word(&event.id) || !is_word(&event.kind) {
            return Err(Unreadable::new("the event's id or type is not a word"));
        }
        if event.account.as_deref().is_some_and(|account| !is_word(account)) {
            return Err(Unreadable::new("the event's account is not a word"));
        }
        if !(1..=MAX_SECONDS).contains(&event.created) {
            return Err(Unreadable::new("the event's time is out of range"));
        }
        if !event.data.object.get().starts_with('{') {
            return Err(Unreadable::new("the event is about nothing"));
        }
        Ok(event)
    }

    /// The object that the event is about, as JSON.
    pub(super) fn about(&self) -> &'a str {
        self.data.object.get()
    }

    /// What the fields that changed were before, as JSON.
    pub(super) fn before(&self) -> Option<&'a str> {
        self.data.previous_attributes.map(RawValue::get)
    }

    pub(super) fn occurred_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.created)
    }

    pub(super) fn account(&self) -> Option<String> {
        self.account.as_deref().map(str::to_owned)
    }

    pub(super) fn into_envelope(self) -> Envelope {
        Envelope {
            account: self.account(),
            occurred_at: self.occurred_at(),
            event_id: self.id.into_owned(),
            kind: self.kind.into_owned(),
            livemode: self.livemode,
        }
    }
}

/// Whether `text` may be an id or a kind: 1 to 255 characters of ASCII that leave a mark.
pub(super) fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
