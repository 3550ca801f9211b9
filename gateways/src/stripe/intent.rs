//! Stripe's payment intents in our words.

use std::borrow::Cow;

use entities::{
    Money, PaymentId, Provider, Timestamp,
    fact::{Fact, Failure, News, Receipt},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    amount::from_stripe,
    charge::{Charge, Method, only_choice},
    envelope::is_word,
};
use crate::{
    Unreadable,
    json::{code, link, maybe},
};

/// What a failure is called whose reason Stripe does not give.
const UNKNOWN: &str = "unknown";

/// The parts of a payment intent that we use; the raw ones we can do without.
#[derive(Deserialize)]
pub(super) struct Intent<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    id: String,
    amount: i64,
    #[serde(default)]
    amount_received: Option<i64>,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    pub(super) livemode: bool,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    client_secret: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(borrow, default)]
    canceled_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    latest_charge: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payment_method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payment_method_types: Option<&'a RawValue>,
    #[serde(borrow, default)]
    last_payment_error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    next_action: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    payment_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PaymentError<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    decline_code: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct NextAction<'a> {
    #[serde(borrow)]
    redirect_to_url: Redirect<'a>,
}

#[derive(Deserialize)]
struct Redirect<'a> {
    #[serde(borrow)]
    url: Option<&'a RawValue>,
}

/// What is known of a payment intent from around it.
pub(super) struct Context {
    pub(super) account: Option<String>,
    pub(super) occurred_at: Timestamp,
}

impl<'a> Intent<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, Unreadable> {
        let intent: Self = serde_json::from_str(json)?;
        if intent.object != "payment_intent" {
            return Err(Unreadable::new("the object is not a payment intent"));
        }
        if !is_word(&intent.id) {
            return Err(Unreadable::new("the payment intent's id is not a word"));
        }
        Ok(intent)
    }

    /// The fact that `news` came of this payment.
    pub(super) fn fact(&self, news: News, context: Context) -> Result<Fact, Unreadable> {
        Ok(Fact {
            provider: Provider::Stripe,
            reference: self.id.clone(),
            claimed: self.claimed(),
            livemode: self.livemode,
            account: context.account,
            asked: from_stripe(self.amount, &self.currency)?,
            occurred_at: context.occurred_at,
            news,
        })
    }

    /// What became of the payment, by its status.
    pub(super) fn news(&self) -> Result<News, Unreadable> {
        Ok(match &*self.status {
            "requires_payment_method" if self.payment_error().is_some() => {
                News::Failed(self.failure())
            }
            "requires_payment_method" | "requires_confirmation" => News::Created,
            "requires_action" => News::RequiresAction,
            // Money set aside for a capture is not money that arrived.
            "processing" | "requires_capture" => News::Processing,
            "succeeded" => News::Succeeded(self.receipt()?),
            "canceled" => News::Canceled,
            _ => return Err(Unreadable::new("the payment intent's status is unknown")),
        })
    }

    pub(super) fn receipt(&self) -> Result<Receipt, Unreadable> {
        let received =
            self.amount_received.ok_or(Unreadable::new("the amount received is missing"))?;
        let charge = self.charge();
        let method = charge
            .as_ref()
            .and_then(Charge::method)
            .or_else(|| maybe(self.payment_method).map(|method: Method| method.summary()))
            .unwrap_or_else(|| only_choice(self.payment_method_types));
        Ok(Receipt {
            collected: self.money(received)?,
            method,
            evidence: charge.as_ref().map(Charge::evidence).unwrap_or_default(),
            receipt_url: charge.and_then(|charge| charge.receipt_url()),
        })
    }

    pub(super) fn failure(&self) -> Failure {
        let error = self.payment_error();
        Failure {
            code: error
                .as_ref()
                .and_then(|error| code(error.code))
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            decline_code: error.and_then(|error| code(error.decline_code)),
        }
    }

    /// When this payment came to its present state, as far as it says so itself.
    pub(super) fn settled_at(&self) -> Option<Timestamp> {
        match &*self.status {
            "canceled" => time(self.canceled_at),
            "requires_confirmation" => self.created_at(),
            "requires_payment_method" if self.payment_error().is_none() => self.created_at(),
            _ => self.charge().and_then(|charge| charge.created()),
        }
    }

    pub(super) fn created_at(&self) -> Option<Timestamp> {
        time(self.created)
    }

    pub(super) fn client_secret(&self) -> Option<SecretString> {
        maybe::<String>(self.client_secret).map(SecretString::from)
    }

    pub(super) fn next_action_url(&self) -> Option<String> {
        maybe(self.next_action).and_then(|action: NextAction<'_>| link(action.redirect_to_url.url))
    }

    fn money(&self, minor: i64) -> Result<Money, Unreadable> {
        from_stripe(minor, &self.currency)
    }

    /// Whose payment it claims to be: a claim, which may be absent or nonsense.
    fn claimed(&self) -> Option<PaymentId> {
        let metadata: Metadata<'_> = maybe(self.metadata)?;
        maybe::<String>(metadata.payment_id)?.parse().ok()
    }

    /// The latest charge, unless there is only its id.
    fn charge(&self) -> Option<Charge<'a>> {
        maybe(self.latest_charge)
    }

    fn payment_error(&self) -> Option<PaymentError<'a>> {
        maybe(self.last_payment_error)
    }
}

fn time(raw: Option<&RawValue>) -> Option<Timestamp> {
    maybe(raw).filter(|seconds| *seconds > 0).map(Timestamp::from_seconds)
}
