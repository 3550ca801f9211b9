//! What is hashed, and how a place in the chain is written down.

use std::{fmt, str::FromStr};

use entities::audit_log::Model;
use sha2::{Digest, Sha256};

/// Says of which form the hashed bytes are; another form gets another text.
const FORM: &[u8] = b"quittance audit line 1\0";

/// A hash of the chain.
pub(super) type Hash = [u8; 32];

/// What the first line follows.
pub(super) const START: Hash = [0; 32];

/// The hash of line `row` at place `seq`, after a line that was hashed to `previous`.
///
/// Every text goes in behind its length, so that no two lines have the same bytes.
pub(super) fn link(previous: &Hash, seq: i64, row: &Model) -> Hash {
    let mut hash = Sha256::new();
    hash.update(FORM);
    hash.update(previous);
    hash.update(seq.to_be_bytes());
    hash.update(row.id.uuid().as_bytes());
    hash.update(row.at.micros().to_be_bytes());
    for text in [&row.actor, &row.action, &row.subject] {
        push(&mut hash, Some(text));
    }
    push(&mut hash, row.before.as_ref());
    push(&mut hash, row.after.as_ref());
    hash.finalize().into()
}

fn push(hash: &mut Sha256, text: Option<&String>) {
    let Some(text) = text else {
        hash.update([0]);
        return;
    };
    hash.update([1]);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

/// A place in the chain that somebody noted elsewhere: `1234:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Which line, counted from 1.
    pub seq: i64,
    /// What everything up to it was hashed to.
    pub hash: Hash,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no [`Anchor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a head of the audit log is a number, a colon, and 64 hexadecimal digits")]
pub struct ParseAnchorError;

impl FromStr for Anchor {
    type Err = ParseAnchorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, hash) = text.trim().split_once(':').ok_or(ParseAnchorError)?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or(ParseAnchorError)?;
        let hash = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok());
        Ok(Self { seq, hash: hash.ok_or(ParseAnchorError)? })
    }
}

#[cfg(test)]
mod tests {
    use entities::{AuditId, Timestamp};

    use super::*;

    fn line() -> Model {
        Model {
            id: AuditId::from_uuid(uuid::Uuid::from_u128(7)),
            at: Timestamp::from_micros(1),
            actor: "operator".to_owned(),
            action: "job.requeue".to_owned(),
            subject: "job_1".to_owned(),
            before: None,
            after: Some("queued".to_owned()),
        }
    }

    #[test]
    fn whatever_a_line_says_changes_its_hash() {
        let plain = link(&START, 1, &line());
        let changes: [fn(&mut Model); 8] = [
            |row| row.id = AuditId::from_uuid(uuid::Uuid::from_u128(8)),
            |row| row.at = Timestamp::from_micros(2),
            |row| row.actor.push('x'),
            |row| row.action.push('x'),
            |row| row.subject.push('x'),
            |row| row.before = Some(String::new()),
            |row| row.after = None,
            // The same letters, cut elsewhere.
            |row| (row.actor, row.action) = ("operatorjob".to_owned(), ".requeue".to_owned()),
        ];
        for change in changes {
            let mut row = line();
            change(&mut row);
            assert_ne!(link(&START, 1, &row), plain, "{row:?}");
        }
        assert_ne!(link(&START, 2, &line()), plain);
        assert_ne!(link(&plain, 1, &line()), plain);
    }

    #[test]
    fn an_anchor_survives_its_text() {
        let anchor = Anchor { seq: 12, hash: link(&START, 12, &line()) };
        assert_eq!(anchor.to_string().parse(), Ok(anchor));
        for text in ["", "12", "0:00", "x:y", "12:00"] {
            assert_eq!(text.parse::<Anchor>(), Err(ParseAnchorError), "{text}");
        }
    }
}
