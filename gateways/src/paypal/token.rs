//! The access token: fetched once for all who wait, and renewed before it ends.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use super::refusal;
use crate::{
    GatewayError, Unreadable,
    wire::{Answer, Wire},
};

/// How long before its end a token is renewed: no call takes longer to arrive.
const EARLY: Duration = Duration::from_mins(1);

/// Longest that a token is used, whatever PayPal says; it says nine hours.
const LONGEST: Duration = Duration::from_hours(12);

/// The token in use.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Held while a token is fetched, so that all who wait take the same one.
    current: Mutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    secret: SecretString,
    good_until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u64,
}

/// Who asks for a token.
pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a SecretString,
    pub(super) url: &'a str,
}

impl Tokens {
    /// A token that is good for a call.
    pub(super) async fn get(
        &self,
        wire: &Wire,
        client: &Client<'_>,
    ) -> Result<SecretString, GatewayError> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| Instant::now() < token.good_until) {
            return Ok(token.secret.clone());
        }
        let granted = fetch(wire, client).await?;
        let lifetime = Duration::from_secs(granted.expires_in).min(LONGEST);
        let good_until = Instant::now() + lifetime.saturating_sub(EARLY);
        *current = Some(Token { secret: granted.access_token.clone(), good_until });
        Ok(granted.access_token)
    }

    /// Forgets `refused`, unless somebody has fetched another one since.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut current = self.current.lock().await;
        let same = |token: &mut Token| token.secret.expose_secret() == refused.expose_secret();
        drop(current.take_if(same));
    }
}

/// `POST /v1/oauth2/token`; asking twice does no harm.
async fn fetch(wire: &Wire, client: &Client<'_>) -> Result<Granted, GatewayError> {
    let make = |http: &reqwest::Client| {
        http.post(client.url)
            .basic_auth(client.id, Some(client.secret.expose_secret()))
            .form(&[("grant_type", "client_credentials")])
    };
    let answer = wire.call(true, make, |status, body, _| refusal::read(status, body)).await;
    let Answer { body, .. } = answer?;
    let granted: Granted = serde_json::from_slice(&body)
        .map_err(|error| GatewayError::Shape(Unreadable::from(error)))?;
    let sendable = |byte: u8| byte.is_ascii_graphic();
    if !granted.access_token.expose_secret().bytes().all(sendable) {
        return Err(GatewayError::Shape(Unreadable::new("the token cannot be sent")));
    }
    Ok(granted)
}
