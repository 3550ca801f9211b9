use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use boot::{Clock, Config};
use ingress::{Claims, mint};

use super::say;
use crate::cli::Token;

/// The roles there are.
const ROLES: [&str; 4] = ["customer", "support", "finance", "admin"];

pub(super) fn run(config: &Config, options: Token) -> anyhow::Result<ExitCode> {
    if options.user.is_empty() || options.user.len() > 255 {
        bail!("--user has 1 to 255 bytes");
    }
    if let Some(unknown) = options.roles.iter().find(|role| !ROLES.contains(&role.as_str())) {
        bail!("{unknown:?} is no role; use {}", ROLES.join(", "));
    }
    let ends = Clock::System.now() + Duration::from_secs(options.minutes * 60);
    let claims = Claims {
        sub: options.user,
        email: options.email,
        roles: options.roles,
        exp: ends.seconds(),
    };
    say(mint(&config.jwt_secret, &claims)?);
    Ok(ExitCode::SUCCESS)
}
