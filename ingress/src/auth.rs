//! Who is asking: a token that the host application signed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use entities::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use payments::customers::User;
use poem::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{App, Problem, Watch};

/// Difference between the host application's clock and ours that is forgiven.
const LEEWAY: Duration = Duration::from_mins(1);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The host application's id of the user.
    pub sub: String,
    /// Where to write to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `customer`, `support`, `finance`, `admin`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// What tokens are proved with (HS256).
#[derive(Clone)]
pub struct TokenKey {
    key: Arc<DecodingKey>,
    watch: Option<Watch>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey([REDACTED])")
    }
}

impl TokenKey {
    /// The key that `secret` is.
    pub fn new(secret: &SecretString) -> Self {
        let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
        Self { key: Arc::new(key), watch: None }
    }

    /// This key, which tells `watch` of every token that it does not prove.
    #[must_use]
    pub(crate) fn watched(self, watch: &Watch) -> Self {
        Self { watch: Some(watch.clone()), ..self }
    }

    /// Proves `token` and reads it; one algorithm, and never the one the token asks for.
    pub fn prove(&self, token: &str, now: Timestamp) -> Result<Claims, Problem> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        // Against the clock we were handed, not the library's.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let proved = jsonwebtoken::decode::<Claims>(token, &self.key, &validation);
        let claims = proved
            .map_err(|_| {
                // An old token was ours once; this one never was.
                self.watch.iter().for_each(Watch::sign_in_failure);
                Problem::Unauthenticated("the token is not signed as it should be")
            })?
            .claims;
        let ends = Timestamp::from_seconds(claims.exp) + LEEWAY;
        if ends < now {
            return Err(Problem::Unauthenticated("the token has expired"));
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return Err(Problem::Unauthenticated("the token names no user (sub, 1 to 255 bytes)"));
        }
        if claims.sub.contains('\0') {
            return Err(Problem::Unauthenticated("the token's sub holds U+0000"));
        }
        Ok(claims)
    }
}

/// A token for `claims`, as the host application would sign it.
pub fn mint(secret: &SecretString, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
}

/// The user who is asking, and their roles.
pub(crate) fn caller(app: &App, request: &Request) -> Result<(User, Vec<String>), Problem> {
    let token = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(Problem::Unauthenticated("send Authorization: Bearer and a token"))?;
    let claims = app.token_key.prove(token, app.clock().now())?;
    Ok((User { user_ref: claims.sub, email: claims.email }, claims.roles))
}
