//! Disputes, as the desk sees them, and what is answered. What is told of them is applied by
//! [`money_back`](crate::money_back).

mod answer;
mod erase;
mod read;
mod send;

pub use answer::{FIELDS, File, MAX_BYTES, MAX_FILES, MAX_WORDS, MEDIA, Wish, ask};
pub(crate) use erase::erase_words;
pub use erase::prune;
pub use read::{Disputes, Said, find, page, said};
pub use send::{Answer, Next, answered, begin, hand_over, refused, unanswered};
