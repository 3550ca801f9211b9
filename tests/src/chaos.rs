//! Faults on purpose: a provider that delivers, keeps a journal and does not give up; a proxy that
//! fails before each server; a seeded sequence of kills; crowds of slow clients; times without
//! Redis; and one check of what must hold after.
//!
//! The same seed makes the same events, the same order of faults and the same pauses between them.
//! What the machine makes of it differs from run to run, as it must.

mod check;
mod disk;
mod document;
mod faults;
mod journal;
mod load;
mod outage;
mod proxy;
mod report;
mod run;
mod scene;
mod script;
mod slow;

pub use check::{Expected, check, quiet};
pub use disk::Disk;
pub use document::{Document, Section};
pub use journal::{Acknowledged, Journal};
pub use load::{Delivered, Load, LoadOptions};
pub use outage::{Failure, Outage, outage};
pub use proxy::{CommitCut, Fault, Proxy, Trip};
pub use report::Report;
pub use run::{Form, Kills, Plan, run};
pub use scene::{Scene, after};
pub use script::{Planned, Said, prepare, script};
pub use slow::{Answered, Crowded, crowd, files_for};
