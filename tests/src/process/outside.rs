use std::time::Duration;

use boot::{Clock, Shutdown};
use sandbox::{Authority, PaypalConfig, Sandbox};
use serde_json::Value;

use super::trust::http;
use crate::app::guard;

/// How long ago everything happens there: no reconciliation looks back that far, so that nothing but
/// what is asked about by name is found.
const AGO: Duration = Duration::from_hours(24 * 40);

/// A Stripe beside the processes of a stage, which lives on when they die. It sends no events.
pub struct OutsideStripe {
    sandbox: Sandbox,
    base: String,
    http: reqwest::Client,
    shutdown: Shutdown,
}

impl OutsideStripe {
    /// Starts to answer.
    pub fn start() -> Self {
        let bound = ingress::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let base = format!("http://{}", bound.address());
        let paypal = PaypalConfig {
            client_id: "nobody".to_owned(),
            client_secret: "nothing".into(),
            merchant_id: "SANDBXMERCHT2".to_owned(),
            webhook_id: "5TR7190CW1234567S".to_owned(),
            webhook_url: String::new(),
            api_base: format!("{base}/paypal"),
            authority: Authority::new().unwrap(),
        };
        let sandbox = Sandbox::new(sandbox::Config {
            public_url: base.clone(),
            webhook_url: String::new(),
            webhook_secret: crate::SECRET.into(),
            paypal,
            mailbox: None,
            clock: Clock::manual(Clock::System.now() - AGO),
        });
        let (sandbox, shutdown) = (sandbox.unwrap(), Shutdown::new());
        let served = bound.serve(sandbox.pages(), guard(), shutdown.clone(), Duration::ZERO);
        tokio::spawn(served);
        let http = http().build().unwrap();
        Self { sandbox, base, http, shutdown }
    }

    /// Where it is, as `STRIPE_API_BASE` wants it.
    pub fn api_base(&self) -> String {
        format!("{}/stripe/", self.base)
    }

    /// A payment of 160 dollars that is disputed: Stripe's ids of both.
    pub async fn disputed(&self) -> (String, String) {
        let form = [
            ("amount", "16000"),
            ("currency", "usd"),
            ("payment_method_types[]", "card"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
        ];
        let asked = self.http.post(format!("{}v1/payment_intents", self.api_base()));
        let asked = asked.basic_auth("sk_test_sandbox", Some("")).form(&form).send().await;
        let paid: Value = asked.unwrap().json().await.unwrap();
        assert_eq!(paid["status"], "succeeded", "{paid}");
        let payment = paid["id"].as_str().unwrap().to_owned();
        let dispute = self.sandbox.dispute(&payment, "fraudulent").unwrap();
        (payment, dispute)
    }
}

impl Drop for OutsideStripe {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}
