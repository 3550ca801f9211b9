//! One binary for all integration tests: each runs on the database and the transport that the
//! environment names.

mod events;
mod exactly_once;
mod jobs;
mod ledger;
mod purchase;
mod schema;
mod spoofs;
