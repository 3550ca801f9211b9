//! Calls to PayPal: with a token, and with a request id wherever something is written.

use std::num::NonZeroU32;

use entities::Provider;
use reqwest::{Client, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};

use super::{
    config::{Config, ConfigError},
    refusal,
    requests::Request,
    token::{self, Tokens},
};
use crate::{
    GatewayError,
    retry::Limits,
    wire::{Answer, Setup, Wire},
};

/// The way to PayPal.
pub(super) struct Transport {
    wire: Wire,
    base: String,
    token_url: String,
    client_id: String,
    client_secret: SecretString,
    tokens: Tokens,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(config: &Config, limits: Limits) -> Result<Self, ConfigError> {
        let per_second = NonZeroU32::new(config.requests_per_second).ok_or(ConfigError::Limits)?;
        let wire = Wire::new(&Setup {
            provider: Provider::Paypal,
            https_only: config.api_base.scheme() == "https",
            per_second,
            limits,
            advice: None,
        });
        let base = config.api_base.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            wire: wire.map_err(ConfigError::Client)?,
            token_url: format!("{base}/v1/oauth2/token"),
            base,
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            tokens: Tokens::default(),
        })
    }

    /// Asks what may be asked twice.
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, GatewayError> {
        self.call(request, None).await
    }

    /// Writes; with the same `request_id`, once.
    pub(super) async fn post(
        &self,
        request: &Request,
        request_id: &str,
    ) -> Result<Answer, GatewayError> {
        self.call(request, Some(request_id)).await
    }

    /// A token may be withdrawn before its time: then a new one is fetched, once.
    async fn call(
        &self,
        request: &Request,
        request_id: Option<&str>,
    ) -> Result<Answer, GatewayError> {
        let token = self.token().await?;
        match self.send(request, request_id, &token).await {
            Err(GatewayError::Api { status: 401, .. }) => {
                self.tokens.forget(&token).await;
                let token = self.token().await?;
                self.send(request, request_id, &token).await
            }
            result => result,
        }
    }

    async fn send(
        &self,
        request: &Request,
        request_id: Option<&str>,
        token: &SecretString,
    ) -> Result<Answer, GatewayError> {
        let url = format!("{}/{}", self.base, request.path);
        let make = |http: &Client| {
            let call = match &request.body {
                Some((kind, body)) => http.post(&url).header(CONTENT_TYPE, kind).body(body.clone()),
                None => http.get(&url),
            };
            // The whole object, so that amounts can be compared.
            let call =
                call.bearer_auth(token.expose_secret()).header("prefer", "return=representation");
            match request_id {
                Some(id) => call.header("paypal-request-id", id),
                None => call,
            }
        };
        self.wire.call(true, make, |status, body, _| refusal::read(status, body)).await
    }

    async fn token(&self) -> Result<SecretString, GatewayError> {
        let client = token::Client {
            id: &self.client_id,
            secret: &self.client_secret,
            url: &self.token_url,
        };
        self.tokens.get(&self.wire, &client).await
    }
}
