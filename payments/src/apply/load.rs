use std::collections::HashMap;

use boot::sql::{Column, Rows, Type, col};
use entities::{
    PaymentId, Provider,
    fact::Fact,
    payment::{Entity, Model},
};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait};

use super::{Item, Working};

const NAMED: &[Column] = &[
    col("provider", Type::Text),
    col("reference", Type::Text),
    // The nil id, which no payment has, where none is claimed.
    col("claimed", Type::Uuid),
];

/// The payments that a set of facts is about.
pub(super) struct Loaded {
    payments: Vec<Working>,
    by_id: HashMap<PaymentId, usize>,
    by_reference: HashMap<(Provider, String), usize>,
}

/// Loads and, where the database can, locks the payments that `items` name by reference or claim.
pub(super) async fn load(txn: &DatabaseTransaction, items: &[Item]) -> Result<Loaded, DbErr> {
    let mut rows = Rows::new(NAMED);
    for Item { fact, .. } in items {
        rows.push([
            fact.provider.as_str().into(),
            fact.reference.clone().into(),
            fact.claimed.map_or(uuid::Uuid::nil(), PaymentId::uuid).into(),
        ]);
    }
    // Two joins instead of an OR, which no index serves. In the order of ids, so that two batches
    // wait for each other instead of deadlocking.
    let backend = txn.get_database_backend();
    let lock = if backend == DatabaseBackend::Postgres { "FOR UPDATE OF p" } else { "" };
    let body = format!(
        "SELECT p.* FROM payments p WHERE p.id IN (SELECT r.id FROM v JOIN payments r ON \
         r.provider = v.provider AND r.provider_reference = v.reference UNION SELECT c.id FROM v \
         JOIN payments c ON c.id = v.claimed) ORDER BY p.id {lock}"
    );
    let statement = rows.statement(backend, &body, Vec::new());
    Ok(Loaded::new(Entity::find().from_raw_sql(statement).all(txn).await?))
}

impl Loaded {
    fn new(rows: Vec<Model>) -> Self {
        let mut loaded =
            Self { payments: Vec::new(), by_id: HashMap::new(), by_reference: HashMap::new() };
        for (index, row) in rows.into_iter().enumerate() {
            loaded.by_id.insert(row.id, index);
            if let Some(reference) = &row.provider_reference {
                loaded.by_reference.insert((row.provider, reference.clone()), index);
            }
            let before = row.status;
            let working = Working { row, before, changed: false, grant: false, learned: false };
            loaded.payments.push(working);
        }
        loaded
    }

    /// The payment that `fact` is about: the one with its reference, else the one it claims.
    ///
    /// A claim alone decides nothing: [`decide`](crate::core::decide) compares everything else.
    pub(super) fn find(&mut self, fact: &Fact) -> Option<&mut Working> {
        let by_reference = self.by_reference.get(&(fact.provider, fact.reference.clone()));
        let index = *by_reference.or_else(|| self.by_id.get(&fact.claimed?))?;
        self.payments.get_mut(index)
    }

    /// What was changed, in the order of ids.
    pub(super) fn into_changed(self) -> Vec<Working> {
        self.payments.into_iter().filter(|working| working.changed).collect()
    }
}
