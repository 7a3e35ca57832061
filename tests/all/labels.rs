//! Labels: where a command works and whose data it names, each with who says so.

use std::fs;

use crate::stage::{Run, Stage};

fn home(stage: &Stage) -> String {
    stage.root().join("user").display().to_string()
}

/// A stage whose `$HOME` has settings of every tool, with secrets in them.
fn stage() -> Stage {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    let files = [
        (
            ".kube/config",
            "apiVersion: v1\nclusters:\n- cluster:\n    server: https://u:hunter2@api.prod.example\n  name: c\ncontexts:\n- context:\n    cluster: c\n  name: shop-prod\n- context:\n    cluster: c\n  name: dev\ncurrent-context: shop-prod\nusers:\n- name: u\n  user:\n    token: hunter2\n",
        ),
        (
            ".aws/config",
            "[default]\nregion = us-east-1\n[profile prod]\nregion = eu-central-1\naws_secret_access_key = hunter2\n",
        ),
        (".config/gcloud/active_config", "default"),
        (
            ".config/gcloud/configurations/config_default",
            "[core]\nproject = acme-prod\n[compute]\nregion = europe-west3\n",
        ),
        (
            ".azure/azureProfile.json",
            "\u{feff}{\"subscriptions\":[{\"id\":\"1\",\"name\":\"Acme Prod\",\"isDefault\":true,\"key\":\"hunter2\"}]}",
        ),
    ];
    for (name, text) in files {
        let path = stage.root().join("user").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    stage
}

fn explain<'a>(stage: &'a Stage, script: &str) -> Run<'a> {
    stage.gate(["explain", "-c", script]).env("HOME", home(stage))
}

fn with<'a>(run: Run<'a>, env: &[(&str, &str)]) -> Run<'a> {
    env.iter().fold(run, |run, (name, value)| run.env(name, value))
}

/// Expects these labels of `script`, as `gate explain` prints them and as its JSON has them, and no secret anywhere.
#[track_caller]
fn case(script: &str, env: &[(&str, &str)], expected: &[&str]) {
    let stage = stage();
    let text = with(explain(&stage, script), env).output();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    let is_wanted = |line: &&str| !line.starts_with("label: category") && !line.starts_with("label: data");
    let labels: Vec<&str> =
        text.lines().filter(|line| line.starts_with("label: ")).filter(is_wanted).collect();
    assert_eq!(labels, expected, "{script}\n{text}");
    let json = with(stage.gate(["explain", "--json", "-c", script]).env("HOME", home(&stage)), env).output();
    let json = String::from_utf8_lossy(&json.stdout).into_owned();
    let all: serde_json::Value = serde_json::from_str(&json).unwrap();
    let listed = all["labels"].as_array().unwrap();
    for label in listed.iter().filter(|label| label["name"] == "environment" || label["name"] == "region") {
        let from: Vec<&str> =
            label["from"].as_array().unwrap().iter().filter_map(|from| from.as_str()).collect();
        let value = label["value"].as_str().unwrap();
        let line = format!("label: {} {value}, from {}", label["name"].as_str().unwrap(), from.join("; "));
        assert!(expected.contains(&line.as_str()), "{line}");
    }
    assert!(!text.contains("hunter2") && !json.contains("hunter2"), "{text}\n{json}");
}

#[test]
fn each_label_is_shown_with_who_says_so() {
    let kube = "kube-context `shop-prod` by `~/.kube/config`; kube-server `https://api.prod.example` by context `shop-prod` in `~/.kube/config`";
    case("kubectl delete ns x", &[], &[&format!("label: environment production, from {kube}")]);
    case(
        "kubectl --context dev delete ns x",
        &[],
        &[
            "label: environment production, from kube-server `https://api.prod.example` by context `dev` in `~/.kube/config`",
        ],
    );
    case("kubectl --context dev --server https://dev.example delete ns x", &[], &[]);
    case(
        "aws ec2 terminate-instances --instance-ids i",
        &[],
        &["label: region us, from aws-region `us-east-1` by profile `default` in `~/.aws/config`"],
    );
    case(
        "aws --profile prod ec2 stop-instances",
        &[],
        &[
            "label: environment production, from aws-profile `prod` by `--profile`",
            "label: region eu, from aws-region `eu-central-1` by profile `prod` in `~/.aws/config`",
        ],
    );
    case(
        "aws --region ap-south-1 ec2 stop-instances",
        &[("AWS_PROFILE", "prod")],
        &[
            "label: environment production, from aws-profile `prod` by `AWS_PROFILE`",
            "label: region asia-pacific, from aws-region `ap-south-1` by `--region`",
        ],
    );
    case(
        "AWS_REGION=eu-west-1 aws ec2 stop-instances",
        &[("AWS_REGION", "us-east-1")],
        &["label: region eu, from aws-region `eu-west-1` by `AWS_REGION`"],
    );
    let gcloud = "in `~/.config/gcloud/configurations/config_default`";
    case(
        "gcloud compute instances delete x",
        &[],
        &[
            &format!(
                "label: environment production, from gcloud-project `acme-prod` by configuration `default` {gcloud}"
            ),
            &format!(
                "label: region eu, from gcloud-region `europe-west3` by configuration `default` {gcloud}"
            ),
        ],
    );
    case(
        "az vm delete -n x",
        &[],
        &[
            "label: environment production, from azure-subscription `Acme Prod` by `~/.azure/azureProfile.json`",
        ],
    );
    case(
        "terraform apply",
        &[("TF_WORKSPACE", "prod")],
        &[
            "label: environment production, from terraform-workspace `prod` by `TF_WORKSPACE`",
            "label: region us, from aws-region `us-east-1` by profile `default` in `~/.aws/config`",
        ],
    );
    case(
        "dbmate up",
        &[("DATABASE_URL", "postgres://bob:hunter2@db.prod.example/shop")],
        &["label: environment production, from database-host `db.prod.example` by `DATABASE_URL`"],
    );
    case(
        "psql -c 'drop table t'",
        &[("PGHOST", "prod-db")],
        &["label: environment production, from database-host `prod-db` by `PGHOST`"],
    );
    case(
        "helm upgrade x y --kube-context none",
        &[("CI_ENVIRONMENT_NAME", "production")],
        &["label: environment production, from ci-environment `production` by `CI_ENVIRONMENT_NAME`"],
    );
}

#[test]
fn data_that_leaves_the_region_of_its_label_asks_and_names_both() {
    let own = "[policy]\nversion = 1\n[[label]]\nset = { region = \"eu\" }\nmatch = { operand = \"s3://acme-customers*\" }\n\
               [[label]]\nset = { region = \"eu-west-1\" }\nmatch = { operand = \"s3://exact*\" }\n\
               [[rule]]\nid = \"own.copy\"\nverdict = \"allow\"\nreason = \"ours\"\nmatch = { program = \"aws\" }\n\
               [[override]]\nrule = \"aws.copy\"\nverdict = \"allow\"\nreason = \"ours\"\n";
    let stage = Stage::new().policy(own);
    let verdict = |script: &str| {
        let said = stage.gate(["explain", "--json", "-c", script]).output();
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        let reason = said["reason"].as_str().unwrap().to_owned();
        (said["verdict"].as_str().unwrap().to_owned(), reason)
    };
    #[track_caller]
    fn leaves((verdict, reason): (String, String), from: &str, to: &str) {
        let expected = format!(
            "takes data out of the region it belongs to: its data is of region `{from}`, and it works in region `{to}`"
        );
        assert_eq!((verdict.as_str(), reason), ("ask", expected));
    }
    leaves(verdict("aws s3 cp s3://acme-customers/x s3://there/x --region us-east-1"), "eu", "us");
    leaves(verdict("aws s3 sync s3://acme-customers s3://other-us-west-2"), "eu", "us");
    leaves(verdict("aws s3 cp s3://exact/x s3://y/x --region eu-central-1"), "eu-west-1", "eu-central-1");
    leaves(
        verdict("aws s3 cp s3://acme-customers/x - | aws s3 cp - s3://y/x --region us-east-1"),
        "eu",
        "us",
    );
    leaves(verdict("AWS_REGION=us-east-1 aws s3 mv s3://acme-customers/x s3://y/x"), "eu", "us");
    assert_ne!(verdict("aws s3 cp s3://acme-customers/x s3://y/x --region eu-central-1").0, "deny");
    let calm = verdict("aws s3 cp s3://acme-customers/x s3://y/x --region eu-central-1");
    assert!(!calm.1.contains("region it belongs to"), "{calm:?}");
    let calm = verdict("aws s3 ls s3://acme-customers --region us-east-1");
    assert!(!calm.1.contains("region it belongs to"), "{calm:?}");
}

#[test]
fn what_only_a_requester_says_lets_no_allow_match() {
    let own = "[policy]\nversion = 1\n\
               [[label]]\nset = { environment = \"sandbox\" }\nmatch = { program = \"aws\", fact = { aws-profile = \"sandbox\" } }\n\
               [[rule]]\nid = \"own.sandbox\"\nverdict = \"allow\"\nreason = \"a sandbox\"\nmatch = { program = \"/bin/true\" }\n\
               [[rule]]\nid = \"own.region\"\nverdict = \"allow\"\nreason = \"a region to play in\"\nmatch = { program = \"frob\", fact = { aws-region = \"eu-north-1\" } }\n\
               [[program]]\nname = \"frob\"\nvalues = [\"--region\", \"--profile\"]\n";
    let stage = Stage::new().policy(own);
    #[track_caller]
    fn case(stage: &Stage, script: &str, env: &[(&str, &str)], expected: &str) {
        let mut run = stage.gate(["explain", "--json", "-c", script]);
        for (name, value) in env {
            run = run.env(name, value);
        }
        let said: serde_json::Value = serde_json::from_slice(&run.output().stdout).unwrap();
        assert_eq!(said["verdict"], expected, "{script}: {said}");
    }
    case(&stage, "frob --region eu-north-1 x", &[], "allow");
    case(&stage, "frob x", &[("AWS_REGION", "eu-north-1")], "ask");
    case(&stage, "AWS_REGION=eu-north-1 frob x", &[], "ask");
    case(&stage, "frob --region \"$R\" x", &[], "ask");
    case(&stage, "frob --region eu-north-1 --region us-east-1 x", &[], "ask");
    case(&stage, "frob x", &[], "ask");
}

#[test]
fn a_card_says_where_its_labels_come_from() {
    let stage = stage().script("bin/kubectl", "#!/bin/sh\n");
    let path = format!("{}:/usr/bin:/bin", stage.cwd().join("bin").display());
    let run =
        stage.gate(["--wait", "0s", "-c", "kubectl delete ns x"]).env("HOME", home(&stage)).env("PATH", path);
    assert_eq!(run.output().status.code(), Some(124));
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let card = stage.gate(["show", listed[0]["id"].as_str().unwrap()]).output();
    let card = String::from_utf8_lossy(&card.stdout).into_owned();
    let words = card.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("environment = production, from kube-context `shop-prod` by `~/.kube/config`"),
        "{card}"
    );
    assert!(!card.contains("hunter2") && !listed.to_string().contains("hunter2"), "{card}");
}

#[test]
fn a_command_that_no_label_asks_about_reads_none_of_the_settings() {
    let stage = stage();
    let trace = stage.root().join("trace");
    let opened = |script: &str| {
        let run = stage.program("strace", ["-f", "-qq", "-e", "trace=%file", "-o"]).arg(&trace);
        let run = run.arg(env!("CARGO_BIN_EXE_gate")).arg("--home").arg(stage.home()).arg("--wait").arg("0s");
        run.arg("-c").arg(script).env("HOME", home(&stage)).output();
        let text = String::from_utf8_lossy(&fs::read(&trace).unwrap()).into_owned();
        let settings = ["/.kube/", "/.aws/", "/gcloud/", "/.azure/", ".terraform", "/.git/"];
        settings.into_iter().filter(|part| text.lines().any(|line| line.contains(part))).collect::<Vec<_>>()
    };
    assert_eq!(opened("ls"), Vec::<&str>::new());
    assert_eq!(opened("echo a; pwd; cat README.md | wc -l"), Vec::<&str>::new());
    assert_eq!(opened("kubectl delete ns x"), ["/.kube/"]);
}
