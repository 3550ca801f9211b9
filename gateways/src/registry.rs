//! Which providers are set up.

use std::sync::Arc;

use entities::Provider;

use crate::Gateway;

/// The gateways that are set up, one for each provider; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Gateways(Arc<[Arc<dyn Gateway>]>);

impl Gateways {
    /// A registry of `gateways`; of two for one provider the first counts.
    pub fn new(gateways: impl IntoIterator<Item = Arc<dyn Gateway>>) -> Self {
        Self(gateways.into_iter().collect())
    }

    /// The gateway to `provider`, if it is set up.
    pub fn get(&self, provider: Provider) -> Option<&Arc<dyn Gateway>> {
        self.iter().find(|gateway| gateway.provider() == provider)
    }

    /// Every gateway.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.0.iter()
    }
}

impl FromIterator<Arc<dyn Gateway>> for Gateways {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Gateway>>>(gateways: I) -> Self {
        Self::new(gateways)
    }
}
