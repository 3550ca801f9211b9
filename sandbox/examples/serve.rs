//! Serves the sandbox alone: `serve PORT [WEBHOOK_URL [MAILBOX]]`.

use std::env;

use poem::{Route, Server, listener::TcpListener};
use sandbox::{Config, Sandbox};
use secrecy::SecretString;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "5010".to_owned()).parse()?;
    let sandbox = Sandbox::new(Config {
        public_url: format!("http://127.0.0.1:{port}"),
        webhook_url: arguments.next().unwrap_or_default(),
        webhook_secret: SecretString::from("whsec_sandbox"),
        mailbox: arguments.next().map(Into::into),
        clock: boot::Clock::System,
    })?;
    let app = Route::new().nest("/v1", sandbox.stripe_api()).nest("/sandbox", sandbox.pages());
    Server::new(TcpListener::bind(("127.0.0.1", port))).run(app).await?;
    Ok(())
}
