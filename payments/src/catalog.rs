//! The catalogue: what can be bought, and at which price. The only source of prices.

use std::collections::HashSet;

use entities::{
    Currency,
    package::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set, sea_query::Expr, sea_query::OnConflict,
};
use serde::Deserialize;

use crate::{Error, Store};

/// The catalogue that is compiled in, for who has not written one.
pub const DEFAULT: &str = include_str!("../../catalog.toml");

/// Most that one package may cost or grant; far above any, far below an overflow.
const MOST: i64 = 1_000_000_000;

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Not TOML of the right form.
    #[error("the catalogue cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A package that cannot be sold.
    #[error("package {id:?} of the catalogue: {problem}")]
    Package {
        /// Which.
        id: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Nothing to sell.
    #[error("the catalogue has no package; add a [[packages]] section")]
    Empty,
}

/// One package of the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name in the API.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its price, in minor units.
    pub amount: i64,
    /// The price's currency.
    pub currency: String,
    /// Credits it grants.
    pub credits: i64,
    /// Credits it grants on top.
    #[serde(default)]
    pub bonus_credits: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    packages: Vec<Package>,
}

/// Reads a catalogue, and refuses one that could sell something wrong.
pub fn parse(text: &str) -> Result<Vec<Package>, CatalogError> {
    let File { packages } = toml::from_str(text)?;
    if packages.is_empty() {
        return Err(CatalogError::Empty);
    }
    let mut seen = HashSet::new();
    for package in &packages {
        if let Some(problem) = problem(package) {
            return Err(CatalogError::Package { id: package.id.clone(), problem });
        }
        if !seen.insert(&package.id) {
            let problem = "stands there twice; ids are unique".to_owned();
            return Err(CatalogError::Package { id: package.id.clone(), problem });
        }
    }
    Ok(packages)
}

fn problem(package: &Package) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if package.id.is_empty() || package.id.len() > 64 || !package.id.chars().all(plain) {
        return Some("an id is 1 to 64 lower-case letters, digits and hyphens".to_owned());
    }
    if package.name.trim().is_empty() {
        return Some("it has no name".to_owned());
    }
    if let Err(error) = package.currency.parse::<Currency>() {
        return Some(error.to_string());
    }
    let ranges = [
        ("amount", package.amount, 1),
        ("credits", package.credits, 1),
        ("bonus_credits", package.bonus_credits, 0),
    ];
    ranges.into_iter().find(|(_, value, least)| !(*least..=MOST).contains(value)).map(
        |(key, value, least)| format!("{key} is {value}; it must be between {least} and {MOST}"),
    )
}

/// Puts `packages` on sale, and takes all others off.
pub async fn seed(store: &Store, packages: Vec<Package>) -> Result<(), Error> {
    let now = store.clock.now();
    let ids: Vec<_> = packages.iter().map(|package| package.id.clone()).collect();
    let mut rows = Vec::with_capacity(packages.len());
    for package in packages {
        let currency = package.currency.parse();
        rows.push(ActiveModel {
            id: Set(package.id),
            name: Set(package.name),
            amount: Set(package.amount),
            currency: Set(currency.map_err(|_| Error::Invalid("a package has no currency"))?),
            credits: Set(package.credits),
            bonus_credits: Set(package.bonus_credits),
            active: Set(true),
            updated_at: Set(now),
        });
    }
    let replace = OnConflict::column(Column::Id)
        .update_columns([
            Column::Name,
            Column::Amount,
            Column::Currency,
            Column::Credits,
            Column::BonusCredits,
            Column::Active,
            Column::UpdatedAt,
        ])
        .to_owned();
    let txn = store.db.begin().await?;
    Entity::insert_many(rows).on_conflict(replace).exec_without_returning(&txn).await?;
    Entity::update_many()
        .col_expr(Column::Active, Expr::value(false))
        .filter(Column::Id.is_not_in(ids))
        .exec(&txn)
        .await?;
    Ok(txn.commit().await?)
}

/// What is on sale, cheapest first.
pub async fn on_sale(store: &Store) -> Result<Vec<Model>, Error> {
    let find = Entity::find().filter(Column::Active.eq(true)).order_by_asc(Column::Amount);
    Ok(find.all(store.db.reader()).await?)
}

/// The package `id`, if it is on sale.
pub async fn find(store: &Store, id: &str) -> Result<Model, Error> {
    let found = Entity::find_by_id(id.to_owned()).filter(Column::Active.eq(true));
    let found = found.one(store.db.reader()).await?;
    found.ok_or_else(|| Error::UnknownPackage(id.chars().take(64).collect()))
}

/// What the package `id` is called, though it may no longer be on sale.
pub async fn name(store: &Store, id: &str) -> Result<Option<String>, Error> {
    let found = Entity::find_by_id(id.to_owned()).one(store.db.reader()).await?;
    Ok(found.map(|package| package.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_catalogue_sells_pro_200() {
        let packages = parse(DEFAULT).unwrap();
        let pro = packages.iter().find(|package| package.id == "pro-200").unwrap();
        assert_eq!((pro.amount, pro.currency.as_str()), (16_000, "usd"));
        assert_eq!((pro.credits, pro.bonus_credits), (200, 40));
    }

    #[test]
    fn a_catalogue_that_could_sell_something_wrong_is_refused() {
        let package = |change: (&str, &str)| {
            let text = "[[packages]]\nid = \"a\"\nname = \"A\"\namount = 100\ncurrency = \
                        \"usd\"\ncredits = 10\n";
            assert!(parse(text).is_ok());
            parse(&text.replace(change.0, change.1))
        };
        for change in [
            ("amount = 100", "amount = 0"),
            ("amount = 100", "amount = -1"),
            ("amount = 100", "amount = 1.5"),
            ("amount = 100", "amount = 99999999999"),
            ("usd", "uds"),
            ("credits = 10", "credits = 0"),
            ("credits = 10", "credits = 10\nbonus_credits = -1"),
            ("credits = 10", "credits = 10\nprice = 3"),
            ("id = \"a\"", "id = \"A b\""),
            ("name = \"A\"", "name = \" \""),
            ("[[packages]]", ""),
        ] {
            assert!(package(change).is_err(), "{change:?}");
        }
        assert!(matches!(parse(""), Err(CatalogError::Empty)));
    }
}
