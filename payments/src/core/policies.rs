use std::sync::Arc;

use entities::Provider;

use super::Policy;

/// What facts of each provider have to agree with.
#[derive(Clone, Debug, Default)]
pub struct Policies(Arc<[(Provider, Policy)]>);

impl Policies {
    /// One policy for each provider that is set up.
    pub fn new(policies: impl IntoIterator<Item = (Provider, Policy)>) -> Self {
        Self(policies.into_iter().collect())
    }

    /// The policy for `provider`; `None` if it is not set up.
    pub fn get(&self, provider: Provider) -> Option<&Policy> {
        self.0.iter().find(|(of, _)| *of == provider).map(|(_, policy)| policy)
    }
}
