//! What goes wrong on request.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// Longest delay that may be asked for. A client has given up by then.
const MAX_DELAY_MS: u64 = 60_000;

/// What is to go wrong, and how often. By default, nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Webhooks in a hundred that are never sent. Their events are listed all the same.
    pub drop_percent: u8,
    /// Webhooks in a hundred that are sent twice.
    pub double_percent: u8,
    /// Longest time for which a webhook is held back.
    pub delay_ms: u64,
    /// Whether webhooks overtake each other.
    pub reorder: bool,
    /// Webhooks in a hundred that are followed by a forgery with a wrong signature.
    pub forge_percent: u8,
    /// API calls in a hundred that are done, but never answered.
    pub lose_response_percent: u8,
    /// API calls in a hundred that are not done, and answered 500.
    pub fail_api_percent: u8,
    /// Longest time that an API call takes.
    pub api_delay_ms: u64,
    /// For how long a payment is `processing` before it succeeds or fails.
    pub processing_ms: u64,
    /// Equal seeds, equal luck.
    pub seed: u64,
}

impl Faults {
    /// Refuses values that make no sense.
    pub fn check(&self) -> Result<(), SandboxError> {
        let percents = [
            ("drop_percent", self.drop_percent),
            ("double_percent", self.double_percent),
            ("forge_percent", self.forge_percent),
            ("lose_response_percent", self.lose_response_percent),
            ("fail_api_percent", self.fail_api_percent),
        ];
        if let Some((name, value)) = percents.into_iter().find(|(_, value)| *value > 100) {
            return Err(SandboxError::Faults(format!("{name} is {value}, but at most 100")));
        }
        let delays = [
            ("delay_ms", self.delay_ms),
            ("api_delay_ms", self.api_delay_ms),
            ("processing_ms", self.processing_ms),
        ];
        if let Some((name, value)) = delays.into_iter().find(|(_, value)| *value > MAX_DELAY_MS) {
            return Err(SandboxError::Faults(format!(
                "{name} is {value}, but at most {MAX_DELAY_MS}"
            )));
        }
        Ok(())
    }
}

/// The faults in force, and the luck that decides whom they strike.
#[derive(Debug)]
pub(crate) struct Dice {
    faults: Faults,
    luck: StdRng,
}

/// What is to happen to a webhook.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WebhookFate {
    /// It is never sent.
    pub(crate) dropped: bool,
    /// It is sent twice.
    pub(crate) doubled: bool,
    /// A forgery follows.
    pub(crate) forged: bool,
    /// For how long it is held back.
    pub(crate) delay_ms: u64,
}

/// What is to happen to an API call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallFate {
    /// It is done but not answered.
    pub(crate) lost: bool,
    /// It is not done, and answered 500.
    pub(crate) failed: bool,
    /// How long it takes.
    pub(crate) delay_ms: u64,
}

impl Dice {
    /// Dice for these faults.
    pub(crate) fn new(faults: Faults) -> Self {
        let luck = StdRng::seed_from_u64(faults.seed);
        Self { faults, luck }
    }

    /// The faults in force.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Decides about a webhook.
    pub(crate) fn webhook(&mut self) -> WebhookFate {
        /// Enough for the webhooks of the same call to change places.
        const OVERTAKE_MS: u64 = 500;
        let overtake = if self.faults.reorder { OVERTAKE_MS } else { 0 };
        WebhookFate {
            dropped: self.strikes(self.faults.drop_percent),
            doubled: self.strikes(self.faults.double_percent),
            forged: self.strikes(self.faults.forge_percent),
            delay_ms: self.luck.random_range(0..=self.faults.delay_ms.max(overtake)),
        }
    }

    /// Decides about an API call.
    pub(crate) fn call(&mut self) -> CallFate {
        CallFate {
            lost: self.strikes(self.faults.lose_response_percent),
            failed: self.strikes(self.faults.fail_api_percent),
            delay_ms: self.luck.random_range(0..=self.faults.api_delay_ms),
        }
    }

    fn strikes(&mut self, percent: u8) -> bool {
        self.luck.random_range(0..100) < percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_bring_equal_luck() {
        let faults = Faults { drop_percent: 50, seed: 7, ..Faults::default() };
        let fates = |faults: &Faults| -> Vec<bool> {
            let mut dice = Dice::new(faults.clone());
            (0..100).map(|_| dice.webhook().dropped).collect()
        };
        assert_eq!(fates(&faults), fates(&faults));
        assert_ne!(fates(&faults), fates(&Faults { seed: 8, ..faults.clone() }));
    }

    #[test]
    fn bad_values_are_refused() {
        assert!(Faults { drop_percent: 101, ..Faults::default() }.check().is_err());
        assert!(Faults { delay_ms: 60_001, ..Faults::default() }.check().is_err());
        assert!(
            Faults { drop_percent: 100, delay_ms: 60_000, ..Faults::default() }.check().is_ok()
        );
    }
}
