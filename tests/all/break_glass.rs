//! Break-glass: a person with a security key runs what the policy asks about, and somebody else reviews it afterwards.

use serde_json::Value;

use crate::signing::soft_key::SoftKey;
use crate::stage::{Stage, set_mode};

const TOUCHED: u8 = 0x01;

const RULES: &str = "\
[policy]
version = 1
[[rule]]
id = 'test.make'
verdict = 'ask'
risk = 'high'
reason = 'makes a file that others see'
match = { program = 'touch' }
[[rule]]
id = 'test.never'
verdict = 'deny'
reason = 'never here'
match = { program = 'rmdir' }
[break_glass]
people = ['mara']
";

/// A stage with two people, each with a security key: mara may break the glass, jo may review it.
struct Emergency {
    stage: Stage,
    mara: SoftKey,
    jo: SoftKey,
    _dir: tempfile::TempDir,
}

impl Emergency {
    fn new() -> Emergency {
        Emergency::with_flags(TOUCHED)
    }

    fn with_flags(flags: u8) -> Emergency {
        let dir = tempfile::tempdir().unwrap();
        let (mara, jo) = (SoftKey::start(dir.path(), 1, flags), SoftKey::start(dir.path(), 2, flags));
        let people = format!(
            "[approval]\napprovers = ['mara', 'jo']\n[[approver]]\nname = 'mara'\nkeys = ['{}']\n[[approver]]\nname = 'jo'\nkeys = ['{}']\n",
            mara.line, jo.line
        );
        let stage = Stage::new().policy(&format!("{RULES}{people}"));
        for (name, key) in [("mara", &mara), ("jo", &jo)] {
            let path = stage.root().join(format!("{name}.pub"));
            std::fs::write(&path, &key.line).unwrap();
            set_mode(&path, 0o600);
        }
        Emergency { stage, mara, jo, _dir: dir }
    }

    fn public(&self, name: &str) -> String {
        self.stage.root().join(format!("{name}.pub")).display().to_string()
    }

    fn key(&self, name: &str) -> &SoftKey {
        if name == "mara" { &self.mara } else { &self.jo }
    }

    /// Wants to break the glass as `name`, types `typed` when asked, and returns what was on the terminal, and the exit code.
    fn breaks(&self, name: &str, text: &str, typed: &str, work: &[&str]) -> (String, i32) {
        let public = self.public(name);
        let args = [&["--break-glass", text, "--key", &public][..], work].concat();
        let mut terminal = self.stage.gate(args).env("SSH_AUTH_SOCK", &self.key(name).socket).interactive();
        if !typed.is_empty() {
            terminal.shows("to break the glass, type ");
            terminal.send(format!("{typed}\r"));
        }
        let code = terminal.code();
        (self.stage.shown(terminal.text().as_bytes()), code)
    }

    fn usual(&self, work: &[&str]) {
        let (said, code) = self.breaks("mara", "INC-42: the shop is down", "INC-42", work);
        assert_eq!(code, 0, "{said}");
    }

    fn reviews(&self, name: &str, args: &[&str]) -> (String, i32) {
        let public = self.public(name);
        let run = self.stage.gate(["audit", "review", "--key", &public]);
        let run = args.iter().fold(run, |run, arg| run.arg(arg));
        let output = run.env("SSH_AUTH_SOCK", &self.key(name).socket).on_terminal().output();
        let both = [output.stdout, output.stderr].concat();
        (self.stage.shown(&both), output.status.code().unwrap())
    }

    fn ran(&self, file: &str) -> bool {
        self.stage.cwd().join(file).exists()
    }

    /// Returns the changes of incidents that are on record.
    fn told(&self) -> Vec<String> {
        let log = self.stage.gate(["audit", "log", "--json"]).output().stdout;
        let entries = String::from_utf8(log).unwrap();
        let entries = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries
            .filter(|entry| entry["type"] == "break_glass")
            .map(|entry| entry["data"]["change"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    fn verified(&self) {
        let output = self.stage.gate(["audit", "verify"]).output();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }

    #[track_caller]
    fn withstands(&self, said: (String, i32), expected: &str) {
        assert!(said.0.contains(&format!("gate: the glass stays whole: {expected}")), "{}", said.0);
        assert_eq!((said.1, self.told().last().map(String::as_str)), (126, Some("refused")));
        assert!(!self.ran("made"));
        self.verified();
    }
}

#[test]
fn person_with_a_touched_key_runs_it_at_once_and_somebody_else_reviews_it() {
    let emergency = Emergency::new();
    let (said, code) = emergency.breaks(
        "mara",
        "INC-42: the shop is down",
        "INC-42",
        &["--reason", "undo", "--", "touch", "made"],
    );
    let expected = "
break-glass  INC-42: the shop is down
             opens it, for [SPAN] at most; every approver is told, and the next incident waits for its review
risk         high
asked by     human [USER]
             asserted, not proven: human: no known agent's or CI system's variable is set
from         user [USER] (uid [UID]) on [HOST], process [PID], [TTY]
directory    [ROOT]/work
command      run as it is, no shell
    1  touch made
       ^^^^^^^^^^  test.make
because      test.make (high): makes a file that others see
reason       undo
not covered  files that `touch` finds by itself

to break the glass, type INC-42: INC-42
gate: broke the glass for INC-42: command 1 of mara; every approver is told; [SPAN] left in it
gate: hint: the next incident waits until somebody else has reviewed this one: `gate --home [ROOT]/home audit review INC-42`
";
    let tty = regex_lite::Regex::new("/dev/pts/[0-9]+").unwrap();
    assert_eq!(tty.replace_all(&said, "[TTY]"), expected);
    assert!(code == 0 && emergency.ran("made"));

    emergency.usual(&["-c", "touch more; exit 0"]);
    let told = emergency.stage.gate(["requests"]).output();
    assert_eq!(
        emergency.stage.shown(&told.stderr),
        "gate: mara broke the glass for INC-42: the shop is down (2 commands, [SPAN] left, not reviewed)\n\
         gate: hint: somebody else reviews it: `gate --home [ROOT]/home audit review INC-42`\n\
         gate: nothing waits for a decision\n"
    );
    let (said, code) = emergency.reviews("jo", &["--yes", "-m", "right", "INC-42"]);
    assert!(said.starts_with("break-glass  INC-42: the shop is down\nopened       by mara at "), "{said}");
    assert!(said.contains("commands     2, of high risk at most\n"), "{said}");
    assert!(
        said.contains("touch made") && said.contains("exit 0 after ") && said.contains("touch more;"),
        "{said}"
    );
    assert!(said.ends_with("gate: INC-42 of mara is reviewed; it is over\n") && code == 0, "{said}");
    emergency.usual(&["--", "touch", "third"]);
    assert_eq!(emergency.told(), ["opened", "used", "reviewed", "opened"]);
    emergency.verified();

    let text = String::from_utf8(emergency.stage.gate(["audit", "log"]).output().stdout).unwrap();
    for part in [
        "opened INC-42 by mara: the shop is down",
        "ask (break-glass INC-42) test.make",
        "used INC-42 by mara: the shop is down",
        "reviewed INC-42 of mara: right",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let page = emergency.stage.gate(["audit", "report", "--json"]).output().stdout;
    assert!(String::from_utf8(page).unwrap().contains("ask, break-glass INC-42"));
    let verified = String::from_utf8(emergency.stage.gate(["audit", "verify"]).output().stdout).unwrap();
    assert!(
        verified.contains(
            "\n  break-glass: 2; each signed, at most 30 min long, one at a time; INC-42 of mara waits for its review\n"
        ),
        "{verified}"
    );
    assert!(verified.contains("\n  signatures: 4; "), "{verified}");
}

#[test]
fn what_was_sworn_is_verified_by_ssh_keygen_alone() {
    let emergency = Emergency::new();
    emergency.usual(&["--", "touch", "made"]);
    assert_eq!(emergency.reviews("jo", &["--yes"]).1, 0);
    let pack = emergency.stage.root().join("pack");
    let commands = emergency.stage.gate(["audit", "export", "--decisions"]).arg(&pack).output().stdout;
    let commands = String::from_utf8(commands).unwrap();
    let by_ssh = emergency.stage.program("bash", ["-c", &format!("set -e\n{commands}")]).output();
    let said = String::from_utf8(by_ssh.stdout).unwrap();
    assert!(by_ssh.status.success(), "{said}");
    for good in
        ["Good \"gate-break-glass@v1\" signature for mara ", "Good \"gate-review@v1\" signature for jo "]
    {
        assert!(said.contains(good), "{said}");
    }
}

#[test]
fn result_says_in_which_incident_it_ran() {
    let emergency = Emergency::new();
    emergency.usual(&["--result", "told", "--", "touch", "made"]);
    let told: Value =
        serde_json::from_slice(&std::fs::read(emergency.stage.cwd().join("told")).unwrap()).unwrap();
    assert_eq!(
        (&told["state"], &told["incident"], &told["by"]),
        (&"SUCCEEDED".into(), &"INC-42".into(), &"mara".into())
    );
}

#[test]
fn no_agent_no_job_and_no_process_without_a_terminal_breaks_the_glass() {
    let emergency = Emergency::new();
    let public = emergency.public("mara");
    let args = ["--break-glass", "INC-42: x", "--key", &public, "--", "touch", "made"];
    for (name, value, who) in [
        (
            "CLAUDECODE",
            "1",
            "agent:claude-code (agent: `CLAUDECODE` is set; on behalf of: it runs as this user)",
        ),
        ("GITHUB_ACTIONS", "true", "ci:github-actions (ci: `GITHUB_ACTIONS` is set)"),
    ] {
        let run = emergency.stage.gate(args).env(name, value).env("SSH_AUTH_SOCK", &emergency.mara.socket);
        let output = run.on_terminal().output();
        let said = (emergency.stage.shown(&output.stderr), output.status.code().unwrap());
        emergency
            .withstands(said, &format!("only a person breaks the glass, and this is {who}; nothing was run"));
    }
    let output = emergency.stage.gate(args).env("SSH_AUTH_SOCK", &emergency.mara.socket).output();
    let said = (emergency.stage.shown(&output.stderr), output.status.code().unwrap());
    emergency.withstands(
        said,
        "only a person at a terminal breaks the glass, and there is none here; nothing was run",
    );
}

#[test]
fn program_that_an_agent_starts_in_a_persons_session_does_not_break_the_glass() {
    let emergency = Emergency::new();
    let agent = emergency.stage.root().join("claude");
    std::fs::copy("/bin/bash", &agent).unwrap();
    let gate = env!("CARGO_BIN_EXE_gate");
    let (home, public) = (emergency.stage.home().display().to_string(), emergency.public("mara"));
    let script =
        format!("{gate} --home {home} --break-glass 'INC-42: x' --key {public} -- touch made; exit $?");
    let run = emergency.stage.program(agent.to_str().unwrap(), ["-c", &script]);
    let mut terminal = run.env("SSH_AUTH_SOCK", &emergency.mara.socket).interactive();
    let code = terminal.code();
    let said = (emergency.stage.shown(terminal.text().as_bytes()), code);
    emergency.withstands(said, "only a person breaks the glass, and this was started by the agent `claude`");
}

#[test]
fn glass_stays_whole_without_a_name_in_the_policy_a_touch_or_the_typed_name() {
    let emergency = Emergency::new();
    let touch = ["--", "touch", "made"];
    let text = "INC-42: the shop is down";
    emergency.withstands(
        emergency.breaks("jo", text, "", &touch),
        "the policy does not let jo break the glass, only mara",
    );
    emergency
        .withstands(emergency.breaks("mara", text, "y", &touch), "the name of the incident was not typed");
    emergency.withstands(
        emergency.breaks("mara", text, "INC-43", &touch),
        "the name of the incident was not typed",
    );
    let mut terminal = emergency.stage.gate(["--break-glass", text, "--", "touch", "made"]).interactive();
    let code = terminal.code();
    let said = (emergency.stage.shown(terminal.text().as_bytes()), code);
    emergency.withstands(said, "it needs your security key: name it with `--key FILE`");
    let untouched = Emergency::with_flags(0);
    untouched.withstands(
        untouched.breaks("mara", text, "INC-42", &touch),
        "it needs a signature worth `key` or more",
    );
}

#[test]
fn glass_is_never_broken_over_a_refusal_or_the_floor_and_not_for_what_is_allowed() {
    let emergency = Emergency::new();
    let text = "INC-42: the shop is down";
    let (said, code) = emergency.breaks("mara", text, "", &["--", "rmdir", "made"]);
    assert!(said.starts_with("gate: refused by rule `test.never`: never here\n") && code == 126, "{said}");
    let own = emergency.stage.home().join("policy.toml").display().to_string();
    let (said, code) = emergency.breaks("mara", text, "", &["--", "touch", &own]);
    assert!(!said.contains("broke the glass") && code == 126, "{said}");
    let (said, code) = emergency.breaks("mara", text, "", &["--", "true"]);
    assert_eq!((said.as_str(), code), ("gate: the policy lets it run; no glass is broken for it\n", 0));
    assert!(!emergency.told().contains(&"opened".to_owned()));
    emergency.verified();
}

#[test]
fn next_incident_waits_for_the_review_and_nobody_reviews_their_own() {
    let emergency = Emergency::new();
    emergency.usual(&["--", "touch", "first"]);
    let other = emergency.breaks("mara", "INC-43: another", "", &["--", "touch", "made"]);
    emergency.withstands(other, "the incident INC-42 of mara is open, and one is at a time");
    let (said, code) = emergency.reviews("mara", &["--yes"]);
    assert!(
        said.ends_with("gate: not reviewed: nobody reviews an incident of their own\n") && code == 1,
        "{said}"
    );
    let (said, code) = emergency.reviews("jo", &["--yes", "INC-41"]);
    assert_eq!((said.as_str(), code), ("gate: `INC-41` does not wait for a review, INC-42 does\n", 1));
    let output =
        emergency.stage.gate(["audit", "review", "--yes"]).env("CLAUDECODE", "1").on_terminal().output();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .ends_with("only a person at a terminal reviews an incident\n")
    );
    assert_eq!(emergency.reviews("jo", &["--yes"]).1, 0);
    assert_eq!(emergency.reviews("jo", &["--yes"]), ("gate: no incident waits for a review\n".to_owned(), 0));
    emergency.verified();
}

#[test]
fn policy_that_changes_between_the_signature_and_the_start_keeps_the_glass_whole() {
    let emergency = Emergency::new();
    let public = emergency.public("mara");
    let args = ["--break-glass", "INC-42: x", "--key", &public, "--", "touch", "made"];
    let mut terminal = emergency.stage.gate(args).env("SSH_AUTH_SOCK", &emergency.mara.socket).interactive();
    terminal.shows("to break the glass, type ");
    let path = emergency.stage.home().join("policy.toml");
    let changed = std::fs::read_to_string(&path).unwrap().replace("people = ['mara']", "people = ['jo']");
    std::fs::write(&path, changed).unwrap();
    terminal.send("INC-42\r");
    let code = terminal.code();
    let said = (emergency.stage.shown(terminal.text().as_bytes()), code);
    emergency.withstands(said, "the policy changed since it was signed");
}

#[test]
fn command_that_changes_between_the_signature_and_the_start_keeps_the_glass_whole() {
    let emergency = Emergency::new();
    let stage = &emergency.stage;
    let script = stage.cwd().join("fix.sh");
    std::fs::write(&script, "touch first\n").unwrap();
    let public = emergency.public("mara");
    let args = ["--break-glass", "INC-42: x", "--key", &public, "--", "bash", "fix.sh"];
    let mut terminal = stage.gate(args).env("SSH_AUTH_SOCK", &emergency.mara.socket).interactive();
    terminal.shows("to break the glass, type ");
    std::fs::write(&script, "touch made\n").unwrap();
    terminal.send("INC-42\r");
    let code = terminal.code();
    let said = (stage.shown(terminal.text().as_bytes()), code);
    emergency.withstands(said, "`fix.sh` changed since it was signed");
    assert!(!emergency.ran("first"));
}

#[test]
fn file_on_standard_input_that_changes_between_the_signature_and_the_start_keeps_the_glass_whole() {
    let emergency = Emergency::new();
    let stage = &emergency.stage;
    let (data, public) = (stage.cwd().join("data"), emergency.public("mara"));
    std::fs::write(&data, "one\n").unwrap();
    let home = stage.home().display().to_string();
    let gate = [env!("CARGO_BIN_EXE_gate"), "--home", &home, "--break-glass", "INC-42: x", "--key", &public];
    let args = [&["-c", "exec \"$0\" \"$@\" < data"][..], &gate, &["--", "touch", "made"]].concat();
    let mut terminal = stage.program("sh", args).env("SSH_AUTH_SOCK", &emergency.mara.socket).interactive();
    terminal.shows("to break the glass, type ");
    std::fs::write(&data, "two\n").unwrap();
    terminal.send("INC-42\r");
    let code = terminal.code();
    let said = (stage.shown(terminal.text().as_bytes()), code);
    emergency.withstands(said, "standard input changed since it was signed");
}

#[test]
fn text_that_names_no_incident_and_work_that_is_not_whole_are_usage_errors() {
    let stage = Stage::new().policy(RULES.split("[break_glass]").next().unwrap());
    let form = "gate: error: `--break-glass` needs the incident's name and what happened, like `INC-42: the shop is down`\n\
                gate: not run: touch made\ngate: hint: `gate --home [ROOT]/home doctor` looks for what is wrong\n";
    for text in ["INC-42", "", "a b: c"] {
        stage.gate(["--break-glass", text, "--", "touch", "made"]).stderr(form).code(125).check();
    }
    let secret = "gate: error: the name of the incident looks like a secret, and would not be recorded; use a ticket's\n\
                  gate: not run: touch made\ngate: hint: `gate --home [ROOT]/home doctor` looks for what is wrong\n";
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ01234: x";
    stage.gate(["--break-glass", token, "--", "touch", "made"]).stderr(secret).code(125).check();
    let whole =
        "gate: error: `--break-glass` is for one command or script, given with `--`, `-c` or as a file\n";
    stage.gate(["--break-glass", "INC-42: x", "--as", "bash"]).stderr(whole).code(125).check();
    let alone = "gate: error: `--key` goes with `--break-glass`; nothing else here is signed\n";
    stage.gate(["--key", "x", "--", "touch", "made"]).stderr(alone).code(125).check();
}

#[test]
fn doctor_says_who_can_and_what_is_missing() {
    let emergency = Emergency::new();
    let said = |stage: &Stage| String::from_utf8(stage.gate(["doctor"]).output().stdout).unwrap();
    assert!(said(&emergency.stage).contains("ok       glass     mara can break it in an emergency\n"));
    let nobody = Stage::new().policy("[policy]\nversion = 1\n");
    assert!(
        said(&nobody).contains("ok       glass     nobody may run in an emergency what is asked about; ")
    );
    let keyless = Stage::new()
        .policy("[policy]\nversion = 1\n[[approver]]\nname = 'mara'\n[break_glass]\npeople = ['mara']\n");
    assert!(said(&keyless).contains(
        "problem  glass     nobody can break the glass: mara may, and has no security key that counts now\n"
    ));
    let alone = Stage::new().policy(&format!(
        "[policy]\nversion = 1\n[[approver]]\nname = 'mara'\nkeys = ['{}']\n[break_glass]\npeople = ['mara']\n",
        emergency.mara.line
    ));
    assert!(
        said(&alone).contains("problem  glass     nobody can review what mara does behind broken glass\n")
    );
}

#[test]
fn log_that_cannot_be_written_keeps_the_glass_whole() {
    let emergency = Emergency::new();
    emergency.stage.gate(["--", "true"]).check();
    let public = emergency.public("mara");
    let args = ["--break-glass", "INC-42: x", "--key", &public, "--", "touch", "made"];
    let mut terminal = emergency.stage.gate(args).env("SSH_AUTH_SOCK", &emergency.mara.socket).interactive();
    terminal.shows("to break the glass, type ");
    let db = rusqlite::Connection::open(emergency.stage.home().join("gate.db")).unwrap();
    db.execute_batch("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    terminal.send("INC-42\r");
    assert_eq!(terminal.code(), 125, "{}", terminal.text());
    assert!(!emergency.ran("made"));
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert!(emergency.told().is_empty());
    emergency.verified();
}
