//! Serves the sandbox alone: `serve PORT [WEBHOOK_URL [MAILBOX]]`.

use std::env;

use poem::{Route, Server, listener::TcpListener};
use sandbox::{Authority, Config, PaypalConfig, Sandbox};
use secrecy::SecretString;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "5010".to_owned()).parse()?;
    let sandbox = Sandbox::new(Config {
        public_url: format!("http://127.0.0.1:{port}"),
        webhook_url: arguments.next().unwrap_or_default(),
        webhook_secret: SecretString::from("whsec_sandbox"),
        paypal: PaypalConfig {
            client_id: "sandbox-client".to_owned(),
            client_secret: SecretString::from("sandbox-secret"),
            merchant_id: "SANDBXMERCHT2".to_owned(),
            webhook_id: "5TR7190CW1234567S".to_owned(),
            webhook_url: String::new(),
            api_base: format!("http://127.0.0.1:{port}/sandbox/paypal"),
            authority: Authority::new()?,
        },
        mailbox: arguments.next().map(Into::into),
        clock: boot::Clock::System,
    })?;
    let app = Route::new().nest("/v1", sandbox.stripe_api()).nest("/sandbox", sandbox.pages());
    Server::new(TcpListener::bind(("127.0.0.1", port))).run(app).await?;
    Ok(())
}
