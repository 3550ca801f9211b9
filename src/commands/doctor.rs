use std::process::ExitCode;

use boot::{Config, Db};
use jobs::{
    Lane,
    tickets::{Carrier, RedisCarrier},
};
use migration::{Migrate, Migrator};
use sea_orm::DbErr;
use secrecy::ExposeSecret;

use super::say;
use crate::parts;

/// Checks what the configuration names. That it could be read at all was the first check.
pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut healthy = true;
    let mut report = |what: &str, problem: Option<String>| match problem {
        None => say(format_args!("ok       {what}")),
        Some(problem) => {
            healthy = false;
            say(format_args!("PROBLEM  {what}: {problem}"));
        }
    };
    report("configuration", None);
    match parts::connect(config).await {
        Err(error) => report("database", Some(format!("{error:#}"))),
        Ok(db) => {
            report("database", None);
            let durability = db.durability_problem().await;
            report("durability", durability.unwrap_or_else(|e| Some(e.to_string())));
            report("schema", schema(&db).await.unwrap_or_else(|e| Some(e.to_string())));
        }
    }
    match &config.redis_url {
        None => say("-        Redis: not set; one process hands jobs over in memory"),
        Some(url) => report("Redis", redis(url.expose_secret()).await),
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn schema(db: &Db) -> Result<Option<String>, DbErr> {
    let pending = Migrator::get_pending_migrations(db.writer()).await?.len();
    Ok((pending > 0)
        .then(|| format!("{pending} migrations are missing; run: quittance migrate up")))
}

/// Jobs survive the loss of Redis; an evicting one only makes them late, over and over.
async fn redis(url: &str) -> Option<String> {
    let carrier = match RedisCarrier::new(url, "quittance") {
        Ok(carrier) => carrier,
        Err(error) => return Some(format!("{error}; write redis://host:6379")),
    };
    if let Err(error) = carrier.outstanding(Lane::Events).await {
        return Some(format!("{:#}", anyhow::Error::from(error)));
    }
    match carrier.setting("maxmemory-policy").await {
        Ok(policy) if policy == "noeviction" => None,
        Ok(policy) => Some(format!("maxmemory-policy is {policy}; set it to noeviction")),
        Err(error) => Some(format!("its settings cannot be read: {error}")),
    }
}
