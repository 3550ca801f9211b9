use std::collections::BTreeMap;

use entities::{
    PaymentId, RefundRequestId, ReviewId, Timestamp, balance, credit_lot, dispute, payment, refund,
    refund_request, review,
};
use jobs::{Enqueued, NewJob, queue};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{follow_ups, rows};
use crate::{
    Error, audit,
    core::{
        Booking, Holder, Position, Shift, Step,
        refunds::{Around, refunded_status},
        request_state, settle,
    },
    ledger::{self, CREDITS, available},
    reviews,
};

/// Everything about one payment that has to do with money going back, locked until the transaction
/// ends.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub(crate) payment: payment::Model,
    pub(crate) lot: Option<credit_lot::Model>,
    pub(crate) requests: Vec<refund_request::Model>,
    pub(crate) refunds: Vec<refund::Model>,
    pub(crate) disputes: Vec<dispute::Model>,
    pub(crate) reviews: Vec<review::Model>,
    /// What the customer may spend, of this and all other payments.
    pub(crate) available: i64,
    position: Position,
    bookings: Vec<Booking>,
}

impl Books {
    /// Reads what belongs to `payments`, whose rows the caller has locked.
    pub(crate) async fn load(
        txn: &DatabaseTransaction,
        payments: Vec<payment::Model>,
    ) -> Result<Vec<Self>, Error> {
        if payments.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<PaymentId> = payments.iter().map(|payment| payment.id).collect();
        // The balances before the lots, as whoever spends does: it locks them in the same order.
        let accounts = payments.iter().map(|payment| available(payment.customer_id));
        let balances = balance::Entity::find()
            .filter(balance::Column::Account.is_in(accounts))
            .filter(balance::Column::Asset.eq(CREDITS))
            .order_by_asc(balance::Column::Account)
            .lock_exclusive()
            .all(txn)
            .await?;
        let lots = credit_lot::Entity::find()
            .filter(credit_lot::Column::PaymentId.is_in(ids.iter().copied()));
        let lots = lots.all(txn).await?;
        let requests = refund_request::Entity::find()
            .filter(refund_request::Column::PaymentId.is_in(ids.iter().copied()))
            .order_by_asc(refund_request::Column::Id);
        let requests = requests.all(txn).await?;
        let refunds = refund::Entity::find()
            .filter(refund::Column::PaymentId.is_in(ids.iter().copied()))
            .order_by_asc(refund::Column::Id);
        let refunds = refunds.all(txn).await?;
        let disputes = dispute::Entity::find()
            .filter(dispute::Column::PaymentId.is_in(ids.iter().copied()))
            .order_by_asc(dispute::Column::Id);
        let disputes = disputes.all(txn).await?;
        let reviews = review::Entity::find()
            .filter(review::Column::PaymentId.is_in(ids))
            .order_by_asc(review::Column::Id);
        let reviews = reviews.all(txn).await?;
        let books = payments.into_iter().map(|payment| {
            let id = payment.id;
            let account = available(payment.customer_id);
            let of = balances.iter().find(|balance| balance.account == account);
            let mut books = Self {
                payment,
                lot: lots.iter().find(|lot| lot.payment_id == id).cloned(),
                requests: requests.iter().filter(|row| row.payment_id == id).cloned().collect(),
                refunds: refunds.iter().filter(|row| row.payment_id == id).cloned().collect(),
                disputes: disputes.iter().filter(|row| row.payment_id == id).cloned().collect(),
                reviews: reviews.iter().filter(|row| row.payment_id == id).cloned().collect(),
                available: of.map_or(0, |balance| balance.amount),
                position: Position::default(),
                bookings: Vec::new(),
            };
            books.position = books.read_position();
            books
        });
        Ok(books.collect())
    }

    /// What stands around the payment when a refund is computed.
    pub(crate) fn around(&self) -> Around {
        let lost = self.disputes.iter().filter(|row| row.state == dispute::State::Lost);
        let open = |row: &refund_request::Model| {
            row.state.waits() || row.state == refund_request::State::Approved
        };
        Around {
            unused: self.position.remaining.min(self.available.max(0)),
            disputed: self.is_disputed(),
            reviewed: self.reviews.iter().any(sets_aside),
            charged_back: lost.map(|row| row.amount).sum(),
            asked: self.requests.iter().any(open),
        }
    }

    /// Whether the bank is deciding about the money.
    pub(crate) fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|row| row.state.is_open())
    }

    /// The review `id` of this payment.
    pub(crate) fn review(&mut self, id: ReviewId) -> Option<&mut review::Model> {
        self.reviews.iter_mut().find(|row| row.id == id)
    }

    /// The request `id` of this payment.
    pub(crate) fn request(&mut self, id: RefundRequestId) -> Option<&mut refund_request::Model> {
        self.requests.iter_mut().find(|row| row.id == id)
    }

    /// Lets `step` happen to the credits, to be booked under `kind` and `source_ref`.
    pub(crate) fn step(
        &mut self,
        step: Step,
        kind: entities::ledger_transfer::Kind,
        source_ref: String,
    ) -> Shift {
        let shift = self.position.step(step);
        self.bookings.push(Booking { kind, source_ref, shift, money: 0 });
        shift
    }

    /// Brings everything up to the states of the rows, and writes what differs from `before`, the
    /// same books as they were loaded; says which jobs follow.
    pub(crate) async fn write(
        mut self,
        txn: &DatabaseTransaction,
        before: &Self,
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<Enqueued>, Error> {
        self.settle(now);
        rows::write(txn, before, &self, now).await?;
        if let (Some(lot), true) = (&self.lot, self.position != before.position) {
            ledger::write_lot(txn, lot, &self.position).await?;
        }
        ledger::book(txn, &self.payment, &self.bookings, now).await?;
        let mut after = follow_ups::of(before, &self, actor, now);
        let opened = reviews::open(txn, after.cases, now).await?;
        for (id, case) in &opened {
            after.lines.push(follow_ups::review_line(*id, case));
            after.jobs.push(NewJob::of(&follow_ups::review_alert(*id, case), now));
        }
        audit::write(txn, after.lines, now).await?;
        Ok(queue::insert(txn, after.jobs, now).await?)
    }

    /// Nothing is booked before the credits were granted: then [`catch_up`](super::catch_up) does.
    fn settle(&mut self, now: Timestamp) {
        if self.lot.is_some() {
            let more = settle(&mut self.position, &mut self.refunds, &mut self.disputes);
            self.bookings.extend(more);
        }
        let void = |row: &&refund::Model| !row.state.is_void();
        self.payment.refunded = self.refunds.iter().filter(void).map(|row| row.amount).sum();
        let paid = |row: &&refund::Model| row.state == refund::State::Succeeded;
        let paid_back = self.refunds.iter().filter(paid).map(|row| row.amount).sum();
        self.payment.status = refunded_status(&self.payment, paid_back);
        for request in &mut self.requests {
            let refund = self.refunds.iter().find(|row| row.request_id == Some(request.id));
            if let Some(refund) = refund {
                request.state = request_state(refund.state);
            }
            let holder = Holder::Request(request.id);
            request.held = self.position.held.get(&holder).copied().unwrap_or_default();
        }
        for review in &mut self.reviews {
            let holder = Holder::Review(review.id);
            review.held = self.position.held.get(&holder).copied().unwrap_or_default();
        }
        for refund in &mut self.refunds {
            if refund.state == refund::State::Succeeded && refund.succeeded_at.is_none() {
                refund.succeeded_at = Some(now);
            }
        }
        for dispute in &mut self.disputes {
            let over = !dispute.state.is_open() && dispute.state != dispute::State::Warning;
            if over && dispute.closed_at.is_none() {
                dispute.closed_at = Some(now);
            }
        }
    }

    fn read_position(&self) -> Position {
        let Some(lot) = &self.lot else { return Position::default() };
        let mut held = BTreeMap::new();
        for row in self.requests.iter().filter(|row| row.held > 0) {
            held.insert(Holder::Request(row.id), row.held);
        }
        for row in self.disputes.iter().filter(|row| row.held > 0) {
            held.insert(Holder::Dispute(row.id), row.held);
        }
        for row in self.reviews.iter().filter(|row| row.held > 0) {
            held.insert(Holder::Review(row.id), row.held);
        }
        let paid = self.refunds.iter().filter(|row| row.booked == refund::Booked::Paid);
        let losses = self.disputes.iter().filter(|row| row.booked == dispute::Booked::Lost);
        let open = self.disputes.iter().filter(|row| row.booked == dispute::Booked::Open);
        Position {
            total: lot.total(),
            remaining: lot.remaining,
            held,
            taken: lot.taken,
            owed: lot.owed,
            refunded: paid.map(|row| row.credits).sum(),
            lost: losses.map(|row| row.credits).sum(),
            disputes: open.map(|row| (row.id, row.credits)).collect(),
            reviews: self.reviews.iter().filter(|row| sets_aside(row)).map(|row| row.id).collect(),
            fraud: self.reviews.iter().any(|row| row.state == review::State::Confirmed),
        }
    }
}

/// Whether credits are set aside because of `row`: of a suspicion until somebody has looked, and of
/// confirmed fraud for good.
fn sets_aside(row: &review::Model) -> bool {
    match row.state {
        review::State::Open => row.rule == review::FRAUD,
        review::State::Confirmed => true,
        review::State::Released => false,
    }
}
