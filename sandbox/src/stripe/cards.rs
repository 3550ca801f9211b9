//! Stripe's test cards and what becomes of them.

/// A test card.
#[derive(Debug)]
pub(crate) struct Card {
    /// The number to type.
    pub(crate) number: &'static str,
    /// What follows `pm_card_` and `tok_` in the tokens that stand for it.
    pub(crate) names: &'static [&'static str],
    /// What a charge of it comes to.
    pub(crate) outcome: Outcome,
}

/// What becomes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The bank pays.
    Approve,
    /// The bank, or Stripe, does not.
    Decline(&'static Decline),
    /// The bank wants to see the payer first, whoever asks.
    Challenge(Option<&'static Decline>),
    /// Likewise, unless the payer is away and agreed earlier.
    ChallengeOnSession,
    /// A debit of a bank account: it takes a while, and then the money comes or does not.
    Debit(Option<&'static Decline>),
}

/// Why a payment failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    /// Stripe's error code.
    pub(crate) code: &'static str,
    /// The bank's reason.
    pub(crate) reason: &'static str,
    /// What the payer is told.
    pub(crate) message: &'static str,
    /// What the seller is told.
    pub(crate) seller: &'static str,
    /// What to do next.
    pub(crate) advice: &'static str,
    /// The parameter at fault, if one is.
    pub(crate) param: Option<&'static str>,
}

const NO_DETAILS: &str = "The bank did not return any further details with this decline.";

const fn decline(
    code: &'static str,
    reason: &'static str,
    message: &'static str,
    advice: &'static str,
) -> Decline {
    Decline { code, reason, message, seller: NO_DETAILS, advice, param: None }
}

/// The card was refused without a reason.
pub(crate) static GENERIC: Decline =
    decline("card_declined", "generic_decline", "Your card was declined.", "try_again_later");
static FUNDS: Decline = Decline {
    seller: "The bank returned the decline code `insufficient_funds`.",
    ..decline(
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
        "try_again_later",
    )
};
static LOST: Decline = Decline {
    seller: "The bank returned the decline code `lost_card`.",
    ..decline("card_declined", "lost_card", "Your card was declined.", "do_not_try_again")
};
static STOLEN: Decline = Decline {
    seller: "The bank returned the decline code `stolen_card`.",
    ..decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again")
};
static VELOCITY: Decline = Decline {
    seller: "The bank returned the decline code `card_velocity_exceeded`.",
    ..decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its \
         amount limit.",
        "try_again_later",
    )
};
/// Stripe itself refused.
pub(crate) static FRAUD: Decline = Decline {
    seller: "Stripe blocked this payment as too risky.",
    ..decline("card_declined", "fraudulent", "Your card was declined.", "do_not_try_again")
};
static EXPIRED: Decline = Decline {
    seller: "The bank returned the decline code `expired_card`.",
    param: Some("exp_month"),
    ..decline("expired_card", "expired_card", "Your card has expired.", "confirm_card_data")
};
static CVC: Decline = Decline {
    seller: "The bank returned the decline code `incorrect_cvc`.",
    param: Some("cvc"),
    ..decline(
        "incorrect_cvc",
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "confirm_card_data",
    )
};
static PROCESSING: Decline = Decline {
    seller: "The bank returned the decline code `processing_error`.",
    ..decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "try_again_later",
    )
};
/// A card that exists, in test mode.
pub(crate) static NOT_A_TEST_CARD: Decline = decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list \
     of valid test cards, visit: https://stripe.com/docs/testing.",
    "do_not_try_again",
);
/// The payer has to be there.
pub(crate) static AUTHENTICATION: Decline = decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "try_again_later",
);

static NO_FUNDS: Decline = decline(
    "insufficient_funds",
    "insufficient_funds",
    "The customer's bank account has insufficient funds.",
    "try_again_later",
);
static CLOSED: Decline = decline(
    "account_closed",
    "account_closed",
    "The customer's bank account has been closed.",
    "do_not_try_again",
);
static NO_ACCOUNT: Decline = decline(
    "no_account",
    "no_account",
    "The customer's bank account could not be located.",
    "do_not_try_again",
);
static NOT_AUTHORIZED: Decline = decline(
    "debit_not_authorized",
    "debit_not_authorized",
    "The customer has notified their bank that this payment was unauthorized.",
    "do_not_try_again",
);

const fn card(number: &'static str, names: &'static [&'static str], outcome: Outcome) -> Card {
    Card { number, names, outcome }
}

/// Every test card.
pub(crate) static CARDS: &[Card] = &[
    card("4242424242424242", &["visa", "us", "bypassPending"], Outcome::Approve),
    card("4000056655665556", &["visa_debit"], Outcome::Approve),
    card("5555555555554444", &["mastercard"], Outcome::Approve),
    card("2223003122003222", &[], Outcome::Approve),
    card("5200828282828210", &["mastercard_debit"], Outcome::Approve),
    card("5105105105105100", &["mastercard_prepaid"], Outcome::Approve),
    card("378282246310005", &["amex"], Outcome::Approve),
    card("371449635398431", &[], Outcome::Approve),
    card("6011111111111117", &["discover"], Outcome::Approve),
    card("3056930009020004", &["diners"], Outcome::Approve),
    card("3566002020360505", &["jcb"], Outcome::Approve),
    card("6200000000000005", &["unionpay"], Outcome::Approve),
    // Riskier than most, and riskiest of all.
    card("4000000000009235", &["riskLevelElevated"], Outcome::Approve),
    card("4000000000004954", &["riskLevelHighest"], Outcome::Approve),
    // Issued elsewhere.
    card("4000002760000016", &["de"], Outcome::Approve),
    card("4000008260000000", &["gb"], Outcome::Approve),
    // Its refund takes a while.
    card("4000000000007726", &["pendingRefund"], Outcome::Approve),
    // Disputed at once; the last one is only asked about.
    card("4000000000000259", &["createDispute"], Outcome::Approve),
    card("4000000000002685", &["createDisputeProductNotReceived"], Outcome::Approve),
    card("4000000000001976", &["createDisputeInquiry"], Outcome::Approve),
    // Its refund fails later.
    card("4000000000005126", &["refundFail"], Outcome::Approve),
    card("4000000000003055", &["threeDSecureOptional"], Outcome::Approve),
    card(
        "4000000000000002",
        &["chargeDeclined", "visa_chargeDeclined"],
        Outcome::Decline(&GENERIC),
    ),
    card("4000000000000341", &["chargeCustomerFail"], Outcome::Decline(&GENERIC)),
    card(
        "4000000000009995",
        &["chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"],
        Outcome::Decline(&FUNDS),
    ),
    card(
        "4000000000009987",
        &["chargeDeclinedLostCard", "visa_chargeDeclinedLostCard"],
        Outcome::Decline(&LOST),
    ),
    card(
        "4000000000009979",
        &["chargeDeclinedStolenCard", "visa_chargeDeclinedStolenCard"],
        Outcome::Decline(&STOLEN),
    ),
    card(
        "4000000000000069",
        &["chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"],
        Outcome::Decline(&EXPIRED),
    ),
    card(
        "4000000000000127",
        &["chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"],
        Outcome::Decline(&CVC),
    ),
    card(
        "4000000000000119",
        &["chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"],
        Outcome::Decline(&PROCESSING),
    ),
    card(
        "4000000000006975",
        &["chargeDeclinedVelocityLimitExceeded", "visa_chargeDeclinedVelocityLimitExceeded"],
        Outcome::Decline(&VELOCITY),
    ),
    card(
        "4100000000000019",
        &["chargeDeclinedFraudulent", "visa_chargeDeclinedFraudulent", "radarBlock"],
        Outcome::Decline(&FRAUD),
    ),
    card("4000002760003184", &["authenticationRequired"], Outcome::Challenge(None)),
    card("4000000000003184", &[], Outcome::Challenge(None)),
    card(
        "4000000000003220",
        &["threeDSecure2Required", "threeDSecureRequired"],
        Outcome::Challenge(None),
    ),
    card("4000000000003063", &[], Outcome::Challenge(None)),
    card(
        "4000008400001629",
        &["threeDSecureRequiredChargeDeclined"],
        Outcome::Challenge(Some(&GENERIC)),
    ),
    card(
        "4000008260003178",
        &["authenticationRequiredChargeDeclinedInsufficientFunds"],
        Outcome::Challenge(Some(&FUNDS)),
    ),
    card(
        "4000002500003155",
        &["authenticationRequiredOnSetup", "authenticationRequiredSetupForOffSession"],
        Outcome::ChallengeOnSession,
    ),
    card("000123456789", &["usBankAccount", "usBankAccount_success"], Outcome::Debit(None)),
    card("000222222227", &["usBankAccount_insufficientFunds"], Outcome::Debit(Some(&NO_FUNDS))),
    card("000111111113", &["usBankAccount_accountClosed"], Outcome::Debit(Some(&CLOSED))),
    card("000111111116", &["usBankAccount_noAccount"], Outcome::Debit(Some(&NO_ACCOUNT))),
    card(
        "000333333335",
        &["usBankAccount_debitNotAuthorized"],
        Outcome::Debit(Some(&NOT_AUTHORIZED)),
    ),
    card("000000000009", &[ENDLESS], Outcome::Debit(None)),
];

/// The bank account whose debits never end.
pub(crate) const ENDLESS: &str = "usBankAccount_processing";

/// The wallets that a card may be in.
const WALLETS: [&str; 2] = ["apple_pay", "google_pay"];

impl Card {
    /// The card with this number.
    pub(crate) fn numbered(number: &str) -> Option<&'static Self> {
        CARDS.iter().find(|card| card.number == number)
    }

    /// The card that a token such as `pm_card_visa` or `tok_visa` stands for.
    pub(crate) fn tokened(token: &str) -> Option<&'static Self> {
        let bank = || token.strip_prefix("pm_").filter(|name| name.starts_with("usBank"));
        let card = || token.strip_prefix("pm_card_").or_else(|| token.strip_prefix("tok_"));
        let name = card().or_else(bank)?;
        CARDS.iter().find(|card| card.names.contains(&name))
    }

    /// The wallet that a token such as `tok_google_pay_visa` came from, and the token of its card.
    ///
    /// Stripe makes tokens of what wallets hand over, and shows the wallet of a method made of one.
    pub(crate) fn unwrapped(token: &str) -> (Option<&'static str>, String) {
        let inside = |wallet: &'static str| {
            let rest = token.strip_prefix("tok_")?.strip_prefix(wallet)?.strip_prefix('_')?;
            Some((Some(wallet), format!("tok_{rest}")))
        };
        WALLETS.into_iter().find_map(inside).unwrap_or_else(|| (None, token.to_owned()))
    }

    /// Whether it is a bank account.
    pub(crate) const fn is_bank(&self) -> bool {
        matches!(self.outcome, Outcome::Debit(_))
    }

    /// The type of payment method it is.
    pub(crate) const fn kind(&self) -> &'static str {
        if self.is_bank() { "us_bank_account" } else { "card" }
    }

    /// Whose card it is.
    pub(crate) fn brand(&self) -> &'static str {
        match self.number.as_bytes() {
            [b'4', ..] => "visa",
            [b'3', b'4' | b'7', ..] => "amex",
            [b'3', b'5', ..] => "jcb",
            [b'3', ..] => "diners",
            [b'6', b'2', ..] => "unionpay",
            [b'6', ..] => "discover",
            _ => "mastercard",
        }
    }

    /// Whose money it spends.
    pub(crate) fn funding(&self) -> &'static str {
        if self.names.iter().any(|name| name.ends_with("_debit")) {
            "debit"
        } else if self.names.iter().any(|name| name.ends_with("_prepaid")) {
            "prepaid"
        } else {
            "credit"
        }
    }

    /// What Radar makes of a charge of it: level and score.
    pub(crate) fn risk(&self) -> (&'static str, i64) {
        match self.names {
            ["riskLevelElevated"] => ("elevated", 69),
            ["riskLevelHighest"] => ("highest", 92),
            _ => ("normal", 12),
        }
    }

    /// Where it was issued: the test cards of a country say so.
    pub(crate) fn country(&self) -> &'static str {
        match self.number.as_bytes() {
            [b'4', b'0', b'0', b'0', b'0', b'0', b'2', b'7', b'6', ..] => "DE",
            [b'4', b'0', b'0', b'0', b'0', b'0', b'8', b'2', b'6', ..] => "GB",
            _ => "US",
        }
    }

    /// Its last four digits.
    pub(crate) fn last4(&self) -> &'static str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }
}

/// Whether the check digit of a card number is right.
pub(crate) fn luhn(number: &str) -> bool {
    let sound = (12..=19).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            let twice = if place % 2 == 1 { digit * 2 } else { digit };
            if twice > 9 { twice - 9 } else { twice }
        })
        .sum();
    sound && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_numbers_lead_to_the_same_card() {
        let card = Card::tokened("pm_card_visa_chargeDeclined").unwrap();
        assert_eq!(card.number, Card::numbered("4000000000000002").unwrap().number);
        assert_eq!(Card::tokened("tok_amex").unwrap().brand(), "amex");
        assert!(Card::tokened("pm_card_").is_none());
        let (wallet, token) = Card::unwrapped("tok_google_pay_visa");
        assert_eq!((wallet, token.as_str()), (Some("google_pay"), "tok_visa"));
        assert_eq!(Card::unwrapped("tok_visa"), (None, "tok_visa".to_owned()));
    }

    #[test]
    fn a_wrong_digit_is_noticed() {
        assert!(luhn("4242424242424242"));
        assert!(!luhn("4242424242424241"));
        assert!(!luhn("42"));
        assert!(!luhn("4242-4242-4242-4242"));
    }
}
