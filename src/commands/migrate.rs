use std::process::ExitCode;

use boot::Config;
use migration::{Migrate as _, Migrator};

use super::say;
use crate::{cli::Migrate, parts};

pub(super) async fn run(config: &Config, action: Migrate) -> anyhow::Result<ExitCode> {
    let db = parts::connect(config).await?;
    match action {
        Migrate::Up => parts::migrate(&db).await?,
        Migrate::Down { steps } => Migrator::down(db.writer(), Some(steps)).await?,
        Migrate::Status => {}
    }
    let applied = Migrator::get_applied_migrations(db.writer()).await?;
    let pending = Migrator::get_pending_migrations(db.writer()).await?;
    for migration in applied {
        say(format_args!("applied  {}", migration.name()));
    }
    for migration in pending {
        say(format_args!("pending  {}", migration.name()));
    }
    Ok(ExitCode::SUCCESS)
}
