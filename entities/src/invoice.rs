//! Invoices: one for each payment that succeeded, numbered without gaps (`AC9.4.2`).

use sea_orm::entity::prelude::*;

use crate::{CustomerId, InvoiceId, PaymentId, Timestamp};

/// One invoice.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoices")]
pub struct Model {
    /// The invoice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvoiceId,
    /// Which sequence of numbers it is part of.
    pub series: String,
    /// Its place in the series, from 1; unique and without gaps.
    pub number: i64,
    /// What it bills; one invoice each.
    #[sea_orm(unique)]
    pub payment_id: PaymentId,
    /// Whom it bills.
    pub customer_id: CustomerId,
    /// What it says, encrypted JSON; fixed when it is first shown.
    pub snapshot: Option<Vec<u8>>,
    /// When the number was given.
    pub issued_at: Timestamp,
}

/// It stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
