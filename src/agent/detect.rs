//! Who is asking, from the environment and the user id. A pure function: tests give it any environment.
//!
//! | requester | told by | source |
//! |---|---|---|
//! | Claude Code | `CLAUDECODE` | <https://code.claude.com/docs/en/env-vars> |
//! | Codex | `CODEX_SANDBOX`, `CODEX_SANDBOX_NETWORK_DISABLED`, `CODEX_THREAD_ID`, `CODEX_CI` | openai/codex: `codex-rs/core/src/{spawn,exec_env}.rs`, `unified_exec/process_manager.rs` |
//! | Gemini CLI | `GEMINI_CLI` | <https://geminicli.com/docs/tools/shell> |
//! | Cursor | `CURSOR_AGENT`, `CURSOR_EXTENSION_HOST_ROLE=agent-exec` | not documented; vercel/vercel#15879. `CURSOR_TRACE_ID` is set in a person's terminal too (vercel-labs/skills#1549) and tells nothing |
//! | Copilot | `COPILOT_CLI`, `COPILOT_AGENT`, `COPILOT_AGENT_SESSION_ID` | not documented; microsoft/vscode#316267, moonrepo/proto#1028 |
//! | Aider | `AI_AGENT=aider`, any `AIDER_*` | Aider-AI/aider#5521; its settings are inherited by what it runs: <https://aider.chat/docs/config/dotenv.html> |
//! | others | `AI_AGENT` | the convention of <https://github.com/vercel/vercel/tree/main/packages/detect-agent> |
//! | GitHub Actions | `GITHUB_ACTIONS`; person: `GITHUB_TRIGGERING_ACTOR`, `GITHUB_ACTOR` | <https://docs.github.com/en/actions/reference/workflows-and-actions/variables> |
//! | GitLab CI | `GITLAB_CI`; person: `GITLAB_USER_LOGIN` | <https://docs.gitlab.com/ci/variables/predefined_variables/> |
//! | Jenkins | `JENKINS_URL`; person: `BUILD_USER_ID` | <https://plugins.jenkins.io/build-user-vars-plugin/> |
//! | Buildkite | `BUILDKITE`; person: `BUILDKITE_BUILD_CREATOR_EMAIL`, `BUILDKITE_BUILD_CREATOR` | <https://buildkite.com/docs/pipelines/configure/environment-variables> |
//! | CircleCI | `CIRCLECI`; person: `CIRCLE_USERNAME` | <https://circleci.com/docs/reference/variables/> |

use crate::approval::{Requester, RequesterKind};
use crate::command::visible;
use crate::world::World;

/// What the configuration states about whoever runs gate here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The name of an agent: no person runs gate with this configuration.
    pub agent: Option<String>,
    /// The person it acts for.
    pub on_behalf_of: Option<String>,
}

/// One variable that tells something.
enum Sign {
    /// It is set to anything but nothing.
    Set(&'static str),
    /// It has this value.
    Is(&'static str, &'static str),
    /// Some variable with this prefix is set.
    Prefix(&'static str),
}

use Sign::{Is, Prefix, Set};

const AGENTS: [(&str, &[Sign]); 6] = [
    ("claude-code", &[Set("CLAUDECODE")]),
    (
        "codex",
        &[
            Set("CODEX_SANDBOX"),
            Set("CODEX_SANDBOX_NETWORK_DISABLED"),
            Set("CODEX_THREAD_ID"),
            Set("CODEX_CI"),
        ],
    ),
    ("gemini-cli", &[Set("GEMINI_CLI")]),
    ("cursor", &[Set("CURSOR_AGENT"), Is("CURSOR_EXTENSION_HOST_ROLE", "agent-exec")]),
    ("copilot-cli", &[Set("COPILOT_CLI"), Set("COPILOT_AGENT"), Set("COPILOT_AGENT_SESSION_ID")]),
    ("aider", &[Is("AI_AGENT", "aider"), Prefix("AIDER_")]),
];

/// A CI system, its sign, and where it names the person who started the job, the best word first.
const CI: [(&str, Sign, &[&str]); 5] = [
    ("github-actions", Set("GITHUB_ACTIONS"), &["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"]),
    ("gitlab", Set("GITLAB_CI"), &["GITLAB_USER_LOGIN"]),
    ("jenkins", Set("JENKINS_URL"), &["BUILD_USER_ID"]),
    ("buildkite", Set("BUILDKITE"), &["BUILDKITE_BUILD_CREATOR_EMAIL", "BUILDKITE_BUILD_CREATOR"]),
    ("circleci", Set("CIRCLECI"), &["CIRCLE_USERNAME"]),
];

/// What the programs of agents are called: their commands, and the names of their packages.
const PROGRAMS: [&str; 18] = [
    "claude",
    "claude-code",
    "codex",
    "gemini",
    "gemini-cli",
    "aider",
    "cursor",
    "cursor-agent",
    "copilot",
    "copilot-cli",
    "goose",
    "opencode",
    "amp",
    "crush",
    "droid",
    "qwen",
    "openhands",
    "cline",
];

/// Claims that a program or script of this name is an agent, with or without an ending (`claude.js`).
pub fn is_agent_program(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    PROGRAMS.iter().any(|program| program.eq_ignore_ascii_case(stem))
}

/// The longest name that is taken from the environment, in characters.
const LONGEST: usize = 64;

/// Returns who asks: an agent before a CI job before a person, because an agent in a job is an agent.
///
/// `uid` and `user` come from the kernel and the password database; everything else is listed in `asserted`.
pub fn detect(world: &dyn World, stated: &Stated, uid: u32, user: &str) -> Requester {
    let job = ci(world);
    let by_ci = job.as_ref().and_then(|job| job.person.clone());
    let mut asserted = Vec::new();
    let (kind, name) = match (agent(world, stated), &job) {
        (Some(agent), _) => {
            asserted.push(format!("agent: {}", agent.because));
            (RequesterKind::Agent, agent.name)
        }
        (None, Some(job)) => {
            asserted.push(format!("ci: `{}` is set", job.sign));
            (RequesterKind::Ci, job.name.to_owned())
        }
        (None, None) => {
            asserted.push("human: no known agent's or CI system's variable is set".to_owned());
            (RequesterKind::Human, user.to_owned())
        }
    };
    let on_behalf_of = match kind {
        RequesterKind::Human => None,
        RequesterKind::Agent | RequesterKind::Ci => {
            let (person, because) = match (&stated.on_behalf_of, by_ci) {
                (Some(person), _) => (Some(person.clone()), "the configuration says so".to_owned()),
                (None, Some((person, variable))) => (Some(person), format!("`{variable}` says so")),
                (None, None) if kind == RequesterKind::Agent => {
                    (Some(user.to_owned()), "it runs as this user".to_owned())
                }
                (None, None) => (None, String::new()),
            };
            asserted.extend(person.iter().map(|_| format!("on behalf of: {because}")));
            person
        }
    };
    Requester { kind, name, uid, user: user.to_owned(), on_behalf_of, asserted }
}

struct Agent {
    name: String,
    because: String,
}

fn agent(world: &dyn World, stated: &Stated) -> Option<Agent> {
    let known = AGENTS.iter().find_map(|(name, signs)| {
        let sign = signs.iter().find_map(|sign| found(world, sign))?;
        Some(Agent { name: (*name).to_owned(), because: format!("`{sign}` is set") })
    });
    let conventional = || {
        let name = value(world, "AI_AGENT")?;
        Some(Agent { name, because: "`AI_AGENT` is set".to_owned() })
    };
    let configured = || {
        let name = stated.agent.clone()?;
        Some(Agent { name, because: "the configuration says so".to_owned() })
    };
    known.or_else(conventional).or_else(configured)
}

struct Job {
    name: &'static str,
    sign: String,
    /// The person who started it, and the variable that says so.
    person: Option<(String, &'static str)>,
}

fn ci(world: &dyn World) -> Option<Job> {
    CI.iter().find_map(|(name, sign, people)| {
        let sign = found(world, sign)?;
        let person = people.iter().find_map(|variable| Some((value(world, variable)?, *variable)));
        Some(Job { name, sign, person })
    })
}

/// Returns the variable that shows the sign.
fn found(world: &dyn World, sign: &Sign) -> Option<String> {
    match sign {
        Set(name) => value(world, name).map(|_| (*name).to_owned()),
        Is(name, expected) => (value(world, name)? == *expected).then(|| (*name).to_owned()),
        Prefix(prefix) => world.var_names().into_iter().find(|name| name.starts_with(prefix)),
    }
}

/// Returns a variable's value in a form that is safe to show, or `None` if it is unset or empty.
fn value(world: &dyn World, name: &str) -> Option<String> {
    let bytes = world.var(name).filter(|bytes| !bytes.is_empty())?;
    Some(visible(&bytes).chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::{Stated, detect};
    use crate::approval::RequesterKind::{Agent, Ci, Human};
    use crate::approval::{Requester, RequesterKind};
    use crate::world::{Resolution, World};
    use std::path::{Path, PathBuf};

    struct Env<'a>(&'a [(&'a str, &'a str)]);

    impl World for Env<'_> {
        fn var(&self, name: &str) -> Option<Vec<u8>> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes().to_vec())
        }
        fn var_names(&self) -> Vec<String> {
            self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
        }
        fn homes(&self) -> Vec<PathBuf> {
            Vec::new()
        }
        fn resolve(&self, _: &[u8], _: &Path) -> Resolution {
            Resolution::Missing
        }
        fn real_path(&self, path: &Path) -> PathBuf {
            path.to_path_buf()
        }
        fn read(&self, _: &Path, _: usize) -> Option<Vec<u8>> {
            None
        }
        fn host(&self) -> String {
            "h".to_owned()
        }
    }

    fn who(env: &[(&str, &str)]) -> Requester {
        detect(&Env(env), &Stated::default(), 1000, "mara")
    }

    #[track_caller]
    fn case(env: &[(&str, &str)], kind: RequesterKind, name: &str, on_behalf_of: Option<&str>) {
        let who = who(env);
        assert_eq!((who.kind, who.name.as_str(), who.on_behalf_of.as_deref()), (kind, name, on_behalf_of));
        assert!(!who.asserted.is_empty(), "nothing of it is proven, so something is asserted");
    }

    #[test]
    fn agents_are_told_by_the_variables_they_set() {
        case(&[("CLAUDECODE", "1")], Agent, "claude-code", Some("mara"));
        case(&[("CODEX_SANDBOX", "seatbelt")], Agent, "codex", Some("mara"));
        case(&[("CODEX_SANDBOX_NETWORK_DISABLED", "1")], Agent, "codex", Some("mara"));
        case(&[("CODEX_THREAD_ID", "x")], Agent, "codex", Some("mara"));
        case(&[("GEMINI_CLI", "1")], Agent, "gemini-cli", Some("mara"));
        case(&[("CURSOR_AGENT", "1")], Agent, "cursor", Some("mara"));
        case(&[("CURSOR_EXTENSION_HOST_ROLE", "agent-exec")], Agent, "cursor", Some("mara"));
        case(&[("COPILOT_CLI", "1")], Agent, "copilot-cli", Some("mara"));
        case(&[("COPILOT_AGENT", "1")], Agent, "copilot-cli", Some("mara"));
        case(&[("AIDER_MODEL", "x")], Agent, "aider", Some("mara"));
        case(&[("AI_AGENT", "aider")], Agent, "aider", Some("mara"));
        case(&[("AI_AGENT", "new-one@2")], Agent, "new-one@2", Some("mara"));
    }

    #[test]
    fn a_persons_terminal_in_an_editor_is_a_persons() {
        case(&[("CURSOR_TRACE_ID", "x"), ("TERM_PROGRAM", "vscode")], Human, "mara", None);
        case(&[("CLAUDECODE", "")], Human, "mara", None);
        case(&[], Human, "mara", None);
    }

    #[test]
    fn a_job_acts_for_the_person_who_started_it() {
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "jo"), ("GITHUB_TRIGGERING_ACTOR", "kim")];
        case(&github, Ci, "github-actions", Some("kim"));
        case(&github[..2], Ci, "github-actions", Some("jo"));
        case(&[("GITLAB_CI", "true"), ("GITLAB_USER_LOGIN", "jo")], Ci, "gitlab", Some("jo"));
        case(&[("JENKINS_URL", "https://j"), ("BUILD_USER_ID", "jo")], Ci, "jenkins", Some("jo"));
        case(&[("BUILDKITE", "true"), ("BUILDKITE_BUILD_CREATOR", "Jo")], Ci, "buildkite", Some("Jo"));
        case(&[("CIRCLECI", "true"), ("CIRCLE_USERNAME", "jo")], Ci, "circleci", Some("jo"));
        case(&[("CIRCLECI", "true")], Ci, "circleci", None);
    }

    #[test]
    fn an_agent_in_a_job_is_an_agent_that_acts_for_the_jobs_person() {
        let env = [("CLAUDECODE", "1"), ("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "jo")];
        case(&env, Agent, "claude-code", Some("jo"));
    }

    #[test]
    fn the_configuration_can_make_an_agent_but_no_person() {
        let stated = Stated { agent: Some("deploy-bot".into()), on_behalf_of: Some("jo".into()) };
        let who = detect(&Env(&[]), &stated, 1000, "mara");
        assert_eq!((who.label().as_str(), who.on_behalf_of.as_deref()), ("agent:deploy-bot", Some("jo")));
        let who = detect(&Env(&[("GEMINI_CLI", "1")]), &stated, 1000, "mara");
        assert_eq!(who.label(), "agent:gemini-cli");
    }

    #[test]
    fn a_name_from_the_environment_can_hide_nothing() {
        let long = "x".repeat(1000);
        let who = who(&[("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "a\u{202e}b\x1b[2J")]);
        assert_eq!(who.on_behalf_of.as_deref(), Some("a\\u{202e}b\\x1b[2J"));
        let env = [("AI_AGENT", long.as_str())];
        assert_eq!(detect(&Env(&env), &Stated::default(), 1, "m").name.len(), 64);
    }
}
