use poem::Response;

use super::Call;
use crate::Problem;

/// `GET /payments/{id}/invoice.pdf` (`AC9.4.2`).
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    call.app.files().invoice(&call.user()?.user_ref, call.id()?).await
}
