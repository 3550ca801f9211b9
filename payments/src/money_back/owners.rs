use std::collections::HashMap;

use entities::{PaymentId, Provider, dispute, refund};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, Iterable, QueryFilter};

use super::{Item, News};

/// A refund or a dispute, as its provider calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Refund(Provider, String),
    Dispute(Provider, String),
}

impl Named {
    /// What `news` are about; a suspicion has no row of its own.
    pub(super) fn of(news: &News) -> Option<Self> {
        match news {
            News::Refund(fact) => Some(Self::Refund(fact.provider, fact.reference.clone())),
            News::Dispute(fact) => Some(Self::Dispute(fact.provider, fact.reference.clone())),
            News::Warning(_) => None,
        }
    }
}

/// Of which payments the refunds and disputes are that `items` name, as far as we know them: an event
/// may say that one of them belongs to another payment, which cannot be.
pub(super) async fn owners(
    txn: &DatabaseTransaction,
    items: &[Item],
) -> Result<HashMap<Named, PaymentId>, DbErr> {
    let (mut refunds, mut disputes) = (Vec::new(), Vec::new());
    for named in items.iter().filter_map(|item| Named::of(&item.news)) {
        match named {
            Named::Refund(_, reference) => refunds.push(reference),
            Named::Dispute(_, reference) => disputes.push(reference),
        }
    }
    // Rows are looked for by their provider too, since the index begins with it.
    let mut owners = HashMap::new();
    if !refunds.is_empty() {
        let find = refund::Entity::find()
            .filter(refund::Column::Provider.is_in(Provider::iter()))
            .filter(refund::Column::ProviderReference.is_in(refunds));
        owners.extend(find.all(txn).await?.into_iter().filter_map(|row| {
            Some((Named::Refund(row.provider, row.provider_reference?), row.payment_id))
        }));
    }
    if !disputes.is_empty() {
        let find = dispute::Entity::find()
            .filter(dispute::Column::Provider.is_in(Provider::iter()))
            .filter(dispute::Column::ProviderReference.is_in(disputes));
        owners.extend(
            find.all(txn)
                .await?
                .into_iter()
                .map(|row| (Named::Dispute(row.provider, row.provider_reference), row.payment_id)),
        );
    }
    Ok(owners)
}
