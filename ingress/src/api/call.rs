//! A request that has passed the gate.

use std::str::FromStr;

use payments::{customers::User, fraud::Visit};
use serde::de::DeserializeOwned;

use crate::{App, Problem};

/// What a handler gets.
pub(crate) struct Call {
    pub(crate) app: App,
    /// Who asks; `None` only where nobody has to say.
    pub(crate) user: Option<User>,
    /// Their roles with the seller.
    pub(crate) roles: Vec<String>,
    /// Where they come from.
    pub(crate) visit: Visit,
    /// The id in the path, if there is one.
    pub(crate) id: Option<String>,
    /// What follows the question mark.
    pub(crate) query: String,
    /// The body, whole.
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// Who asks.
    pub(crate) fn user(&self) -> Result<&User, Problem> {
        self.user.as_ref().ok_or(Problem::Unauthenticated("send Authorization: Bearer and a token"))
    }

    /// The body as the JSON of a `T`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| Problem::Malformed(error.to_string()))
    }

    /// The query as a `T`.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_urlencoded::from_str(&self.query)
            .map_err(|error| Problem::Malformed(error.to_string()))
    }

    /// The id in the path. One that is no id is nobody's, as one of somebody else is.
    pub(crate) fn id<T: FromStr>(&self) -> Result<T, Problem> {
        let id = self.id.as_deref().and_then(|id| id.parse().ok());
        id.ok_or(Problem::NotFound)
    }
}
