//! Idempotency keys: the same request again gets the same answer again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::ApiError;
use crate::stripe::Table;

/// Most keys remembered.
const MAX_KEYS: usize = 100_000;

/// Longest key, as at Stripe.
const MAX_KEY: usize = 255;

/// How long an answer is kept, as at Stripe: 24 hours.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What a request answered.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Arc<str>,
    /// The id of the request.
    pub(crate) request: String,
}

/// A request that was sent with a key.
#[derive(Debug)]
struct Entry {
    path: String,
    params: String,
    begun_at: i64,
    /// The answer, once there is one.
    answer: Option<Stored>,
}

/// What to do with a request.
#[derive(Debug)]
pub(crate) enum Begun<'a> {
    /// Do it.
    New(Running<'a>),
    /// Answer what was answered the first time.
    Replay(Stored),
}

/// Every key in use.
#[derive(Debug)]
pub(crate) struct Keys(Mutex<Table<Entry>>);

impl Keys {
    /// No key yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Table::new(MAX_KEYS)))
    }

    /// Decides about a request to `path` with `params` under `key`.
    pub(crate) fn begin<'a>(
        &'a self,
        key: &'a str,
        path: &str,
        params: String,
        now: i64,
    ) -> Result<Begun<'a>, ApiError> {
        if key.len() > MAX_KEY {
            let message = format!("Idempotency keys may be at most {MAX_KEY} characters long.");
            return Err(ApiError::invalid(message));
        }
        let mut keys = self.lock();
        let old = keys.get(key).filter(|entry| now - entry.begun_at < KEPT_SECONDS);
        match old {
            Some(entry) if entry.path != path => Err(reused(key, &entry.path)),
            Some(entry) if entry.params != params => Err(changed(key)),
            Some(Entry { answer: Some(answer), .. }) => Ok(Begun::Replay(answer.clone())),
            Some(_) => Err(in_use(key)),
            None => {
                keys.remove(key);
                let path = path.to_owned();
                keys.insert(key, Entry { path, params, begun_at: now, answer: None });
                Ok(Begun::New(Running { keys: self, key }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request being done. Its key is free again unless an answer is kept.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    keys: &'a Keys,
    key: &'a str,
}

impl Running<'_> {
    /// Keeps the answer for whoever sends the request again.
    pub(crate) fn keep(&self, answer: Stored) {
        if let Some(entry) = self.keys.lock().get_mut(self.key) {
            entry.answer = Some(answer);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut keys = self.keys.lock();
        if keys.get(self.key).is_some_and(|entry| entry.answer.is_none()) {
            keys.remove(self.key);
        }
    }
}

fn reused(key: &str, path: &str) -> ApiError {
    ApiError::new(
        400,
        "idempotency_error",
        format!(
            "Keys for idempotent requests can only be used for the same endpoint they were first used \
         for ('{path}'). Try using a key other than '{key}' if you meant to execute a different \
         request."
        ),
    )
}

fn changed(key: &str) -> ApiError {
    ApiError::new(
        400,
        "idempotency_error",
        format!(
            "Keys for idempotent requests can only be used with the same parameters they were first \
         used with. Try using a key other than '{key}' if you meant to execute a different request."
        ),
    )
}

fn in_use(key: &str) -> ApiError {
    ApiError::new(409, "invalid_request_error", format!(
        "There is currently another in-progress request using this Idempotent Key (that probably \
         means you submitted twice, and the other request is still going through): {key}. Please \
         try again later."
    ))
    .code("idempotency_key_in_use")
}
