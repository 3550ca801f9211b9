//! One text of SQL for two databases.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

/// Runs `statements`, each written with these stand-ins:
///
/// | stand-in | PostgreSQL | SQLite |
/// |---|---|---|
/// | `{uuid}` | `uuid` | `BLOB` |
/// | `{int}` | `bigint` | `INTEGER` |
/// | `{text}` | `text` | `TEXT` |
/// | `{bytes}` | `bytea` | `BLOB` |
/// | `{bool}` | `boolean` | `INTEGER` |
/// | `{strict}` | nothing | `STRICT` |
pub async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let words: [(&str, &str); 6] = match connection.get_database_backend() {
        DatabaseBackend::Postgres => [
            ("{uuid}", "uuid"),
            ("{int}", "bigint"),
            ("{text}", "text"),
            ("{bytes}", "bytea"),
            ("{bool}", "boolean"),
            ("{strict}", ""),
        ],
        _ => [
            ("{uuid}", "BLOB"),
            ("{int}", "INTEGER"),
            ("{text}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{bool}", "INTEGER"),
            ("{strict}", "STRICT"),
        ],
    };
    for statement in statements {
        let sql =
            words.iter().fold((*statement).to_owned(), |sql, (from, to)| sql.replace(from, to));
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Runs `statements` on PostgreSQL, and none on SQLite.
pub async fn run_postgres(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    match manager.get_connection().get_database_backend() {
        DatabaseBackend::Postgres => run(manager, statements).await,
        _ => Ok(()),
    }
}

/// Makes `table` refuse UPDATE and DELETE: what is written there stays as it was written.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let postgres = connection.get_database_backend() == DatabaseBackend::Postgres;
    for verb in ["UPDATE", "DELETE"] {
        let name = format!("{table}_no_{}", verb.to_lowercase());
        let sql = if postgres {
            format!(
                "CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH STATEMENT EXECUTE \
                 FUNCTION refuse_change()"
            )
        } else {
            format!(
                "CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} \
                 is append-only'); END"
            )
        };
        connection.execute_unprepared(&sql).await?;
    }
    if postgres {
        let sql = format!(
            "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT \
             EXECUTE FUNCTION refuse_change()"
        );
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Makes the function that [`append_only`] calls on PostgreSQL.
pub async fn create_refuse_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sql = "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE \
               EXCEPTION '% is append-only', TG_TABLE_NAME; END $$";
    run_postgres(manager, &[sql]).await
}

/// Takes back [`create_refuse_change`].
pub async fn drop_refuse_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    run_postgres(manager, &["DROP FUNCTION IF EXISTS refuse_change()"]).await
}
