//! Facts that pick a command's target: what its arguments say of them, and where they do not, the machine.
//!
//! An argument that names the target itself (a region, a project, a host, a server) proves it; the name of a context, a profile or a
//! subscription is whatever a file of the requester's makes of it, and never proves anything.
//!
//! Sources: the global options in the manuals of kubectl, helm and velero, aws, gcloud and bq, az, terraform and git;
//! postgresql.org/docs/current/libpq-connect.html for what `psql` takes for a connection; mysql(1), mongosh(1), redis-cli(1).

use std::path::{Path, PathBuf};

use super::database::database_of;
use super::glob_text;
use super::subject::Lean;
use crate::shell::{Action, Arguments, Certainty, Given, Place, Scope, Truth, Word};
use crate::world::{Aim, Fact, Findings};

/// Returns the fact with this name; [`super::valid::FACTS`] lists them.
pub(super) fn named(name: &str) -> Option<Fact> {
    ALL.iter().find(|(_, known)| *known == name).map(|(fact, _)| *fact)
}

/// All facts with their written names.
const ALL: [(Fact, &str); 15] = [
    (Fact::GitBranch, "git-branch"),
    (Fact::GitRemote, "git-remote"),
    (Fact::KubeContext, "kube-context"),
    (Fact::KubeServer, "kube-server"),
    (Fact::TerraformWorkspace, "terraform-workspace"),
    (Fact::AwsProfile, "aws-profile"),
    (Fact::AwsRegion, "aws-region"),
    (Fact::GcloudProject, "gcloud-project"),
    (Fact::GcloudRegion, "gcloud-region"),
    (Fact::AzureSubscription, "azure-subscription"),
    (Fact::DatabaseHost, "database-host"),
    (Fact::DatabaseName, "database-name"),
    (Fact::CiEnvironment, "ci-environment"),
    (Fact::CiBranch, "ci-branch"),
    (Fact::CiRepository, "ci-repository"),
];

/// Returns the written name of a fact.
pub fn fact_name(fact: Fact) -> &'static str {
    ALL.iter().find(|(known, _)| *known == fact).map_or("", |(_, name)| *name)
}

/// The programs that take a target from facts, and those facts: what an approval of them is bound to.
const OF_PROGRAMS: [(&[&str], &[Fact]); 7] = [
    (&["git", "gh", "glab"], &[Fact::GitBranch, Fact::GitRemote]),
    (
        &[
            "kubectl",
            "oc",
            "kubecolor",
            "k",
            "helm",
            "kustomize",
            "k9s",
            "flux",
            "argocd",
            "istioctl",
            "stern",
            "velero",
            "skaffold",
            "tilt",
            "telepresence",
            "kubeseal",
            "linkerd",
            "cilium",
            "kompose",
            "helmfile",
        ],
        &[Fact::KubeContext, Fact::KubeServer],
    ),
    (&["terraform", "tofu", "terragrunt"], &[Fact::TerraformWorkspace, Fact::AwsProfile, Fact::AwsRegion]),
    (
        &[
            "aws",
            "sam",
            "cdk",
            "eksctl",
            "sls",
            "serverless",
            "eb",
            "copilot",
            "s3cmd",
            "s5cmd",
            "chalice",
            "amplify",
            "packer",
            "pulumi",
        ],
        &[Fact::AwsProfile, Fact::AwsRegion],
    ),
    (&["gcloud", "gsutil", "bq"], &[Fact::GcloudProject, Fact::GcloudRegion]),
    (&["az", "azd", "func"], &[Fact::AzureSubscription]),
    (
        &[
            "psql",
            "pg_dump",
            "pg_dumpall",
            "pg_restore",
            "createdb",
            "dropdb",
            "vacuumdb",
            "reindexdb",
            "mysql",
            "mariadb",
            "mysqldump",
            "mysqladmin",
            "prisma",
            "flyway",
            "liquibase",
            "alembic",
            "dbmate",
            "diesel",
            "sqlx",
            "atlas",
            "migrate",
            "knex",
            "sequelize",
        ],
        &[Fact::DatabaseHost, Fact::DatabaseName],
    ),
];

/// Returns the facts that say where a program of this name goes.
pub fn facts_of(program: &str) -> &'static [Fact] {
    OF_PROGRAMS.iter().find(|(programs, _)| programs.contains(&program)).map_or(&[], |(_, facts)| facts)
}

/// What the options of a program say of a fact.
#[derive(Default)]
struct Options {
    /// Their value is the fact.
    is: &'static [&'static str],
    /// Their value chooses the entry of a configuration that has the fact.
    picks: &'static [&'static str],
    /// They lead to where nobody looks.
    away: &'static [&'static str],
    /// They name the directory that the program works in.
    within: &'static [&'static str],
    /// Claims that the value in `is` is the target, and no name for it.
    is_proven: bool,
}

const CONTEXT: [&str; 3] = ["--context", "--kube-context", "--kubecontext"];

fn options(fact: Fact, program: &str) -> Options {
    let none = Options::default();
    let is_kubectl = matches!(program, "kubectl" | "oc" | "kubecolor" | "k");
    match fact {
        Fact::GitBranch | Fact::GitRemote => {
            Options { away: &["--git-dir", "--work-tree"], within: &["-C"], ..none }
        }
        Fact::KubeContext => Options { is: &CONTEXT, away: &["--kubeconfig"], ..none },
        Fact::KubeServer => Options {
            is: if is_kubectl { &["--server", "-s"] } else { &["--server", "--kube-apiserver"] },
            picks: &CONTEXT,
            away: &["--kubeconfig", "--cluster"],
            is_proven: true,
            ..none
        },
        Fact::TerraformWorkspace => Options { within: &["-chdir"], ..none },
        Fact::AwsProfile => Options { is: &["--profile", "--aws-profile"], ..none },
        Fact::AwsRegion => {
            Options { is: &["--region"], picks: &["--profile", "--aws-profile"], is_proven: true, ..none }
        }
        Fact::GcloudProject => Options {
            is: &["--project", "--project_id"],
            picks: &["--configuration"],
            is_proven: true,
            ..none
        },
        Fact::GcloudRegion => {
            Options { is: &["--region", "--location"], picks: &["--configuration"], is_proven: true, ..none }
        }
        Fact::AzureSubscription => Options { picks: &["--subscription"], ..none },
        Fact::DatabaseHost | Fact::DatabaseName => {
            Options { away: &["--defaults-file", "--login-path"], ..none }
        }
        Fact::CiEnvironment | Fact::CiBranch | Fact::CiRepository => none,
    }
}

/// The variables that tell a fact, or where to look for it: what a script sets of them counts.
const VARIABLES: [&str; 41] = [
    "HOME",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "KUBECONFIG",
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_PROJECT",
    "CLOUDSDK_COMPUTE_REGION",
    "CLOUDSDK_COMPUTE_ZONE",
    "AZURE_CONFIG_DIR",
    "PGHOST",
    "PGHOSTADDR",
    "PGSERVICE",
    "PGDATABASE",
    "MYSQL_HOST",
    "DATABASE_URL",
    "CI_ENVIRONMENT_NAME",
    "CI_ENVIRONMENT_TIER",
    "ENVIRONMENT_NAME",
    "BITBUCKET_DEPLOYMENT_ENVIRONMENT",
    "GITHUB_ACTIONS",
    "CIRCLECI",
    "BUILDKITE",
    "BUILD_SOURCEBRANCHNAME",
    "BUILD_REPOSITORY_NAME",
    "BITBUCKET_REPO_FULL_NAME",
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "GITHUB_REPOSITORY",
    "CI_COMMIT_REF_NAME",
    "CI_PROJECT_PATH",
    "CIRCLE_BRANCH",
    "BUILDKITE_BRANCH",
    "BITBUCKET_BRANCH",
];

/// How the machine is asked for a fact.
pub type Look<'a> = &'a dyn Fn(Fact, &Aim<'_>) -> Findings;

/// An action that a fact is asked about, read by its program's entry.
pub struct Asked<'a> {
    pub program: &'a str,
    pub action: &'a Action,
    pub arguments: &'a Arguments,
}

/// What the options of one kind say.
enum Say {
    Nothing,
    One(String),
    /// Several values, or one that nobody knows yet.
    Unclear,
}

impl Asked<'_> {
    /// Returns what is known of `fact`: by the arguments, else by what `look` finds on the machine.
    pub fn fact(&self, fact: Fact, look: Look<'_>) -> Findings {
        if self.action.scope == Scope::Remote {
            return Findings::unknown();
        }
        let options = options(fact, self.program);
        let mut found = match fact {
            Fact::DatabaseHost | Fact::DatabaseName => self.connection(fact),
            _ => self.said(&options),
        };
        if fact == Fact::GcloudRegion && found.values.is_empty() {
            found.join(self.zone());
        }
        let could_be_another = self.arguments.unknown.iter().any(|unknown| !unknown.glob);
        if (found.values.is_empty() && !found.is_open) || could_be_another {
            let is_away = !matches!(self.value(options.away), Say::Nothing);
            let elsewhere =
                if is_away { Findings::unknown() } else { self.of_the_machine(fact, &options, look) };
            found.join(elsewhere);
            found.is_open |= could_be_another;
        }
        found
    }

    /// Returns what the options say whose value is the fact.
    fn said(&self, options: &Options) -> Findings {
        let mut found = Findings::default();
        for given in self.given(options.is) {
            found.is_open |= given.certainty == Certainty::Possible;
            match given.value.as_ref().and_then(text) {
                Some(value) => found.add(value, format!("`{}`", given.canonical), options.is_proven),
                None => found.is_open = true,
            }
        }
        found
    }

    fn of_the_machine(&self, fact: Fact, options: &Options, look: Look<'_>) -> Findings {
        let chosen = match self.value(options.picks) {
            Say::Nothing => None,
            Say::One(name) => Some(name),
            Say::Unclear => return Findings::unknown(),
        };
        let Some(cwd) = self.directory(options, fact) else { return Findings::unknown() };
        let set: Vec<(String, Option<Vec<u8>>)> = (self.action.assignments.iter())
            .filter(|set| VARIABLES.contains(&set.name.as_str()))
            .map(|set| (set.name.clone(), set.value.as_literal()))
            .collect();
        look(fact, &Aim { program: self.program, cwd: &cwd, chosen: chosen.as_deref(), set: &set })
    }

    /// Returns the directory that the program works in; any, where the fact does not depend on it.
    fn directory(&self, options: &Options, fact: Fact) -> Option<PathBuf> {
        let is_of_directory = matches!(fact, Fact::GitBranch | Fact::GitRemote | Fact::TerraformWorkspace);
        match (&self.action.cwd, self.value(options.within)) {
            (Place::Known(cwd), Say::Nothing) => Some(cwd.clone()),
            (Place::Known(cwd), Say::One(within)) => Some(cwd.join(within)),
            (Place::Unknown, _) if !is_of_directory => Some(Path::new("/").to_owned()),
            (_, _) => None,
        }
    }

    fn zone(&self) -> Findings {
        match self.value(&["--zone"]) {
            Say::Nothing => Findings::default(),
            Say::One(zone) => match zone.rsplit_once('-') {
                Some((region, _)) => Findings::of(region, "`--zone`", true),
                None => Findings::unknown(),
            },
            Say::Unclear => Findings::unknown(),
        }
    }

    fn given<'a>(&'a self, names: &'a [&'a str]) -> impl Iterator<Item = &'a Given> {
        let is_one = |name: &str| names.contains(&name);
        self.arguments.options.iter().filter(move |given| is_one(&given.name) || is_one(&given.canonical))
    }

    fn value(&self, names: &[&str]) -> Say {
        let mut given = self.given(names);
        match (given.next(), given.next()) {
            (None, _) => Say::Nothing,
            (Some(one), None) if one.certainty != Certainty::Possible => {
                one.value.as_ref().and_then(text).map_or(Say::Unclear, Say::One)
            }
            (Some(_), _) => Say::Unclear,
        }
    }

    /// Returns what the arguments say of a database: by options, or by a word that is a URL or a list of settings.
    fn connection(&self, fact: Fact) -> Findings {
        let is_client = facts_of(self.program).contains(&fact) && !URLS.contains(&self.program);
        let (plain, whole): (&[&str], &[&str]) = match (self.program, fact) {
            ("redis-cli" | "valkey-cli", Fact::DatabaseHost) => (&["-h"], &["-u"]),
            (program, _) if URLS.contains(&program) => {
                (&[], &["--url", "-u", "-url", "--database-url", "-database"])
            }
            (_, Fact::DatabaseHost) => (&["-h", "--host"], &["-d", "--dbname", "--uri"]),
            (_, _) => (&["-d", "--dbname", "-D", "--database", "--db"], &["--uri"]),
        };
        let mut found = Findings::default();
        for given in self.given(plain) {
            let from = format!("`{}`", given.canonical);
            match given.value.as_ref().and_then(text) {
                Some(value) => add_part(&mut found, fact, &value, from, true),
                None => found.is_open = true,
            }
        }
        for given in self.given(whole) {
            let from = format!("`{}`", given.canonical);
            match given.value.as_ref().and_then(text) {
                Some(value) => add_part(&mut found, fact, &value, from, false),
                None => found.is_open = true,
            }
        }
        for (place, operand) in self.arguments.operands.iter().take(2).enumerate() {
            let is_plain = is_client && place == 0 && fact == Fact::DatabaseName;
            match text(&self.action.args[operand.index]) {
                Some(value) => {
                    add_part(&mut found, fact, &value, "the connection in the arguments".to_owned(), is_plain)
                }
                None => found.is_open = true,
            }
        }
        found
    }
}

/// Programs that take a database by its URL.
const URLS: [&str; 12] = [
    "prisma",
    "dbmate",
    "atlas",
    "migrate",
    "flyway",
    "liquibase",
    "diesel",
    "sqlx",
    "alembic",
    "knex",
    "sequelize",
    "drizzle-kit",
];

/// Adds the part of a connection that `fact` is; a value that is no connection is the part itself, where `is_plain`.
fn add_part(found: &mut Findings, fact: Fact, value: &str, from: String, is_plain: bool) {
    let is_connection = value.contains("://") || value.contains('=');
    match database_of(value) {
        Some(named) if fact == Fact::DatabaseHost => {
            named.hosts.into_iter().for_each(|host| found.add(host, from.clone(), true));
        }
        Some(named) if !named.name.is_empty() => found.add(named.name, from, true),
        Some(_) => {}
        None if is_connection => found.is_open |= is_plain || value.contains("://"),
        None if is_plain => value.split(',').for_each(|part| found.add(part, from.clone(), true)),
        None => {}
    }
}

fn text(word: &Word) -> Option<String> {
    String::from_utf8(word.as_literal()?).ok()
}

/// Returns whether a fact has a value that `globs` match. To restrict, one that it may have is enough; to permit, all must match
/// and be proven, and there may be no other.
pub(super) fn matches(found: &Findings, globs: &[String], lean: Lean) -> Truth {
    let is_match =
        |value: &str| globs.iter().any(|glob| glob_text::matches(glob.as_bytes(), value.as_bytes()));
    let mut values = found.values.iter();
    if !values.clone().any(|stated| is_match(&stated.value)) {
        return if found.is_open { Truth::Maybe } else { Truth::No };
    }
    let is_sure = !found.is_open && values.all(|stated| stated.is_proven && is_match(&stated.value));
    if lean == Lean::Restrict || is_sure { Truth::Yes } else { Truth::Maybe }
}

#[cfg(test)]
mod tests {
    use super::{ALL, fact_name, named};

    #[test]
    fn every_fact_has_its_name() {
        for (fact, name) in ALL {
            assert_eq!((named(name), fact_name(fact)), (Some(fact), name));
        }
        assert_eq!(ALL.map(|(_, name)| name), super::super::valid::FACTS);
    }
}
