//! Bodies, with a limit to size and time.

use std::time::Duration;

use poem::{Body, error::ReadBodyError};

use crate::Problem;

/// Largest body of an API call; they are a few short fields.
pub(crate) const API_LIMIT: usize = 64 * 1024;

/// Reads `body` whole.
pub(crate) async fn read(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Problem> {
    match tokio::time::timeout(time, body.into_bytes_limit(limit)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(Problem::TooLarge(limit)),
        Ok(Err(_)) | Err(_) => Err(Problem::Incomplete),
    }
}
