//! What happens when processes, servers and networks fail: real processes, over servers in
//! memory where there is room.
//!
//! These tests start servers of their own; of the environment they need the programs
//! `redis-server`, `postgres` and `initdb`, and the `quittance` that `cargo build` made.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

mod chaos_checker;
mod chaos_short;
mod chaos_statements;
mod crash_points;
mod planted_bugs;
mod poison;
mod power_cut;
mod process_backlog;
mod process_command_line;
mod process_database;
mod process_figures;
mod process_kill;
mod process_poison;
mod process_receipts;
mod process_redis;
mod process_secrets;
mod process_slow_clients;
mod process_stop;
