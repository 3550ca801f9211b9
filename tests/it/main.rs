//! One binary for all integration tests: each runs on the database and the transport that the
//! environment names.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

#[path = "../../gateways/tests/mutate/mod.rs"]
mod mutate;

mod adjustments;
mod api_debits;
mod api_matrix;
mod api_routes;
mod api_shop;
mod api_writes;
mod attack;
mod audit;
mod deliveries;
mod desk;
mod desk_system;
mod dispute_answers;
mod dispute_pause;
mod events;
mod exactly_once;
mod faults;
mod figures;
mod fraud;
mod fraud_erased;
mod fraud_warnings;
mod generate;
mod generated_api;
mod generated_paypal;
mod generated_raw;
mod generated_stripe;
mod hosted;
mod jobs;
mod ledger;
mod mailing;
mod money_back;
mod notifications;
mod paypal;
mod paypal_disputes;
mod paypal_pages;
mod paypal_refunds;
mod paypal_spoofs;
mod plans;
mod purchase;
mod reconciliation;
mod refund_answers;
mod refunds;
mod schema;
mod siege;
mod spoofs;
