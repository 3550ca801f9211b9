use poem::Response;
use serde::Deserialize;

use super::Call;
use crate::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    year: i32,
}

/// `GET /payments/export.csv?year=`: a year's payments (`AC9.4.5`).
pub(crate) async fn year(call: Call) -> Result<Response, Problem> {
    let Wish { year } = call.query()?;
    call.app.files().year(&call.user()?.user_ref, year).await
}
