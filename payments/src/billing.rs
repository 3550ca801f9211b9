//! Whom invoices are made out to, as customers say themselves.

use entities::{CustomerId, billing::Buyer, customer};
use sea_orm::{ActiveModelTrait, Set, Unchanged};

use crate::{
    Error, Store,
    audit::{self, Line},
    customers::{self, User},
    vault::{Place, Vault},
};

/// Longest line of an address; longer ones do not fit an envelope either.
const LINE: usize = 100;

/// Most lines of an address.
const LINES: usize = 6;

/// Whom `customer`'s invoices are made out to.
pub fn of(store: &Store, customer: &customer::Model) -> Result<Buyer, Error> {
    open(&store.vault, customer.id, customer.billing.as_deref())
}

/// Opens the billing details that stand `sealed` in the row of customer `id`.
pub(crate) fn open(vault: &Vault, id: CustomerId, sealed: Option<&[u8]>) -> Result<Buyer, Error> {
    let Some(sealed) = sealed else {
        return Ok(Buyer::default());
    };
    let json = vault.unseal(place(id), sealed)?;
    serde_json::from_slice(&json)
        .map_err(|_| Error::Inconsistent("billing details cannot be read".to_owned()))
}

/// Has `user`'s invoices made out to `billing` from now on; those that were shown stay as they are.
pub async fn set(store: &Store, user: &User, billing: &Buyer) -> Result<(), Error> {
    check(billing)?;
    let customer = customers::ensure(store, user).await?;
    let json = serde_json::to_vec(billing)
        .map_err(|_| Error::Inconsistent("billing details cannot be written".to_owned()))?;
    let now = store.clock.now();
    let row = customer::ActiveModel {
        id: Unchanged(customer.id),
        billing: Set(Some(store.vault.seal(place(customer.id), &json)?)),
        updated_at: Set(now),
        ..Default::default()
    };
    let line = Line {
        actor: format!("user:{}", user.user_ref),
        action: "billing.set".to_owned(),
        subject: customer.id.to_string(),
        before: None,
        after: None,
    };
    let txn = store.db.begin().await?;
    row.update(&txn).await?;
    audit::write(&txn, vec![line], now).await?;
    Ok(txn.commit().await?)
}

fn check(buyer: &Buyer) -> Result<(), Error> {
    let texts = [buyer.name.as_ref(), buyer.tax_id.as_ref()];
    for line in texts.into_iter().flatten().chain(&buyer.address) {
        let length = line.chars().count();
        if length == 0 || length > LINE || line.chars().any(char::is_control) {
            return Err(Error::Invalid(
                "name, taxId and each line of the address have 1 to 100 visible characters",
            ));
        }
    }
    if buyer.address.len() > LINES {
        return Err(Error::Invalid("an address has at most 6 lines"));
    }
    let alpha2 = |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    if !buyer.country.as_ref().is_none_or(alpha2) {
        return Err(Error::Invalid("country is a code of ISO 3166-1 such as DE"));
    }
    Ok(())
}

fn place(id: CustomerId) -> Place {
    Place::new("customers.billing", id.uuid())
}
