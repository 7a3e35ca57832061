//! Everything that an approval is made of, changed between the approval and the start: nothing runs, and the reason is named.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::Stage;

const POLICY: &str = "[policy]\nversion = 1\n[[rule]]\nid = \"test.ask\"\nverdict = \"ask\"\nreason = \"changes what others see\"\n\
                      match = { program = [\"deploy\", \"kubectl\", \"cat\"] }\nexamples = [\"deploy\"]\ncounterexamples = [\"ls\"]\n";

const KUBECONFIG: &str = "current-context: shop\ncontexts:\n- context:\n    cluster: shop\n  name: shop\n\
                          clusters:\n- cluster:\n    server: https://shop.example:6443\n  name: shop\n";

/// What an approval is made of: two programs, a directory of their own, a cluster.
fn stage() -> Stage {
    let stage = Stage::new()
        .policy(POLICY)
        .file("kube", KUBECONFIG)
        .file("project/app.yaml", "kind: Pod\n")
        .file("other/app.yaml", "kind: Pod\n");
    for name in ["deploy", "kubectl"] {
        put(&stage, &format!("bin/{name}"), "#!/bin/sh\n: >> \"$MADE\"\n");
    }
    stage
}

fn put(stage: &Stage, name: &str, text: &str) {
    let path = stage.cwd().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Has `command` approved in the project, changes something, and expects that nothing runs and that gate says `why`.
#[track_caller]
fn case(command: &[&str], input: &str, change: impl Fn(&Stage) -> Vec<(&'static str, String)>, why: &str) {
    let stage = stage();
    let run = |args: &[&str], env: Vec<(&str, String)>, input: &str| {
        let mut run = stage
            .gate(args)
            .cwd(stage.cwd().join("project"))
            .env("PATH", format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display()))
            .env("MADE", stage.cwd().join("made"))
            .env("KUBECONFIG", stage.cwd().join("kube"))
            .env("KUBE_EDITOR", "true")
            .stdin(input);
        for (name, value) in env {
            run = run.env(name, value);
        }
        run.output()
    };
    let asked = [&["--wait", "0s", "--"], command].concat();
    assert_eq!(run(&asked, Vec::new(), input).status.code(), Some(124), "{command:?}");
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    assert!(stage.gate(["approve", "--yes", id]).on_terminal().output().status.success());
    let mut env = change(&stage);
    let input =
        env.iter().position(|(name, _)| *name == "STDIN").map_or(input.to_owned(), |at| env.remove(at).1);
    let output = run(&["resume", id], env, &input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(126), "{command:?}: {said}");
    assert!(said.contains(why), "{command:?}: {said}");
    assert!(!stage.cwd().join("made").exists() && output.stdout.is_empty(), "{command:?} ran");
    let shown = stage.gate(["show", "--json", id]).output();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let state = if why.contains("another") { "APPROVED" } else { "INVALIDATED" };
    assert_eq!(shown["state"], state, "{command:?}");
}

#[test]
fn each_part_of_an_approval_that_changes_ends_in_nothing_run() {
    let nothing = Vec::new;
    case(
        &["deploy"],
        "",
        |stage| {
            put(stage, "bin/deploy", "#!/bin/sh\n: >> \"$MADE\" # more\n");
            nothing()
        },
        "(`deploy` changed since it was asked for)",
    );
    // The same bytes in another file.
    case(
        &["deploy"],
        "",
        |stage| {
            fs::rename(stage.cwd().join("bin/deploy"), stage.cwd().join("bin/old")).unwrap();
            put(stage, "bin/deploy", "#!/bin/sh\n: >> \"$MADE\"\n");
            nothing()
        },
        "(`deploy` changed since it was asked for)",
    );
    // Another program of the name, found earlier.
    case(
        &["deploy"],
        "",
        |stage| {
            put(stage, "first/deploy", "#!/bin/sh\n: >> \"$MADE\"\n");
            let dir = |name: &str| stage.cwd().join(name).display().to_string();
            vec![("PATH", format!("{}:{}:/usr/bin:/bin", dir("first"), dir("bin")))]
        },
        "changed since it was asked for)",
    );
    case(
        &["kubectl", "apply", "-f", "app.yaml"],
        "",
        |stage| {
            put(stage, "project/app.yaml", "kind: Secret\n");
            nothing()
        },
        "(`app.yaml` changed since it was asked for)",
    );
    case(
        &["deploy"],
        "",
        |stage| {
            fs::rename(stage.cwd().join("project"), stage.cwd().join("before")).unwrap();
            std::os::unix::fs::symlink("other", stage.cwd().join("project")).unwrap();
            nothing()
        },
        "(the directory changed since it was asked for)",
    );
    case(
        &["kubectl", "delete", "pod", "x"],
        "",
        |stage| {
            put(stage, "kube", &KUBECONFIG.replace("shop.example", "prod.example"));
            nothing()
        },
        "kube-server",
    );
    case(
        &["kubectl", "delete", "pod", "x"],
        "",
        |_| vec![("KUBE_EDITOR", "false".to_owned())],
        "was approved with another `KUBE_EDITOR` than this process has",
    );
    case(
        &["cat"],
        "one\n",
        |_| vec![("STDIN", "two\n".to_owned())],
        "was approved with another standard input than this process has",
    );
    case(
        &["deploy"],
        "",
        |stage| {
            fs::write(stage.home().join("policy.toml"), format!("{POLICY}\n# changed\n")).unwrap();
            nothing()
        },
        "(the policy is no longer the one it was approved under)",
    );
    // A policy that names somebody else from now on.
    case(
        &["deploy"],
        "",
        |stage| {
            let people =
                "\n[approval]\napprovers = [\"mara\"]\n[[approver]]\nname = \"mara\"\nuser = \"mara\"\n";
            fs::write(stage.home().join("policy.toml"), format!("{POLICY}{people}")).unwrap();
            nothing()
        },
        "(the policy is no longer the one it was approved under)",
    );
}
