//! Facts from real files.

use crate::exec::Host;
use crate::world::{Aim, Fact, Findings, World};
use std::fs;
use std::path::Path;

/// Asks about `fact` as `program` does, with what the arguments choose.
fn ask(files: &[(&str, &str)], env: &[(&str, &str)], fact: Fact, of: (&str, Option<&str>)) -> Findings {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let env = env.iter().map(|(name, value)| (*name, value.replace("DIR", dir.path().to_str().unwrap())));
    let host = Host::made_of(env, Some(dir.path().join("home")));
    fs::create_dir_all(dir.path().join("work/deep")).unwrap();
    let cwd = dir.path().join("work/deep");
    let mut found = host.fact(fact, &Aim { program: of.0, cwd: &cwd, chosen: of.1, set: &[] });
    for stated in &mut found.values {
        stated.from = stated.from.replace(dir.path().to_str().unwrap(), "DIR");
    }
    found
}

#[track_caller]
fn case(files: &[(&str, &str)], env: &[(&str, &str)], fact: Fact, expected: Option<&str>) {
    let found = ask(files, env, fact, ("tool", None));
    let values: Vec<&str> = found.values.iter().map(|stated| stated.value.as_str()).collect();
    let expected: Vec<&str> = expected.into_iter().collect();
    assert_eq!((values, found.is_open), (expected.clone(), expected.is_empty()));
}

#[track_caller]
fn said(
    files: &[(&str, &str)],
    env: &[(&str, &str)],
    fact: Fact,
    of: (&str, Option<&str>),
    expected: &[&str],
) {
    let found = ask(files, env, fact, of);
    let mut words: Vec<String> =
        found.values.iter().map(|one| format!("{} by {}", one.value, one.from)).collect();
    words.extend(found.is_open.then(|| "or another".to_owned()));
    assert_eq!(words, expected);
}

#[test]
fn git_facts_come_from_the_repository_around_the_directory() {
    let config =
        "[core]\n\tbare = false\n[remote \"up\"]\n\turl = no\n[remote \"origin\"]\n\turl = git@h:a/b.git\n";
    let plain = [("work/.git/HEAD", "ref: refs/heads/feature/x\n"), ("work/.git/config", config)];
    case(&plain, &[], Fact::GitBranch, Some("feature/x"));
    case(&plain, &[], Fact::GitRemote, Some("git@h:a/b.git"));
    case(&[("work/.git/HEAD", "8f14e45fceea167a5a36dedd4bea2543\n")], &[], Fact::GitBranch, None);
    case(&[], &[], Fact::GitBranch, None);
    // What is pushed goes elsewhere, or may.
    for more in [
        "\tpushurl = x\n",
        "\turl = x\n",
        "[url \"x\"]\n\tInsteadOf = git@h:\n",
        "[include]\n\tpath = x\n",
        "[remote  \"origin\"]\n\turl = x\n",
        "[Remote \"origin\"]\n\turl = x\n",
        "[remote \"or\\igin\"]\n\turl = x\n",
        "[remote \"origin\"] url = x\n",
        "[extensions]\n\tworktreeConfig = true\n",
    ] {
        let config = format!("{config}{more}");
        case(&[plain[0], ("work/.git/config", &config)], &[], Fact::GitRemote, None);
    }
    let worktree = [
        ("work/.git", "gitdir: ../main/.git/worktrees/w\n"),
        ("main/.git/worktrees/w/HEAD", "ref: refs/heads/w\n"),
        ("main/.git/worktrees/w/commondir", "../..\n"),
        ("main/.git/config", config),
    ];
    case(&worktree, &[], Fact::GitBranch, Some("w"));
    case(&worktree, &[], Fact::GitRemote, Some("git@h:a/b.git"));
    let elsewhere = [("other/HEAD", "ref: refs/heads/o\n"), plain[0]];
    case(&elsewhere, &[("GIT_DIR", "DIR/other")], Fact::GitBranch, Some("o"));
}

const KUBE: &str = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: AAAA\n    server: https://prod.example:6443\n  name: p\n- cluster:\n    server: \"https://dev.example\"\n  name: d\ncontexts:\n- context:\n    cluster: d\n    user: u\n  name: dev\n- context:\n    cluster: p\n    namespace: shop\n    user: u\n  name: live\ncurrent-context: live\nkind: Config\nusers:\n- name: u\n  user:\n    token: t\n";

#[test]
fn kube_facts_follow_the_current_context_to_its_server() {
    let home = [("home/.kube/config", KUBE)];
    case(&home, &[], Fact::KubeContext, Some("live"));
    case(&home, &[], Fact::KubeServer, Some("https://prod.example:6443"));
    let other = [("k1", "current-context: dev\n"), ("k2", KUBE)];
    case(&other, &[("KUBECONFIG", "DIR/k1:DIR/k2")], Fact::KubeServer, Some("https://dev.example"));
    case(&[], &[], Fact::KubeServer, None);
    case(&[("home/.kube/config", "{a: [}")], &[], Fact::KubeContext, None);
    case(&[("home/.kube/config", "current-context: x\n")], &[], Fact::KubeServer, None);
}

#[test]
fn terraform_workspace_is_what_terraform_would_use() {
    case(&[], &[], Fact::TerraformWorkspace, Some("default"));
    case(&[("work/deep/.terraform/environment", "prod")], &[], Fact::TerraformWorkspace, Some("prod"));
    case(&[], &[("TF_WORKSPACE", "stage")], Fact::TerraformWorkspace, Some("stage"));
}

#[test]
fn a_fifo_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("HEAD");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let host = Host::made_of(std::iter::empty::<(&str, &str)>(), None);
    assert_eq!(host.read(&fifo, 10), None);
    assert_eq!(host.read(Path::new("/dev/zero"), 10), None);
    assert_eq!(host.read(dir.path(), 10), None);
}

#[test]
fn what_signs_in_is_not_part_of_an_address() {
    let config = "[remote \"origin\"]\n\turl = https://bob:hunter2@github.com/a/b.git?token=x\n";
    let files = [("work/.git/HEAD", "ref: refs/heads/m\n"), ("work/.git/config", config)];
    case(&files, &[], Fact::GitRemote, Some("https://github.com/a/b.git"));
    let kube = KUBE.replace("https://prod.example", "https://u:hunter2@prod.example");
    case(&[("home/.kube/config", &kube)], &[], Fact::KubeServer, Some("https://prod.example:6443"));
}

#[test]
fn a_chosen_context_has_the_server_that_its_file_names() {
    let home = [("home/.kube/config", KUBE)];
    said(
        &home,
        &[],
        Fact::KubeServer,
        ("kubectl", Some("dev")),
        &["https://dev.example by context `dev` in `~/.kube/config`"],
    );
    said(&home, &[], Fact::KubeServer, ("kubectl", Some("gone")), &["or another"]);
    said(&home, &[], Fact::KubeContext, ("kubectl", Some("gone")), &["gone by `--context`"]);
}

const AWS: &str = "[default]\nregion = us-east-1\n[profile prod]\nregion = eu-central-1\nsso_start_url = https://x\n[profile bare]\noutput = json\n";

#[test]
fn aws_facts_are_what_its_variables_and_its_settings_say() {
    let home = [("home/.aws/config", AWS)];
    let aws = ("aws", None);
    said(&home, &[], Fact::AwsProfile, aws, &["default by no profile being named"]);
    said(&home, &[], Fact::AwsRegion, aws, &["us-east-1 by profile `default` in `~/.aws/config`"]);
    said(
        &home,
        &[("AWS_PROFILE", "prod")],
        Fact::AwsRegion,
        aws,
        &["eu-central-1 by profile `prod` in `~/.aws/config`"],
    );
    said(
        &home,
        &[],
        Fact::AwsRegion,
        ("aws", Some("prod")),
        &["eu-central-1 by profile `prod` in `~/.aws/config`"],
    );
    said(&home, &[("AWS_PROFILE", "bare")], Fact::AwsRegion, aws, &["or another"]);
    said(
        &home,
        &[("AWS_REGION", "ap-south-1")],
        Fact::AwsRegion,
        ("aws", Some("prod")),
        &["ap-south-1 by `AWS_REGION`"],
    );
    let both = [("AWS_DEFAULT_REGION", "us-west-2"), ("AWS_REGION", "eu-west-1")];
    said(
        &home,
        &both,
        Fact::AwsRegion,
        aws,
        &["eu-west-1 by `AWS_REGION`", "us-west-2 by `AWS_DEFAULT_REGION`"],
    );
    let both = [("AWS_PROFILE", "prod"), ("AWS_DEFAULT_PROFILE", "dev")];
    said(&home, &both, Fact::AwsProfile, aws, &["prod by `AWS_PROFILE`", "dev by `AWS_DEFAULT_PROFILE`"]);
    said(
        &[("x", "[default]\nregion=a\n")],
        &[("AWS_CONFIG_FILE", "DIR/x")],
        Fact::AwsRegion,
        aws,
        &["a by profile `default` in `DIR/x`"],
    );
    said(&[], &[], Fact::AwsRegion, aws, &["or another"]);
}

#[test]
fn gcloud_facts_follow_the_active_configuration() {
    let dir = "home/.config/gcloud";
    let (active, default) = (format!("{dir}/active_config"), format!("{dir}/configurations/config_default"));
    let prod = format!("{dir}/configurations/config_prod");
    let files = [
        (active.as_str(), "default\n"),
        (default.as_str(), "[core]\nproject = acme-dev\n[compute]\nzone = europe-west1-b\n"),
        (prod.as_str(), "[core]\nproject = acme-prod\n[compute]\nregion = us-central1\n"),
    ];
    let gcloud = ("gcloud", None);
    said(
        &files,
        &[],
        Fact::GcloudProject,
        gcloud,
        &["acme-dev by configuration `default` in `~/.config/gcloud/configurations/config_default`"],
    );
    said(
        &files,
        &[],
        Fact::GcloudRegion,
        gcloud,
        &["europe-west1 by configuration `default` in `~/.config/gcloud/configurations/config_default`"],
    );
    let chosen = "acme-prod by configuration `prod` in `~/.config/gcloud/configurations/config_prod`";
    said(&files, &[], Fact::GcloudProject, ("gcloud", Some("prod")), &[chosen]);
    said(&files, &[("CLOUDSDK_ACTIVE_CONFIG_NAME", "prod")], Fact::GcloudProject, gcloud, &[chosen]);
    said(
        &files,
        &[("CLOUDSDK_CORE_PROJECT", "p")],
        Fact::GcloudProject,
        gcloud,
        &["p by `CLOUDSDK_CORE_PROJECT`"],
    );
    said(&files, &[("CLOUDSDK_ACTIVE_CONFIG_NAME", "../../x")], Fact::GcloudProject, gcloud, &["or another"]);
    said(&[], &[], Fact::GcloudProject, gcloud, &["or another"]);
}

#[test]
fn azure_facts_are_the_default_subscription_by_name_and_id() {
    let text = "\u{feff}{\"installationId\":\"i\",\"subscriptions\":[{\"id\":\"1\",\"name\":\"Dev\",\"isDefault\":false,\"user\":{\"name\":\"a@b\"}},{\"id\":\"2\",\"name\":\"Acme Production\",\"isDefault\":true}]}";
    let files = [("home/.azure/azureProfile.json", text)];
    let place = "`~/.azure/azureProfile.json`";
    said(
        &files,
        &[],
        Fact::AzureSubscription,
        ("az", None),
        &[&format!("Acme Production by {place}"), &format!("2 by {place}")],
    );
    said(
        &files,
        &[],
        Fact::AzureSubscription,
        ("az", Some("dev")),
        &["dev by `--subscription`", &format!("Dev by {place}"), &format!("1 by {place}")],
    );
    for broken in ["", "[]", "{\"subscriptions\": 3}", "{\"subscriptions\":[{\"id\":1}]}"] {
        said(
            &[("home/.azure/azureProfile.json", broken)],
            &[],
            Fact::AzureSubscription,
            ("az", None),
            &["or another"],
        );
    }
    let deep = "[".repeat(100_000);
    said(
        &[("home/.azure/azureProfile.json", &deep)],
        &[],
        Fact::AzureSubscription,
        ("az", None),
        &["or another"],
    );
}

#[test]
fn variables_name_databases_and_what_a_ci_job_is_for() {
    let url = [("DATABASE_URL", "postgres://bob:hunter2@db.prod.example:5432/shop?sslmode=require")];
    said(&[], &url, Fact::DatabaseHost, ("prisma", None), &["db.prod.example by `DATABASE_URL`"]);
    said(&[], &url, Fact::DatabaseName, ("prisma", None), &["shop by `DATABASE_URL`"]);
    said(&[], &url, Fact::DatabaseHost, ("psql", None), &["localhost by no host being named"]);
    said(&[], &[("PGHOST", "p")], Fact::DatabaseHost, ("pg_dump", None), &["p by `PGHOST`"]);
    said(
        &[],
        &[("PGSERVICE", "s")],
        Fact::DatabaseHost,
        ("psql", None),
        &["localhost by no host being named", "or another"],
    );
    let gitlab = [("CI_ENVIRONMENT_NAME", "production/eu"), ("CI_ENVIRONMENT_TIER", "production")];
    let expected = ["production/eu by `CI_ENVIRONMENT_NAME`", "production by `CI_ENVIRONMENT_TIER`"];
    said(&[], &gitlab, Fact::CiEnvironment, ("kubectl", None), &expected);
    said(&[], &[], Fact::CiEnvironment, ("kubectl", None), &[]);
    said(&[], &[("GITHUB_ACTIONS", "true")], Fact::CiEnvironment, ("kubectl", None), &["or another"]);
    said(
        &[],
        &[("GITHUB_REF_NAME", "main")],
        Fact::CiBranch,
        ("kubectl", None),
        &["main by `GITHUB_REF_NAME`"],
    );
    said(
        &[],
        &[("GITHUB_REPOSITORY", "a/b")],
        Fact::CiRepository,
        ("kubectl", None),
        &["a/b by `GITHUB_REPOSITORY`"],
    );
}

#[test]
fn a_hostile_file_says_nothing_and_holds_nobody_up() {
    let facts = [
        Fact::KubeContext,
        Fact::KubeServer,
        Fact::AwsRegion,
        Fact::GcloudProject,
        Fact::AzureSubscription,
        Fact::GitBranch,
        Fact::GitRemote,
        Fact::TerraformWorkspace,
    ];
    let places = [
        "home/.kube/config",
        "home/.aws/config",
        "home/.config/gcloud/active_config",
        "home/.azure/azureProfile.json",
        "work/.git/HEAD",
        "work/deep/.terraform/environment",
    ];
    let makes: [fn(&Path); 4] = [
        |path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap()
        },
        |path| std::os::unix::fs::symlink(path.file_name().unwrap(), path).unwrap(),
        |path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        |path| fs::write(path, b"\xff\xfe\0: [{\"").unwrap(),
    ];
    for make in makes {
        let dir = tempfile::tempdir().unwrap();
        for place in places {
            let path = dir.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            make(&path);
        }
        let host = Host::made_of(std::iter::empty::<(&str, &str)>(), Some(dir.path().join("home")));
        for fact in facts {
            let cwd = dir.path().join("work/deep");
            let found = host.fact(fact, &Aim { program: "tool", cwd: &cwd, chosen: None, set: &[] });
            assert_eq!(found, Findings::unknown(), "{fact:?}");
        }
    }
}

#[test]
fn what_the_script_sets_counts_and_a_file_that_it_names_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::made_of([("AWS_PROFILE", "prod"), ("TF_WORKSPACE", "w")], Some(dir.path().join("home")));
    let set =
        |name: &str, value: Option<&str>| vec![(name.to_owned(), value.map(|text| text.as_bytes().to_vec()))];
    let ask = |fact: Fact, set: &[(String, Option<Vec<u8>>)]| {
        host.fact(fact, &Aim { program: "tool", cwd: dir.path(), chosen: None, set })
    };
    assert_eq!(ask(Fact::AwsProfile, &set("AWS_PROFILE", Some("dev"))).values[0].value, "dev");
    assert_eq!(ask(Fact::AwsProfile, &set("AWS_PROFILE", None)), Findings::unknown());
    assert_eq!(ask(Fact::TerraformWorkspace, &set("TF_WORKSPACE", None)), Findings::unknown());
    assert_eq!(ask(Fact::AwsRegion, &set("HOME", Some("/x"))), Findings::unknown());
    assert_eq!(ask(Fact::KubeContext, &set("KUBECONFIG", Some("/x"))), Findings::unknown());
}
