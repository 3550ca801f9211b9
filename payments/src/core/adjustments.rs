//! Who may change a balance by hand, and when somebody else has to agree.

use entities::adjustment::{Model, State};

use super::refunds::Reviewer;

/// Most credits of one change: more is a typing mistake.
pub const MOST: i64 = 1_000_000_000;

/// From when on a change takes two people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdjustmentPolicy {
    /// Above as many credits within 24 hours, given and taken, another admin has to approve; never, if
    /// `None`.
    pub two_people_above: Option<i64>,
}

/// Why a change is not decided, or not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdjusted {
    /// It changed since somebody looked.
    #[error("the change was decided since you looked; look again")]
    Stale,
    /// It does not wait.
    #[error("the change does not wait for a decision: it is {}", .0.as_str())]
    NotWaiting(State),
    /// Nobody approves what they asked for themselves.
    #[error("you asked for it; somebody else has to approve it")]
    Own,
}

/// Whether a change of `credits` waits for an admin; `is_admin` says whether one asks for it, and
/// `alone` how many credits whoever asks has given and taken in the last 24 hours with nobody else's
/// word: many small changes are one large one.
pub fn waits(policy: &AdjustmentPolicy, credits: i64, alone: i64, is_admin: bool) -> bool {
    let sum = alone.saturating_add(credits.saturating_abs());
    !is_admin || policy.two_people_above.is_some_and(|limit| sum > limit)
}

/// Whether `reviewer` may settle `row`: approve it, or else refuse it.
pub fn may_decide(row: &Model, reviewer: Reviewer<'_>, approves: bool) -> Result<(), NotAdjusted> {
    if row.state != State::Waiting {
        return Err(NotAdjusted::NotWaiting(row.state));
    }
    if row.version != reviewer.version {
        return Err(NotAdjusted::Stale);
    }
    if approves && row.asked_by == reviewer.user_ref {
        return Err(NotAdjusted::Own);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use entities::{AdjustmentId, CustomerId, Timestamp};

    use super::*;

    fn row(state: State) -> Model {
        Model {
            id: AdjustmentId::new(),
            customer_id: CustomerId::new(),
            credits: 10,
            remaining: 0,
            reason: None,
            state,
            reference: "r".to_owned(),
            asked_by: "felix".to_owned(),
            decided_by: None,
            version: 2,
            created_at: Timestamp::from_seconds(1),
            decided_at: None,
        }
    }

    #[test]
    fn finance_always_waits_and_an_admin_above_the_limit() {
        let policy = AdjustmentPolicy { two_people_above: Some(100) };
        assert!(waits(&policy, 1, 0, false));
        for (credits, waiting) in [(100, false), (-100, false), (101, true), (-101, true)] {
            assert_eq!(waits(&policy, credits, 0, true), waiting, "{credits}");
        }
        assert!(!waits(&AdjustmentPolicy::default(), MOST, i64::MAX, true));
    }

    #[test]
    fn many_small_changes_are_one_large_one() {
        let policy = AdjustmentPolicy { two_people_above: Some(100) };
        for (credits, alone, waiting) in [
            (40, 60, false),
            (41, 60, true),
            (-40, 60, false),
            (-41, 60, true),
            (1, 100, true),
            (1, i64::MAX, true),
        ] {
            assert_eq!(waits(&policy, credits, alone, true), waiting, "{credits} after {alone}");
        }
    }

    #[test]
    fn who_asked_does_not_approve_but_may_take_it_back() {
        let by = |user_ref, version| Reviewer { user_ref, version };
        let waiting = row(State::Waiting);
        assert_eq!(may_decide(&waiting, by("nora", 2), true), Ok(()));
        assert_eq!(may_decide(&waiting, by("nora", 1), true), Err(NotAdjusted::Stale));
        assert_eq!(may_decide(&waiting, by("felix", 2), true), Err(NotAdjusted::Own));
        assert_eq!(may_decide(&waiting, by("felix", 2), false), Ok(()));
        for over in [State::Applied, State::Refused] {
            let refused = may_decide(&row(over), by("nora", 2), true);
            assert_eq!(refused, Err(NotAdjusted::NotWaiting(over)));
        }
    }
}
