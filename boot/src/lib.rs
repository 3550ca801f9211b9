//! Configuration, clock, database pools, telemetry, shutdown, and the watchdog: what every process
//! needs to stand up. In builds for tests also the faults that are made on purpose.
//!
//! **Invariant:** nothing here knows what a payment is.

mod clock;
pub mod config;
pub mod db;
pub mod faults;
pub mod secrets;
pub mod shutdown;
pub mod sql;
pub mod telemetry;
pub mod turn;
pub mod watchdog;

pub use clock::Clock;
pub use config::{Config, ConfigError, Settings};
pub use db::Db;
pub use shutdown::Shutdown;
