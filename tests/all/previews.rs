//! Previews: what a read-only command shows of what a command would do, by the real tools, on the card, in the record and before the start.

use std::fs;

use serde_json::Value;

use crate::stage::{Stage, until};

/// A policy with a command that asks and shows what `preview` says; `cat`, `seq`, `find` and the like are the packs' to allow.
fn policy(preview: &str) -> String {
    format!(
        "[policy]\nversion = 1\n[[rule]]\nid = \"test.make\"\nverdict = \"ask\"\nreason = \"makes a file\"\n\
         match = {{ program = \"mkfifo\" }}\npreview = {{ {preview} }}\n"
    )
}

/// Has `command` asked about, and returns the request as JSON.
#[track_caller]
fn asked(stage: &Stage, command: &[&str]) -> Value {
    let args = [&["--wait", "0s", "--"], command].concat();
    let output = stage.gate(&args).env("CLAUDECODE", "1").output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(124), "{command:?}: {said}");
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed.as_array().unwrap().last().unwrap()["id"].as_str().unwrap();
    let shown = stage.gate(["show", "--json", id]).output();
    serde_json::from_slice(&shown.stdout).unwrap()
}

#[track_caller]
fn approve(stage: &Stage, request: &Value) {
    let output = stage.gate(["approve", "--yes", request["id"].as_str().unwrap()]).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn card(stage: &Stage, request: &Value) -> String {
    String::from_utf8(stage.gate(["show", request["id"].as_str().unwrap()]).output().stdout).unwrap()
}

fn lines(preview: &Value) -> Vec<&str> {
    preview["printed"]["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[track_caller]
fn git(stage: &Stage, args: &[&str]) {
    let who = ["-c", "user.name=mara", "-c", "user.email=mara@example.com", "-c", "commit.gpgsign=false"];
    let output = stage.program("git", [&who, args].concat()).output();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose `main` has left that of its remote behind: one commit is only there, one only here.
fn repository() -> Stage {
    let stage = Stage::new().file("a", "1\n");
    git(&stage, &["init", "-q", "-b", "main"]);
    git(&stage, &["init", "-q", "--bare", "../remote.git"]);
    git(&stage, &["remote", "add", "origin", "../remote.git"]);
    for (text, message) in [("1\n", "first"), ("2\n", "theirs")] {
        fs::write(stage.cwd().join("a"), text).unwrap();
        git(&stage, &["add", "a"]);
        git(&stage, &["commit", "-q", "-m", message]);
    }
    git(&stage, &["push", "-q", "origin", "main"]);
    git(&stage, &["reset", "-q", "--hard", "HEAD~1"]);
    fs::write(stage.cwd().join("a"), "3\n").unwrap();
    git(&stage, &["commit", "-q", "-a", "-m", "ours"]);
    stage
}

#[test]
fn a_push_with_force_shows_what_it_adds_and_what_it_takes_away() {
    let stage = repository();
    let request = asked(&stage, &["git", "push", "--force", "origin", "main"]);
    let [added, lost] = request["previews"].as_array().unwrap().as_slice() else { panic!("{request}") };
    assert!(lines(added)[0].ends_with(" ours"), "{added}");
    assert!(lines(lost)[0].ends_with(" theirs"), "{lost}");
    assert_eq!(lines(lost)[1], " a | 2 +-");
    let shown = card(&stage, &request);
    assert!(
        shown.contains("\npreview      the commits that it adds to the remote branch, as that"),
        "{shown}"
    );
    assert!(shown.contains("\n  |  a | 2 +-\n"), "{shown}");
    approve(&stage, &request);
    let ran = stage.gate(["--", "git", "push", "--force", "origin", "main"]).env("CLAUDECODE", "1").output();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    // The request that a preview was run for is joined by the second call, which runs none.
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn a_new_branch_a_clean_and_a_reset_are_shown_by_git_itself() {
    let stage = repository();
    git(&stage, &["checkout", "-q", "-b", "new"]);
    let request = asked(&stage, &["git", "push", "-u", "origin", "HEAD"]);
    let [added] = request["previews"].as_array().unwrap().as_slice() else { panic!("{request}") };
    assert!(lines(added)[0].ends_with(" ours"), "{added}");
    fs::write(stage.cwd().join("junk \u{1b}[2J"), "").unwrap();
    let request = asked(&stage, &["git", "clean", "-f", "-d", "-x"]);
    assert_eq!(lines(&request["previews"][0]), ["Would remove \"junk \\033[2J\""]);
    let request = asked(&stage, &["git", "reset", "--hard", "origin/main"]);
    assert!(lines(&request["previews"][0])[0].ends_with(" ours"));
    assert!(fs::exists(stage.cwd().join("junk \u{1b}[2J")).unwrap(), "nothing ran");
}

#[test]
fn rows_are_counted_by_the_real_client() {
    let stage = Stage::new();
    let made = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)";
    assert!(stage.program("sqlite3", ["shop.db", made]).output().status.success());
    let request = asked(&stage, &["sqlite3", "shop.db", "DELETE FROM t WHERE a > 1"]);
    let [rows] = request["previews"].as_array().unwrap().as_slice() else { panic!("{request}") };
    assert_eq!((rows["what"].as_str(), lines(rows)), (Some("how many rows it speaks of"), vec!["2"]));
    assert_eq!(rows["command"], "sqlite3 -readonly shop.db 'SELECT count(*) FROM t WHERE a > 1'");
}

#[test]
fn rsync_shows_what_it_would_do_to_each_file() {
    let stage = Stage::new()
        .policy("[policy]\nversion = 1\n[[rule]]\nid = \"test.copy\"\nverdict = \"ask\"\nreason = \"copies\"\nmatch = { program = \"rsync\", option_none = [\"--dry-run\"] }\n")
        .file("from/new", "1")
        .file("to/old", "1");
    let request = asked(&stage, &["rsync", "-r", "--delete", "from/", "to/"]);
    let mut shown = lines(&request["previews"][0]);
    shown.sort_unstable();
    assert_eq!(shown, ["*deleting   old", ">f+++++++++ new"], "{request}");
    assert!(fs::exists(stage.cwd().join("to/old")).unwrap());
}

#[test]
fn what_a_preview_prints_is_escaped_and_without_secrets() {
    let text = "+ password: hunter2\n\u{1b}]0;x\u{7}- \u{202e}gone\nneeds        0 persons\n";
    let stage = Stage::new()
        .policy(&policy("what = \"the state\", run = [\"cat\", \"{operand:1}\"]"))
        .file("state", text);
    let request = asked(&stage, &["mkfifo", "state"]);
    let shown = card(&stage, &request);
    let expected = "
  | + password: [redacted named]
  | \\x1b]0;x\\x07- \\u{202e}gone
  | needs        0 persons
";
    assert!(shown.contains(expected), "{shown}");
    assert!(!shown.contains("hunter2") && !request.to_string().contains("hunter2"));
    let by = shown.lines().find(|line| line.contains("by `cat state`")).unwrap();
    assert!(by.contains(", run by "), "{shown}");
}

#[test]
fn a_preview_that_fails_or_is_not_allowed_is_said_and_blocks_nothing() {
    #[track_caller]
    fn case(preview: &str, expected: &[&str]) {
        let stage = Stage::new().policy(&policy(preview)).file("state", "a\n");
        let request = asked(&stage, &["mkfifo", "made"]);
        let shown = card(&stage, &request);
        let begin = shown.find("\npreview ").unwrap();
        let from_there: Vec<&str> = shown[begin + 1..].lines().collect();
        let found: Vec<&str> = from_there.iter().take(expected.len()).map(|line| line.trim_start()).collect();
        assert_eq!(found, expected, "{shown}");
        approve(&stage, &request);
        assert_eq!(
            stage.gate(["--", "mkfifo", "made"]).env("CLAUDECODE", "1").output().status.code(),
            Some(0)
        );
    }
    let user =
        String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let by = |command: &str| format!("by `{command}`, run by {} before it was asked", user.trim());
    case(
        "what = \"x\", run = [\"cat\", \"missing\"]",
        &[
            "preview      x",
            &by("cat missing"),
            "| cat: missing: No such file or directory",
            "FAILED with exit code 1: it may show less than what would happen",
        ],
    );
    case(
        "what = \"x\", run = [\"cat\", \"missing\"], codes = [1]",
        &["preview      x", &by("cat missing"), "| cat: missing: No such file or directory"],
    );
    case("what = \"x\", run = [\"true\"]", &["preview      x", &by("true"), "it printed nothing"]);
    case(
        "what = \"x\", run = [\"no-such-program-at-all\"]",
        &["preview      x", "by `no-such-program-at-all`"],
    );
    case(
        "what = \"x\", run = [\"git\", \"push\", \"--force\"]",
        &[
            "preview      x",
            "by `git push --force`",
            "not run: the policy does not allow it: rule `git.force-push`: rewrites history that",
            "others may have pulled",
        ],
    );
    case(
        "what = \"x\", run = [\"find\", \".\", \"-exec\", \"rm\", \"-r\", \"/srv/x\", \";\"]",
        &["preview      x", "by `find . -exec rm -r /srv/x ';'`"],
    );
    case(
        "what = \"x\", run = [\"cat\", \"{operand:2}\"]",
        &["preview      x", "not run: it names nothing that could be shown"],
    );
}

#[test]
fn a_preview_is_cut_at_its_limits_and_leaves_no_process() {
    let stage = Stage::new().policy(&policy("what = \"x\", run = [\"seq\", \"100000\"], bytes = 11"));
    let request = asked(&stage, &["mkfifo", "made"]);
    let preview = &request["previews"][0];
    assert_eq!(lines(preview), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(preview["printed"]["end"]["full"], 11);
    assert!(card(&stage, &request).contains("CUT SHORT: ended after 11 bytes, the rest is not shown"));

    // A length of its own tells this sleep from any other.
    let nap = format!("3600.{}", std::process::id());
    let run = format!(
        "run = [\"find\", \".\", \"-maxdepth\", \"0\", \"-print\", \"-exec\", \"sleep\", \"{nap}\", \";\"]"
    );
    let stage = Stage::new().policy(&policy(&format!("what = \"x\", {run}, timeout = \"1s\"")));
    let request = asked(&stage, &["mkfifo", "made"]);
    let preview = &request["previews"][0];
    assert_eq!(preview["printed"]["end"]["late"], 1000, "{preview}");
    let shown = card(&stage, &request);
    assert!(shown.contains("CUT SHORT: ended after 1 s, what would have come then is not shown"), "{shown}");
    until("the end of the whole group", || (!is_running(&nap)).then_some(()));
}

fn is_running(word: &str) -> bool {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let mut sleeping = all.filter(|line| line.starts_with(b"sleep\0"));
    sleeping.any(|line| String::from_utf8_lossy(&line).contains(word))
}

#[test]
fn a_preview_has_no_input_no_terminal_and_a_clean_environment() {
    let program = "#!/bin/sh\ncat\nreadlink /proc/self/fd/0\nls /proc/self/fd | tr '\\n' ' '\n(: </dev/tty) 2>/dev/null && echo tty\nenv | cut -d= -f1 | sort | tr '\\n' ' '\n";
    let stage = Stage::new().script("bin/look", program);
    let bin = stage.cwd().join("bin");
    crate::stage::set_mode(&bin, 0o700);
    let allow = format!(
        "[[rule]]\nid = \"test.look\"\nverdict = \"allow\"\nreason = \"only looks\"\nmatch = {{ program = \"{}/look\" }}\n",
        bin.display()
    );
    let preview =
        format!("what = \"x\", run = [\"{}/look\"], env = [\"KUBE*\"], set = {{ B = \"1\" }}", bin.display());
    let stage = stage.policy(&format!("{}{allow}", policy(&preview)));
    let output = stage
        .gate(["--wait", "0s", "--", "mkfifo", "made"])
        .env("KUBECONFIG", "/k")
        .env("FOO_SETTING", "1")
        .on_terminal()
        .output();
    assert_eq!(output.status.code(), Some(124));
    let listed: Value = serde_json::from_slice(&stage.gate(["requests", "--json"]).output().stdout).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    let shown: Value = serde_json::from_slice(&stage.gate(["show", "--json", id]).output().stdout).unwrap();
    let preview = &shown["previews"][0];
    assert!(preview["not_run"].is_null(), "{preview}");
    let found = lines(preview).join("\n");
    assert!(found.starts_with("/dev/null\n0 1 2 3 "), "{found}");
    assert!(!found.contains("tty"), "{found}");
    assert!(found.contains("B HOME KUBECONFIG LC_ALL ") && !found.contains("FOO_SETTING"), "{found}");
}

#[test]
fn a_stable_preview_that_shows_something_else_stops_the_start() {
    let text = policy("what = \"the state\", run = [\"cat\", \"state\"], stable = true");
    let stage = Stage::new().policy(&text).file("state", "one\ntwo\n");
    let request = asked(&stage, &["mkfifo", "made"]);
    assert!(card(&stage, &request).contains("run again right before the start, which another answer stops"));
    approve(&stage, &request);
    fs::write(stage.cwd().join("state"), "one\nthree\n").unwrap();
    let ran = stage.gate(["--", "mkfifo", "made"]).env("CLAUDECODE", "1").output();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(126), "{said}");
    let why = "the preview of the state shows something else than when it was asked for (gone: `two`, new: `three`)";
    assert!(said.contains(why), "{said}");
    assert!(!fs::exists(stage.cwd().join("made")).unwrap());
    let shown: Value = serde_json::from_slice(
        &stage.gate(["show", "--json", request["id"].as_str().unwrap()]).output().stdout,
    )
    .unwrap();
    assert_eq!(shown["state"], "INVALIDATED");

    let request = asked(&stage, &["mkfifo", "made"]);
    approve(&stage, &request);
    assert_eq!(stage.gate(["--", "mkfifo", "made"]).env("CLAUDECODE", "1").output().status.code(), Some(0));
    assert!(fs::exists(stage.cwd().join("made")).unwrap());
}

#[test]
fn what_is_held_to_its_preview_is_never_granted_nor_planned() {
    let text = policy("what = \"the state\", run = [\"cat\", \"state\"], stable = true");
    let stage = Stage::new().policy(&text).file("state", "one\n").file("plan", "mkfifo a\nmkfifo b\n");
    let request = asked(&stage, &["mkfifo", "made"]);
    let id = request["id"].as_str().unwrap();
    let output = stage.gate(["approve", "--yes", "--uses", "2", id]).on_terminal().output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("what is held to its preview"), "{said}");
    let output = stage.gate(["plan", "--", "plan"]).env("CLAUDECODE", "1").output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(126) && said.contains("line 1 is held to its preview"), "{said}");
}

#[test]
fn the_display_of_a_preview_is_part_of_the_decision_and_joining_runs_it_only_once() {
    let stage = Stage::new()
        .policy(&policy("what = \"the state\", run = [\"cat\", \"state\"]"))
        .file("state", "one\n");
    let first = asked(&stage, &["mkfifo", "made"]);
    fs::write(stage.cwd().join("state"), "two\n").unwrap();
    let again = asked(&stage, &["mkfifo", "made"]);
    assert_eq!(
        (&again["id"], &again["d"], lines(&again["previews"][0])),
        (&first["id"], &first["d"], vec!["one"])
    );
    let cancelled = stage.gate(["cancel", first["id"].as_str().unwrap()]).env("CLAUDECODE", "1").output();
    assert_eq!(cancelled.status.code(), Some(0));
    let other = asked(&stage, &["mkfifo", "made"]);
    assert_eq!((&other["c"], lines(&other["previews"][0])), (&first["c"], vec!["two"]));
    assert_ne!(other["d"], first["d"]);
}

#[test]
fn additions_and_deletions_have_colours_on_a_terminal_only() {
    let stage = Stage::new()
        .policy(&policy("what = \"x\", run = [\"cat\", \"state\"]"))
        .file("state", "+new\n-old\n");
    let request = asked(&stage, &["mkfifo", "made"]);
    let id = request["id"].as_str().unwrap();
    assert!(!card(&stage, &request).contains('\u{1b}'));
    let shown = stage.gate(["show", id]).env("TERM", "xterm").interactive();
    shown.shows("\u{1b}[32m  | +new\u{1b}[0m");
    shown.shows("\u{1b}[31m  | -old\u{1b}[0m");
    let plain = stage.gate(["show", id]).env("NO_COLOR", "1").interactive();
    plain.shows("  | +new\n  | -old\n");
}

#[test]
fn a_plan_shows_the_previews_of_its_lines() {
    let stage = Stage::new()
        .policy(&policy("what = \"x\", run = [\"ls\", \"-d\", \"{operand:1}\"]"))
        .file("plan", "mkfifo a\nmkfifo b\n");
    fs::create_dir(stage.cwd().join("b")).unwrap();
    let output = stage.gate(["plan", "--wait", "0s", "--", "plan"]).env("CLAUDECODE", "1").output();
    assert_eq!(output.status.code(), Some(124), "{}", String::from_utf8_lossy(&output.stderr));
    let listed: Value = serde_json::from_slice(&stage.gate(["requests", "--json"]).output().stdout).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    let shown: Value = serde_json::from_slice(&stage.gate(["show", "--json", id]).output().stdout).unwrap();
    let what: Vec<&str> =
        shown["previews"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["line 1: x", "line 2: x"]);
    assert_eq!(lines(&shown["previews"][1]), ["b"]);
}

#[test]
fn a_projects_file_names_no_preview_and_a_wrong_one_is_an_error_with_its_place() {
    #[track_caller]
    fn case(text: &str, expected: &str) {
        let stage = Stage::new().policy(text);
        let output = stage.gate(["--", "true"]).output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(125) && said.contains(expected), "{said}");
    }
    case(
        &policy("what = \"x\", run = [\"{progam}\"]"),
        "unknown placeholder `{progam}`, did you mean `{program}`?",
    );
    case(&policy("what = \"x\", run = []"), "`run` is empty or missing");
    case(&policy("what = \"\", run = [\"ls\"]"), "empty `what`");
    case(&policy("what = \"x\", run = [\"ls\"], timeout = \"1h\""), "`1h` is no time for a preview");
    case(
        &policy("what = \"x\", run = [\"ls\"], bytes = 70000"),
        "expected a number of bytes from 1 to 65536",
    );
    case(&policy("what = \"x\", run = [\"ls\"], leaves_out = [\"f\"]"), "`f` is no option");
    case(
        &policy("what = \"x\", run = [\"ls\"]").replace("\"ask\"", "\"deny\""),
        "`preview` on a rule with verdict `deny`",
    );
    let text = policy("what = \"x\", run = [\"ls\"]");
    let stage = Stage::new().file(".gate/policy.toml", &text);
    fs::create_dir(stage.cwd().join(".git")).unwrap();
    let output = stage.gate(["--", "true"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(125) && said.contains("`preview` in a project's file"), "{said}");
}

/// Returns the block of the page about previews that begins with these words behind the backticks.
fn block(kind: &str) -> String {
    let page = include_str!("../../docs/previews.md");
    let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_about_previews_says_what_is_so() {
    let stage = Stage::new().file("policy.toml", block("toml"));
    let output = stage.gate(["policy", "check", "policy.toml"]).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let made = "CREATE TABLE orders (paid); INSERT INTO orders VALUES (0), (0), (1)";
    assert!(stage.program("sqlite3", ["shop.db", made]).output().status.success());
    let request = asked(&stage, &["sqlite3", "shop.db", "DELETE FROM orders WHERE paid = 0"]);
    let user = request["requester"]["user"].as_str().unwrap();
    let expected = in_one_line(&block("text card").replace("run by mara", &format!("run by {user}")));
    let shown = in_one_line(&card(&stage, &request));
    assert!(shown.contains(&expected), "{shown}");
}

#[test]
fn a_saved_plan_is_bound_and_what_a_preview_was_run_for_is_on_record() {
    let stage = Stage::new().script("bin/terraform", "#!/bin/sh\n: > applied\n").file("tf.plan", "one");
    let path = format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display());
    let run = |wait: &str| {
        let args = ["--wait", wait, "--", "terraform", "apply", "tf.plan"];
        stage.gate(args).env("PATH", &path).env("CLAUDECODE", "1").output()
    };
    assert_eq!(run("0s").status.code(), Some(124));
    let listed: Value = serde_json::from_slice(&stage.gate(["requests", "--json"]).output().stdout).unwrap();
    let request = &listed[0];
    let shown = card(&stage, request);
    assert!(shown.contains("by `terraform show -no-color tf.plan`"), "{shown}");
    assert!(in_one_line(&shown).contains("not run: the policy does not allow it"), "{shown}");
    let log = String::from_utf8(stage.gate(["audit", "log", "--json"]).output().stdout).unwrap();
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let made = entries.iter().find(|entry| entry["data"]["change"] == "created").unwrap();
    assert_eq!(made["data"]["previews"][0]["command"], "terraform show -no-color tf.plan", "{made}");
    assert_eq!(made["data"]["previews"][0]["seal"], request["previews"][0]["seal"]);
    approve(&stage, request);
    fs::write(stage.cwd().join("tf.plan"), "two").unwrap();
    // Another plan is another request; the approved one is not for it.
    let ran = stage
        .gate(["resume", request["id"].as_str().unwrap()])
        .env("PATH", &path)
        .env("CLAUDECODE", "1")
        .output();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(126) && said.contains("tf.plan"), "{said}");
    assert!(!fs::exists(stage.cwd().join("applied")).unwrap());
}
