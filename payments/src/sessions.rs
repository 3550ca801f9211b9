//! Sessions of the portal: who a browser is, for a while.

use std::time::Duration;

use entities::{
    SessionId, Timestamp,
    portal_session::{ActiveModel, Column, Entity, Model},
};
use rand::{TryRngCore, rngs::OsRng};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Set,
};
use sha2::{Digest, Sha256};

use crate::{
    Error, Store,
    customers::User,
    vault::{Place, VaultError},
};

/// How long a session lasts. The host application opens another one at any time, so it need not
/// outlive a long visit.
pub const LIFETIME: Duration = Duration::from_hours(1);

/// Bytes of a token: nobody guesses 256 bits.
const TOKEN: usize = 32;

/// A browser that has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it is.
    pub user: User,
    /// What they may do: `customer`, `support`, `finance`, `admin`.
    pub roles: Vec<String>,
    /// When they signed in.
    pub opened_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// Opens a session for `user`, and returns what their browser is to hold. It is stored nowhere.
///
/// Sessions that have ended are cleared away meanwhile.
pub async fn open(store: &Store, user: &User, roles: &[String]) -> Result<String, Error> {
    if user.user_ref.is_empty() || user.user_ref.len() > 255 {
        return Err(Error::Invalid("a user's id has 1 to 255 bytes"));
    }
    let mut token = [0_u8; TOKEN];
    OsRng.try_fill_bytes(&mut token).map_err(|_| VaultError::Random)?;
    let token = hex::encode(token);
    let (id, now) = (SessionId::new(), store.clock.now());
    let email = user.email.as_deref();
    let email = email.map(|email| store.vault.seal(email_place(id), email.as_bytes()));
    let row = ActiveModel {
        id: Set(id),
        token_hash: Set(hash(&token)),
        user_ref: Set(user.user_ref.clone()),
        email: Set(email.transpose()?),
        roles: Set(roles.join(",")),
        created_at: Set(now),
        expires_at: Set(now + LIFETIME),
    };
    let ended = Column::ExpiresAt.lte(now);
    Entity::delete_many().filter(ended).exec(store.db.writer()).await?;
    row.insert(store.db.writer()).await?;
    Ok(token)
}

/// The session of the browser that holds `token`; `None` if there is none, or it has ended.
pub async fn find(store: &Store, token: &str) -> Result<Option<Session>, Error> {
    if token.len() != 2 * TOKEN {
        return Ok(None);
    }
    let lasting = Entity::find()
        .filter(Column::TokenHash.eq(hash(token)))
        .filter(Column::ExpiresAt.gt(store.clock.now()));
    let found = lasting.one(store.db.reader()).await?;
    found.map(|row| session(store, row)).transpose()
}

/// Ends the session of the browser that holds `token`.
pub async fn close(store: &Store, token: &str) -> Result<(), Error> {
    let theirs = Column::TokenHash.eq(hash(token));
    Entity::delete_many().filter(theirs).exec(store.db.writer()).await?;
    Ok(())
}

/// Ends every session of `user_ref`, who closes their account.
pub(crate) async fn end_all(txn: &DatabaseTransaction, user_ref: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserRef.eq(user_ref)).exec(txn).await?;
    Ok(())
}

fn session(store: &Store, row: Model) -> Result<Session, Error> {
    let email = row.email.as_deref();
    let email = email.map(|sealed| store.vault.unseal_text(email_place(row.id), sealed));
    let roles = row.roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned).collect();
    let user = User { user_ref: row.user_ref, email: email.transpose()? };
    Ok(Session { user, roles, opened_at: row.created_at, ends_at: row.expires_at })
}

fn email_place(id: SessionId) -> Place {
    Place::new("portal_sessions.email", id.uuid())
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
