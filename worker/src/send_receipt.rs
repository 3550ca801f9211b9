//! Receipts: one job alone, and many at once.
//!
//! A batch marks its mails in one transaction, sends one after the other, waits until of each it is noted
//! that it was accepted before it sends the next, and settles the jobs in another. Of a process that
//! dies each batch has one mail on its way at most, which is sent again with the same `Message-ID`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use boot::{faults, sql::Writes};
use documents::{Attachment, InvoiceError, Mail, ReceiptMail};
use entities::{
    JobId, PaymentId,
    job::{Lane, Model},
};
use jobs::{
    Job, SendReceipt,
    queue::{self, Claim},
};
use lettre::message::Mailbox;
use payments::{
    mails::{self, Occasion, Opening},
    receipts::{self, Receipt},
};
use tokio::time::Instant;

use crate::{Context, JobError, Ran, Run, charged, invoices, mailer, perform};

/// Mails in one batch though others of the lane have nothing to do.
pub(crate) const FEW: usize = 32;

/// Most mails in one batch. What is asked of the database for all of them together is paid once; their
/// invoices are in memory together.
pub(crate) const MOST: usize = 64;

/// A batch begins no further mail after this time: with the longest time that one may take, it ends
/// within the lane's lease.
const BUDGET: Duration = Duration::from_secs(15);

/// How long a batch may take, within the lane's lease.
const LIMIT: Duration = Duration::from_secs(35);

/// Runs the mail jobs `ids`: receipts never tried before together, all others one by one.
pub(crate) async fn run_batch(context: &Arc<Context>, ids: &[JobId]) {
    let db = &context.store.db;
    let claim = Claim { lane: Lane::Mail, worker: &context.worker, now: context.store.clock.now() };
    let fresh = match queue::claim_fresh(db, claim, ids).await {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::warn!(%error, "mails could not be claimed; the sweeper brings them again");
            return;
        }
    };
    let claimed = fresh.len();
    let (receipts, others): (Vec<Model>, Vec<Model>) =
        fresh.into_iter().partition(|row| row.name == SendReceipt::NAME);
    if !receipts.is_empty() {
        send_guarded(context, receipts).await;
    }
    for row in others {
        perform::perform_claimed(context, row).await;
    }
    if claimed < ids.len() {
        match queue::tried(db, claim, ids).await {
            Ok((few, alone)) => {
                for id in few.into_iter().chain(alone) {
                    perform::perform(context, Lane::Mail, id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "mails to be retried could not be read"),
        }
    }
}

/// Sends on a task of its own: a panic ends that task alone, and nobody who drops us cancels it.
async fn send_guarded(context: &Arc<Context>, rows: Vec<Model>) {
    let (spawned, jobs) = (Arc::clone(context), rows.clone());
    let sent = tokio::spawn(async move { send_all(&spawned, &jobs).await });
    let problem = match perform::ended("a batch of receipts", LIMIT, sent).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("{error:#}"),
        Err(panicked) => panicked.to_string(),
    };
    tracing::warn!(error = problem, mails = rows.len(), "a batch failed; mails go one by one");
    for row in rows {
        perform::perform_claimed(context, row).await;
    }
}

/// A receipt that is ready to go.
struct Ready<'a> {
    row: &'a Model,
    occasion: String,
    to: Mailbox,
    mail: Mail,
}

/// Sends the receipts of jobs `rows`. What cannot be sent is settled on its own; an error is one of
/// all of them.
async fn send_all(context: &Arc<Context>, rows: &[Model]) -> anyhow::Result<()> {
    let started = Instant::now();
    faults::point(SendReceipt::NAME, "begin").await?;
    let (ready, mut done) = prepare(context, rows).await?;
    let openings: Vec<Opening<'_>> = ready
        .iter()
        .map(|Ready { occasion, to, mail, .. }| Opening {
            occasion,
            recipient: to.email.as_ref(),
            subject: &mail.subject,
        })
        .collect();
    let occasions = context.mailer.begin(&openings).await?;
    for (Ready { row, to, mail, .. }, occasion) in ready.iter().zip(occasions) {
        match occasion {
            Occasion::Later(wait) => {
                perform::settle_one(context, row, Err(mailer::later(wait))).await;
                continue;
            }
            Occasion::Send(_) if started.elapsed() > BUDGET => {
                if let Err(error) = queue::release(&context.store.db, row).await {
                    tracing::warn!(%error, "a job waits for its lease to end");
                }
                continue;
            }
            Occasion::Send(id) => {
                if let Err(error) = context.mailer.send(id, to.clone(), mail).await {
                    perform::settle_one(context, row, Err(error)).await;
                    continue;
                }
                faults::point(SendReceipt::NAME, "sent").await?;
                if let Err(error) = context.mailer.note(id).await {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "a mail that was sent is sent again after its lease");
                    // So would be each that is sent now.
                    break;
                }
            }
            Occasion::Sent => {}
        }
        done.push((*row).clone());
    }
    if let Err(error) = finish(context, &done).await {
        tracing::warn!(error = format!("{error:#}"), "a batch is settled one by one");
        for row in &done {
            perform::settle_one(context, row, Ok(Ran::Done)).await;
        }
    }
    faults::point(SendReceipt::NAME, "end").await?;
    Ok(())
}

/// Writes the receipts of `rows`; with them, the jobs that turned out to need no mail.
async fn prepare<'a>(
    context: &Arc<Context>,
    rows: &'a [Model],
) -> anyhow::Result<(Vec<Ready<'a>>, Vec<Model>)> {
    let mut payments = HashMap::new();
    for row in rows {
        let SendReceipt { payment_id } = serde_json::from_str(&row.payload)
            .with_context(|| format!("job {} has no payment", row.id))?;
        payments.insert(payment_id, row);
    }
    let ids: Vec<PaymentId> = payments.keys().copied().collect();
    let (mut ready, mut done) = (Vec::with_capacity(rows.len()), Vec::new());
    let known = known(context, &ids).await?;
    let mailed = known.iter().filter(|receipt| receipt.email.is_some());
    let mailed: Vec<PaymentId> = mailed.map(|receipt| receipt.payment_id).collect();
    let invoices = invoices::attachments(context, &mailed).await;
    let mut invoices = invoices.map_err(JobError::cause)?;
    for receipt in known {
        let Some(row) = payments.remove(&receipt.payment_id) else { continue };
        let Some(email) = &receipt.email else {
            done.push(row.clone());
            continue;
        };
        let invoice = invoices.remove(&receipt.payment_id);
        match (email.parse(), render(context, &receipt, invoice)) {
            (Ok(to), Ok(mail)) => {
                ready.push(Ready {
                    row,
                    occasion: mails::receipt_occasion(receipt.payment_id),
                    to,
                    mail,
                });
            }
            (Err(_), _) => perform::settle_one(context, row, Err(no_address())).await,
            (_, Err(error)) => perform::settle_one(context, row, Err(error)).await,
        }
        observe(context, &receipt);
    }
    for (payment_id, row) in payments {
        perform::settle_one(context, row, Err(not_succeeded(payment_id))).await;
    }
    Ok((ready, done))
}

/// The receipts of the payments `ids`, which say how they were paid, if that can be had.
async fn known(context: &Context, ids: &[PaymentId]) -> anyhow::Result<Vec<Receipt>> {
    let receipts = receipts::find_all(&context.store, ids).await?;
    let lacking = receipts.iter().filter(|receipt| receipt.method.is_none());
    let lacking: Vec<PaymentId> = lacking.map(|receipt| receipt.payment_id).collect();
    if charged::ask(context, &lacking).await? {
        return Ok(receipts::find_all(&context.store, ids).await?);
    }
    Ok(receipts)
}

/// Notes that jobs are done. Those that are ours stay noted even if others are not.
async fn finish(context: &Context, jobs: &[Model]) -> anyhow::Result<()> {
    let mut writes = Writes::new();
    queue::stage_done(&mut writes, jobs, context.store.clock.now());
    writes.execute(context.store.db.writer()).await?;
    Ok(())
}

impl Run for SendReceipt {
    #[tracing::instrument(
        name = "job.send_receipt",
        skip_all,
        fields(payment.id = %self.payment_id),
    )]
    async fn run(self, context: &Context, _: &Model) -> Result<Ran, JobError> {
        let occasion = mails::receipt_occasion(self.payment_id);
        if let Some(receipt) = send(context, self.payment_id, &occasion).await? {
            observe(context, &receipt);
        }
        Ok(Ran::Done)
    }
}

/// Mails the receipt of payment `id` with its invoice, and returns it; `None` if there is nobody to
/// mail it to.
pub(crate) async fn send(
    context: &Context,
    id: PaymentId,
    occasion: &str,
) -> Result<Option<Receipt>, JobError> {
    let receipt = receipts::find(&context.store, id).await?;
    let receipt = receipt.ok_or_else(|| not_succeeded(id))?;
    let Some(email) = &receipt.email else {
        tracing::info!("nobody to send a receipt to: the host application gave no address");
        return Ok(None);
    };
    let invoice = invoices::attachments(context, &[id]).await?.remove(&id);
    let mail = render(context, &receipt, invoice)?;
    context.mailer.send_once(occasion, email, &mail).await?;
    Ok(Some(receipt))
}

/// The mail of `receipt` with its `invoice`.
fn render(
    context: &Context,
    receipt: &Receipt,
    invoice: Option<Result<Attachment, InvoiceError>>,
) -> Result<Mail, JobError> {
    let mail = documents::receipt(&ReceiptMail {
        payment_id: receipt.payment_id,
        package: &receipt.package,
        paid: &receipt.paid,
        credits: receipt.credits,
        held: receipt.held,
        balance: receipt.balance,
        method: receipt.method.as_ref().map(|(brand, last4)| (brand.as_str(), last4.as_str())),
        wallet: receipt.wallet.as_deref(),
        succeeded_at: receipt.succeeded_at,
        receipt_url: receipt.receipt_url.as_deref(),
        seller: context.mailer.sender(),
    });
    let mail = mail.map_err(|error| JobError::Bury(error.into()))?;
    let invoice = invoice.transpose().map_err(|error| JobError::Bury(error.into()))?;
    Ok(invoice.into_iter().fold(mail, Mail::with))
}

fn observe(context: &Context, receipt: &Receipt) {
    let took = context.store.clock.now().since(receipt.succeeded_at).as_secs_f64();
    metrics::histogram!("quittance_payment_to_receipt_seconds").record(took);
}

fn not_succeeded(payment: PaymentId) -> JobError {
    JobError::Bury(anyhow!("{payment} has not succeeded; it has no receipt"))
}

fn no_address() -> JobError {
    // Asking the host application again will not make it an address.
    JobError::Bury(anyhow!("the recipient has no valid address"))
}
