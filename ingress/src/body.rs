//! Bodies, with a limit to size and time.

use std::time::Duration;

use poem::{Body, error::ReadBodyError};
use serde::de::DeserializeOwned;

use crate::Problem;

/// Largest body of an API call; they are a few short fields.
const API_LIMIT: usize = 64 * 1024;

/// Reads `body` whole.
pub(crate) async fn read(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Problem> {
    match tokio::time::timeout(time, body.into_bytes_limit(limit)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(Problem::TooLarge(limit)),
        Ok(Err(_)) | Err(_) => Err(Problem::Incomplete),
    }
}

/// Reads `body` as the JSON of a `T`.
pub(crate) async fn json<T: DeserializeOwned>(body: Body, time: Duration) -> Result<T, Problem> {
    let bytes = read(body, API_LIMIT, time).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::Malformed(error.to_string()))
}
