use std::collections::HashMap;

use entities::{
    PaymentId, Provider,
    fact::Fact,
    payment::{Column, Entity, Model},
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Item, Working};

/// The payments that a set of facts is about.
pub(super) struct Loaded {
    payments: Vec<Working>,
    by_id: HashMap<PaymentId, usize>,
    by_reference: HashMap<(Provider, String), usize>,
}

/// Loads and, where the database can, locks the payments that `items` name by reference or claim.
pub(super) async fn load(txn: &DatabaseTransaction, items: &[Item]) -> Result<Loaded, DbErr> {
    let references = items.iter().map(|item| item.fact.reference.as_str());
    let claimed = items.iter().filter_map(|item| item.fact.claimed);
    let named = Column::ProviderReference.is_in(references).or(Column::Id.is_in(claimed));
    // In the order of ids, so that two batches wait for each other instead of deadlocking.
    let rows =
        Entity::find().filter(named).order_by_asc(Column::Id).lock_exclusive().all(txn).await?;
    Ok(Loaded::new(rows))
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
            loaded.payments.push(Working { row, before, changed: false, grant: false });
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
