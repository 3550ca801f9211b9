//! A payment's page: how far it is, and what to do next. Banks send payers back to it.

mod story;

use std::{sync::Arc, time::Duration};

use askama::Template;
use entities::{PaymentId, Timestamp, payment};
use ingress::{CashierError, Target};
use payments::{Store, catalog, checkout, hosted, ledger, mails, reviews};
use poem::{
    IntoResponse, Response, handler,
    http::header,
    web::{Data, Json, Path, Query},
};
use serde::{Deserialize, Serialize};

use self::story::{Step, Story};
use crate::{
    Portal,
    assets::{PAYMENT_SCRIPT, Script},
    message::Failure,
    page::{Page, View},
    sign_in::{Nothing, go},
    visitor::{Act, Visitor},
    words,
};

/// How many of the latest payments an estimate is made from.
const SAMPLE: u64 = 50;

/// How long after its last change a payment's page still looks: for the receipt's mail to go out,
/// and after a failure for the news of a try that was made since.
const LINGER: Duration = Duration::from_mins(1);

#[derive(Template)]
#[template(path = "payment.html")]
struct Whole {
    page: Page,
    script: &'static Script,
    /// Whom the receipt was just mailed to again.
    mailed: Option<String>,
    now: Progress,
}

/// The part of the page that changes.
#[derive(Template)]
#[template(path = "progress.html")]
struct Progress {
    /// Whether news may still come.
    open: bool,
    story: Story,
    steps: Vec<Step>,
    /// Credits the payer has, once the payment has added some.
    balance: Option<i64>,
    package: String,
    package_id: String,
    credits: String,
    price: String,
    method: String,
    at: String,
    id: PaymentId,
    paid: bool,
    csrf: String,
    email: Option<String>,
    receipt: Option<String>,
    /// Where the payer can go on with it: the last part of that address, and whose page it leads to.
    elsewhere: Option<(&'static str, &'static str)>,
}

/// Why the provider is asked.
#[derive(Deserialize)]
pub(crate) struct Why {
    /// There if the payer has just agreed to the payment.
    approved: Option<String>,
}

/// What has just been done to the payment, as the address says.
#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    mailed: Option<String>,
}

/// What the checkout page says of a try that came to nothing.
#[derive(Serialize)]
struct Verdict {
    open: bool,
    title: String,
    text: String,
    next: String,
    /// Whether the payer has to choose at PayPal, for the same order, what else to pay from.
    restart: bool,
}

/// `GET /payments/{payment}`.
#[handler]
pub(crate) async fn show(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
    Query(after): Query<After>,
) -> Result<Response, Failure> {
    let now = Progress::read(portal, &visitor, own(portal, &visitor, &id).await?).await?;
    let page = Page::of(portal, &visitor).await?;
    let mailed = now.email.clone().filter(|_| after.mailed.is_some());
    let whole = Whole { script: &PAYMENT_SCRIPT, mailed, now, page };
    Ok(View::ok(whole.page.policy(), whole).into_response())
}

/// `GET /payments/{payment}/live`: the part that changes.
#[handler]
pub(crate) async fn live(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let now = Progress::read(portal, &visitor, own(portal, &visitor, &id).await?).await?;
    let policy = Page::plain(portal.sandbox).policy();
    Ok(View::ok(policy, now).into_response())
}

/// `POST /payments/{payment}/check`: asks the provider, when its news is slow to come.
#[handler]
pub(crate) async fn check(
    Act(visitor, Why { approved }): Act<Why>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let target = Target::Payment(own(portal, &visitor, &id).await?.id);
    let asked = match approved {
        Some(_) => portal.cashier.confirm(visitor.user(), &target).await,
        None => portal.cashier.look(visitor.user(), &target).await,
    };
    // What the provider said is in the row by now; that it could not be asked changes nothing.
    let known = match asked {
        Err(CashierError::Payments(error)) => return Err(error.into()),
        Err(CashierError::Unavailable(_)) => false,
        Ok(_) | Err(_) => true,
    };
    let payment = own(portal, &visitor, &id).await?;
    let story = Story::of(&payment, None, portal.store.clock.now());
    let (open, next) = (is_open(&payment), story.next);
    let restart = known && story::is_paypals_to_mend(&payment);
    let verdict = Verdict { open, title: story.title, text: story.text, next, restart };
    Ok(Json(verdict).with_header(header::CACHE_CONTROL, "no-store").into_response())
}

/// `GET /payments/{payment}/paypal`, `/stripe`: back to the provider's page, to approve the payment
/// or to choose what to pay from anew.
#[handler]
pub(crate) async fn resume(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let payment = own(portal, &visitor, &id).await?;
    let page = portal.cashier.approval_page(visitor.user(), &Target::Payment(payment.id)).await?;
    Ok(go(&page.unwrap_or_else(|| format!("/payments/{}", payment.id))))
}

/// `GET /payments/{payment}/invoice.pdf` (`AC9.4.2`).
#[handler]
pub(crate) async fn invoice(
    visitor: Visitor,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: PaymentId = id.parse().map_err(|_| Failure::NotFound)?;
    Ok(portal.files.invoice(&visitor.user().user_ref, id).await?)
}

/// `POST /payments/{payment}/receipt`: mails the receipt again (`AC9.4.6`).
#[handler]
pub(crate) async fn resend(
    Act(visitor, Nothing {}): Act<Nothing>,
    Data(portal): Data<&Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: PaymentId = id.parse().map_err(|_| Failure::NotFound)?;
    portal.cashier.resend_receipt(visitor.user(), id).await?;
    Ok(go(&format!("/payments/{id}?mailed=1")))
}

pub(crate) async fn own(
    portal: &Portal,
    visitor: &Visitor,
    id: &str,
) -> Result<payment::Model, Failure> {
    let id: PaymentId = id.parse().map_err(|_| Failure::NotFound)?;
    let found = checkout::find_own_by_id(&portal.store, &visitor.user().user_ref, id).await?;
    found.ok_or(Failure::NotFound)
}

fn is_open(payment: &payment::Model) -> bool {
    use payment::Status;
    matches!(payment.status, Status::Pending | Status::RequiresAction | Status::Processing)
        && !story::is_paypals_to_mend(payment)
}

impl Progress {
    async fn read(
        portal: &Portal,
        visitor: &Visitor,
        payment: payment::Model,
    ) -> Result<Self, payments::Error> {
        let (store, now) = (&portal.store, portal.store.clock.now());
        let open = is_open(&payment);
        let usual = if open { checkout::usual_wait(store, SAMPLE).await? } else { None };
        let paid = payment.succeeded_at.is_some();
        let mailed = paid && mails::is_sent(store, &mails::receipt_occasion(payment.id)).await?;
        let balance = if paid {
            Some(ledger::balance(store, payment.customer_id).await?.available)
        } else {
            None
        };
        let held = if paid { reviews::held(store, payment.id).await? } else { 0 };
        let package = catalog::name(store, &payment.package_id).await?;
        let told = Story::of(&payment, usual, now);
        Ok(Self {
            open: open || lingers(&payment, visitor.email().is_some() && !mailed, now),
            story: if held > 0 { Story::reviewed(held) } else { told },
            steps: story::steps(&payment, held, visitor.email(), mailed),
            balance,
            package: package.unwrap_or_else(|| payment.package_id.clone()),
            credits: words::credits(payment.total_credits()),
            price: words::money(&payment.price()),
            method: words::paid_with(&payment),
            at: words::moment(payment.succeeded_at.unwrap_or(payment.created_at)),
            id: payment.id,
            elsewhere: elsewhere(store, &payment).await?,
            paid,
            csrf: visitor.csrf(),
            email: visitor.email().map(str::to_owned),
            receipt: payment.receipt_url,
            package_id: payment.package_id,
        })
    }
}

async fn elsewhere(
    store: &Store,
    payment: &payment::Model,
) -> Result<Option<(&'static str, &'static str)>, payments::Error> {
    if story::goes_on_at_paypal(payment) {
        return Ok(Some(("paypal", "PayPal")));
    }
    let waits = story::waits_for_a_page(payment);
    let page = if waits { hosted::page(store, payment.id).await? } else { None };
    Ok(page.map(|_| ("stripe", "Stripe")))
}

fn lingers(payment: &payment::Model, mail_is_due: bool, now: Timestamp) -> bool {
    let recent = now.since(payment.updated_at) < LINGER;
    let failed = payment.status == payment::Status::Failed || story::is_paypals_to_mend(payment);
    recent && (failed || (mail_is_due && payment.succeeded_at.is_some()))
}

#[cfg(test)]
mod tests;
