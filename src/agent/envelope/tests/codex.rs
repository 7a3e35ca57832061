//! Calls of Codex.

use std::fs;

use super::Place;
use crate::command::Dialect;

fn codex(place: &Place, command: &str) -> String {
    let snapshot = place.codex();
    format!("if . '{}' >/dev/null 2>&1; then :; fi\n\nexec '/bin/bash' -c '{command}'", snapshot.display())
}

#[test]
fn codexs_call_gives_back_its_own_command() {
    let place = Place::new();
    fs::write(
        place.codex(),
        "# Snapshot file\nunalias -a 2>/dev/null || true\n# Functions\nf () \n{ \n    echo x\n}\n\n# setopts 2\nset -o braceexpand\nset -o hashall\n\n# aliases 1\nalias ll='ls -l'\n\n# exports 3\ndeclare -x EDITOR=\"vi\"\ndeclare -x PATH=\"/opt/x:/usr/bin\"\ndeclare -x SHLVL=\"2\"\n",
    )
    .unwrap();
    let found = place.of(codex(&place, "git status")).unwrap();
    assert_eq!(found.inner.unwrap().text(), b"git status");
    assert_eq!(found.path.as_deref(), Some(&b"/opt/x:/usr/bin"[..]));
    assert_eq!(found.setting.exports.keys().collect::<Vec<_>>(), ["EDITOR"]);
    assert!(found.setting.names.is_empty());
    assert_eq!(place.inner(codex(&place, r#"echo '"'"'a'"'"'"#)), "echo 'a'");
    let kept = "__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${CODEX_THREAD_ID+x}\"\n__CODEX_SNAPSHOT_OVERRIDE_0=\"${CODEX_THREAD_ID-}\"\n\n";
    let put = "\n\nif [ -n \"${__CODEX_SNAPSHOT_OVERRIDE_SET_0}\" ]; then export CODEX_THREAD_ID=\"${__CODEX_SNAPSHOT_OVERRIDE_0}\"; else unset CODEX_THREAD_ID; fi\n\nexec";
    assert_eq!(place.inner(format!("{kept}{}", codex(&place, "ls").replace("\n\nexec", put))), "ls");
    let args =
        [place.codex().display().to_string(), "/bin/bash".to_owned(), "-c".to_owned(), "ls -l".to_owned()];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let first = place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &args).unwrap();
    assert_eq!(first.inner.unwrap().text(), b"ls -l");
    let shifted: Vec<&str> = std::iter::once("codex").chain(args.iter().copied()).collect();
    assert!(place.run(Dialect::Bash, &[], b". \"$1\" && shift && exec \"$@\"", &shifted).is_some());
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$1\" && shift && exec \"$@\"", &args), None);
    let evil = ["/tmp/x.sh", "/bin/bash", "-c", "ls"];
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &evil), None);
    let python = [args[0], "/usr/bin/python3", "-c", "ls"];
    assert_eq!(place.run(Dialect::Bash, &[], b". \"$0\" && exec \"$@\"", &python), None);
}

#[test]
fn a_snapshot_that_codex_tries_may_only_define() {
    let place = Place::new();
    let path =
        place.home().join(".codex/shell_snapshots/0199a213-81c0-7800-8aa1-bbab2a035a53.tmp-1790732593649");
    let text = format!("set -e; . \"{}\"", path.display());
    fs::write(&path, "declare -x EDITOR=\"vi\"\nf () \n{ \n    rm x\n}\n").unwrap();
    let found = place.of(&text).unwrap();
    assert_eq!((found.shape, found.inner.clone(), found.files.len()), ("trial", None, 1));
    assert_eq!(found.judged().unwrap().text().trim_ascii(), b"");
    for other in [
        text.replace(".tmp-", "."),
        text.replace("shell_snapshots", "x"),
        format!("{text}; id"),
        format!("{text}\n"),
    ] {
        place.none(other);
    }
    for line in ["touch x", "declare -x BASH_ENV=\"/tmp/x\"", "f; f () { :; }"] {
        fs::write(&path, line).unwrap();
        place.none(&text);
    }
}

#[test]
fn near_misses_of_codexs_call_are_none() {
    let place = Place::new();
    let call = codex(&place, "ls -l");
    let kept =
        "__CODEX_SNAPSHOT_OVERRIDE_SET_0=\"${PATH+x}\"\n__CODEX_SNAPSHOT_OVERRIDE_0=\"${PATH-}\"\n\nif .";
    for (from, to) in [
        ("if . ", "if  . "),
        (">/dev/null 2>&1", ">/dev/null"),
        ("then :; fi", "then :; ls; fi"),
        ("then :; fi", "then true; fi"),
        ("\n\nexec", "\nexec"),
        ("\n\nexec", "\n\ntouch x\n\nexec"),
        ("\n\nexec", "\n\nexport PATH=/tmp\n\nexec"),
        ("'/bin/bash'", "'/tmp/bash'"),
        ("'/bin/bash'", "'bash'"),
        ("'/bin/bash'", "'/usr/bin/python3'"),
        ("-c '", "-xc '"),
        ("'ls -l'", "'ls -l' 'x'"),
        ("'ls -l'", "'ls -l'; touch x"),
        ("'ls -l'", "'ls -l"),
        ("shell_snapshots", "shell-snapshots"),
        (".codex", ".codex/../.codex"),
        ("if .", kept),
    ] {
        let changed = call.replacen(from, to, 1);
        assert_ne!(changed, call, "{from} is not in the call");
        place.none(changed);
    }
    for line in [
        "touch x",
        "declare -x BASH_ENV=\"/tmp/x\"",
        "declare -x LD_PRELOAD=\"/tmp/x\"",
        "declare -x A=$(id)",
        "declare -ix A=1",
        "exec () { :; }",
        "f () { :; }; ls",
    ] {
        fs::write(place.codex(), format!("{line}\n")).unwrap();
        place.none(&call);
    }
}
