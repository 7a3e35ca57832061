//! What variables alone say: databases, and the jobs of CI systems.
//!
//! Sources: postgresql.org/docs/current/libpq-envars.html; dev.mysql.com/doc/refman/en/environment-variables.html (`MYSQL_HOST`);
//! `DATABASE_URL` in the documentation of prisma, dbmate, diesel and sqlx; docs.gitlab.com/ci/variables/predefined_variables
//! (`CI_ENVIRONMENT_NAME`, `CI_ENVIRONMENT_TIER`, `CI_COMMIT_REF_NAME`, `CI_PROJECT_PATH`); docs.github.com/actions/reference/variables-reference
//! (`GITHUB_REF_NAME`, `GITHUB_HEAD_REF`, `GITHUB_REPOSITORY`; GitHub has no variable for the environment of a job, so there it is
//! unknown); learn.microsoft.com/azure/devops/pipelines/build/variables (`Environment.Name`);
//! support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets; circleci.com/docs/variables; buildkite.com/docs/pipelines/environment-variables.

use super::clouds::variables;
use super::{Sight, Var};
use crate::world::Findings;

/// Where CI systems say something, and the systems that do not.
pub(super) struct Said {
    names: &'static [&'static str],
    silent: &'static [&'static str],
}

pub(super) const ENVIRONMENT: Said = Said {
    names: &[
        "CI_ENVIRONMENT_NAME",
        "CI_ENVIRONMENT_TIER",
        "ENVIRONMENT_NAME",
        "BITBUCKET_DEPLOYMENT_ENVIRONMENT",
    ],
    silent: &["GITHUB_ACTIONS", "CIRCLECI", "BUILDKITE"],
};

pub(super) const BRANCH: Said = Said {
    names: &[
        "GITHUB_HEAD_REF",
        "GITHUB_REF_NAME",
        "CI_COMMIT_REF_NAME",
        "BUILD_SOURCEBRANCHNAME",
        "BITBUCKET_BRANCH",
        "CIRCLE_BRANCH",
        "BUILDKITE_BRANCH",
    ],
    silent: &[],
};

pub(super) const REPOSITORY: Said = Said {
    names: &["GITHUB_REPOSITORY", "CI_PROJECT_PATH", "BUILD_REPOSITORY_NAME", "BITBUCKET_REPO_FULL_NAME"],
    silent: &[],
};

/// Returns what a CI system says.
pub(super) fn ci(ask: &Sight<'_>, said: &Said) -> Findings {
    let mut found = variables(ask, said.names);
    let is_silent = said.silent.iter().any(|name| !matches!(ask.var(name), Var::Unset));
    found.is_open |= found.values.is_empty() && is_silent;
    found
}

/// Which variables a program takes a database from.
enum Client {
    Postgres,
    MySql,
    /// From a URL.
    Migration,
    Other,
}

fn client(program: &str) -> Client {
    match program {
        "psql" | "pgcli" | "createdb" | "dropdb" | "createuser" | "dropuser" | "vacuumdb" | "reindexdb"
        | "clusterdb" | "pgbench" => Client::Postgres,
        name if name.starts_with("pg_") => Client::Postgres,
        "mysql" | "mariadb" | "mycli" | "mysqlsh" | "mysqldump" | "mysqladmin" | "mysqlimport"
        | "mariadb-dump" | "mariadb-admin" => Client::MySql,
        "redis-cli" | "valkey-cli" | "mongosh" | "mongo" | "mongodump" | "mongorestore" | "mongoexport"
        | "mongoimport" | "sqlite3" | "duckdb" => Client::Other,
        _ => Client::Migration,
    }
}

/// Returns the host of the database where the arguments name none.
pub(super) fn database_host(ask: &Sight<'_>) -> Findings {
    match client(ask.aim.program) {
        Client::Postgres => {
            let mut found = variables(ask, &["PGHOST", "PGHOSTADDR"]);
            found.is_open |= !matches!(ask.var("PGSERVICE"), Var::Unset);
            or_local(found)
        }
        // Its option files may name another one.
        Client::MySql => Findings { is_open: true, ..or_local(variables(ask, &["MYSQL_HOST"])) },
        Client::Migration => of_url(ask, |url| crate::policy::database_of(url).map(|found| found.hosts)),
        Client::Other => or_local(Findings::default()),
    }
}

/// Returns the name of the database where the arguments name none.
pub(super) fn database_name(ask: &Sight<'_>) -> Findings {
    match client(ask.aim.program) {
        Client::Postgres => {
            let mut found = variables(ask, &["PGDATABASE"]);
            found.is_open |= found.values.is_empty();
            found
        }
        Client::Migration => of_url(ask, |url| crate::policy::database_of(url).map(|found| vec![found.name])),
        Client::MySql | Client::Other => Findings::unknown(),
    }
}

fn or_local(mut found: Findings) -> Findings {
    if found.values.is_empty() {
        found.add("localhost", "no host being named", false);
    }
    found
}

fn of_url(ask: &Sight<'_>, part: impl Fn(&str) -> Option<Vec<String>>) -> Findings {
    match ask.var("DATABASE_URL") {
        Var::Is(url) => {
            let parts = part(&url);
            let mut found = Findings { is_open: parts.is_none(), ..Findings::default() };
            for part in parts.into_iter().flatten() {
                found.add(part, "`DATABASE_URL`", false);
            }
            found
        }
        Var::Unset | Var::Unknown => Findings::unknown(),
    }
}
