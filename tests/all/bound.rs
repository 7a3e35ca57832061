//! What an approval is bound to: whoever edits what a program reads as instructions, after the approval, has no approval.

use std::fs;
use std::path::PathBuf;

use crate::stage::Stage;

/// Asks before any of these programs runs; what they do is make a file called `made`.
const POLICY: &str = r#"
[policy]
version = 1
[[rule]]
id = "test.all"
verdict = "ask"
reason = "to be looked at"
match = { program = "*" }
"#;

/// A stage on which a program of each name makes a file, so that it shows whether it ran.
fn stage(programs: &[&str]) -> Stage {
    let mut stage = Stage::new().policy(POLICY);
    for name in programs {
        stage = stage.script(&format!("bin/{name}"), "#!/bin/sh\n: > made\n");
    }
    stage
}

/// Parks a request for `script`, approves it, and returns its id and what its card lists as not covered.
fn approved(stage: &Stage, script: &str, env: &[(&str, &str)]) -> (String, Vec<String>) {
    let mut run = stage.gate(["--wait", "0s", "-c", script]).env("PATH", path(stage));
    for (name, value) in env {
        run = run.env(name, value);
    }
    assert_eq!(run.output().status.code(), Some(124), "{script}");
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let pending = listed.as_array().unwrap().iter().find(|request| request["state"] == "PENDING").unwrap();
    let id = pending["id"].as_str().unwrap().to_owned();
    let text = pending["uncovered"].as_array().unwrap();
    let uncovered = text.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    (id, uncovered)
}

fn path(stage: &Stage) -> String {
    format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display())
}

/// Runs what was approved, and returns what gate says.
fn resumed(stage: &Stage, id: &str, env: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut run = stage.gate(["resume", id]).env("PATH", path(stage));
    for (name, value) in env {
        run = run.env(name, value);
    }
    let output = run.output();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Approves `script`, changes `file`, and expects that nothing runs and `named` is given for the reason.
#[track_caller]
fn case(program: &str, script: &str, files: &[(&str, &str)], file: &str, named: &str) {
    let mut stage = stage(&[program]);
    for (name, text) in files {
        stage = stage.file(name, text);
    }
    let (id, _) = approved(&stage, script, &[]);
    let place: PathBuf = stage.cwd().join(file);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, "# changed\n").unwrap();
    let (code, said) = resumed(&stage, &id, &[]);
    assert_eq!(code, Some(126), "{script}: {said}");
    assert!(said.contains("no longer valid") && said.contains(named), "{script}: {said}");
    assert!(!stage.cwd().join("made").exists(), "{script} ran");
}

#[test]
fn a_makefile_or_what_it_includes_that_is_edited_after_the_approval_invalidates_it() {
    let files =
        [("Makefile", "include rules.mk\nall:\n"), ("rules.mk", "X = 1\n"), ("sub/Makefile", "all:\n")];
    case("make", "make all", &files, "Makefile", "`Makefile`");
    case("make", "make all", &files, "rules.mk", "`rules.mk`");
    case("make", "make -C sub all", &files, "sub/Makefile", "`Makefile`");
    case("make", "make -f other.mk", &files, "other.mk", "`other.mk`");
}

#[test]
fn scripts_of_a_package_that_are_edited_after_the_approval_invalidate_it() {
    let files = [("package.json", "{\"scripts\":{\"build\":\"x\"}}"), ("app/src/x.js", "")];
    case("npm", "npm run build", &files, "package.json", "`package.json`");
    case("npm", "cd app/src && npm run build", &files, "package.json", "`package.json`");
    // A nearer one that appears is read instead.
    case("npm", "cd app/src && npm run build", &files, "app/package.json", "`package.json`");
    case("pnpm", "pnpm --dir app run build", &files, "app/package.json", "`package.json`");
}

#[test]
fn manifests_that_are_edited_after_the_approval_invalidate_it() {
    let files = [
        ("pod.yaml", "kind: Pod\n"),
        ("over/kustomization.yaml", "resources:\n- ../base\n"),
        ("base/kustomization.yaml", "resources:\n- deploy.yaml\n"),
        ("base/deploy.yaml", "kind: Deployment\n"),
    ];
    case("kubectl", "kubectl apply -f pod.yaml", &files, "pod.yaml", "`pod.yaml`");
    case("kubectl", "kubectl apply -k over", &files, "over/kustomization.yaml", "kustomization.yaml");
    case("kubectl", "kubectl apply -k over", &files, "base/deploy.yaml", "deploy.yaml");
    case("kubectl", "kubectl apply -f base", &files, "base/new.yaml", "new.yaml");
}

#[test]
fn plans_and_configurations_that_are_edited_after_the_approval_invalidate_it() {
    let files = [
        ("plan.out", "PK"),
        ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\n"),
        ("m/x.tf", ""),
        ("env/a.tf", ""),
    ];
    case("terraform", "terraform apply plan.out", &files, "plan.out", "`plan.out`");
    case("terraform", "terraform apply", &files, "more.tf", "`more.tf`");
    case("terraform", "terraform apply", &files, "m/x.tf", "`x.tf`");
    case("terraform", "terraform -chdir=env apply", &files, "env/a.tf", "`a.tf`");
}

#[test]
fn playbooks_inventories_and_what_they_import_are_part_of_what_is_approved() {
    let files = [
        ("site.yml", "- import_playbook: web.yml\n"),
        ("web.yml", "- hosts: all\n"),
        ("hosts.ini", "a\n"),
        ("vars.yml", "x: 1\n"),
    ];
    let script = "ansible-playbook -i hosts.ini -e @vars.yml site.yml";
    for (file, named) in [
        ("site.yml", "`site.yml`"),
        ("web.yml", "`web.yml`"),
        ("hosts.ini", "`hosts.ini`"),
        ("vars.yml", "vars.yml"),
    ] {
        case("ansible-playbook", script, &files, file, named);
    }
}

#[test]
fn what_an_image_is_built_from_is_part_of_what_is_approved() {
    let files = [
        ("Dockerfile", "FROM x\nCOPY run.sh /\n"),
        ("run.sh", ""),
        ("compose.yaml", "services:\n  a:\n    build: ./app\n    env_file: a.env\n"),
        ("app/Dockerfile", "FROM y\n"),
        ("a.env", "X=1\n"),
    ];
    case("docker", "docker build -t x .", &files, "Dockerfile", "`Dockerfile`");
    case("docker", "docker build -t x .", &files, "run.sh", "run.sh");
    case("docker", "docker compose up", &files, "compose.yaml", "`compose.yaml`");
    case("docker", "docker compose up", &files, "app/Dockerfile", "Dockerfile`");
    case("docker", "docker compose up", &files, "a.env", "`a.env`");
}

#[test]
fn script_operands_requirements_and_addresses_of_files_are_part_of_what_is_approved() {
    case("python3", "python3 tool.py", &[("tool.py", "print()")], "tool.py", "`tool.py`");
    let files = [("req.txt", "-r base.txt\n"), ("base.txt", "x\n"), ("p.json", "{}")];
    case("pip", "pip install -r req.txt", &files, "base.txt", "`base.txt`");
    case("aws", "aws iam put-role-policy --policy-document file://p.json", &files, "p.json", "p.json");
    case("just", "just deploy", &[("justfile", "deploy:\n")], "justfile", "`justfile`");
}

#[test]
fn a_variable_that_changes_what_a_program_does_is_part_of_what_is_approved() {
    #[track_caller]
    fn case(program: &str, script: &str, before: &[(&str, &str)], after: &[(&str, &str)], named: &str) {
        let stage = stage(&[program]);
        let (id, _) = approved(&stage, script, before);
        let (code, said) = resumed(&stage, &id, after);
        assert_eq!(code, Some(126), "{script}: {said}");
        assert!(said.contains(named), "{script}: {said}");
        assert!(!stage.cwd().join("made").exists(), "{script} ran");
        assert_eq!(resumed(&stage, &approved(&stage, script, after).0, after).0, Some(0), "{script}");
    }
    case("terraform", "terraform apply", &[("TF_VAR_size", "1")], &[("TF_VAR_size", "9")], "`TF_VAR_size`");
    case("terraform", "terraform apply", &[], &[("TF_VAR_more", "1")], "`TF_VAR_more`");
    case("make", "make all", &[], &[("MAKEFLAGS", "-i")], "`MAKEFLAGS`");
    case("kubectl", "kubectl delete ns x", &[("HTTPS_PROXY", "a")], &[("HTTPS_PROXY", "b")], "`HTTPS_PROXY`");
}

#[test]
fn what_picks_the_target_is_part_of_what_is_approved() {
    let stage = stage(&["kubectl", "aws"]);
    let config = |server: &str| {
        format!(
            "clusters:\n- cluster:\n    server: {server}\n  name: c\ncontexts:\n- context:\n    cluster: c\n  name: x\n"
        )
    };
    let place = stage.cwd().join("kube");
    fs::write(&place, config("https://a")).unwrap();
    let env = [("KUBECONFIG", place.to_str().unwrap())];
    let (id, _) = approved(&stage, "kubectl --context x delete ns y", &env);
    fs::write(&place, config("https://b")).unwrap();
    let (code, said) = resumed(&stage, &id, &env);
    assert_eq!(code, Some(126), "{said}");
    assert!(said.contains("`kube-server`"), "{said}");
}

#[test]
fn the_card_names_what_is_not_covered() {
    #[track_caller]
    fn case(program: &str, script: &str, files: &[(&str, &str)], expected: &[&str]) {
        let mut stage = stage(&[program]);
        for (name, text) in files {
            stage = stage.file(name, text);
        }
        let (id, uncovered) = approved(&stage, script, &[]);
        let card = stage.gate(["show", &id]).output();
        let card = String::from_utf8_lossy(&card.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        for text in expected {
            assert!(uncovered.iter().any(|line| line == text), "{script}: {uncovered:?}");
            assert!(card.contains(text), "{script}: {card}");
        }
    }
    case(
        "make",
        "make",
        &[("Makefile", "include $(DEPS)\n")],
        &["what `Makefile` names by `$(DEPS)`", "`make`: what its recipes run and read"],
    );
    case(
        "kubectl",
        "kubectl apply -f 'https://bob:hunter2@x.example/pod.yaml?token=t'",
        &[],
        &["what is at https://x.example/pod.yaml"],
    );
    case(
        "kubectl",
        "kubectl apply -f $NAME",
        &[],
        &["a file of `kubectl` whose name is not known before it runs"],
    );
    // Another form of YAML than kubectl writes.
    case(
        "kubectl",
        "KUBECONFIG=kube kubectl delete pod x",
        &[("kube", "{current-context: a, contexts: []}\n")],
        &["which cluster `kubectl` talks to"],
    );
    case("python3", "python3 tool.py", &[("tool.py", "")], &["`python3`: modules that it imports"]);
    case(
        "kustomize",
        "kustomize build over",
        &[("over/kustomization.yaml", "resources:\n- https://github.com/a/b\n")],
        &["`kustomize`: plugins, and bases that it fetches"],
    );
    let many: Vec<(String, &str)> = (0..300).map(|at| (format!("d/{at}.yaml"), "")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    case("kubectl", "kubectl apply -f d", &many, &["`d`: more than 256 files"]);
    let named: String = (0..50_000).map(|at| format!("include {at}.mk\n")).collect();
    case("make", "make", &[("Makefile", &named)], &["the 50000 files that `Makefile` names"]);
    let long = format!("{named}#{}", " ".repeat(1 << 20));
    case("make", "make", &[("Makefile", &long)], &["what `Makefile` names: it is too long, or no text"]);
}

#[test]
fn hostile_files_of_instructions_hold_nobody_up_and_are_told() {
    let stage = stage(&["make", "kubectl"]).file("d/x.yaml", "");
    std::os::unix::fs::symlink("Makefile", stage.cwd().join("Makefile")).unwrap();
    std::os::unix::fs::symlink("/", stage.cwd().join("d/root")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        stage.cwd().join("d/pipe"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    fs::write(stage.cwd().join("GNUmakefile"), "include GNUmakefile\n".repeat(10_000)).unwrap();
    let (_, uncovered) = approved(&stage, "make; kubectl apply -f d", &[]);
    let text = uncovered.join("\n");
    assert!(
        text.contains("d/root` leads to: no file") && text.contains("d/pipe` leads to: no file"),
        "{text}"
    );
    assert!(text.contains("`Makefile` leads to: no file"), "{text}");
}
