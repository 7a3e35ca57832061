//! Approvers' own keys: decisions that the real `ssh-keygen` signs and verifies, and what those who have no key can write.

pub(crate) mod soft_key;

use std::process::Command;

use soft_key::SoftKey;

use crate::stage::{Stage, set_mode};

const RULE: &str = r#"
[policy]
version = 1
[[rule]]
id = "test.make"
verdict = "ask"
risk = "high"
reason = "makes a file that others see"
match = { program = "touch" }
examples = ["touch x"]
counterexamples = ["ls"]
"#;

const TOUCHED: u8 = 0x01;

/// A stage on which the policy asks for `assurance`, and names mara with these keys.
fn stage(assurance: &str, keys: &[String]) -> Stage {
    let keys: Vec<String> = keys.iter().map(|key| format!("'{}'", key.trim())).collect();
    let people = format!(
        "[approval]\nassurance = '{assurance}'\n[[approver]]\nname = 'mara'\nkeys = [{}]\n",
        keys.join(", ")
    );
    Stage::new().policy(&format!("{RULE}{people}"))
}

/// Makes a key pair without a passphrase; returns the line of its `.pub` file.
fn key(dir: &std::path::Path, name: &str) -> String {
    let path = dir.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    std::fs::read_to_string(path.with_extension("pub")).unwrap()
}

/// Puts the public half of a security key where `ssh-keygen` finds it.
fn public_file(stage: &Stage, key: &SoftKey) -> String {
    let path = stage.root().join("sk.pub");
    std::fs::write(&path, &key.line).unwrap();
    set_mode(&path, 0o600);
    path.display().to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn touched_security_key_approves_at_hardware_and_ssh_keygen_alone_verifies_it() {
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftKey::start(dir.path(), 1, TOUCHED);
    let stage = stage("hardware", std::slice::from_ref(&soft.line));
    let public = public_file(&stage, &soft);
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let approve = ["approve", "--yes", "-m", "go ahead", "--key", &public, waiting.id()];
    let said = stage.gate(approve).env("SSH_AUTH_SOCK", &soft.socket).on_terminal().output();
    assert_eq!(stage.shown(&said.stderr), "gate: approved [ID]; it starts now\n");
    let told = stage.shown(&waiting.output().stderr);
    assert!(told.ends_with("gate: approved by mara via tty: go ahead\n"), "{told}");
    assert!(stage.cwd().join("made").exists());

    let verified = text(&stage.gate(["audit", "verify"]).output().stdout);
    assert!(verified.contains("\n  signatures: 1; each is over its decision\n"), "{verified}");
    assert!(!verified.contains("does not name"), "{verified}");

    let pack = stage.root().join("pack");
    let commands = text(&stage.gate(["audit", "export", "--decisions"]).arg(&pack).output().stdout);
    let check = || stage.program("bash", ["-c", commands.trim()]).output();
    let by_ssh = check();
    assert!(
        text(&by_ssh.stdout)
            .starts_with("Good \"gate-decision@v1\" signature for mara with ED25519-SK key SHA256:")
    );
    let message = std::fs::read_dir(&pack).unwrap().map(|entry| entry.unwrap().path());
    let message =
        message.into_iter().find(|path| path.extension().is_some_and(|end| end == "message")).unwrap();
    let altered = std::fs::read_to_string(&message).unwrap().replace("approve", "reject ");
    std::fs::write(&message, altered).unwrap();
    assert!(!check().status.success(), "an altered decision verifies");
    let printed = text(&stage.gate(["audit", "export", "--allowed-signers"]).output().stdout);
    assert_eq!(printed, std::fs::read_to_string(pack.join("allowed_signers")).unwrap());
}

#[test]
fn security_key_that_was_not_touched_is_worth_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftKey::start(dir.path(), 1, 0);
    let stage = stage("hardware", std::slice::from_ref(&soft.line));
    let public = public_file(&stage, &soft);
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let approve = ["approve", "--yes", "--key", &public, waiting.id()];
    let said = stage.gate(approve).env("SSH_AUTH_SOCK", &soft.socket).on_terminal().output();
    assert_eq!(
        stage.shown(&said.stderr),
        "gate: request [ID]: the request needs a decision at `hardware`, and here it is at most `tty`\n\
         gate: hint: sign it with a security key that the policy names for you: `gate --home [ROOT]/home approve [ID4] --key ~/.ssh/id_ed25519_sk`\n"
    );
    assert_eq!(said.status.code(), Some(1));
    stage.gate(["cancel", waiting.id()]).output();
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn plain_key_of_the_requesters_own_user_is_worth_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let line = key(dir.path(), "plain");
    let stage = stage("key", &[line]);
    let asked = stage.gate(["--result", "told", "--", "touch", "made"]).output();
    assert_eq!(
        stage.shown(&asked.stderr).lines().next().unwrap(),
        "gate: nobody can approve [ID] (high: makes a file that others see): it needs `key`, a terminal gives `tty`, \
         and no approver has a key that gives more; parked, nothing was run"
    );
    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(stage.cwd().join("told")).unwrap()).unwrap();
    let id = told["request"].as_str().unwrap().to_owned();
    let path = dir.path().join("plain").display().to_string();
    let said = stage.gate(["approve", "--yes", "--key", &path, &id]).on_terminal().output();
    let refused = stage.shown(&said.stderr);
    assert!(
        refused.starts_with(
            "gate: request [ID]: the request needs a decision at `key`, and here it is at most `tty`\n"
        ),
        "{refused}"
    );
}

#[test]
fn plain_key_signs_where_a_terminal_is_enough_and_the_name_is_the_keys() {
    let dir = tempfile::tempdir().unwrap();
    let line = key(dir.path(), "plain");
    let stage = stage("tty", &[line]);
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let path = dir.path().join("plain").display().to_string();
    let said = stage.gate(["approve", "--yes", "--key", &path, waiting.id()]).on_terminal().output();
    assert_eq!(stage.shown(&said.stderr), "gate: approved [ID]; it starts now\n");
    let told = stage.shown(&waiting.output().stderr);
    assert!(told.ends_with("gate: approved by mara via tty\n"), "{told}");
}

#[test]
fn key_that_the_policy_does_not_name_signs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (line, _other) = (key(dir.path(), "plain"), key(dir.path(), "other"));
    let stage = stage("tty", &[line]);
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let path = dir.path().join("other").display().to_string();
    let said = stage.gate(["approve", "--yes", "--key", &path, waiting.id()]).on_terminal().output();
    let refused = text(&said.stderr);
    assert!(
        refused.contains("gate: error: the policy names the key SHA256:") && refused.contains("for nobody"),
        "{refused}"
    );
    stage.gate(["cancel", waiting.id()]).output();
    assert!(!stage.cwd().join("made").exists());
}

/// What an attacker of the same user can do: write into the database whatever they like, but make no signature.
#[track_caller]
fn forged(make: &str, why: &str) {
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftKey::start(dir.path(), 1, TOUCHED);
    let stage = stage("hardware", std::slice::from_ref(&soft.line));
    let public = public_file(&stage, &soft);
    // Something that mara did approve: its decision is there to be copied.
    let first = stage.gate(["--", "touch", "harmless"]).start();
    let approve = ["approve", "--yes", "--key", &public, first.id()];
    let said = stage.gate(approve).env("SSH_AUTH_SOCK", &soft.socket).on_terminal().output();
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!(first.output().status.code(), Some(0));
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let script = format!(
        r#"
import hashlib, json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = {{row[0]: json.loads(row[1]) for row in db.execute("SELECT id, progress FROM requests")}}
own = sys.argv[2].replace("-", "")
progress = rows.pop(own)
copied = dict(next(iter(rows.values()))["decisions"][0])
decision = dict(copied)
statement, = db.execute("SELECT statement FROM requests WHERE id = ?", [own]).fetchone()
about = hashlib.sha256(b"gate-request-v1\n" + statement).hexdigest()
{make}
progress.update(state="APPROVED", version=progress["version"] + 1, decisions=[decision], approved=decision["decided"])
db.execute("UPDATE requests SET state = 'APPROVED', version = ?, progress = ? WHERE id = ?",
           (progress["version"], json.dumps(progress), own))
db.commit()
"#
    );
    let database = stage.home().join("gate.db").display().to_string();
    let edited = stage.program("python3", ["-c", &script, &database, waiting.id()]).output();
    assert!(edited.status.success(), "{}", text(&edited.stderr));
    let told = stage.shown(&waiting.output().stderr);
    assert!(told.contains(why), "{told}");
    assert!(!stage.cwd().join("made").exists(), "{told}");
    let recorded = text(&stage.gate(["audit", "log"]).output().stdout);
    assert!(recorded.contains("request.invalidated"), "{recorded}");
}

#[test]
fn decision_without_a_signature_in_the_database_runs_nothing() {
    forged(
        "decision.pop('signature'); decision['about'] = about; decision['assurance'] = 'hardware'",
        "0 of its approvals hold, needs 1: the request needs a decision at `hardware`, and here it is at most `tty`",
    );
}

#[test]
fn signature_copied_from_another_request_runs_nothing() {
    forged(
        "decision['about'] = about",
        "0 of its approvals hold, needs 1: the signature is not over this decision",
    );
}

#[test]
fn decision_copied_from_another_request_runs_nothing() {
    forged("pass", "0 of its approvals hold, needs 1: the request is not the one that was displayed");
}

#[test]
fn key_in_the_database_that_the_policy_does_not_name_runs_nothing() {
    let make = r#"
import base64, os, subprocess, tempfile
decision['about'] = about
dir = tempfile.mkdtemp()
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", dir + "/own"], check=True)
line = subprocess.run(["ssh-keygen", "-lf", dir + "/own.pub"], check=True, capture_output=True, text=True).stdout
decision['key'] = line.split()[1]
said = {"v": 1, "type": "gate-decision", "about": about, "answer": "approve", "approver": "mara", "uid": decision["approver"]["uid"],
        "channel": decision["channel"], "displayed": decision["displayed"], "decided": decision["decided"]["ts"],
        "auth": {"method": "sshsig", "key": decision["key"]}, "head": decision["head"]}
message = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
signed = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "gate-decision@v1", "-f", dir + "/own"], input=message,
                        check=True, capture_output=True)
decision['signature'] = signed.stdout.decode()
"#;
    forged(make, "0 of its approvals hold, needs 1: the signature is by the key SHA256:");
}

#[test]
fn people_are_named_and_taken_out_and_the_files_comments_stay() {
    let dir = tempfile::tempdir().unwrap();
    let _line = key(dir.path(), "plain");
    let public = dir.path().join("plain.pub").display().to_string();
    let stage = Stage::new().policy(&format!("# ours\n{RULE}# the end\n"));
    let policy = || std::fs::read_to_string(stage.home().join("policy.toml")).unwrap();
    let before = policy();
    let hint = "gate: hint: requests that wait were asked under another policy: they are asked anew\n";
    let added =
        stage.gate(["approver", "add", "mara", &public, "--until", "2999-01-01"]).on_terminal().output();
    let expected = format!("gate: `mara` may be named as an approver now, with 1 of their keys\n{hint}");
    assert_eq!(text(&added.stderr), expected);
    let after = policy();
    assert!(
        after.starts_with("# ours\n")
            && after.contains("# the end")
            && after.contains("until = \"2999-01-01\""),
        "{after}"
    );
    let listed = text(&stage.gate(["approver", "list"]).output().stdout);
    assert!(
        listed.starts_with("mara\n  ssh-ed25519 SHA256:")
            && listed
                .ends_with(": gives `tty`: the requester's user may be able to use it, until 2999-01-01\n"),
        "{listed}"
    );
    let private = dir.path().join("plain").display().to_string();
    let checked = stage.gate(["approver", "check", &private]).output();
    assert!(
        text(&checked.stdout).contains(" signs; it is `mara`'s, and gives `tty`"),
        "{}",
        text(&checked.stderr)
    );
    stage
        .gate(["approver", "add", "jo", "--until", "soon", &public])
        .on_terminal()
        .stderr(
            "
            gate: error: the file is left as it was: [ROOT]/home/policy.toml:20:93: `soon` is no time, expected one like `2027-01-01`
            ",
        )
        .code(125);
    let removed = stage.gate(["approver", "remove", "mara"]).on_terminal().output();
    assert_eq!(text(&removed.stderr), format!("gate: `mara` is taken out of the policy\n{hint}"));
    assert_eq!(policy().trim_end(), before.trim_end());
    let log = text(&stage.gate(["audit", "log"]).output().stdout);
    assert_eq!(log.matches("approver.changed").count(), 2, "{log}");
}

#[test]
fn agent_and_script_change_nobody() {
    let stage = Stage::new().policy(RULE);
    stage
        .gate(["approver", "add", "mara"])
        .env("CLAUDECODE", "1")
        .on_terminal()
        .stderr("gate: error: agent:claude-code changes nobody: who may decide is for a person to say\n")
        .code(125)
        .check();
    stage
        .gate(["approver", "add", "mara"])
        .stderr("gate: error: who may decide is for a person at a terminal to say, and there is none here\n")
        .code(125)
        .check();
}

#[test]
fn an_approver_who_is_taken_out_of_the_policy_has_approved_nothing_that_has_not_started() {
    let user = std::process::Command::new("id").arg("-un").output().unwrap();
    let user = text(&user.stdout).trim().to_owned();
    let people = format!(
        "[approval]\napprovers = ['@team']\n[[approver]]\nname = '{user}'\n[[approver]]\nname = 'mara'\n\
         [[group]]\nname = 'team'\nmembers = ['{user}', 'mara']\n"
    );
    let stage = Stage::new().policy(&format!("{RULE}{people}"));
    let mut waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let id = waiting.id().to_owned();
    waiting.kill();
    let approved = stage.gate(["approve", "--yes", &id]).on_terminal().output();
    assert!(approved.status.success(), "{}", text(&approved.stderr));
    let removed = stage.gate(["approver", "remove", &user]).on_terminal().output();
    assert!(removed.status.success(), "{}", text(&removed.stderr));
    let resumed = stage.gate(["resume", &id]).env("CLAUDECODE", "1").output();
    let said = stage.shown(&resumed.stderr);
    assert_eq!(resumed.status.code(), Some(126), "{said}");
    assert!(
        said.starts_with(
            "gate: [ID] is no longer valid (the policy is no longer the one it was approved under); nothing was run\n"
        ),
        "{said}"
    );
    assert!(!stage.cwd().join("made").exists());
    let shown: serde_json::Value =
        serde_json::from_slice(&stage.gate(["show", "--json", &id]).output().stdout).unwrap();
    assert_eq!(shown["state"], "INVALIDATED");
    let back = stage.gate(["resume", &id]).env("CLAUDECODE", "1").output();
    assert_eq!(back.status.code(), Some(126), "and it stays so: {}", text(&back.stderr));
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn a_grant_is_revoked_with_a_signature_and_every_signed_head_is_one_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let soft = SoftKey::start(dir.path(), 1, TOUCHED);
    let stage = stage("hardware", std::slice::from_ref(&soft.line));
    let public = public_file(&stage, &soft);
    let waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let id = waiting.id().to_owned();
    let signed = |args: &[&str]| {
        let args = args.iter().copied().chain(["--key", &public, &id]);
        stage.gate(args).env("SSH_AUTH_SOCK", &soft.socket).on_terminal().output()
    };
    let said = signed(&["approve", "--yes", "--uses", "3"]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert_eq!(waiting.output().status.code(), Some(0));
    let revoked = signed(&["revoke", "-m", "enough"]);
    assert_eq!(stage.shown(&revoked.stderr), "gate: revoked the grant [ID] after 1 of 3 uses\n");
    let log = text(&stage.gate(["audit", "log", "--json"]).output().stdout);
    let mut entries = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let last = entries.rfind(|entry| entry["type"] == "grant.revoked").unwrap();
    assert_eq!(
        (&last["decision"]["assurance"], &last["decision"]["comment"]),
        (&"hardware".into(), &"enough".into())
    );
    let verified = text(&stage.gate(["audit", "verify"]).output().stdout);
    for line in [
        "signatures: 2; each is over its decision",
        "heads: 2, which decisions name; the log had each of them",
    ] {
        assert!(verified.contains(line), "{verified}");
    }
    let export = stage.gate(["audit", "export"]).output().stdout;
    let file = stage.root().join("log.jsonl");
    std::fs::write(&file, export).unwrap();
    let from = text(&stage.gate(["audit", "verify", "--from"]).arg(&file).output().stdout);
    assert!(from.contains("heads: 2,"), "{from}");
    let pack = stage.root().join("pack");
    let commands = text(&stage.gate(["audit", "export", "--decisions"]).arg(&pack).output().stdout);
    let by_ssh = stage.program("bash", ["-ec", commands.trim()]).output();
    assert_eq!(text(&by_ssh.stdout).matches("Good \"gate-decision@v1\" signature for mara").count(), 2);
}

/// A stage that asks for `key`, which mara has apart; the directory holds it.
fn apart(dir: &std::path::Path) -> Stage {
    let line = key(dir, "apart");
    Stage::new().policy(&format!(
        "{RULE}[approval]\nassurance = 'key'\n[[approver]]\nname = 'mara'\nkeys = [{{ key = '{}', apart = true }}]\n",
        line.trim()
    ))
}

/// Signs the file as mara does on her own machine.
fn sign_elsewhere(dir: &std::path::Path, file: &std::path::Path) {
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "gate-decision@v1", "-f"])
        .args([&dir.join("apart"), file])
        .status();
    assert!(signed.unwrap().success());
}

#[test]
fn a_decision_that_was_signed_elsewhere_gives_key_whoever_hands_it_in() {
    let dir = tempfile::tempdir().unwrap();
    let stage = apart(dir.path());
    let waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let to_sign = stage.gate(["approve", "--to-sign", "mara", waiting.id()]).output();
    assert!(to_sign.status.success(), "{}", text(&to_sign.stderr));
    let file = dir.path().join("7KQ2.json");
    std::fs::write(&file, &to_sign.stdout).unwrap();
    sign_elsewhere(dir.path(), &file);
    let hand_in = |verb: &str| {
        stage
            .gate([verb, "--signature"])
            .arg(dir.path().join("7KQ2.json.sig"))
            .arg(waiting.id())
            .env("CLAUDECODE", "1")
            .output()
    };
    let other = hand_in("reject");
    assert!(
        text(&other.stderr).contains("says `approve`, and this is `gate reject`"),
        "{}",
        text(&other.stderr)
    );
    // A line end that an editor adds, and another answer.
    for (changed, why) in [
        ([&to_sign.stdout[..], b"\n"].concat(), "it is not byte for byte what `--to-sign` printed"),
        (text(&to_sign.stdout).replace("mara", "maria").into_bytes(), "the policy"),
    ] {
        std::fs::write(&file, changed).unwrap();
        let refused = hand_in("approve");
        let said = text(&refused.stderr);
        assert!(
            !refused.status.success() && (said.contains(why) || said.contains("is not over this decision")),
            "{said}"
        );
    }
    std::fs::write(&file, &to_sign.stdout).unwrap();
    let approved = hand_in("approve");
    assert_eq!(stage.shown(&approved.stderr), "gate: approved [ID]; it starts now\n");
    let told = waiting.output();
    assert_eq!(told.status.code(), Some(0));
    assert!(text(&told.stderr).ends_with("gate: approved by mara via signature\n"), "{}", text(&told.stderr));
    assert!(stage.cwd().join("made").exists());
    let verified = text(&stage.gate(["audit", "verify"]).output().stdout);
    assert!(verified.contains("signatures: 1; each is over its decision"), "{verified}");
    let pack = stage.root().join("pack");
    let commands = text(&stage.gate(["audit", "export", "--decisions"]).arg(&pack).output().stdout);
    let by_ssh = stage.program("bash", ["-ec", commands.trim()]).output();
    assert!(
        text(&by_ssh.stdout).starts_with("Good \"gate-decision@v1\" signature for mara"),
        "{}",
        text(&by_ssh.stderr)
    );

    // The same signature approves nothing else.
    let second = stage.gate(["--", "touch", "other"]).env("CLAUDECODE", "1").start();
    let copied = stage
        .gate(["approve", "--signature"])
        .arg(dir.path().join("7KQ2.json.sig"))
        .arg(second.id())
        .output();
    let said = stage.shown(&copied.stderr);
    assert!(said.starts_with("gate: request [ID]: the request is not the one that was displayed"), "{said}");
    stage.gate(["cancel", second.id()]).env("CLAUDECODE", "1").output();
    assert!(!stage.cwd().join("other").exists());
}

#[test]
fn a_key_within_the_requesters_reach_signs_nothing_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let line = key(dir.path(), "plain");
    let stage = stage("tty", &[line]);
    let waiting = stage.gate(["--", "touch", "made"]).start();
    stage
        .gate(["approve", "--to-sign", "mara", waiting.id()])
        .stderr("gate: error: the policy names no key for `mara` that is a security key or `apart`, and counts now\n")
        .code(125)
        .check();
    stage.gate(["cancel", waiting.id()]).output();
}
