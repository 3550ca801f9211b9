//! The inbox: what providers delivered, written down before anything is made of it.

mod prune;
mod read;
mod record;
mod recorder;
mod settle;

pub use prune::prune;
pub use read::{Opened, counts, find, latest, load};
pub use record::{Delivery, Recorded, record, record_in};
pub use recorder::{RecordError, Recorder};
pub use settle::{Settled, Verdict, settle, stage_settled};

use entities::EventId;

use crate::vault::Place;

/// Where an event's body is sealed for.
pub fn body_place(id: EventId) -> Place {
    Place::new("provider_events.body", id.uuid())
}
