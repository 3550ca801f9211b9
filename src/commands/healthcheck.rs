use std::{net::Ipv4Addr, process::ExitCode, time::Duration};

use boot::Config;

use super::say;

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).no_proxy().build()?;
    let response = client.get(format!("http://{address}/health/ready")).send().await?;
    say(response.status());
    Ok(if response.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
