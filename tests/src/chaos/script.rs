use entities::{PaymentId, Provider, payment};
use payments::{Store, catalog, customers};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::{EntityTrait, Set};

/// Payments of one customer.
const PER_CUSTOMER: usize = 20;

/// Rows of one statement; SQLite takes 32,766 values.
const PER_STATEMENT: usize = 500;

/// A payment about which there will be events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Ours.
    pub id: PaymentId,
    /// The provider's.
    pub reference: String,
    /// Whether it will be paid in the end.
    pub succeeds: bool,
}

/// One thing the provider will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The event's id.
    pub event: String,
    /// Its kind.
    pub kind: &'static str,
    /// Which payment it is about.
    pub payment: Planned,
    /// How many times at the same moment.
    pub copies: usize,
}

/// Makes `count` payments that wait for their provider's word; nine in ten will be paid.
pub async fn prepare(store: &Store, seed: u64, count: usize) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed);
    let package = catalog::find(store, "pro-200").await.unwrap();
    let mut planned = Vec::with_capacity(count);
    let mut rows = Vec::with_capacity(count);
    while planned.len() < count {
        let name = format!("payer-{}", planned.len());
        let user = customers::User { email: Some(format!("{name}@example.com")), user_ref: name };
        let customer = customers::ensure(store, &user).await.unwrap();
        for _ in 0..PER_CUSTOMER.min(count - planned.len()) {
            let reference = format!("pi_{seed:x}_{}", planned.len());
            let payment =
                Planned { id: PaymentId::new(), reference, succeeds: rng.random_bool(0.9) };
            rows.push(row(store, &package, customer.id, &payment));
            planned.push(payment);
        }
    }
    for rows in rows.chunks(PER_STATEMENT) {
        let insert = payment::Entity::insert_many(rows.to_vec());
        insert.exec_without_returning(store.db.writer()).await.unwrap();
    }
    planned
}

fn row(
    store: &Store,
    package: &entities::package::Model,
    customer: entities::CustomerId,
    planned: &Planned,
) -> payment::ActiveModel {
    let now = store.clock.now();
    payment::ActiveModel {
        id: Set(planned.id),
        customer_id: Set(customer),
        package_id: Set(package.id.clone()),
        kind: Set(payment::Kind::OneTime),
        provider: Set(Provider::Stripe),
        provider_reference: Set(Some(planned.reference.clone())),
        livemode: Set(false),
        amount: Set(package.amount),
        currency: Set(package.currency.clone()),
        credits: Set(package.credits),
        bonus_credits: Set(package.bonus_credits),
        status: Set(payment::Status::Pending),
        version: Set(0),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    }
}

/// What the provider says of `payments`, in which order: two events about each, one pair in ten the
/// wrong way round, one event in twenty again later, one in fifty twice at once.
pub fn script(seed: u64, payments: &[Planned]) -> Vec<Said> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5c21_97e4);
    let mut said: Vec<(usize, Said)> = Vec::with_capacity(payments.len() * 2);
    for (index, payment) in payments.iter().enumerate() {
        let mut kinds = match payment.succeeds {
            true if rng.random_bool(0.2) => ["payment_failed", "succeeded"],
            true => ["processing", "succeeded"],
            false => ["processing", "payment_failed"],
        };
        if rng.random_bool(0.1) {
            kinds.swap(0, 1);
        }
        let mut slot = index * 2 + rng.random_range(0..4);
        for kind in kinds {
            let event = format!("evt_{}_{kind}", payment.reference);
            let copies = if rng.random_bool(0.02) { 2 } else { 1 };
            let one = Said { event, kind, payment: payment.clone(), copies };
            if rng.random_bool(0.05) {
                said.push((slot + rng.random_range(3..60), Said { copies: 1, ..one.clone() }));
            }
            said.push((slot, one));
            slot += rng.random_range(1..8);
        }
    }
    said.sort_by_key(|(slot, _)| *slot);
    said.into_iter().map(|(_, said)| said).collect()
}
