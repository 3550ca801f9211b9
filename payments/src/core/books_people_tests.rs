//! What people do to credits while providers tell their news: the customer spends, reviewers suspect,
//! release and confirm, and credits are given and taken by hand (`AC9.3.4`, `AC9.3.5`).

use std::collections::BTreeMap;

use entities::{ReviewId, dispute, refund};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Step,
    books_tests::{Books, Sums, TOTAL, Told, any_told},
};

/// One thing that happens to a customer who buys once.
#[derive(Clone, Debug)]
enum Act {
    Told(Told),
    /// Something of the case of this number.
    Review(u128, Verdict),
    /// So many credits are used.
    Spend(i64),
    /// So many credits are given by hand; taken, if negative.
    Adjust(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Suspected,
    Released,
    Confirmed,
}

use Verdict::{Confirmed, Released, Suspected};

/// A customer: the books of what they bought, and what they were given.
#[derive(Clone, Debug, Default)]
struct Account {
    books: Books,
    reviews: BTreeMap<u128, Verdict>,
    /// Credits given by hand that are still there.
    gifts: i64,
    /// Everything that was given by hand, less everything that was taken so.
    adjusted: i64,
    /// Everything that was used.
    used: i64,
}

impl Account {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Told(told) => self.tell(told),
            Act::Review(number, verdict) => self.decide(*number, *verdict),
            Act::Spend(credits) => {
                if self.take(*credits) {
                    self.used += credits;
                }
            }
            Act::Adjust(credits) if *credits > 0 => {
                self.gifts += credits;
                self.adjusted += credits;
            }
            Act::Adjust(credits) => {
                if self.take(-credits) {
                    self.adjusted += credits;
                }
            }
        }
        self.check();
    }

    fn tell(&mut self, told: &Told) {
        let was_granted = self.books.position.is_some();
        if was_granted || *told != Told::Paid {
            return self.books.tell(told);
        }
        // Cases may be older than the grant: what it grants is set aside in the same transaction.
        self.books.grant();
        for (number, verdict) in self.reviews.clone() {
            if verdict != Released {
                self.books.step(Step::Suspected(review(number)));
            }
            if verdict == Confirmed {
                self.books.step(Step::Fraud(review(number)));
            }
        }
        self.books.book();
    }

    /// A case is opened once, and decided once.
    fn decide(&mut self, number: u128, verdict: Verdict) {
        let before = self.reviews.get(&number).copied();
        let step = match (before, verdict) {
            (None, Suspected) => Step::Suspected(review(number)),
            (Some(Suspected), Released) => Step::Cleared(review(number)),
            (Some(Suspected), Confirmed) => Step::Fraud(review(number)),
            _ => return,
        };
        self.reviews.insert(number, verdict);
        if self.books.position.is_some() {
            self.books.step(step);
        }
    }

    /// Takes credits that may be spent, of what was bought first; none if there are fewer.
    fn take(&mut self, credits: i64) -> bool {
        if self.available() < credits {
            return false;
        }
        let bought = self.books.use_up(credits);
        self.gifts -= credits - bought;
        true
    }

    fn available(&self) -> i64 {
        self.books.available + self.gifts
    }

    fn check(&self) {
        self.books.check();
        assert!(self.gifts >= 0, "{self:?}");
        let Some(position) = &self.books.position else { return };
        let Sums { available, held, taken, .. } = self.books.sums();
        // Credits are moved, never made: all that were granted and given are somewhere.
        let somewhere = available + self.gifts + held + taken + self.used;
        assert_eq!(somewhere, TOTAL + self.adjusted, "{self:?}");
        assert!(held >= 0 && (0..=TOTAL).contains(&taken), "{self:?}");
        // Below zero only for what was taken back after it was used.
        assert!(available >= -taken, "{self:?}");
        let suspected = self.reviews.values().any(|verdict| *verdict != Released);
        let disputed = self.books.disputes.values().any(|row| row.state.is_open());
        if suspected {
            assert_eq!(position.remaining, 0, "what is suspected is not spent: {self:?}");
        }
        if !suspected && !disputed {
            assert_eq!(held, 0, "nobody needs it: {self:?}");
        }
        assert_eq!(taken, self.due(), "{self:?}");
    }

    /// What is to be taken back, from the rows alone: what refunds that were paid are worth as far as it
    /// was not spent, what was lost in full, and all of both where it was fraud.
    fn due(&self) -> i64 {
        let paid = |row: &&refund::Model| row.booked == refund::Booked::Paid;
        let refunded: i64 = self.books.refunds.values().filter(paid).map(|row| row.credits).sum();
        let over = |row: &&dispute::Model| row.booked == dispute::Booked::Lost;
        let lost: i64 = self.books.disputes.values().filter(over).map(|row| row.credits).sum();
        let fraud = self.reviews.values().any(|verdict| *verdict == Confirmed);
        let unspent = TOTAL - self.books.spent;
        let most = if fraud { TOTAL } else { unspent.max(lost.min(TOTAL)) };
        (refunded + lost).min(most)
    }
}

proptest! {
    /// Whatever providers tell and people do, in any order: nothing is made or lost, nothing suspected
    /// is spent, nothing is kept that nobody needs, and what is due is taken.
    #[test]
    fn credits_add_up_whatever_people_do(acts in proptest::collection::vec(any_act(), 1..40)) {
        let mut account = Account::default();
        for act in &acts {
            account.act(act);
        }
    }

    /// Decisions and news make one ledger in any order, as long as no case is decided before it is opened.
    #[test]
    fn decisions_and_news_commute(
        spent in 0_i64..=TOTAL,
        told in proptest::collection::vec(any_told(), 1..6),
        verdicts in proptest::collection::vec(prop_oneof![Just(Released), Just(Confirmed)], 1..3),
        picks in proptest::collection::vec(0_usize..64, 16),
    ) {
        let decided = (1_u128..).zip(verdicts);
        let cases: Vec<Act> =
            decided.flat_map(|(n, verdict)| [Act::Review(n, Suspected), Act::Review(n, verdict)]).collect();
        let told = std::iter::once(Told::Paid).chain(told).map(Act::Told);
        let news: Vec<Act> = told.collect();
        let ends = |acts: &[Act]| {
            let mut account = Account { books: Books::new(spent, 0), used: spent, ..Account::default() };
            for act in acts {
                account.act(act);
            }
            account.books.sums()
        };
        let mut mixed: Vec<Act> = news.iter().rev().cloned().collect();
        let mut place = 0;
        for (case, pick) in cases.iter().zip(&picks) {
            // In their order, wherever it is.
            place += pick % (mixed.len() + 1 - place);
            mixed.insert(place, case.clone());
            place += 1;
        }
        let first = [cases.as_slice(), &news].concat();
        let last = [news.as_slice(), &cases].concat();
        prop_assert_eq!(ends(&first), ends(&last));
        prop_assert_eq!(ends(&mixed), ends(&last));
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    let verdict = prop_oneof![Just(Suspected), Just(Released), Just(Confirmed)];
    prop_oneof![
        2 => Just(Act::Told(Told::Paid)),
        6 => any_told().prop_map(Act::Told),
        4 => (1_u128..4, verdict).prop_map(|(number, verdict)| Act::Review(number, verdict)),
        3 => (1_i64..=TOTAL).prop_map(Act::Spend),
        3 => (-TOTAL..=TOTAL).prop_filter("a change changes something", |credits| *credits != 0).prop_map(Act::Adjust),
    ]
}

fn review(number: u128) -> ReviewId {
    ReviewId::from_uuid(Uuid::from_u128(number))
}
