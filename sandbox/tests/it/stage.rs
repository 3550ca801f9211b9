//! A sandbox that is being served, and somebody who takes its webhooks.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use boot::Clock;
use poem::{
    Endpoint, IntoEndpoint, Request, Response, Route, Server,
    endpoint::make,
    http::{HeaderMap, Method, StatusCode},
    listener::{Acceptor, Listener, TcpListener},
};
use reqwest::{Client, RequestBuilder, redirect};
use sandbox::{Authority, Config, PaypalConfig, Sandbox};
use secrecy::SecretString;
use serde_json::Value;

/// What webhooks are signed with.
pub(crate) const SECRET: &str = "whsec_stage";

/// A key that the sandbox accepts.
pub(crate) const KEY: &str = "sk_test_stage";

/// A payment by card, not yet confirmed.
pub(crate) const SALE: [(&str, &str); 3] =
    [("amount", "2000"), ("currency", "usd"), ("payment_method_types[]", "card")];

/// A sandbox on a port of its own.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) hooks: Hooks,
    pub(crate) client: Client,
}

/// The PayPal half, which sends its events to `webhook_url`.
pub(crate) fn paypal(webhook_url: &str) -> PaypalConfig {
    PaypalConfig {
        client_id: "client".to_owned(),
        client_secret: SecretString::from("secret"),
        merchant_id: "SANDBXMERCHT2".to_owned(),
        webhook_id: "5TR7190CW1234567S".to_owned(),
        webhook_url: webhook_url.to_owned(),
        api_base: "http://sandbox.test/sandbox/paypal".to_owned(),
        authority: Authority::new().unwrap(),
    }
}

/// What the sandbox answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// A text in the body, by the path of its keys.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with_mailbox(None).await
    }

    pub(crate) async fn with_mailbox(mailbox: Option<PathBuf>) -> Self {
        let hooks = Hooks::default();
        let inbox = serve(hooks.endpoint()).await;
        let clock = Clock::manual(Clock::System.now());
        let sandbox = Sandbox::new(Config {
            public_url: "http://sandbox.test".to_owned(),
            webhook_url: format!("{inbox}/hooks"),
            webhook_secret: SecretString::from(SECRET),
            paypal: paypal(&format!("{inbox}/hooks")),
            mailbox,
            clock: clock.clone(),
        })
        .unwrap();
        let app = Route::new().nest("/v1", sandbox.stripe_api()).nest("/sandbox", sandbox.pages());
        let base = serve(app).await;
        let client = Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { sandbox, base, clock, hooks, client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        send(self.request(Method::POST, path).bearer_auth(KEY).form(params)).await
    }

    pub(crate) async fn post_as(&self, key: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth(KEY);
        send(request.header("idempotency-key", key).form(params)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(KEY)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path).bearer_auth(KEY)).await
    }

    /// Confirms a new payment with `method` at once.
    pub(crate) async fn pay(&self, method: &str, more: &[(&str, &str)]) -> Answer {
        let now = [("confirm", "true"), ("payment_method", method)];
        self.post("/v1/payment_intents", &[&SALE[..], &now, more].concat()).await
    }

    /// The types of the events so far, oldest first.
    pub(crate) fn event_types(&self) -> Vec<String> {
        let kind = |event: Value| event["type"].as_str().unwrap().to_owned();
        self.sandbox.events().into_iter().map(kind).collect()
    }
}

/// Sends a request of any kind.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Answer { status, headers, text, body }
}

/// A webhook, as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Takes webhooks.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    taken: Arc<Mutex<Vec<Hook>>>,
    /// What to answer next; 200, once there is nothing left.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Hooks {
    /// Answers the next webhooks with these.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// What has arrived so far.
    pub(crate) fn taken(&self) -> Vec<Hook> {
        self.taken.lock().unwrap().clone()
    }

    fn endpoint(&self) -> impl Endpoint + use<> {
        let hooks = self.clone();
        make(move |mut request: Request| {
            let hooks = hooks.clone();
            async move {
                let body = request.take_body().into_string().await.unwrap();
                let headers = request.headers().clone();
                hooks.taken.lock().unwrap().push(Hook { headers, body });
                let status = hooks.answers.lock().unwrap().pop_front().unwrap_or(200);
                let status = StatusCode::from_u16(status).unwrap();
                // Whoever follows redirects would come back here.
                Response::builder().status(status).header("location", "/elsewhere").finish()
            }
        })
    }
}

async fn serve<E>(app: impl IntoEndpoint<Endpoint = E>) -> String
where
    E: Endpoint + 'static,
{
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app.into_endpoint()));
    format!("http://{address}")
}
