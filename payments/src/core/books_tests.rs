//! Refunds and disputes in every order: one ledger (`AC9.5.*`, `002-WE3`, `002-WE4`).

use std::collections::BTreeMap;

use entities::{
    Currency, DisputeId, PaymentId, Provider, RefundId, RefundRequestId, Timestamp,
    dispute::{self, Funds},
    money_back::{self, DisputeStage, RefundNews},
    refund::{self, Booked, Origin},
};
use itertools::Itertools;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Holder, Position, Shift, Step,
    money_back::{dispute_state, refund_state, told_funds},
    refunds::credits_for,
    settle,
};

const PRICE: i64 = 16_000;
pub(super) const TOTAL: i64 = 240;
const AT: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// What a provider may tell of one payment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    Paid,
    /// The refund of this number, its amount, and whether we asked for it.
    Refund(u128, i64, Origin, RefundNews),
    Dispute(u128, i64, DisputeStage, Option<money_back::Funds>),
}

use Told::{Dispute, Paid, Refund};

/// A payment's rows, as the shell keeps them.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) position: Option<Position>,
    pub(super) spent: i64,
    asked: i64,
    pub(super) refunds: BTreeMap<u128, refund::Model>,
    pub(super) disputes: BTreeMap<u128, dispute::Model>,
    money: i64,
    pub(super) available: i64,
    held: i64,
    taken: i64,
}

/// What is compared: the sums of the ledger's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    money: i64,
    pub(super) available: i64,
    pub(super) held: i64,
    pub(super) taken: i64,
}

impl Books {
    /// So many credits are spent, and so many set aside for our own refund, as soon as it is paid.
    pub(super) fn new(spent: i64, asked: i64) -> Self {
        Self { spent, asked, ..Self::default() }
    }

    pub(super) fn tell(&mut self, told: &Told) {
        match told {
            Paid if self.position.is_none() => self.grant(),
            Paid => {}
            Refund(number, amount, origin, news) => {
                let row = self
                    .refunds
                    .entry(*number)
                    .or_insert_with(|| refund_row(*number, *amount, *origin));
                if let Some(state) = refund_state(row.state, news) {
                    row.state = state;
                }
            }
            Dispute(number, amount, stage, funds) => {
                let row =
                    self.disputes.entry(*number).or_insert_with(|| dispute_row(*number, *amount));
                if let Some(state) = dispute_state(row.state, *stage) {
                    row.state = state;
                }
                row.funds = row.funds.max(told_funds(*funds));
            }
        }
        self.book();
    }

    pub(super) fn grant(&mut self) {
        let mut position =
            Position { total: TOTAL, remaining: TOTAL - self.spent, ..Position::default() };
        let shift = position.step(Step::Asked(request(), self.asked));
        (self.money, self.available) = (PRICE, TOTAL - self.spent + shift.available);
        self.held = shift.held;
        self.position = Some(position);
    }

    /// Lets a person do `step`, once the credits were granted.
    pub(super) fn step(&mut self, step: Step) {
        let shift = self.position.as_mut().unwrap().step(step);
        self.shift(shift);
    }

    /// Uses up to `credits` of what may be spent, and says how many there were.
    pub(super) fn use_up(&mut self, credits: i64) -> i64 {
        let Some(position) = &mut self.position else { return 0 };
        let used = credits.min(position.remaining);
        position.remaining -= used;
        self.spent += used;
        self.available -= used;
        used
    }

    fn shift(&mut self, shift: Shift) {
        self.available += shift.available;
        self.held += shift.held;
        self.taken += shift.taken;
    }

    pub(super) fn book(&mut self) {
        let Some(position) = &mut self.position else { return };
        let mut refunds: Vec<_> = self.refunds.values().cloned().collect();
        let mut disputes: Vec<_> = self.disputes.values().cloned().collect();
        for booking in settle(position, &mut refunds, &mut disputes) {
            self.money -= booking.money;
            self.shift(booking.shift);
        }
        self.refunds = self.refunds.keys().copied().zip(refunds).collect();
        self.disputes = self.disputes.keys().copied().zip(disputes).collect();
        self.check();
    }

    /// The rows and the ledger say the same, at every moment.
    pub(super) fn check(&self) {
        let Some(position) = &self.position else { return };
        assert_eq!(position.spent(), self.spent);
        assert_eq!(self.available, position.remaining - position.owed);
        assert_eq!((self.held, self.taken), (position.set_aside(), position.taken));
        assert!(position.remaining >= 0 && position.owed >= 0 && position.taken <= TOTAL);
        assert!(position.held.values().all(|held| *held >= 0));
        assert!(position.owed == 0 || position.remaining + position.set_aside() == 0);
    }

    pub(super) fn sums(&self) -> Sums {
        let Self { money, available, held, taken, .. } = *self;
        Sums { money, available, held, taken }
    }
}

/// What comes of `told`, in this order.
fn after<'a>(start: &Books, told: impl IntoIterator<Item = &'a Told>) -> Sums {
    let mut books = start.clone();
    for told in told {
        books.tell(told);
    }
    books.sums()
}

struct Scenario {
    name: &'static str,
    spent: i64,
    asked: i64,
    told: Vec<Told>,
    /// Money we keep, and what the customer has: to spend, set aside; and what was taken back.
    ends: (i64, i64, i64, i64),
}

fn ours(news: RefundNews) -> Told {
    Refund(1, PRICE, Origin::Desk, news)
}

fn theirs(number: u128, amount: i64, news: RefundNews) -> Told {
    Refund(number, amount, Origin::Provider, news)
}

fn disputed(stage: DisputeStage, funds: Option<money_back::Funds>) -> Told {
    Dispute(9, PRICE, stage, funds)
}

fn scenarios() -> Vec<Scenario> {
    refunds().into_iter().chain(disputes()).collect()
}

fn scenario(
    name: &'static str,
    spent: i64,
    asked: i64,
    told: Vec<Told>,
    ends: (i64, i64, i64, i64),
) -> Scenario {
    Scenario { name, spent, asked, told, ends }
}

fn refunds() -> Vec<Scenario> {
    use RefundNews::{Pending, Succeeded};
    let failed = || RefundNews::Failed("expired_or_canceled_card".into());
    vec![
        scenario("our refund", 0, 240, vec![Paid, ours(Pending), ours(Succeeded)], (0, 0, 0, 240)),
        scenario(
            "a refund before the success",
            0,
            0,
            vec![theirs(2, PRICE, Succeeded), Paid],
            (0, 0, 0, 240),
        ),
        scenario(
            "our refund, and it failed at once",
            0,
            240,
            vec![Paid, ours(Pending), ours(failed())],
            (PRICE, 240, 0, 0),
        ),
        scenario(
            "our refund, and it failed later",
            0,
            240,
            vec![Paid, ours(Pending), ours(Succeeded), ours(failed())],
            (PRICE, 240, 0, 0),
        ),
        scenario(
            "two parts from the dashboard",
            0,
            0,
            vec![Paid, theirs(2, 8_000, Succeeded), theirs(3, 4_000, Succeeded)],
            (4_000, 60, 0, 180),
        ),
        scenario(
            "two parts from the dashboard, most of it spent",
            200,
            0,
            vec![Paid, theirs(2, 8_000, Succeeded), theirs(3, 4_000, Succeeded)],
            (4_000, 0, 0, 40),
        ),
        scenario(
            "a dashboard refund during our own, which is refused then",
            0,
            240,
            vec![Paid, theirs(2, PRICE, Succeeded), ours(failed())],
            (0, 0, 0, 240),
        ),
        scenario(
            "a part from the dashboard that fails, beside our own",
            0,
            240,
            vec![Paid, theirs(2, 4_000, Succeeded), theirs(2, 4_000, failed()), ours(Succeeded)],
            (0, 0, 0, 240),
        ),
    ]
}

fn disputes() -> Vec<Scenario> {
    use DisputeStage::{Harmless, Lost, NeedsResponse, UnderReview, Warning, Won};
    use RefundNews::Succeeded;
    use money_back::Funds::{Reinstated, Withdrawn};
    vec![
        scenario(
            "a dispute that is won",
            40,
            0,
            vec![
                Paid,
                disputed(NeedsResponse, Some(Withdrawn)),
                disputed(UnderReview, None),
                disputed(Won, None),
                disputed(Won, Some(Reinstated)),
            ],
            (PRICE, 200, 0, 0),
        ),
        scenario(
            "a dispute that is open",
            40,
            0,
            vec![Paid, disputed(NeedsResponse, None), disputed(UnderReview, Some(Withdrawn))],
            (0, 0, 200, 0),
        ),
        scenario(
            "a dispute that is lost after credits were spent",
            100,
            0,
            vec![
                Paid,
                disputed(NeedsResponse, Some(Withdrawn)),
                disputed(UnderReview, None),
                disputed(Lost, None),
            ],
            (0, -100, 0, 240),
        ),
        scenario(
            "a question that comes to nothing",
            0,
            0,
            vec![Paid, disputed(Warning, None), disputed(Harmless, None)],
            (PRICE, 240, 0, 0),
        ),
        scenario(
            "part, part, and a dispute about the rest that is lost",
            120,
            0,
            vec![
                Paid,
                theirs(2, 4_000, Succeeded),
                theirs(3, 4_000, Succeeded),
                Dispute(9, 8_000, NeedsResponse, Some(Withdrawn)),
                Dispute(9, 8_000, Lost, None),
            ],
            (0, 0, 0, 120),
        ),
        scenario(
            "a dispute while our own refund waits, lost",
            0,
            240,
            vec![Paid, disputed(NeedsResponse, Some(Withdrawn)), disputed(Lost, None)],
            (0, 0, 0, 240),
        ),
    ]
}

#[test]
fn every_order_of_a_scenario_ends_in_one_ledger() {
    for Scenario { name, spent, asked, told, ends } in scenarios() {
        let start = Books::new(spent, asked);
        let (money, available, held, taken) = ends;
        let expected = Sums { money, available, held, taken };
        for order in told.iter().permutations(told.len()) {
            assert_eq!(after(&start, order.iter().copied()), expected, "{name}: {order:?}");
        }
    }
}

#[test]
fn every_doubling_at_every_place_changes_nothing() {
    for Scenario { name, spent, asked, told, .. } in scenarios() {
        let start = Books::new(spent, asked);
        let expected = after(&start, &told);
        for (again, place) in (0..told.len()).cartesian_product(0..=told.len()) {
            let mut order: Vec<&Told> = told.iter().collect();
            order.insert(place, &told[again]);
            assert_eq!(after(&start, order.iter().copied()), expected, "{name}: {order:?}");
        }
    }
}

proptest! {
    /// Whatever providers may tell, in any order and multiplicity; credits are never conjured up.
    #[test]
    fn any_news_commute(
        spent in 0_i64..=TOTAL,
        told in proptest::collection::vec(any_told(), 1..8),
        seed in proptest::collection::vec(0_usize..64, 0..16),
    ) {
        let told: Vec<Told> = std::iter::once(Paid).chain(told).collect();
        let start = Books::new(spent, 0);
        let expected = after(&start, &told);
        let mut other: Vec<Told> = told.iter().rev().cloned().collect();
        for pick in seed {
            let again = told[pick % told.len()].clone();
            other.insert(pick % (other.len() + 1), again);
        }
        prop_assert_eq!(after(&start, &other), expected);
        prop_assert_eq!(expected.available + expected.held + expected.taken, TOTAL - spent);
    }
}

pub(super) fn any_told() -> impl Strategy<Value = Told> {
    let news = prop_oneof![
        Just(RefundNews::Pending),
        Just(RefundNews::Succeeded),
        Just(RefundNews::Canceled),
        Just(RefundNews::Failed("declined".into())),
    ];
    let stage = prop_oneof![
        Just(DisputeStage::Warning),
        Just(DisputeStage::NeedsResponse),
        Just(DisputeStage::UnderReview),
        Just(DisputeStage::Harmless),
        Just(DisputeStage::Won),
        Just(DisputeStage::Lost),
    ];
    let funds = prop_oneof![
        Just(None),
        Just(Some(money_back::Funds::Withdrawn)),
        Just(Some(money_back::Funds::Reinstated)),
    ];
    prop_oneof![
        // The amount belongs to the refund, so that no two tell different ones of it.
        (2_u128..5, news).prop_map(|(number, news)| {
            let amount = [3_333, 8_000, 16_000][usize::try_from(number - 2).unwrap()];
            theirs(number, amount, news)
        }),
        (9_u128..11, stage, funds).prop_map(|(number, stage, funds)| {
            let amount = [16_000, 5_000][usize::try_from(number - 9).unwrap()];
            Dispute(number, amount, stage, funds)
        }),
    ]
}

fn request() -> RefundRequestId {
    RefundRequestId::from_uuid(Uuid::from_u128(1))
}

fn usd() -> Currency {
    "usd".parse().unwrap()
}

fn refund_row(number: u128, amount: i64, origin: Origin) -> refund::Model {
    refund::Model {
        id: RefundId::from_uuid(Uuid::from_u128(number)),
        payment_id: PaymentId::from_uuid(Uuid::from_u128(1)),
        request_id: (origin == Origin::Desk).then(request),
        provider: Provider::Stripe,
        provider_reference: Some(format!("re_{number}")),
        origin,
        amount,
        currency: usd(),
        credits: credits_for(amount, PRICE, TOTAL),
        state: refund::State::Reserved,
        booked: Booked::Nothing,
        idempotency_key: None,
        first_sent_at: None,
        failure: None,
        version: 0,
        created_at: AT,
        updated_at: AT,
        succeeded_at: None,
    }
}

fn dispute_row(number: u128, amount: i64) -> dispute::Model {
    dispute::Model {
        id: DisputeId::from_uuid(Uuid::from_u128(number)),
        payment_id: PaymentId::from_uuid(Uuid::from_u128(1)),
        provider: Provider::Stripe,
        provider_reference: format!("du_{number}"),
        amount,
        currency: usd(),
        credits: credits_for(amount, PRICE, TOTAL),
        reason: "fraudulent".into(),
        state: dispute::State::Warning,
        funds: Funds::Untouched,
        booked: dispute::Booked::Nothing,
        booked_funds: Funds::Untouched,
        held: 0,
        evidence_due: None,
        opened_at: AT,
        version: 0,
        created_at: AT,
        updated_at: AT,
        closed_at: None,
    }
}

#[test]
fn what_is_set_aside_is_the_holders_first() {
    let mut position = Position { total: 240, remaining: 240, ..Position::default() };
    position.step(Step::Asked(request(), 100));
    position.step(Step::Kept(request(), 60));
    assert_eq!((position.remaining, position.held[&Holder::Request(request())]), (180, 60));
    let shift = position.step(Step::RefundPaid(Some(request()), 60));
    assert_eq!((shift.available, shift.held, shift.taken), (0, -60, 60));
}
