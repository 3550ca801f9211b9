use ::payments::history::{self, Filter};
use entities::{PaymentId, Timestamp, payment::Status};
use poem::Response;
use sea_orm::ActiveEnum;
use serde::Deserialize;
use time::{Date, Time, macros::format_description};

use super::{
    Call,
    place::{cursor, limit, malformed},
    success, view,
};
use crate::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// `GET /payments`: the caller's payments (`001-FR8`, `AC9.4.4`).
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let wish: Wish = call.query()?;
    let filter = filter(&wish)?;
    let after: Option<PaymentId> = cursor(wish.cursor.as_deref())?;
    let limit = limit(wish.limit)?;
    let page =
        history::page(&call.app.store, &call.user()?.user_ref, &filter, after, limit).await?;
    Ok(success(&view::Page {
        items: page.entries.iter().map(view::Payment::new).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

/// `GET /payments/{id}`: one of them.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let found = history::find(&call.app.store, &call.user()?.user_ref, id).await?;
    Ok(success(&view::Payment::new(&found.ok_or(Problem::NotFound)?)))
}

fn filter(wish: &Wish) -> Result<Filter, Problem> {
    let statuses = wish.status.iter().flat_map(|list| list.split(','));
    let status = |word: &str| {
        Status::try_from_value(&word.trim().to_owned())
            .map_err(|_| malformed("status is one or more of ours, such as succeeded,failed"))
    };
    let from = wish.from.as_deref().map(day).transpose()?;
    let to = wish.to.as_deref().map(day).transpose()?;
    let next_day = |date: Date| date.next_day().ok_or_else(|| malformed("to is too late"));
    Ok(Filter {
        statuses: statuses.map(status).collect::<Result<_, _>>()?,
        method: wish.method.clone(),
        from: from.map(midnight),
        before: to.map(next_day).transpose()?.map(midnight),
    })
}

fn day(text: &str) -> Result<Date, Problem> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| malformed("from and to are days such as 2026-01-31"))
}

/// The first moment of `date`, UTC.
pub(crate) fn midnight(date: Date) -> Timestamp {
    Timestamp::from_seconds(date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp())
}
