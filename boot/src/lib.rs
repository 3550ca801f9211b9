//! Configuration, clock, database pools, telemetry, shutdown: what every process needs to stand up.
//!
//! **Invariant:** nothing here knows what a payment is.

mod clock;
pub mod db;
pub mod sql;

pub use clock::Clock;
pub use db::Db;
