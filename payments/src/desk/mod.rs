//! What the admin desk lists: whoever's, page by page.
//!
//! Nothing here is asked for in a customer's name, so nothing here may be reached by one: the desk's
//! pages stand behind roles.

pub mod events;
mod overview;
pub mod people;
pub mod records;
pub mod revenue;
pub mod story;
pub mod transactions;
pub mod work;

use sea_orm::ActiveEnum;

pub use overview::{Raised, Sample, Waiting, alerts, applied_in, mailed_in, waiting};

/// The state that `word` names in rows; `None` if there is none.
pub fn named<S: ActiveEnum<Value = String>>(word: &str) -> Option<S> {
    S::try_from_value(&word.to_owned()).ok()
}
