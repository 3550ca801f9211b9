use std::process::ExitCode;

use boot::Config;
use payments::inbox;
use sea_orm::ActiveEnum;
use serde_json::json;

use super::{say, store};
use crate::cli::Events;

pub(super) async fn run(config: &Config, options: &Events) -> anyhow::Result<ExitCode> {
    let store = store(config).await?;
    for event in inbox::latest(&store, options.limit).await? {
        let state = event.state.to_value();
        if options.json {
            say(json!({
                "id": event.id,
                "event_id": event.event_id,
                "provider": event.provider,
                "kind": event.kind,
                "state": state,
                "error": event.error,
                "source": event.source.as_str(),
                "received_at": event.received_at,
                "settled_at": event.settled_at,
            }));
        } else {
            let error = event.error.unwrap_or_default();
            say(format_args!("{}  {state:9} {:40} {error}", event.received_at, event.kind));
        }
    }
    Ok(ExitCode::SUCCESS)
}
