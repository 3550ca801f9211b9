use std::process::ExitCode;

use boot::{Config, Shutdown};

use super::say;
use crate::serve::{self, Role};

/// Runs a process until it is told to stop.
pub(super) async fn start(config: &Config, role: Role) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on_signals()?;
    if role != Role::Worker {
        welcome(config);
    }
    serve::run(config, role, &shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

fn welcome(config: &Config) {
    let base = config.public_url.as_str().trim_end_matches('/');
    say(format_args!("Quittance at {base}"));
    if !config.sandbox {
        return;
    }
    say(format_args!(
        "
No provider key is set, so a sandbox plays Stripe and PayPal. Open:
  {base}/             buy a package as a made-up user
  {base}/sandbox      payments, orders, events, deliveries, and faults on request
  {base}/sandbox/mail receipts

Or try it from a shell:
  TOKEN=$(cargo run -q -- token --user demo --email demo@example.com)
  curl -s {base}/api/v1/payments/stripe/intent -H \"Authorization: Bearer $TOKEN\" \\
    -d '{{\"packageId\":\"pro-200\",\"paymentMethodId\":\"pm_card_visa\"}}'
  curl -s {base}/api/v1/payments/confirm -H \"Authorization: Bearer $TOKEN\" \\
    -d '{{\"paymentIntentId\":\"pi_… (the clientSecret up to _secret_)\"}}'
  curl -s {base}/api/v1/credits/balance -H \"Authorization: Bearer $TOKEN\"
"
    ));
}
