//! The requirements on a Postgres database, checked at start and by `doctor`. The error for a missing one names it and
//! the remedy.

use std::io;

use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};

use super::{
    error::{TRANSACTION_POOLER, is_of_transaction_pooler, plain},
    migrate::POSTGRES_MIGRATIONS,
    opening::OpenError,
    pool::ACQUIRE_TIMEOUT,
    with_timeout,
};

const OLDEST_VERSION: i32 = 13;

const RIGHTS_REMEDY: &str = "GRANT SELECT, INSERT, UPDATE, DELETE on all tables to it";

pub(super) async fn check_database(conn: &mut PgConnection) -> Result<(), OpenError> {
    let row = with_timeout(
        sqlx::raw_sql(
            "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number, \
             current_setting('server_encoding') AS encoding, current_database()::text AS name",
        )
        .fetch_one(conn),
    )
    .await?;
    let [version, number, encoding, name]: [String; 4] =
        [row.try_get("version")?, row.try_get("number")?, row.try_get("encoding")?, row.try_get("name")?];
    judge_version(&version, &number)?;
    if encoding != "UTF8" {
        return Err(OpenError::Unfit(format!(
            "the encoding of the database {name} is {encoding}, which can't hold all text; make one with CREATE \
             DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that"
        )));
    }
    Ok(())
}

fn judge_version(version: &str, number: &str) -> Result<(), OpenError> {
    if number.parse::<i32>().is_ok_and(|number| number < OLDEST_VERSION * 10_000) {
        return Err(OpenError::Unfit(format!(
            "the server is PostgreSQL {version}, and Uptrakit needs at least version {OLDEST_VERSION}; update it"
        )));
    }
    Ok(())
}

/// Refuses a pooler that gives the statements of one session to several sessions of the server, as PgBouncer does with
/// `pool_mode = transaction`: settings of the session, prepared statements and `LISTEN` would reach another client.
pub(super) async fn refuse_transaction_pooler(
    first: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<(), OpenError> {
    let begun = async {
        let mut second = PgConnection::connect_with(options).await?;
        // A pooler that lends connections out per statement refuses this.
        sqlx::raw_sql("BEGIN").execute(&mut second).await?;
        sqlx::raw_sql("COMMIT").execute(&mut second).await?;
        Ok(second)
    };
    let mut second = match tokio::time::timeout(ACQUIRE_TIMEOUT, begun).await {
        Ok(Ok(second)) => second,
        Ok(Err(error)) if is_of_transaction_pooler(&error) => {
            return Err(OpenError::Unfit(TRANSACTION_POOLER.into()));
        }
        Ok(Err(error)) => {
            return Err(OpenError::Unfit(format!(
                "a second connection is refused, and a server needs several: {}",
                plain(&error)
            )));
        }
        Err(_) => {
            return Err(OpenError::Unfit(
                "a second connection gets no answer, and a server needs several; raise the pooler's pool_size".into(),
            ));
        }
    };
    let do_share = match share_backends(first, &mut second).await {
        // With a single backend, the transaction of one session leaves none for the other.
        Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut => true,
        outcome => outcome?,
    };
    let _ = tokio::time::timeout(ACQUIRE_TIMEOUT, second.close()).await;
    if do_share { Err(OpenError::Unfit(TRANSACTION_POOLER.into())) } else { Ok(()) }
}

/// Returns true when two sessions that are open at once don't keep a backend each. A pooler that assigns backends per
/// transaction gives the second session the backend that the first has just left, or, where it alternates, gives the
/// first session another backend the next time.
pub(super) async fn share_backends(first: &mut PgConnection, second: &mut PgConnection) -> sqlx::Result<bool> {
    let ours = backend(first).await?;
    with_timeout(sqlx::raw_sql("BEGIN").execute(&mut *second)).await?;
    let theirs = backend(second).await?;
    // The first session is asked twice, for a pooler that alternates between two backends.
    let mut do_share = theirs == ours;
    for _ in 0..2 {
        do_share |= backend(first).await? != ours;
    }
    with_timeout(sqlx::raw_sql("COMMIT").execute(&mut *second)).await?;
    for _ in 0..2 {
        do_share |= backend(second).await? != theirs || backend(first).await? != ours;
    }
    Ok(do_share)
}

/// Returns the process id of the backend that answers. The query is no prepared statement, because behind a pooler the
/// statement's name could be that of another client's.
async fn backend(conn: &mut PgConnection) -> sqlx::Result<String> {
    let row = with_timeout(sqlx::raw_sql("SELECT pg_backend_pid()::text AS pid").fetch_one(conn)).await?;
    row.try_get("pid")
}

/// Refuses a role that may not read and write every table, or from which row security hides rows.
pub(super) async fn check_rights(conn: &mut PgConnection) -> Result<(), OpenError> {
    let rows = with_timeout(
        sqlx::query(
            "SELECT name, to_regclass(name) IS NULL AS missing, row_security_active(to_regclass(name)) AS hidden, \
             (SELECT string_agg(needed, ', ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed \
              WHERE NOT has_table_privilege(to_regclass(name), needed)) AS lacking, current_user::text AS role \
             FROM unnest($1::text[]) AS name",
        )
        .bind(tables())
        .fetch_all(&mut *conn),
    )
    .await?;
    let (mut missing, mut lacking, mut role) = (Vec::new(), Vec::new(), String::new());
    for row in rows {
        let name: String = row.try_get("name")?;
        role = row.try_get("role")?;
        if row.try_get("missing")? {
            missing.push(name);
        } else if let Some(rights) = row.try_get::<Option<String>, _>("lacking")? {
            lacking.push(format!("{rights} on {name}"));
        } else if row.try_get::<Option<bool>, _>("hidden")?.unwrap_or(false) {
            return Err(OpenError::Unfit(format!(
                "row security hides rows of the table {name} from the role {role}; give it BYPASSRLS, or turn row \
                 security off for the table"
            )));
        }
    }
    if !missing.is_empty() {
        return Err(OpenError::Unfit(format!(
            "these tables are missing, though the migrations that make them have run: {}; restore a backup",
            missing.join(", ")
        )));
    }
    if !lacking.is_empty() {
        return Err(OpenError::Unfit(format!(
            "the role {role} lacks the right to {}; {RIGHTS_REMEDY}",
            lacking.join("; ")
        )));
    }
    check_functions(conn).await
}

/// The functions of Postgres that requests use and whose right an administrator may have taken away.
const FUNCTIONS: [&str; 6] = [
    "current_setting(text)",
    "gen_random_uuid()",
    "pg_is_in_recovery()",
    "pg_notify(text,text)",
    "pg_postmaster_start_time()",
    "set_config(text,text,boolean)",
];

async fn check_functions(conn: &mut PgConnection) -> Result<(), OpenError> {
    let query = sqlx::query_as(
        "SELECT string_agg(name, ', ' ORDER BY name), current_user::text FROM unnest($1::text[]) AS name \
         WHERE NOT coalesce(has_function_privilege(to_regprocedure(name), 'EXECUTE'), false)",
    );
    let (missing, role): (Option<String>, String) = with_timeout(query.bind(FUNCTIONS).fetch_one(conn)).await?;
    let Some(missing) = missing else { return Ok(()) };
    Err(OpenError::Unfit(format!("the role {role} may not use the functions {missing}; GRANT EXECUTE on them to it")))
}

pub(super) const TABLES_WITHOUT_THEIR_ROW: &str = "SELECT name FROM \
     (SELECT 'auth_epoch' AS name, (SELECT count(*) FROM auth_epoch) AS found \
      UNION ALL SELECT 'host_revision', (SELECT count(*) FROM host_revision) \
      UNION ALL SELECT 'readiness', (SELECT count(*) FROM readiness)) AS tables WHERE found = 0";

pub(super) fn refuse_lost_row(table: Option<String>) -> Result<(), OpenError> {
    let Some(table) = table else { return Ok(()) };
    let row = match table.as_str() {
        "auth_epoch" => "the row of the epoch",
        "host_revision" => "the row of the revision of hosts",
        _ => "the only row",
    };
    Err(OpenError::Unfit(format!("{row} is missing in the table {table}; restore a backup")))
}

pub(super) async fn check_rights_to_migrate(conn: &mut PgConnection) -> Result<(), OpenError> {
    let row = with_timeout(
        sqlx::query(
            "SELECT current_user::text AS role, current_schema()::text AS schema, \
             has_schema_privilege(current_schema()::text, 'CREATE') AS may_create, \
             (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class WHERE oid IN \
              (SELECT to_regclass(name) FROM unnest($1::text[]) AS name) \
              AND NOT pg_has_role(relowner, 'USAGE')) AS of_others",
        )
        .bind(tables())
        .fetch_one(conn),
    )
    .await?;
    let role: String = row.try_get("role")?;
    let remedy = "run `uptrakit-server migrate` with the database_url of a role that may, then start again";
    let Some(schema) = row.try_get::<Option<String>, _>("schema")? else {
        return Err(OpenError::Unfit(format!(
            "no schema of the search_path is there, or the role {role} may use none of them; make one, or GRANT USAGE \
             on it"
        )));
    };
    if !row.try_get::<Option<bool>, _>("may_create")?.unwrap_or(false) {
        return Err(OpenError::Unfit(format!(
            "migrations are pending, and the role {role} may not create tables in the schema {schema}; {remedy}"
        )));
    }
    if let Some(tables) = row.try_get::<Option<String>, _>("of_others")? {
        return Err(OpenError::Unfit(format!(
            "migrations are pending, and the role {role} does not own {tables}; {remedy}"
        )));
    }
    Ok(())
}

fn tables() -> Vec<String> {
    let mut tables = vec!["_sqlx_migrations".to_owned()];
    for line in POSTGRES_MIGRATIONS.iter().flat_map(|migration| migration.sql.as_str().lines()) {
        let words: Vec<&str> =
            line.split(|character: char| character.is_whitespace() || "(;".contains(character)).collect();
        match words.as_slice() {
            ["CREATE", "TABLE", name, ..] => tables.push((*name).to_owned()),
            ["DROP", "TABLE", name, ..] => tables.retain(|table| table != name),
            ["ALTER", "TABLE", old, "RENAME", "TO", new, ..] => {
                for table in tables.iter_mut().filter(|table| table == old) {
                    (*new).clone_into(table);
                }
            }
            _ => {}
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tables_are_those_of_the_migrations() {
        let tables = super::tables();
        for table in ["accounts", "api_tokens", "token_secrets", "hosts", "readiness"] {
            assert!(tables.iter().any(|name| name == table), "{table} is missing in {tables:?}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_with_its_version() {
        let refused = super::judge_version("12.22 (Debian)", "120022").unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL 12.22") && refused.contains("at least version 13"), "{refused}");
        assert!(super::judge_version("13.0", "130000").is_ok());
    }
}
