//! Why a payment failed, in words for its payer, and what they can do (`002-ER1` to `002-ER4`).
//!
//! One table for the API, the pages and the mails. Lost, stolen and suspected cards have no row:
//! they are declined like any other, so that a thief learns nothing.

/// What a payer can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The same again, in a minute.
    TryAgain,
    /// Pay with something else.
    OtherMethod,
    /// Correct what was typed.
    CheckCard,
    /// Replace the card on file by its successor.
    UpdateCard,
    /// Choose a smaller package, or pay with something else.
    SmallerPackage,
    /// Prove to the bank that it is them.
    Authenticate,
}

impl NextStep {
    /// Every step.
    pub const ALL: [Self; 6] = [
        Self::TryAgain,
        Self::OtherMethod,
        Self::CheckCard,
        Self::UpdateCard,
        Self::SmallerPackage,
        Self::Authenticate,
    ];

    /// The step's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TryAgain => "try_again",
            Self::OtherMethod => "use_other_method",
            Self::CheckCard => "check_card",
            Self::UpdateCard => "update_card",
            Self::SmallerPackage => "choose_smaller_package",
            Self::Authenticate => "authenticate",
        }
    }

    /// The step in words for the payer.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TryAgain => "Try again in a minute; if that does not help, use another card.",
            Self::OtherMethod => "Pay with another card or method, or ask your bank.",
            Self::CheckCard => "Check the card's number, date and security code.",
            Self::UpdateCard => "Use the card that replaced it, or another card.",
            Self::SmallerPackage => "Choose a smaller package, or pay with another card.",
            Self::Authenticate => "Try again, and confirm the payment with your bank.",
        }
    }
}

/// What to tell a payer whose payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Why, in a sentence.
    pub sentence: &'static str,
    /// What they can do.
    pub next: NextStep,
}

/// A row: the codes it is for, and the advice.
type Row = (&'static [&'static str], &'static str, NextStep);

/// Codes are Stripe's error and decline codes and PayPal's issues in small letters, as they stand in our rows.
pub const TABLE: &[Row] = &[
    (
        &["insufficient_funds", "withdrawal_count_limit_exceeded"],
        "The card or account has insufficient funds.",
        NextStep::SmallerPackage,
    ),
    (&["expired_card"], "The card has expired.", NextStep::UpdateCard),
    (&["incorrect_cvc", "invalid_cvc"], "The card's security code is wrong.", NextStep::CheckCard),
    (
        &["incorrect_number", "invalid_number", "invalid_expiry_month", "invalid_expiry_year"],
        "The card's details are wrong.",
        NextStep::CheckCard,
    ),
    (
        &["processing_error", "issuer_not_available", "reenter_transaction", "try_again_later"],
        "The bank could not process the payment.",
        NextStep::TryAgain,
    ),
    (
        &[
            "authentication_required",
            "payment_intent_authentication_failure",
            "setup_intent_authentication_failure",
            "payer_action_required",
        ],
        "The bank could not confirm that it was you.",
        NextStep::Authenticate,
    ),
    (
        &["card_velocity_exceeded"],
        "The card was used too often, or for too much, in a short time.",
        NextStep::OtherMethod,
    ),
    (
        &["card_not_supported", "currency_not_supported"],
        "The card does not support this kind of payment.",
        NextStep::OtherMethod,
    ),
    (
        &["account_closed", "no_account", "bank_account_restricted", "bank_account_unusable"],
        "The bank account cannot be used for payments.",
        NextStep::OtherMethod,
    ),
    (
        &["debit_not_authorized"],
        "The bank did not allow the debit from this account.",
        NextStep::OtherMethod,
    ),
    (
        &["instrument_declined", "redirect_payer_for_alternate_funding"],
        "PayPal could not take the money from the way to pay that was chosen.",
        NextStep::OtherMethod,
    ),
    (
        &["payer_cannot_pay", "payer_account_restricted", "payer_account_locked_or_closed"],
        "PayPal does not let this account pay.",
        NextStep::OtherMethod,
    ),
    (
        &["transaction_refused", "compliance_violation", "payment_denied", "capture_denied"],
        "PayPal refused the payment.",
        NextStep::OtherMethod,
    ),
    (
        &["max_number_of_payment_attempts_exceeded"],
        "PayPal takes no more tries for this order.",
        NextStep::TryAgain,
    ),
];

/// What everything else is told.
const DECLINED: Advice =
    Advice { sentence: "The payment was declined.", next: NextStep::OtherMethod };

/// What to tell a payer, for the provider's `code` and the bank's finer `decline_code`.
pub fn advice(code: &str, decline_code: Option<&str>) -> Advice {
    let row = |code: &str| TABLE.iter().find(|(codes, ..)| codes.contains(&code));
    let found = decline_code.and_then(row).or_else(|| row(code));
    found.map_or(DECLINED, |(_, sentence, next)| Advice { sentence, next: *next })
}

#[cfg(test)]
mod tests {
    use super::*;

    // 002-ER1, 002-ER2, 002-ER3, 002-ER4
    #[test]
    fn each_of_the_required_reasons_has_its_own_advice() {
        let next = |code, decline| advice(code, decline).next;
        assert_eq!(next("card_declined", Some("generic_decline")), NextStep::OtherMethod);
        assert_eq!(next("card_declined", Some("insufficient_funds")), NextStep::SmallerPackage);
        assert_eq!(next("expired_card", Some("expired_card")), NextStep::UpdateCard);
        assert_eq!(next("processing_error", None), NextStep::TryAgain);
        assert_eq!(next("authentication_required", None), NextStep::Authenticate);
    }

    #[test]
    fn a_thief_learns_nothing() {
        let plain = advice("card_declined", Some("generic_decline"));
        for code in ["lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist"]
        {
            assert_eq!(advice("card_declined", Some(code)), plain, "{code}");
        }
    }

    #[test]
    fn no_code_stands_in_two_rows() {
        let mut codes: Vec<_> = TABLE.iter().flat_map(|(codes, ..)| codes.iter()).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
