//! `gate doctor`: what is wrong and how to mend it. It looks only; an agent's hook or shell is tried, which leaves the samples in the log.

mod agents;
mod approvals;
mod glass;

use std::path::Path;

use serde_json::json;

use super::Place;
use crate::approval::RequesterKind;
use crate::command::{Dialect, visible, visible_lines};
use crate::config::Config;
use crate::error::Exit;
use crate::exec::{origin, real_shell, shell_name};
use crate::policy::{InForce, Mode, Policy, Verdict, prove};
use crate::store::{Store, StoreError, Which};
use crate::ui;

/// Look whether all is well, and say how to mend what is not
#[derive(clap::Args)]
#[command(after_help = "Exit code 0: all is well. 1: something is wrong; each problem comes with what to do.
Each agent that is set up is tried by what stands in its settings: its hook or shell gets a
harmless command and one that must be refused, which leaves entries in the log.
Examples:
  gate doctor
  gate doctor --json | jq '.checks[] | select(.state == \"problem\")'")]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: super::agent::Where,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Worth knowing; nothing is broken.
    Note,
    Problem,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "ok",
            State::Note => "note",
            State::Problem => "problem",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    state: State,
    text: String,
    mend: Option<String>,
}

impl Finding {
    fn good(check: &'static str, text: impl Into<String>) -> Finding {
        Finding { check, state: State::Good, text: text.into(), mend: None }
    }

    fn note(check: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { check, state: State::Note, text: text.into(), mend: Some(mend.into()) }
    }

    fn problem(check: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { check, state: State::Problem, text: text.into(), mend: Some(mend.into()) }
    }
}

/// Looks at everything and says what it found.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let findings = examine(place, args.place.directory.as_deref());
    let is_well = findings.iter().all(|finding| finding.state != State::Problem);
    if args.json {
        let checks: Vec<_> = findings
            .iter()
            .map(|found| {
                json!({ "check": found.check, "state": found.state.word(), "text": visible_lines(found.text.as_bytes()), "mend": found.mend })
            })
            .collect();
        ui::answer(
            &json!({ "ok": is_well, "version": env!("CARGO_PKG_VERSION"), "checks": checks }).to_string(),
        );
    } else {
        for found in &findings {
            ui::answer(&told(found));
        }
    }
    Ok(if is_well { Exit::Done } else { Exit::No })
}

fn told(found: &Finding) -> String {
    let text = visible_lines(found.text.as_bytes()).replace('\n', &format!("\n{:19}", ""));
    let mut line = format!("{:<8} {:<9} {text}", found.state.word(), found.check);
    if let Some(mend) = &found.mend {
        line.push_str(&format!("\n{:19}→ {}", "", visible(mend.as_bytes())));
    }
    line
}

fn examine(place: &Place, directory: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match Config::load(place.home.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            let mend = "mend that first; the other checks need it";
            return vec![Finding::problem("config", format!("{error:#}"), mend)];
        }
    };
    let is_there = if config.places.config.exists() { "" } else { " (not there: the defaults hold)" };
    findings.push(Finding::good("config", format!("`{}`{is_there}", config.places.config.display())));
    match config.with_policy() {
        Ok((config, policy)) => {
            findings.extend(rules(&config, &policy));
            findings.extend(approvals::findings(&policy, &config.user.name));
            findings.extend(glass::findings(&policy));
            findings.extend(machine(&config));
            findings.extend(agents::findings(&config, place.home.as_deref(), directory));
        }
        Err(error) => {
            let mend = "nothing runs until the file is right; `gate policy check FILE` looks at one file";
            findings.push(Finding::problem("policy", format!("{error:#}"), mend));
            if let Ok(config) = Config::load(place.home.as_deref()) {
                findings.extend(machine(&config));
                findings.extend(agents::findings(&config, place.home.as_deref(), directory));
            }
        }
    }
    findings
}

fn rules(config: &Config, policy: &Policy) -> Vec<Finding> {
    let path = config.places.policy.display();
    let mut findings = vec![if config.places.policy.exists() {
        Finding::good("policy", format!("`{path}` on top of {} built-in rules", policy.packs().len()))
    } else {
        let mend = "`gate init` writes one with comments";
        Finding::note(
            "policy",
            format!("only the {} built-in rules; `{path}` is not there", policy.packs().len()),
            mend,
        )
    }];
    if policy.mode() == Mode::Observe {
        let mend = "`gate policy replay` says what would have been held back; set `mode = \"enforce\"` when the rules fit";
        let text = "`observe`: verdicts are recorded and NOT enforced; everything but the floor runs";
        findings.push(Finding::note("mode", text, mend));
    }
    findings.extend(laxity(policy));
    findings.extend(prove(policy, false).into_iter().map(|found| {
        Finding::problem(
            "policy",
            format!("{}: {}", found.place, found.message),
            "`gate policy check` shows all of them",
        )
    }));
    findings
}

/// What makes gate ask less than it was made for.
fn laxity(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    if policy.default_verdict() == Verdict::Allow {
        let text = "`default = \"allow\"`: what no rule speaks of runs, and nobody is asked";
        findings.push(Finding::note("policy", text, "`default = \"ask\"`, and rules for what is safe"));
    }
    let rules = policy.in_force();
    let is_lifted = |rule: &&InForce| {
        rule.verdict == Verdict::Allow
            && rule.overridden.as_ref().is_some_and(|change| change.was > Verdict::Allow)
    };
    let lifted = rules.iter().filter(is_lifted).count();
    if lifted > 0 {
        let strict = rules.iter().filter(|rule| rule.verdict > Verdict::Allow).count() + lifted;
        let text = format!("{lifted} of the {strict} rules that ask or refuse are overridden with `allow`");
        findings.push(Finding::note("policy", text, "`gate policy show` lists them as `(overridden)`"));
    }
    findings
}

fn machine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![store(&config.places.state)];
    findings.push(database());
    for dialect in [Dialect::Bash, Dialect::Posix, Dialect::Zsh] {
        findings.extend(shell(config, dialect));
    }
    findings.extend(programs(config));
    findings.extend(home(config));
    findings.push(requester(config));
    findings
}

fn store(dir: &Path) -> Finding {
    match Store::open_read_only(dir) {
        Ok(store) => match store.requests(Which::Open) {
            Ok(_) if let Some(obstacle) = store.obstacle() => {
                let mend = "until then no command starts; what the policy refuses stays refused, and the record can be read";
                Finding::problem("store", obstacle.to_string(), mend)
            }
            Ok(open) => {
                Finding::good("store", format!("`{}`, {} requests open", store.path().display(), open.len()))
            }
            Err(error) => {
                Finding::problem("store", error.to_string(), "keep the file, and run `gate audit verify`")
            }
        },
        Err(StoreError::Missing { path }) => Finding::good(
            "store",
            format!("`{}` (not there yet: the first gated command makes it)", path.display()),
        ),
        Err(error) => {
            Finding::problem("store", error.to_string(), "nothing runs until the store can be written")
        }
    }
}

/// Before 3.51.3 a write-ahead log could be reset at the wrong moment (sqlite.org/wal.html).
fn database() -> Finding {
    let version = Store::sqlite_version();
    let number = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    if number(version) >= number("3.51.3") {
        Finding::good("sqlite", version)
    } else {
        Finding::problem(
            "sqlite",
            format!("{version}, needs 3.51.3"),
            "build gate with its own SQLite: `./install.sh`",
        )
    }
}

/// bash and sh are needed; a machine without zsh is well.
fn shell(config: &Config, dialect: Dialect) -> Option<Finding> {
    let name = shell_name(dialect);
    match (real_shell(&config.host, dialect), dialect) {
        (Some(path), _) => Some(Finding::good("shell", format!("{name}: `{}`", path.display()))),
        (None, Dialect::Zsh) => None,
        (None, _) => Some(Finding::problem(
            "shell",
            format!("no {name} in a directory that only root can change"),
            format!("install {name} from your system's packages"),
        )),
    }
}

fn programs(config: &Config) -> Vec<Finding> {
    let mut seen: Vec<_> = Vec::new();
    let mut findings = Vec::new();
    for dir in config.host.search_path(&config.cwd) {
        if seen.contains(&dir) || !dir.is_dir() {
            continue;
        }
        if !config.host.is_trusted_directory(&dir) {
            let text = format!(
                "programs in `{}` are not allowed by their names: not only root can change it",
                dir.display()
            );
            let mend = "if you trust it, add it to `trusted_path` in config.toml (`gate init --trust DIR` in a new one)";
            findings.push(Finding::note("path", text, mend));
        }
        seen.push(dir);
    }
    if findings.is_empty() {
        findings.push(Finding::good("path", "every directory of PATH is trusted"));
    }
    findings
}

fn home(config: &Config) -> Option<Finding> {
    let asserted = std::env::var_os("HOME");
    let own = config.user.home.as_ref()?;
    if asserted.as_deref() == Some(own.as_os_str()) {
        return None;
    }
    let asserted = asserted.map_or("not set".to_owned(), |home| format!("`{}`", home.to_string_lossy()));
    let text = format!("HOME is {asserted}, the password database says `{}`", own.display());
    Some(Finding::note(
        "home",
        text,
        "gate keeps its files where the password database says; `--home DIR` chooses another place",
    ))
}

fn requester(config: &Config) -> Finding {
    let requester = crate::gate::requester(config);
    let tty = origin(&config.host).tty;
    match (requester.kind, &tty) {
        (RequesterKind::Human, Some(tty)) => Finding::good("you", format!("a person at {tty}")),
        (RequesterKind::Human, None) => {
            Finding::note("you", "a person without a terminal here", "decisions are given at a terminal")
        }
        (RequesterKind::Agent | RequesterKind::Ci, _) => {
            let because = requester.asserted.join("; ");
            let text = format!("{} ({because})", requester.label());
            Finding::note(
                "you",
                text,
                "decisions are given at a terminal that no agent or job was started in",
            )
        }
    }
}
