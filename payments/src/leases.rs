//! Leases: duties that one process at a time suffices for, such as sweeping. Nothing depends on a
//! lease being held by only one; it saves work.

use std::time::Duration;

use boot::{Db, sql};
use entities::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

/// Takes or keeps duty `name` for `holder`; `false` if somebody else has it.
pub async fn hold(
    db: &Db,
    name: &str,
    holder: &str,
    now: Timestamp,
    length: Duration,
) -> Result<bool, DbErr> {
    let body = "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) \
                DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE \
                leases.holder = excluded.holder OR leases.until < ?4";
    let until = (now + length).micros();
    let values = vec![name.into(), holder.into(), until.into(), now.micros().into()];
    let statement = sql::statement(db.backend(), body, values);
    Ok(db.writer().execute_raw(statement).await?.rows_affected() == 1)
}
