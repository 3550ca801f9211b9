//! Lists, newest first, a page at a time.

use serde_json::{Value, json};

use super::Table;
use crate::api::{error::ApiError, params::Params};

/// Most objects on one page, as at Stripe.
const MAX_LIMIT: i64 = 100;

/// Objects on one page unless asked otherwise, as at Stripe.
const DEFAULT_LIMIT: i64 = 10;

/// A span of time, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    from: i64,
    to: i64,
}

impl Span {
    /// Whether `time` is in it.
    pub(crate) fn contains(self, time: i64) -> bool {
        (self.from..=self.to).contains(&time)
    }

    fn read(params: &Params) -> Result<Self, ApiError> {
        let mut span = Self { from: i64::MIN, to: i64::MAX };
        if !params.has("created") {
            return Ok(span);
        }
        let Ok(Some(range)) = params.map("created") else {
            let time = params.integer("created")?.unwrap_or_default();
            return Ok(Self { from: time, to: time });
        };
        range.only(&["gt", "gte", "lt", "lte"])?;
        for (name, shift) in [("gt", 1), ("gte", 0)] {
            if let Some(time) = range.integer(name)? {
                span.from = span.from.max(time.saturating_add(shift));
            }
        }
        for (name, shift) in [("lt", 1), ("lte", 0)] {
            if let Some(time) = range.integer(name)? {
                span.to = span.to.min(time.saturating_sub(shift));
            }
        }
        Ok(span)
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// When its objects may have been made.
    pub(crate) created: Span,
    limit: usize,
    cursor: Cursor,
}

#[derive(Clone, Debug)]
enum Cursor {
    Start,
    After(String),
    Before(String),
}

impl Page {
    /// Reads the parameters that every list has, and refuses those that are not in `known` either.
    pub(crate) fn read(params: &Params, known: &[&str]) -> Result<Self, ApiError> {
        let common = ["created", "limit", "starting_after", "ending_before", "expand"];
        params.only(&[&common[..], known].concat())?;
        let limit = params.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
        let bound = match limit {
            ..1 => Some("greater than or equal to 1".to_owned()),
            1..=MAX_LIMIT => None,
            _ => Some(format!("less than or equal to {MAX_LIMIT} (it currently is '{limit}')")),
        };
        if let Some(bound) = bound {
            let message = format!("This value must be {bound}.");
            let error = ApiError::invalid(message).code("parameter_invalid_integer");
            return Err(error.param("limit"));
        }
        let cursor = match (params.filled("starting_after")?, params.filled("ending_before")?) {
            (Some(_), Some(_)) => {
                return Err(ApiError::exclusive("ending_before", "starting_after"));
            }
            (Some(id), None) => Cursor::After(id.to_owned()),
            (None, Some(id)) => Cursor::Before(id.to_owned()),
            (None, None) => Cursor::Start,
        };
        let limit = usize::try_from(limit).unwrap_or_default();
        Ok(Self { created: Span::read(params)?, limit, cursor })
    }

    /// The page of `table`, of those objects that are `wanted`.
    pub(crate) fn of<T>(
        &self,
        table: &Table<T>,
        what: &str,
        url: &str,
        wanted: impl Fn(&T) -> bool,
        view: impl Fn(&T) -> Value,
    ) -> Result<Value, ApiError> {
        let place = |id: &str, param: &str| {
            table.place(id).ok_or_else(|| ApiError::no_such(what, id, param))
        };
        let one_more = self.limit + 1;
        let wanted = |object: &&T| wanted(object);
        let mut objects: Vec<&T> = match &self.cursor {
            Cursor::Start => table.before(None).filter(wanted).take(one_more).collect(),
            Cursor::After(id) => {
                let place = place(id, "starting_after")?;
                table.before(Some(place)).filter(wanted).take(one_more).collect()
            }
            Cursor::Before(id) => {
                let place = place(id, "ending_before")?;
                table.after(place).filter(wanted).take(one_more).collect()
            }
        };
        let has_more = objects.len() > self.limit;
        objects.truncate(self.limit);
        if matches!(self.cursor, Cursor::Before(_)) {
            objects.reverse();
        }
        let data: Vec<Value> = objects.into_iter().map(view).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

/// Of a list, those that are of one charge, or of the charge of one intent.
#[derive(Debug)]
pub(crate) struct OfCharge<'a> {
    /// Which page of them.
    pub(crate) page: Page,
    charge: Option<&'a str>,
    intent: Option<&'a str>,
}

impl<'a> OfCharge<'a> {
    /// Reads which are wanted.
    pub(crate) fn read(params: &'a Params) -> Result<Self, ApiError> {
        Ok(Self {
            page: Page::read(params, &["charge", "payment_intent"])?,
            charge: params.filled("charge")?,
            intent: params.filled("payment_intent")?,
        })
    }

    /// Whether an object of these is wanted.
    pub(crate) fn has(&self, created: i64, charge: &str, intent: &str) -> bool {
        self.page.created.contains(created)
            && self.charge.is_none_or(|id| id == charge)
            && self.intent.is_none_or(|id| id == intent)
    }
}
