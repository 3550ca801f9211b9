//! The parts put together: what the command line starts, and what the tests start in its place.

pub mod cli;
pub mod commands;
pub mod parts;
pub mod serve;
pub mod watch;

pub use parts::Parts;
