//! Reviews: what contradicts our rows or looks like fraud, and waits for a person (`AC9.3.4`,
//! `AC9.3.5`, `AC9.6.6`).
//!
//! The payment itself goes on. Where fraud is suspected its credits are set aside, and a reviewer
//! frees them, or confirms the fraud: then the money goes back, and its payer is kept out.

mod contact;
mod decide;
mod open;
mod read;

pub use contact::{CaseMail, Message, case_mail, contact, messages};
pub use decide::{Confirmation, Decided, confirm, release};
pub(crate) use open::suspect;
pub use open::{Case, open};
pub use read::{Case as FoundCase, Filter, Page, find, held, hits, page, waiting};
