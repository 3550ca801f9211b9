use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use boot::{
    Clock, Config, Shutdown,
    config::{Breaker, File, Fraud, MasterKey, PaypalKeys, PaypalVerification, StripeKeys},
    db::DbOptions,
};
use entities::{
    PaymentId, Provider, payment,
    provider_event::{self, Source},
};
use ingress::{Claims, guard::GuardOptions, mint};
use payments::{
    Store,
    inbox::{self, Delivery},
    ledger::Balance,
};
use quittance::{Parts, serve};
use sandbox::{Authority, Sandbox};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, EntityTrait};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;
use worker::Workers;

use crate::stripe::sign;

/// What the tests' webhooks are signed with.
pub const SECRET: &str = "whsec_q7Zx2Lr9Vb4Nn6Kk8Jj1Hh3Gg5Ff0Dd";

/// Who buys, unless a test says otherwise.
pub const USER: &str = "ada";

/// Longest time anything in these tests may take that is not under test.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a request was answered with.
#[derive(Debug)]
pub struct Asked {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The media type.
    pub kind: String,
    /// The body, as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

/// The whole program.
pub struct TestApp {
    /// What it was told.
    pub config: Config,
    /// Its database.
    pub store: Store,
    /// What its jobs work with.
    pub context: Arc<worker::Context>,
    /// Its providers.
    pub sandbox: Sandbox,
    /// What its keys in Redis begin with.
    pub prefix: String,
    /// For calls to it.
    pub http: reqwest::Client,
    authority: Authority,
    base: String,
    shutdown: Shutdown,
    workers: Option<Workers>,
    directory: TempDir,
}

impl TestApp {
    /// Everything runs: ingress, workers, sandbox.
    pub async fn start() -> Self {
        Self::build(Clock::System, true, |_| ()).await
    }

    /// No worker runs; jobs are run by [`TestApp::run_jobs`].
    pub async fn without_workers() -> Self {
        Self::build(Clock::System, false, |_| ()).await
    }

    /// No worker runs, and the clock stands.
    pub async fn with_clock(clock: Clock) -> Self {
        Self::build(clock, false, |_| ()).await
    }

    /// No worker runs, and PayPal is asked about each of its webhooks.
    pub async fn with_postback() -> Self {
        let postback = |config: &mut Config| {
            let paypal = config.paypal.as_mut().unwrap();
            paypal.verification = PaypalVerification::Postback;
        };
        Self::build(Clock::System, false, postback).await
    }

    /// No worker runs, and the configuration is changed.
    pub async fn with_config(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(Clock::System, false, change).await
    }

    /// No worker runs, the clock stands, and the configuration is changed.
    pub async fn with_clock_and_config(clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        Self::build(clock, false, change).await
    }

    /// No worker runs, and `urls` are notified of alerts, signed with `key`.
    pub async fn with_notifications(urls: Vec<String>, key: &[u8]) -> Self {
        let notify = |config: &mut Config| {
            config.file.notify.urls = urls;
            config.notify_secrets = vec![key.to_vec().into()];
        };
        Self::build(Clock::System, false, notify).await
    }

    /// No worker runs, and only Stripe is set up.
    pub async fn without_paypal() -> Self {
        Self::build(Clock::System, false, |config| config.paypal = None).await
    }

    /// No worker runs, payments are judged as they are by default, and addresses are those that a
    /// proxy of ours tells.
    pub async fn watched() -> Self {
        Self::watched_with(|_| ()).await
    }

    /// [`TestApp::watched`], and everything runs.
    pub async fn watched_running() -> Self {
        Self::build_watched(true, |_| ()).await
    }

    /// [`TestApp::watched`] with another configuration.
    pub async fn watched_with(change: impl FnOnce(&mut File)) -> Self {
        Self::build_watched(false, change).await
    }

    async fn build_watched(workers: bool, change: impl FnOnce(&mut File)) -> Self {
        Self::build(Clock::System, workers, |config| {
            config.file.fraud = Fraud::default();
            config.file.breaker = Breaker::default();
            config.file.http.trust_forwarded_for = true;
            config.file.limits.signature_failures_per_minute_per_address = 1_000_000;
            change(&mut config.file);
        })
        .await
    }

    async fn build(clock: Clock, workers: bool, change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::new().unwrap();
        let bound = ingress::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let base = format!("http://{}", bound.address());
        let mut config = config(&directory, &base, bound.address()).await;
        // The sandbox plays every provider, even one that we have no account with.
        let played = config.clone();
        change(&mut config);
        let shutdown = Shutdown::new();
        let prefix = format!("test-{}", entities::JobId::new());
        let parts = Parts::open_as(&config, clock, &prefix).await.unwrap();
        let authority = parts.authority.clone().unwrap();
        let sandbox = serve::sandbox(&played, &authority).unwrap();
        let endpoint = serve::endpoint(&config, &parts, Some(&sandbox), &shutdown);
        let stop = shutdown.clone();
        tokio::spawn(bound.serve(endpoint, guard(), stop, Duration::from_secs(2)));
        let (store, context) = (parts.store.clone(), Arc::clone(&parts.context));
        let workers = workers.then(|| serve::start_workers(&config, parts, &shutdown));
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self {
            config,
            store,
            context,
            sandbox,
            prefix,
            http,
            authority,
            base,
            shutdown,
            workers,
            directory,
        }
    }

    /// Who signs the certificates of its PayPal.
    pub fn sandbox_authority(&self) -> &Authority {
        &self.authority
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Runs every job that is due, and every job that follows from it; batches like a worker's.
    pub async fn run_jobs(&self) {
        while worker::drain_once(&self.context).await.unwrap() > 0 {}
    }

    /// A token of `user`.
    pub fn token(&self, user: &str) -> String {
        let claims = Claims {
            sub: user.to_owned(),
            email: Some(format!("{user}@example.com")),
            roles: Vec::new(),
            exp: self.store.clock.now().seconds() + 3_600,
        };
        mint(&self.config.jwt_secret, &claims).unwrap()
    }

    /// `POST path` as `user`: status and body.
    pub async fn post(&self, user: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(self.url(path)).bearer_auth(self.token(user));
        let response = request.body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Asks for `path` with `token`.
    pub async fn ask(
        &self,
        token: Option<&str>,
        verb: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Asked {
        self.ask_with(token, verb, path, body, &[]).await
    }

    /// [`TestApp::ask`] with headers.
    pub async fn ask_with(
        &self,
        token: Option<&str>,
        verb: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Asked {
        let mut request = self.http.request(verb.parse().unwrap(), self.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Asked { status, headers, kind, bytes, body }
    }

    /// Every mail in the folder, as it was written, in no order; its base64 parts undone.
    pub fn mails(&self) -> Vec<String> {
        let files = crate::process::mails(&self.directory().join("mail")).into_iter();
        files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    /// When the last mail was written.
    pub fn last_mailed(&self) -> SystemTime {
        let files = crate::process::mails(&self.directory().join("mail")).into_iter();
        let times = files.map(|file| file.metadata().unwrap().modified().unwrap());
        times.max().expect("a mail was written")
    }

    /// Runs `sql` as it is.
    pub async fn execute(&self, sql: &str) {
        self.store.db.writer().execute_unprepared(sql).await.unwrap();
    }

    /// In how many rows of `table` the bytes of `column` hold `plain`.
    pub async fn find_in_database(&self, table: &str, column: &str, plain: &str) -> usize {
        let statement = boot::sql::statement(
            self.store.db.backend(),
            &format!("SELECT {column} AS found FROM {table} WHERE {column} IS NOT NULL"),
            Vec::new(),
        );
        let rows = self.store.db.writer().query_all_raw(statement).await.unwrap();
        let bytes = rows.iter().map(|row| row.try_get::<Vec<u8>>("", "found").unwrap());
        bytes.filter(|bytes| bytes.windows(plain.len()).any(|w| w == plain.as_bytes())).count()
    }

    /// Begins to buy `pro-200` as `user`: the payment, and Stripe's id of it.
    pub async fn begin(&self, user: &str, method: &str) -> (PaymentId, String) {
        let wish = json!({ "packageId": "pro-200", "paymentMethodId": method });
        let (status, body) = self.post(user, "/api/v1/payments/stripe/intent", &wish).await;
        assert_eq!(status, 200, "{body}");
        let secret = body["data"]["clientSecret"].as_str().unwrap();
        let reference = secret.split("_secret_").next().unwrap().to_owned();
        let payments = payment::Entity::find().all(self.store.db.reader()).await.unwrap();
        let found = payments
            .into_iter()
            .find(|payment| payment.provider_reference.as_ref() == Some(&reference));
        (found.unwrap().id, reference)
    }

    /// A payment of `pro-200` that is to be paid with PayPal, which has not been asked.
    pub async fn pending_paypal(&self) -> PaymentId {
        let user = payments::customers::User { user_ref: USER.to_owned(), email: None };
        self.pending(&user, Provider::Paypal).await.id
    }

    /// A payment of `pro-200` whose object at Stripe is `reference`; Stripe is not asked.
    pub async fn pending_payment(&self, reference: Option<&str>) -> payment::Model {
        let user = payments::customers::User {
            user_ref: USER.to_owned(),
            email: Some(format!("{USER}@example.com")),
        };
        let begun = self.pending(&user, Provider::Stripe).await;
        if let Some(reference) = reference {
            payments::checkout::link(&self.store, begun.id, reference).await.unwrap();
        }
        self.payment(begun.id).await
    }

    async fn pending(
        &self,
        user: &payments::customers::User,
        provider: Provider,
    ) -> payment::Model {
        let (visit, at) = (payments::fraud::Visit::default(), (provider, false));
        let rules = &payments::core::fraud::Rules::OFF;
        let customer = payments::customers::ensure(&self.store, user).await.unwrap();
        let payer = (&customer, user.email.as_deref());
        let begun = payments::checkout::begin(&self.store, rules, payer, &visit, "pro-200", at);
        begun.await.unwrap()
    }

    /// `POST /api/v1/payments/confirm` as `user`.
    pub async fn confirm(&self, user: &str, reference: &str) -> (u16, Value) {
        let which = json!({ "paymentIntentId": reference });
        self.post(user, "/api/v1/payments/confirm", &which).await
    }

    /// Confirms at Stripe, as the payer's browser does.
    pub async fn confirm_at_stripe(&self, reference: &str) -> u16 {
        let url = self.url(&format!("/v1/payment_intents/{reference}/confirm"));
        let request = self.http.post(url).basic_auth("sk_test_browser", Some(""));
        request.send().await.unwrap().status().as_u16()
    }

    /// Delivers `event`, signed now.
    pub async fn deliver(&self, event: &Value) -> u16 {
        let body = event.to_string().into_bytes();
        let now = self.store.clock.now().seconds();
        let header = sign(SECRET, now, &body);
        self.deliver_raw(&[("stripe-signature", &header)], body).await.0
    }

    /// Writes `events` down in one transaction, as those are that arrive at the same moment; whether
    /// each was new.
    pub async fn record(&self, events: &[Value]) -> Vec<bool> {
        let deliveries: Vec<Delivery> = events.iter().map(|event| self.delivery(event)).collect();
        let (recorded, enqueued) = inbox::record(&self.store, &deliveries).await.unwrap();
        self.context.dispatcher.announce(enqueued);
        recorded.into_iter().map(|recorded| recorded != inbox::Recorded::Duplicate).collect()
    }

    /// `event` as it reaches us once its sender is proved.
    pub fn delivery(&self, event: &Value) -> Delivery {
        let gateway = self.context.gateways.get(Provider::Stripe).unwrap();
        let body = event.to_string().into_bytes();
        let envelope = gateway.open_fetched(&body).unwrap();
        Delivery {
            provider: Provider::Stripe,
            envelope,
            body,
            source: Source::Webhook,
            received_at: self.store.clock.now(),
        }
    }

    /// Delivers `body` with `headers`, whatever they are: status and body.
    pub async fn deliver_raw(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, String) {
        let mut request = self.http.post(self.url("/webhooks/stripe"));
        for (name, value) in headers {
            request = request
                .header(*name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Payment `id` as it is now.
    pub async fn payment(&self, id: PaymentId) -> payment::Model {
        payments::checkout::find(&self.store, id).await.unwrap().unwrap()
    }

    /// What `user` has.
    pub async fn balance(&self, user: &str) -> Balance {
        match payments::customers::find(&self.store, user).await.unwrap() {
            Some(customer) => payments::ledger::balance(&self.store, customer.id).await.unwrap(),
            None => Balance::default(),
        }
    }

    /// Waits until `user` may spend `credits`.
    pub async fn await_balance(&self, user: &str, credits: i64) {
        self.until(async || self.balance(user).await.available == credits).await;
    }

    /// Waits until `condition` holds.
    pub async fn until(&self, condition: impl AsyncFn() -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !condition().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.expect("it comes about in time");
    }

    /// The events of the inbox, oldest first.
    pub async fn events(&self) -> Vec<provider_event::Model> {
        let mut events = inbox::latest(&self.store, 10_000).await.unwrap();
        events.reverse();
        events
    }

    /// How many rows `table` has.
    pub async fn count(&self, table: &str) -> i64 {
        let statement = boot::sql::statement(
            self.store.db.backend(),
            &format!("SELECT COUNT(*) AS n FROM {table}"),
            Vec::new(),
        );
        let row = self.store.db.writer().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    /// Fails unless the ledger agrees with itself and with the payments.
    pub async fn assert_ledger(&self) {
        assert_eq!(payments::ledger::verify(&self.store).await.unwrap(), []);
    }

    /// Stops as on SIGTERM.
    pub async fn stop(mut self) {
        self.shutdown.trigger();
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }
}

async fn config(directory: &TempDir, base: &str, listen: std::net::SocketAddr) -> Config {
    let redis_url = match std::env::var("QUITTANCE_TEST_TRANSPORT").as_deref() {
        Ok("redis") => Some(variable("TEST_REDIS_URL").into()),
        _ => None,
    };
    Config {
        listen,
        worker_listen: None,
        public_url: base.parse().unwrap(),
        database: DbOptions {
            url: database(directory).await,
            max_connections: 8,
            statement_timeout: Duration::from_secs(15),
        },
        redis_url,
        data_dir: directory.path().to_owned(),
        stripe: Some(StripeKeys {
            secret_key: SecretString::from("sk_test_quittance_tests"),
            publishable_key: None,
            webhook_secrets: vec![SecretString::from(SECRET)],
            api_base: Url::parse(&format!("{base}/sandbox/stripe/")).unwrap(),
            account: None,
            tolerance: Duration::from_mins(5),
        }),
        paypal: Some(PaypalKeys {
            client_id: "client".to_owned(),
            client_secret: SecretString::from("secret"),
            webhook_id: crate::paypal::WEBHOOK_ID.to_owned(),
            api_base: Url::parse(&format!("{base}/sandbox/paypal/")).unwrap(),
            merchant_id: Some("SANDBXMERCHT2".to_owned()),
            verification: PaypalVerification::Certificate,
            certificate_name: None,
        }),
        sandbox: true,
        smtp_url: None,
        mail_from: "Shop <shop@example.com>".to_owned(),
        admin_email: Some("admin@example.com".to_owned()),
        notify_secrets: Vec::new(),
        jwt_secret: SecretString::from("the tests' own secret, of 32 bytes and more"),
        master_key: MasterKey::new([42; 32]),
        cors_allowed_origins: Vec::new(),
        catalog: None,
        file: file(),
    }
}

/// Tests buy more in a minute than a person in an hour.
fn file() -> File {
    let mut file = File::default();
    file.mail.per_recipient_per_hour = 1_000;
    file.fraud.enabled = false;
    file
}

/// A new database: a file, or one of the server's.
async fn database(directory: &TempDir) -> SecretString {
    if std::env::var("QUITTANCE_TEST_DB").as_deref() != Ok("postgres") {
        return format!("sqlite://{}/quittance.db", directory.path().display()).into();
    }
    let server = variable("TEST_DATABASE_URL");
    let name = format!("test_{}", entities::JobId::new().uuid().simple());
    let admin = Database::connect(ConnectOptions::new(server.clone())).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    String::from(url).into()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} names a server; scripts/test sets it"))
}

pub(crate) fn guard() -> GuardOptions {
    GuardOptions {
        first_byte_timeout: Duration::from_secs(5),
        handler_timeout: Duration::from_secs(30),
        keep_alive_timeout: Duration::from_mins(1),
        max_connections: 1_000,
        max_connections_per_address: 0,
        exempt_loopback: true,
    }
}
