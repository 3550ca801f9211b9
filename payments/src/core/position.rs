use std::collections::{BTreeMap, BTreeSet};

use entities::{DisputeId, RefundRequestId, ReviewId};

/// Who has credits of a payment set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A request for a refund.
    Request(RefundRequestId),
    /// A dispute.
    Dispute(DisputeId),
    /// A review.
    Review(ReviewId),
}

/// The credits that one payment granted, and the claims on them.
///
/// What is taken back follows from sums, not from the order of the news: see [`Position::step`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Credits granted, bonus included.
    pub total: i64,
    /// Credits the customer may spend.
    pub remaining: i64,
    /// Credits set aside, by whom.
    pub held: BTreeMap<Holder, i64>,
    /// Credits taken back.
    pub taken: i64,
    /// Those of them that had been spent.
    pub owed: i64,
    /// Credits to take for refunds that were paid.
    pub refunded: i64,
    /// Credits to take for disputes that were lost.
    pub lost: i64,
    /// Open disputes, and the credits to set aside for each.
    pub disputes: BTreeMap<DisputeId, i64>,
    /// Reviews for which all that is not spent is set aside: until they are decided, or for good
    /// where fraud was confirmed.
    pub reviews: BTreeSet<ReviewId>,
    /// Whether fraud was confirmed: then a refund takes back also what was spent.
    pub fraud: bool,
}

/// Something that happens to a payment's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A refund is asked for: so many credits are set aside.
    Asked(RefundRequestId, i64),
    /// No refund comes of a request, or a smaller one: so many credits stay set aside.
    Kept(RefundRequestId, i64),
    /// A refund was paid, worth so many credits; the request behind it, if there was one.
    RefundPaid(Option<RefundRequestId>, i64),
    /// A refund that was paid came back.
    RefundReturned(i64),
    /// A dispute was opened about so many credits.
    DisputeOpened(DisputeId, i64),
    /// A dispute ended without a loss.
    DisputeWon(DisputeId),
    /// A dispute about so many credits was lost.
    DisputeLost(DisputeId, i64),
    /// The payment is suspected of fraud.
    Suspected(ReviewId),
    /// A person found it harmless.
    Cleared(ReviewId),
    /// A person confirmed that it was fraud.
    Fraud(ReviewId),
}

/// How credits moved between a customer's accounts and ours; the three sum to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// To what the customer may spend; below zero if they owe.
    pub available: i64,
    /// To what is set aside.
    pub held: i64,
    /// To what is taken back.
    pub taken: i64,
}

impl Position {
    /// Credits the customer has used.
    pub fn spent(&self) -> i64 {
        self.total - self.remaining - self.set_aside() - (self.taken - self.owed)
    }

    /// Credits set aside, whoever for.
    pub fn set_aside(&self) -> i64 {
        self.held.values().sum()
    }

    /// Lets `step` happen, and says how credits moved.
    ///
    /// For refunds that were paid their credits are taken as far as they are still there, for
    /// disputes that were lost also those that were spent; together never more than were granted.
    /// An open dispute keeps set aside what becomes free, and a review whatever else does.
    pub fn step(&mut self, step: Step) -> Shift {
        let before = self.accounts();
        match step {
            Step::Asked(request, credits) => self.hold(Holder::Request(request), credits),
            Step::Kept(request, credits) => self.keep(Holder::Request(request), credits),
            Step::RefundPaid(request, credits) => {
                self.refunded += credits;
                let holder = request.map(Holder::Request);
                self.take_what_is_due(holder);
                if let Some(holder) = holder {
                    self.keep(holder, 0);
                }
            }
            Step::RefundReturned(credits) => {
                self.refunded -= credits;
                self.take_what_is_due(None);
            }
            Step::DisputeOpened(dispute, credits) => {
                self.disputes.insert(dispute, credits);
            }
            Step::DisputeWon(dispute) => {
                self.disputes.remove(&dispute);
                self.keep(Holder::Dispute(dispute), 0);
            }
            Step::DisputeLost(dispute, credits) => {
                self.disputes.remove(&dispute);
                self.lost += credits;
                self.take_what_is_due(Some(Holder::Dispute(dispute)));
                self.keep(Holder::Dispute(dispute), 0);
            }
            Step::Suspected(review) => {
                self.reviews.insert(review);
            }
            Step::Cleared(review) => {
                self.reviews.remove(&review);
                self.keep(Holder::Review(review), 0);
            }
            Step::Fraud(review) => {
                self.reviews.insert(review);
                self.fraud = true;
                // What refunds that were paid before left to the customer as spent.
                self.take_what_is_due(Some(Holder::Review(review)));
            }
        }
        self.hold_for_disputes();
        self.hold_for_reviews();
        let after = self.accounts();
        Shift {
            available: after.available - before.available,
            held: after.held - before.held,
            taken: after.taken - before.taken,
        }
    }

    fn accounts(&self) -> Shift {
        Shift { available: self.remaining - self.owed, held: self.set_aside(), taken: self.taken }
    }

    /// How many credits are to be taken back, whatever was taken so far.
    fn due(&self) -> i64 {
        if self.fraud {
            return (self.refunded + self.lost).min(self.total);
        }
        let unspent = self.total - self.spent();
        (self.refunded + self.lost).min(unspent.max(self.lost.min(self.total)))
    }

    /// Takes what is due: from `first`'s credits, then free ones, then others', then on credit.
    fn take_what_is_due(&mut self, first: Option<Holder>) {
        let mut missing = self.due() - self.taken;
        self.taken += missing;
        if missing < 0 {
            let forgiven = self.owed.min(-missing);
            self.owed -= forgiven;
            self.remaining += -missing - forgiven;
            return;
        }
        if let Some(holder) = first {
            missing -= self.unhold(holder, missing);
        }
        let free = self.remaining.min(missing);
        self.remaining -= free;
        missing -= free;
        let holders: Vec<Holder> = self.held.keys().copied().collect();
        for holder in holders {
            missing -= self.unhold(holder, missing);
        }
        self.owed += missing;
    }

    /// Sets credits aside for `holder`, as far as there are free ones.
    fn hold(&mut self, holder: Holder, credits: i64) {
        let credits = credits.min(self.remaining);
        self.remaining -= credits;
        *self.held.entry(holder).or_default() += credits;
    }

    /// Frees what `holder` has set aside but for `credits`.
    fn keep(&mut self, holder: Holder, credits: i64) {
        let held = self.held.get(&holder).copied().unwrap_or_default();
        self.remaining += self.unhold(holder, (held - credits).max(0));
    }

    /// Takes at most `most` from what `holder` has set aside, and says how much that was.
    fn unhold(&mut self, holder: Holder, most: i64) -> i64 {
        let Some(held) = self.held.get_mut(&holder) else { return 0 };
        let credits = most.min(*held);
        *held -= credits;
        credits
    }

    fn hold_for_disputes(&mut self) {
        let open: Vec<(DisputeId, i64)> = self.disputes.iter().map(|(id, n)| (*id, *n)).collect();
        for (dispute, credits) in open {
            let holder = Holder::Dispute(dispute);
            let held = self.held.get(&holder).copied().unwrap_or_default();
            self.hold(holder, (credits - held).max(0));
        }
    }

    fn hold_for_reviews(&mut self) {
        if let Some(review) = self.reviews.first().copied() {
            self.hold(Holder::Review(review), self.remaining);
        }
    }
}
