use std::path::{Path, PathBuf};

use super::{TOOLS, rule, user, verdict};
use crate::command::{Command, Dialect, Source};
use crate::policy::{
    Authority, Circumstances, Judgement, LayerText, PROJECT, Packs, Policy, Risk, TestWorld, Verdict, judge,
};
use crate::shell::analyse;
use crate::world::{Aim, Fact, Findings, Resolution, World};

/// The test world with an environment, a kube context and a home that may be asserted.
#[derive(Default)]
struct Altered {
    env: Vec<(&'static str, &'static str)>,
    kube_context: Option<&'static str>,
}

impl World for Altered {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        self.env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes().to_vec())
    }
    fn var_names(&self) -> Vec<String> {
        self.env.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
    fn homes(&self) -> Vec<PathBuf> {
        TestWorld.homes()
    }
    fn resolve(&self, name: &[u8], cwd: &Path) -> Resolution {
        TestWorld.resolve(name, cwd)
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("/home/dev/project/link") {
            Ok(rest) => Path::new("/home/dev/.ssh").join(rest),
            Err(_) => TestWorld.real_path(path),
        }
    }
    fn read(&self, _path: &Path, _limit: usize) -> Option<Vec<u8>> {
        None
    }
    fn fact(&self, fact: Fact, aim: &Aim<'_>) -> Findings {
        match (fact, self.kube_context) {
            (Fact::KubeContext, Some(name)) => Findings::of(name, "a file", false),
            (Fact::KubeContext, None) => Findings::unknown(),
            (other, _) => TestWorld.fact(other, aim),
        }
    }
    fn host(&self) -> String {
        "build-7".to_owned()
    }
}

struct Scene {
    world: Altered,
    requester: &'static str,
    is_proven: bool,
    now: &'static str,
    start: &'static str,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene {
            world: Altered::default(),
            requester: "human:dev",
            is_proven: true,
            now: "2026-11-20T12:00:00Z",
            start: PROJECT,
        }
    }
}

impl Scene {
    fn judge(&self, policy: &Policy, script: &str) -> Judgement {
        let source = Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: script.as_bytes().to_vec(),
            args: Vec::new(),
        };
        let analysis = analyse(&Command { source, cwd: self.start.into() }, &self.world, policy);
        let around = Circumstances {
            requester: self.requester,
            is_proven: self.is_proven,
            start: Path::new(self.start),
            now: self.now.parse().unwrap(),
        };
        judge(&analysis, policy, &self.world, &around)
    }
}

#[track_caller]
fn word(policy: &Policy, script: &str, expected: Verdict) {
    assert_eq!(verdict(policy, script).verdict, expected, "{script}");
}

#[test]
fn a_name_that_proves_nothing_is_not_allowed_by_it() {
    let policy = user(&rule("x", "allow", "match = { program = ['tool', 'ls'] }"));
    word(&policy, "ls; tool", Verdict::Allow);
    word(&policy, "./ls", Verdict::Ask);
    word(&policy, "/tmp/ls", Verdict::Ask);
    word(&policy, "/bin/ls", Verdict::Allow);
    word(&policy, "ls() { tool; }; ls", Verdict::Allow);
    word(&policy, "alias ls=tool; ls", Verdict::Ask);
    word(&policy, "$x", Verdict::Ask);
    word(&policy, "coproc ls", Verdict::Ask);
    word(&policy, "PATH=/tmp ls", Verdict::Ask);
    word(&policy, "PATH=/usr/bin:$PATH ls", Verdict::Allow);
    word(&policy, "PATH=.:$PATH; ls", Verdict::Ask);
}

#[test]
fn what_is_opaque_matches_only_rules_about_opaque_things_and_the_default() {
    let opaque = rule("o", "deny", "match = { opaque = true }");
    let named = rule("n", "deny", "match = { program = '*' }");
    assert_eq!(verdict(&user(&opaque), "coproc ls").verdict, Verdict::Deny);
    assert_eq!(verdict(&user(&opaque), "ls").verdict, Verdict::Ask);
    assert_eq!(verdict(&user(&named), "coproc ls").verdict, Verdict::Ask);
    let open = format!("{}default = 'allow'", TOOLS.split("[[program]]").next().unwrap());
    let layers = vec![LayerText { authority: Authority::User, path: "u".to_owned(), text: open }];
    let open = Policy::over(Packs::none(), layers).unwrap();
    assert_eq!(verdict(&open, "coproc ls").verdict, Verdict::Allow);
}

#[track_caller]
fn started_in(start: &'static str, script: &str, expected: Verdict) {
    let policy = user(&rule("x", "allow", "match = { program = 'tool', reads_all = './**' }"));
    let scene = Scene { start, ..Scene::default() };
    assert_eq!(scene.judge(&policy, script).verdict, expected, "{start}: {script}");
}

#[test]
fn a_home_and_what_lies_above_it_is_no_project() {
    started_in(PROJECT, "tool a .b", Verdict::Allow);
    started_in("/home/dev", "tool a/.b", Verdict::Allow);
    started_in("/home/dev", "tool .bashrc", Verdict::Ask);
    started_in("/home/dev", "tool .ssh/id", Verdict::Ask);
    started_in("/home", "tool a", Verdict::Ask);
    started_in("/", "tool etc/passwd", Verdict::Ask);
}

const VARIABLE: &str = "[[variable]]\nname = ['GIT_PAGER', 'LD_*']\nprograms = ['tool']\ntrusted = ['cat', 'less']\n[[variable]]\nname = 'HOME'\ninherited = false\n";

#[track_caller]
fn variable(env: &[(&'static str, &'static str)], script: &str, expected: Verdict) {
    let policy =
        user(&format!("{VARIABLE}{}", rule("x", "allow", "match = { program = ['tool', 'ls', 'export'] }")));
    let scene = Scene { world: Altered { env: env.to_vec(), ..Altered::default() }, ..Scene::default() };
    assert_eq!(scene.judge(&policy, script).verdict, expected, "{env:?} {script}");
}

#[test]
fn variables_that_change_what_runs_take_the_proof_away() {
    variable(&[], "GIT_PAGER=cat tool", Verdict::Allow);
    variable(&[], "GIT_PAGER=./x tool", Verdict::Ask);
    variable(&[], "GIT_PAGER=$x tool", Verdict::Ask);
    variable(&[], "GIT_PAGER=./x ls", Verdict::Allow);
    variable(&[], "export LD_PRELOAD=./x.so; tool", Verdict::Ask);
    variable(&[], "export LD_PRELOAD=./x.so", Verdict::Ask);
    variable(&[], "export GIT_PAGER=cat", Verdict::Allow);
    variable(&[("GIT_PAGER", "./x")], "tool", Verdict::Ask);
    variable(&[("GIT_PAGER", "less")], "tool", Verdict::Allow);
    variable(&[("GIT_PAGER", "./x")], "GIT_PAGER=cat tool", Verdict::Allow);
    variable(&[("LD_PRELOAD", "x")], "ls", Verdict::Allow);
    variable(&[("HOME", "/tmp/x")], "tool", Verdict::Allow);
    variable(&[], "HOME=/tmp/x tool", Verdict::Ask);
}

#[test]
fn an_override_puts_a_variable_out_of_account_and_allows_nothing_by_itself() {
    let change = |id: &str| format!("[[override]]\nrule = '{id}'\nverdict = 'allow'\nreason = 'x'\n");
    let judged = |rules: &str, script: &str| Scene::default().judge(&user(rules), script).verdict;
    let allow = rule("x", "allow", "match = { program = 'tool' }");
    for id in ["env.GIT_PAGER", "env.*", "*"] {
        let rules = format!("{VARIABLE}{allow}{}", change(id));
        assert_eq!(judged(&rules, "GIT_PAGER=./x tool"), Verdict::Allow, "{id}");
        assert_eq!(judged(&rules, "GIT_PAGER=./x other"), Verdict::Ask, "{id}");
    }
    let other = format!("{VARIABLE}{allow}{}", change("env.LD_*"));
    assert_eq!(judged(&other, "GIT_PAGER=./x tool"), Verdict::Ask);
}

#[test]
fn a_link_is_judged_by_where_it_leads() {
    let scene = Scene::default();
    let allow = user(&rule("x", "allow", "match = { program = 'tool', reads_all = './**' }"));
    assert_eq!(scene.judge(&allow, "tool src/a").verdict, Verdict::Allow);
    assert_eq!(scene.judge(&allow, "tool link/id").verdict, Verdict::Ask);
    let deny = user(&rule("x", "deny", "match = { reads = '~/.ssh/**' }"));
    assert_eq!(scene.judge(&deny, "tool link/id").verdict, Verdict::Deny);
}

#[track_caller]
fn when(rule_verdict: &str, when: &str, scene: &Scene, expected: Verdict) {
    let label = "[[label]]\nset = { environment = 'production' }\nmatch = { program = 'tool', value = { '--context' = '*prod*' } }\n";
    let policy = user(&format!(
        "{label}{}",
        rule("x", rule_verdict, &format!("match = {{ program = 'tool' }}\nwhen = {when}"))
    ));
    assert_eq!(scene.judge(&policy, "tool --context eu-prod").verdict, expected, "{rule_verdict} {when}");
}

#[test]
fn circumstances_decide_when_a_rule_holds() {
    let scene = Scene::default();
    when("deny", "{ environment = 'production' }", &scene, Verdict::Deny);
    when("deny", "{ environment = 'test' }", &scene, Verdict::Ask);
    when("deny", "{ branch = 'main' }", &scene, Verdict::Deny);
    when("deny", "{ branch = 'release/*' }", &scene, Verdict::Ask);
    when("allow", "{ hours = 'mon-fri 09:00-17:00 UTC' }", &scene, Verdict::Allow);
    when("allow", "{ hours = 'sat,sun 09:00-17:00 UTC' }", &scene, Verdict::Ask);
    when("deny", "{ hours = '09:00-17:00 Europe/Nowhere' }", &scene, Verdict::Ask);
    when("allow", "{ requester = 'human:*' }", &scene, Verdict::Allow);
}

#[test]
fn what_a_requester_asserts_never_allows() {
    let unproven = Scene { is_proven: false, ..Scene::default() };
    when("allow", "{ requester = 'human:*' }", &unproven, Verdict::Ask);
    let agent = Scene { is_proven: false, requester: "agent:x", ..Scene::default() };
    when("deny", "{ requester = 'agent:*' }", &agent, Verdict::Deny);
    // A person whom nothing proves may be an agent that hides: the rule is not certain, so it asks.
    let policy = user(&rule("x", "deny", "match = { program = 'tool' }\nwhen = { requester = 'agent:*' }"));
    assert!(unproven.judge(&policy, "tool").hits().any(|hit| hit.verdict == Verdict::Ask));
    let context = user(&rule("x", "allow", "match = { program = 'tool', fact = { kube-context = 'test' } }"));
    let world = Altered { kube_context: Some("test"), ..Altered::default() };
    assert_eq!(Scene { world, ..Scene::default() }.judge(&context, "tool").verdict, Verdict::Ask);
}

#[test]
fn risk_is_the_highest_and_may_be_raised() {
    let text = rule(
        "a",
        "ask",
        "risk = 'low'\nmatch = { program = 'tool' }\nraise = { when = { branch = 'main' }, risk = 'critical' }",
    ) + &rule("b", "ask", "match = { program = 'tool' }")
        + &rule("c", "deny", "risk = 'low'\nmatch = { program = 'other', option = '-f' }");
    let policy = user(&text);
    assert_eq!(verdict(&policy, "tool").risk, Risk::Critical);
    assert_eq!(verdict(&policy, "cd /x && tool").risk, Risk::Critical);
    // Perhaps forbidden is asked, with at least high risk.
    let found = verdict(&policy, "other \"$x\"");
    assert_eq!((found.verdict, found.risk), (Verdict::Ask, Risk::High));
    assert_eq!(verdict(&policy, "").verdict, Verdict::Allow);
    assert_eq!(verdict(&policy, "x=1 # nothing").risk, Risk::Low);
}
