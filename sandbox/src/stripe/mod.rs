//! Stripe's objects and what may happen to them. Knows nothing of HTTP but the wording of errors.

mod card_input;
mod cards;
mod charges;
mod confirm;
mod courier;
mod create;
mod currency;
mod customers;
mod disputes;
mod events;
mod files;
mod intents;
mod list;
mod metadata;
mod methods;
mod outcome;
mod refunds;
mod sessions;
mod setups;
mod table;
mod view;
mod warnings;
mod work;

pub(crate) use cards::Card;
pub(crate) use courier::StripeCourier;
pub(crate) use currency::written;
pub(crate) use events::Event;
pub(crate) use intents::{Intent, Status, check_secret};
pub(crate) use sessions::Session;
pub(crate) use setups::{Setup, check_setup_secret};
pub(crate) use table::Table;
pub(crate) use work::{Origin, State, Work, check_expand};

/// The version of Stripe's API that the sandbox speaks.
pub(crate) const API_VERSION: &str = "2026-09-30.endive";
