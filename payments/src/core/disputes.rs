//! Who may say what to a bank about a dispute, and when.

use entities::{
    Provider, Timestamp,
    dispute::{Model as Dispute, State},
    dispute_answer::{Kind, Model as Answer, State as AnswerState},
};

/// Why a dispute is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// It changed since somebody looked.
    #[error("the dispute was changed since you looked; look again")]
    Stale,
    /// Nobody waits for an answer.
    #[error("the dispute does not wait for an answer: it is {}", .0.as_str())]
    NotWaiting(State),
    /// It is too late.
    #[error("evidence could be sent until {0}")]
    TooLate(Timestamp),
    /// It was answered before, and the provider takes no second answer of the kind.
    #[error("the dispute was answered before ({}), and a second answer is not taken", .0.as_str())]
    Answered(Kind),
    /// An answer is on its way: another is not sent before it is known what became of it.
    #[error("an answer is on its way ({}); wait until it is known what became of it", .0.as_str())]
    OnItsWay(Kind),
    /// The bank took nothing yet: there is nothing to give in to.
    #[error("the bank only asks and took nothing yet: send evidence, or refund the payment")]
    OnlyAsked,
}

/// Whether `dispute`, looked at in `version`, may be answered with `kind` after `answers`.
pub fn may_answer(
    dispute: &Dispute,
    answers: &[Answer],
    kind: Kind,
    version: i64,
    now: Timestamp,
) -> Result<(), Unanswerable> {
    if let Some(answer) = answers.iter().find(|answer| answer.state.is_open()) {
        return Err(Unanswerable::OnItsWay(answer.kind));
    }
    if answers.iter().any(|answer| answer.kind == kind && is_final(dispute.provider, answer)) {
        return Err(Unanswerable::Answered(kind));
    }
    if !waits(dispute.state) {
        return Err(Unanswerable::NotWaiting(dispute.state));
    }
    if dispute.state == State::Warning && kind == Kind::Accept {
        return Err(Unanswerable::OnlyAsked);
    }
    if dispute.version != version {
        return Err(Unanswerable::Stale);
    }
    match dispute.evidence_due {
        Some(due) if kind == Kind::Evidence && now > due => Err(Unanswerable::TooLate(due)),
        _ => Ok(()),
    }
}

/// Whether a dispute in `state` waits for the seller's answer.
pub const fn waits(state: State) -> bool {
    matches!(state, State::Warning | State::NeedsResponse)
}

/// Whether `answer` is the last of its kind: Stripe takes evidence once, PayPal again when it asks
/// again.
const fn is_final(provider: Provider, answer: &Answer) -> bool {
    let again = matches!((provider, answer.kind), (Provider::Paypal, Kind::Evidence));
    matches!(answer.state, AnswerState::Sent) && !again
}

#[cfg(test)]
mod tests {
    use entities::{AnswerId, Currency, DisputeId, PaymentId, dispute};

    use super::*;

    const DUE: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn dispute(state: State) -> Dispute {
        Dispute {
            id: DisputeId::new(),
            payment_id: PaymentId::new(),
            provider: Provider::Stripe,
            provider_reference: "du_1".to_owned(),
            amount: 16_000,
            currency: "usd".parse::<Currency>().unwrap(),
            credits: 240,
            reason: "fraudulent".to_owned(),
            state,
            funds: dispute::Funds::Withdrawn,
            booked: dispute::Booked::Open,
            booked_funds: dispute::Funds::Withdrawn,
            held: 240,
            evidence_due: Some(DUE),
            opened_at: DUE,
            version: 3,
            created_at: DUE,
            updated_at: DUE,
            closed_at: None,
        }
    }

    fn answer(kind: Kind, state: AnswerState) -> Answer {
        Answer {
            id: AnswerId::new(),
            dispute_id: DisputeId::new(),
            kind,
            state,
            words: None,
            idempotency_key: "answer".to_owned(),
            asked_by: "eve".to_owned(),
            failure: None,
            version: 0,
            created_at: DUE,
            updated_at: DUE,
            first_sent_at: None,
            sent_at: None,
        }
    }

    #[test]
    fn evidence_is_sent_once_in_time_by_who_has_just_looked() {
        let open = dispute(State::NeedsResponse);
        let may = |answers: &[Answer], version, now| {
            may_answer(&open, answers, Kind::Evidence, version, now)
        };
        assert_eq!(may(&[], 3, DUE), Ok(()));
        assert_eq!(may(&[], 2, DUE), Err(Unanswerable::Stale));
        let late = Timestamp::from_seconds(DUE.seconds() + 1);
        assert_eq!(may(&[], 3, late), Err(Unanswerable::TooLate(DUE)));
        assert_eq!(may_answer(&open, &[], Kind::Accept, 3, late), Ok(()));
        let failed = answer(Kind::Evidence, AnswerState::Failed);
        assert_eq!(may(&[failed], 3, DUE), Ok(()));
        let sent = answer(Kind::Evidence, AnswerState::Sent);
        assert_eq!(may(&[sent], 3, DUE), Err(Unanswerable::Answered(Kind::Evidence)));
        let other = answer(Kind::Accept, AnswerState::Unknown);
        assert_eq!(may(&[other], 3, DUE), Err(Unanswerable::OnItsWay(Kind::Accept)));
    }

    #[test]
    fn paypal_may_ask_again_and_a_question_is_not_given_in_to() {
        let sent = [answer(Kind::Evidence, AnswerState::Sent)];
        let paypal = Dispute { provider: Provider::Paypal, ..dispute(State::NeedsResponse) };
        assert_eq!(may_answer(&paypal, &sent, Kind::Evidence, 3, DUE), Ok(()));
        let question = dispute(State::Warning);
        assert_eq!(may_answer(&question, &[], Kind::Evidence, 3, DUE), Ok(()));
        let accepted = may_answer(&question, &[], Kind::Accept, 3, DUE);
        assert_eq!(accepted, Err(Unanswerable::OnlyAsked));
    }

    #[test]
    fn what_is_over_or_with_the_bank_is_not_answered() {
        for state in [State::UnderReview, State::Won, State::Lost, State::Harmless] {
            for kind in [Kind::Evidence, Kind::Accept] {
                let refused = may_answer(&dispute(state), &[], kind, 3, DUE);
                assert_eq!(refused, Err(Unanswerable::NotWaiting(state)));
            }
        }
    }
}
