//! Which previews the packs make of which commands. Each is itself allowed.

use std::path::Path;

use super::super::{Circumstances, Policy, TestWorld, Verdict, judge, test_world::PROJECT};
use super::{Wanted, previews};
use crate::command::{Command, Dialect, Source, visible};
use crate::shell::analyse;

thread_local! {
    static POLICY: Policy = Policy::built_in();
}

const LOG: &str =
    "--no-pager log --oneline --no-decorate --no-color --no-show-signature --no-ext-diff --no-textconv";
const DIFF: &str = "--no-pager diff --stat=80 --no-color --no-ext-diff --no-textconv";

fn around<'a>() -> Circumstances<'a> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Circumstances { requester: "agent:claude-code", is_proven: false, start: Path::new(PROJECT), now }
}

fn wanted(text: &str, policy: &Policy) -> Vec<Wanted> {
    let (options, args) = (Vec::new(), Vec::new());
    let source = Source::Script { dialect: Dialect::Bash, options, text: text.as_bytes().to_vec(), args };
    let command = Command { source, cwd: PROJECT.into() };
    let analysis = analyse(&command, &TestWorld, policy);
    let mut judgement = judge(&analysis, policy, &TestWorld, &around());
    // Here it matters what would be shown, whatever the policy makes of it.
    judgement.actions.iter_mut().for_each(|action| action.verdict = Verdict::Ask);
    previews(&analysis, &judgement, policy, &TestWorld, Path::new(PROJECT))
}

fn told(one: &Wanted) -> String {
    match &one.made {
        Ok(made) => visible(&made.command.text()),
        Err(why) => format!("none: {why}"),
    }
}

/// Compares what would be shown of `text`, and claims that all of it may be run.
#[track_caller]
fn case(text: &str, expected: &[&str]) {
    POLICY.with(|policy| {
        let wanted = wanted(text, policy);
        let found: Vec<String> = wanted.iter().map(told).collect();
        let expected: Vec<String> =
            expected.iter().map(|line| line.replace("LOG", LOG).replace("DIFF", DIFF)).collect();
        assert_eq!(found, expected, "{text}");
        for made in wanted.iter().filter_map(|one| one.made.as_ref().ok()) {
            let analysis = made.analysis(&TestWorld, policy);
            let judgement = judge(&analysis, policy, &TestWorld, &around());
            assert_eq!(judgement.verdict, Verdict::Allow, "{}: {judgement:?}", visible(&analysis.text));
        }
    });
}

#[test]
fn a_push_shows_the_commits_that_it_adds() {
    let added = "git LOG --stat=80 main --not '--glob=refs/remotes/origin/mai[n]' --";
    case("git push origin main", &[added]);
    case("git push -u origin main", &[added]);
    case("git push origin main:main", &[added]);
    case("git push origin refs/heads/main:refs/heads/main", &[&added.replace(" main ", " refs/heads/main ")]);
    case("git push origin HEAD", &[&added.replace(" main ", " HEAD ")]);
    case(
        "git -C app push origin a:b/c-d",
        &["git -C app LOG --stat=80 a --not '--glob=refs/remotes/origin/b/c-[d]' --"],
    );
    case("git push", &["git LOG --stat=80 HEAD --not '@{push}' --"]);
    case("git push --dry-run origin main", &[]);
}

#[test]
fn a_push_with_force_shows_the_commits_that_it_takes_away_too() {
    let added = "git LOG --stat=80 main --not '--glob=refs/remotes/origin/mai[n]' --";
    let lost = "git LOG --stat=80 '--glob=refs/remotes/origin/mai[n]' --not main --";
    for text in [
        "git push --force origin main",
        "git push -fu origin main",
        "git push --force-with-lease=main origin main",
        "git push origin +main",
    ] {
        case(text, &[added, lost]);
    }
    let gone = "git LOG --stat=80 '--glob=refs/remotes/origin/ol[d]' --";
    case("git push origin :old", &[gone]);
    case("git push --delete origin old", &[gone]);
    case(
        "git push -f",
        &["git LOG --stat=80 HEAD --not '@{push}' --", "git LOG --stat=80 '@{push}' --not HEAD --"],
    );
}

#[test]
fn a_push_of_what_is_not_known_shows_nothing_and_says_so() {
    case("git push origin", &["none: which branches it pushes is up to git's settings; it names none"]);
    case("git push origin a b", &["none: it pushes several branches at once"]);
    case("git push https://example.com/x.git main", &["none: it pushes to a place that is no named remote"]);
    case(
        "git push --upload-pack=x origin main",
        &["none: what `--upload-pack` changes is not known to the preview"],
    );
    case("git push -- --upload-pack=x main", &["none: `--upload-pack=x` begins like an option"]);
    case("git push origin -- --output=/etc/x", &["none: `--output=/etc/x` begins like an option"]);
    case("git push origin 'a b'", &["none: `a b` is no plain revision"]);
    case("git push origin '^main:x'", &["none: `^main` is no plain revision"]);
    case("git push origin main..x:y", &["none: `main..x` is no plain revision"]);
    case("git push origin 'x:*'", &["none: which branch of the remote it moves is not known"]);
    case("git push origin v1:refs/tags/v1", &["none: it moves something else than a branch"]);
    case("git push --tags origin main", &["none: what `--tags` changes is not known to the preview"]);
    case("git push origin \"$(cat b)\"", &["none: `$(cat b)` is not known before it runs"]);
}

#[test]
fn a_reset_a_clean_a_rebase_and_a_restore_show_what_they_undo() {
    case("git reset --hard", &["git LOG HEAD --not HEAD --", "git DIFF HEAD --"]);
    case(
        "git -C a reset --hard HEAD~2",
        &["git -C a LOG HEAD --not 'HEAD~2' --", "git -C a DIFF 'HEAD~2' --"],
    );
    let option = "none: `--output=x` begins like an option";
    case("git reset --hard -- --output=x", &[option]);
    case("git reset HEAD a", &[]);
    case("git clean -fdx", &["git clean -n -d -x --"]);
    case("git clean -f -e '*.log' -- a 'b c'", &["git clean -n -e '*.log' -- a 'b c'"]);
    case("git clean -f -- -a", &["none: `-a` begins like an option"]);
    case("git clean -i", &["none: what `-i` changes is not known to the preview"]);
    case("git clean -nd", &[]);
    case("git rebase origin/main", &["git LOG --stat=80 HEAD --not origin/main --"]);
    case("git rebase -i --onto x y z", &["git LOG --stat=80 z --not y --"]);
    case("git rebase", &["git LOG --stat=80 HEAD --not '@{upstream}' --"]);
    case("git rebase --continue", &[]);
    case("git rebase --exec 'make' main", &["none: what `--exec` changes is not known to the preview"]);
    case("git restore a b", &["git DIFF -- a b"]);
    case("git restore --staged a", &[]);
}

#[test]
fn kubectl_shows_what_it_applies_and_deletes_in_the_same_place() {
    case("kubectl apply -f a.yaml", &["kubectl diff -f a.yaml"]);
    case(
        "kubectl --context=prod apply -Rf k8s -n shop --wait --timeout=60s",
        &["kubectl diff --context=prod -R -f k8s -n shop"],
    );
    case("kubectl apply -k over/prod --server-side", &["kubectl diff -k over/prod --server-side"]);
    case("kubectl apply -f -", &["none: it reads standard input, and a preview has none"]);
    case("kubectl apply --filename=-", &["none: it reads standard input, and a preview has none"]);
    case("kubectl apply -f a.yaml --dry-run=server", &[]);
    case("kubectl apply -f a.yaml extra", &["none: what `extra` changes is not known to the preview"]);
    case("kubectl delete ns shop", &["kubectl get ns shop"]);
    case("kubectl -n shop delete pods --all --force", &["kubectl get -n shop pods"]);
    case("kubectl delete pod a b -l x=y -A", &["kubectl get -l x=y -A pod a b"]);
    case("kubectl delete -f a.yaml", &["kubectl get -f a.yaml"]);
    case("kubectl delete --all pods", &["kubectl get pods"]);
    case("kubectl delete pod -- -x", &["none: `-x` begins like an option"]);
    case("kubectl delete pod x --foo", &["none: what `--foo` changes is not known to the preview"]);
    case("kubectl delete pod $POD", &["none: `$POD` is not known before it runs"]);
    case(
        "helm upgrade web ./chart -n shop --wait",
        &["helm upgrade web ./chart -n shop --dry-run=client --hide-secret"],
    );
}

#[test]
fn terraform_plans_what_it_applies_and_shows_a_saved_plan() {
    let plan = "terraform plan -input=false -lock=false -no-color";
    case("terraform apply -auto-approve", &[plan]);
    case(
        "terraform -chdir=infra apply -var x=y -var-file=p.tfvars -target module.a",
        &[
            "terraform -chdir=infra plan -input=false -lock=false -no-color -var x=y -var-file=p.tfvars -target module.a",
        ],
    );
    case("terraform apply tf.plan", &["terraform show -no-color tf.plan"]);
    case("tofu apply tf.plan", &["tofu show -no-color tf.plan"]);
    case(
        "terraform destroy -target=a.b",
        &["terraform plan -destroy -input=false -lock=false -no-color -target=a.b"],
    );
    case("terraform apply -unknown", &["none: what `-unknown` changes is not known to the preview"]);
}

#[test]
fn tools_with_a_trial_run_of_their_own_get_the_same_arguments() {
    case("aws s3 rm s3://b/x --recursive --quiet", &["aws s3 rm s3://b/x --recursive --dryrun"]);
    case(
        "aws --profile p s3 sync . s3://b --delete",
        &["aws --profile p s3 sync . s3://b --delete --dryrun"],
    );
    case("aws s3 cp - s3://b/x", &["none: it reads standard input, and a preview has none"]);
    case("aws s3 sync . s3://b --dryrun", &[]);
    case("aws s3 rm -- s3://b/x", &["none: `--` ends its options, and the preview adds some"]);
    case("rsync -a --delete src/ build/", &["rsync -a --delete src/ build/ --dry-run --itemize-changes"]);
    case("rsync -aq src/ build/", &["none: `-q` stands together with other options"]);
    case("rsync -a --files-from=- src/ build/", &["none: it reads standard input, and a preview has none"]);
    case("rsync -an src/ build/", &[]);
}

#[test]
fn a_statement_shows_how_many_rows_it_speaks_of() {
    case(
        "psql -h db -d shop -c 'DELETE FROM orders WHERE id < 5'",
        &["psql -X -A -t -h db -d shop -c 'SELECT count(*) FROM orders WHERE id < 5'"],
    );
    case(
        "psql --dbname=shop -c 'update a set b = 1'",
        &["psql -X -A -t --dbname=shop -c 'SELECT count(*) FROM a'"],
    );
    case("psql shop -c 'truncate a'", &["psql -X -A -t -c 'SELECT count(*) FROM a' shop"]);
    case(
        "psql shop -c 'drop table a; drop table b'",
        &["none: no single plain statement whose rows could be counted"],
    );
    case(
        "psql shop -c 'drop table a' -c 'drop table b'",
        &["none: `-c` or `--command` is given several times"],
    );
    case("psql shop -o f -c 'drop table a'", &["none: what `-o` changes is not known to the preview"]);
    case(
        "mysql -h db shop -e 'DELETE FROM t WHERE a = 1;'",
        &["mysql -h db -N -B -e 'SELECT count(*) FROM t WHERE a = 1' shop"],
    );
    case("sqlite3 shop.db 'DELETE FROM t'", &["sqlite3 -readonly shop.db 'SELECT count(*) FROM t'"]);
    case(
        "sqlite3 shop.db '.shell update x '",
        &["none: no single plain statement whose rows could be counted"],
    );
}

#[test]
fn what_runs_elsewhere_or_as_another_user_is_not_previewed() {
    case("sudo git clean -f", &["none: it runs as another user"]);
    case("ssh host git clean -f", &["none: it runs on another machine or in a container"]);
    case("timeout 5 env A=b bash -c 'git clean -f'", &["git clean -n --"]);
    case("cd src && git clean -f", &["git clean -n --"]);
    case("cd \"$x\" && git clean -f", &["none: its directory is not known before it runs"]);
    case("find . -exec git clean -f ';'", &["none: it runs inside `find`, and a preview would not"]);
}

#[test]
fn variables_that_pick_the_target_are_passed_on_and_no_others() {
    POLICY.with(|policy| {
        let wanted = wanted("KUBECONFIG=a LD_PRELOAD=b kubectl delete ns shop", policy);
        let made = wanted[0].made.as_ref().unwrap();
        assert_eq!(made.set, [("KUBECONFIG".to_owned(), b"a".to_vec())]);
        let analysis = made.analysis(&TestWorld, policy);
        let names: Vec<&str> = analysis.actions[0].assignments.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["KUBECONFIG"]);
    });
    case(
        "KUBECONFIG=$(x) kubectl delete ns a",
        &["none: `KUBECONFIG` is set to what nobody knows before it runs"],
    );
}

#[test]
fn a_preview_by_another_program_looks_at_what_the_command_names() {
    #[track_caller]
    fn own(show: &str, command: &str, expected: &str) {
        let text = format!(
            "[policy]\nversion = 1\n[[preview]]\nmatch = {{ program = \"psql\", option = [\"-f\", \"--file\"] }}\nshow = {{ what = \"x\", {show} }}\n"
        );
        let layer = super::super::LayerText {
            authority: super::super::Authority::User,
            path: "user.toml".to_owned(),
            text,
        };
        let policy = Policy::from_layers(vec![layer]).unwrap();
        let found: Vec<String> = wanted(command, &policy).iter().map(told).collect();
        assert_eq!(found, [expected], "{command}");
    }
    let cat = "run = [\"cat\", \"--\", \"{value:-f,--file}\"]";
    own(cat, "psql --unknown -f up.sql shop", "cat -- up.sql");
    own(cat, "psql --file=up.sql shop", "cat -- up.sql");
    own(cat, "psql -f a -f b", "none: `-f` or `--file` is given several times");
    own(cat, "psql -f -", "none: it reads standard input, and a preview has none");
    own(cat, "psql -f -x", "none: a value of it begins like an option");
    own("run = [\"{program}\", \"-l\"]", "psql -f a", "none: what `-f` changes is not known to the preview");
}
