//! A year's payments as a table.

use entities::{PaymentId, Timestamp, method::wallet};
use futures_util::stream;
use payments::{
    Store,
    history::{self, Entry, Filter},
};
use poem::Body;
use time::{Date, Month};

use super::safe;
use crate::{Problem, api::midnight};

/// Payments read at a time: the table is streamed, and never whole in memory.
const CHUNK: u64 = history::MOST;

const HEAD: [&str; 13] = [
    "transaction_id",
    "date",
    "status",
    "package",
    "credits",
    "amount",
    "currency",
    "provider",
    "method",
    "brand",
    "last4",
    "wallet",
    "receipt",
];

/// The rows of a year's table, read while they are sent.
pub(super) async fn rows(store: &Store, user_ref: &str, year: i32) -> Result<Body, Problem> {
    let filter = Filter {
        from: Some(january(year)?),
        before: Some(january(year + 1)?),
        ..Filter::default()
    };
    // The first chunk before the answer begins, so that a database that is away is a 503.
    let first = chunk(store, user_ref, &filter, None, true).await?;
    let state = (store.clone(), user_ref.to_owned(), filter, Some(first));
    let rows = stream::unfold(state, |(store, user_ref, filter, ready)| async move {
        let (text, next) = ready?;
        let following = match next {
            Some(after) => match chunk(&store, &user_ref, &filter, Some(after), false).await {
                Ok(chunk) => Some(chunk),
                // The connection breaks, so that half a table is not taken for the whole.
                Err(problem) => {
                    let error = std::io::Error::other(problem.to_string());
                    return Some((Err(error), (store, user_ref, filter, None)));
                }
            },
            None => None,
        };
        Some((Ok(text), (store, user_ref, filter, following)))
    });
    Ok(Body::from_bytes_stream(rows))
}

/// The first moment of `year`.
fn january(year: i32) -> Result<Timestamp, Problem> {
    let known = (2_000..=2_201).contains(&year);
    let first = known.then(|| Date::from_calendar_date(year, Month::January, 1));
    let first = first.and_then(Result::ok).map(midnight);
    first.ok_or_else(|| Problem::Malformed("year is one such as 2026".to_owned()))
}

type Chunk = (Vec<u8>, Option<PaymentId>);

async fn chunk(
    store: &Store,
    user_ref: &str,
    filter: &Filter,
    after: Option<PaymentId>,
    head: bool,
) -> Result<Chunk, Problem> {
    let page = history::page(store, user_ref, filter, after, CHUNK).await?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Problem::Unavailable(error.into());
    if head {
        table.write_record(HEAD).map_err(failed)?;
    }
    for entry in &page.entries {
        table.write_record(row(entry)).map_err(failed)?;
    }
    let text =
        table.into_inner().map_err(|error| Problem::Unavailable(error.into_error().into()))?;
    Ok((text, page.next))
}

fn row(entry: &Entry) -> [String; 13] {
    let payment = &entry.payment;
    let price = payment.price().to_string();
    let amount = price.split(' ').next().unwrap_or_default().to_owned();
    let text = |text: &Option<String>| safe(text.as_deref().unwrap_or_default());
    [
        payment.id.to_string(),
        payment.created_at.to_string(),
        payment.status.as_str().to_owned(),
        safe(&entry.package),
        payment.total_credits().to_string(),
        amount,
        payment.currency.code().to_ascii_uppercase(),
        payment.provider.as_str().to_owned(),
        text(&payment.method_kind),
        text(&payment.method_brand),
        text(&payment.method_last4),
        safe(&payment.method_wallet.as_deref().map(wallet).unwrap_or_default()),
        text(&payment.receipt_url),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_table_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =HYPERLINK(\"x\")", "\r=1"] {
            assert!(safe(evil).starts_with('\''), "{evil:?}");
        }
        assert_eq!(safe("Pro"), "Pro");
        assert_eq!(safe("4242"), "4242");
    }
}
