use super::{rule, user, verdict};
use crate::policy::Verdict;
use crate::shell::Truth;

/// What a `deny` rule with this `match` says, and whether an `allow` rule with it allows.
#[track_caller]
fn case(matcher: &str, script: &str, restricts: Truth, permits: bool) {
    let denies = user(&rule("x", "deny", &format!("match = {matcher}")));
    let found = verdict(&denies, script);
    let hit = found.hits().find(|hit| hit.rule == "test.x");
    let truth = match hit.map(|hit| hit.verdict) {
        None => Truth::No,
        Some(Verdict::Ask) => Truth::Maybe,
        Some(_) => Truth::Yes,
    };
    assert_eq!(truth, restricts, "deny {matcher} on `{script}`");
    let allows = user(&rule("x", "allow", &format!("match = {matcher}")));
    let allowed = verdict(&allows, script).hits().any(|hit| hit.rule == "test.x");
    assert_eq!(allowed, permits, "allow {matcher} on `{script}`");
}

use Truth::{Maybe, No, Yes};

#[test]
fn program_is_a_glob_on_the_plain_name() {
    case("{ program = 'tool' }", "tool x", Yes, true);
    case("{ program = 'tool' }", "/usr/bin/tool x", Yes, true);
    case("{ program = ['a', 't*l'] }", "tool", Yes, true);
    case("{ program = 'tool' }", "other", No, false);
    case("{ program = 'tool' }", "./tool", Yes, false);
    case("{ program = './run.sh' }", "./run.sh x", Yes, true);
    case("{ program = './run.sh' }", "./sub/run.sh x", No, false);
    case("{ program = '' , writes = '*' }", "> x", Yes, true);
    case("{ program = '' , writes = '*' }", "tool > x", No, false);
}

#[test]
fn subcommand_begins_the_operands() {
    case("{ program = 'tool', subcommand = 'push' }", "tool push", Yes, true);
    case("{ program = 'tool', subcommand = 'push' }", "tool -n prod --verbose push", Yes, true);
    case("{ program = 'tool', subcommand = 'push' }", "tool --odd push", Maybe, false);
    case("{ program = 'tool', subcommand = 'push' }", "tool pull push", No, false);
    case("{ program = 'tool', subcommand = 'push' }", "tool $x", Maybe, false);
    case("{ program = 'tool', subcommand = ['remote *', 'x'] }", "tool remote add", Yes, true);
    case("{ program = 'tool', subcommand = ['remote *', 'x'] }", "tool remote", No, false);
}

#[test]
fn option_that_is_switched_off_again_lets_nothing_run() {
    let asked = "{ program = 'tool', option = ['-r', '--dry-run'] }";
    case(asked, "tool --dry-run", Yes, true);
    case(asked, "tool --dry-run=client", Yes, true);
    case(asked, "tool --dry-run=false", Yes, false);
    case(asked, "tool --dry-run=FALSE", Yes, false);
    case(asked, "tool --dry-run=0", Yes, false);
    case(asked, "tool --dry-run=\"$x\"", Yes, false);
    case(asked, "tool -r=false", Yes, false);
    case(asked, "tool --dry-run false", Yes, false);
    case(asked, "tool -r --no-dry-run", Yes, false);
    case(asked, "tool --no-dry -r", Yes, false);
    case(asked, "tool --no-r -r", Yes, false);
    case(asked, "tool -r --no-color", Yes, true);
    case("{ program = 'tool', option = ['--merged', '--no-merged'] }", "tool --no-merged", Yes, true);
}

#[test]
fn options_are_found_in_bundles_and_abbreviations() {
    case("{ program = 'tool', option = ['-f', '--force'] }", "tool -rf", Yes, true);
    case("{ program = 'tool', option = ['-f', '--force'] }", "tool --force", Yes, true);
    case("{ program = 'tool', option = ['--mirror'] }", "tool --mir", Yes, false);
    case("{ program = 'tool', option = ['--mirror'] }", "tool --mirrors", No, false);
    case("{ program = 'tool', option = ['-f'] }", "tool -- -f", No, false);
    case("{ program = 'tool', option = ['-f'] }", "tool -n -f", No, false);
    case("{ program = 'tool', option = ['-f'] }", "tool \"$x\"", Maybe, false);
    case("{ program = 'tool', option = ['-f'] }", "tool *", Maybe, false);
    case("{ program = 'tool', option = ['-f'] }", "tool --odd -f", Yes, false);
    case("{ program = 'tool', option = ['--mode=fast'] }", "tool --mode=fast", Yes, true);
    case("{ program = 'tool', option = ['--mode=fast'] }", "tool --mode=slow", No, false);
    case("{ program = 'tool', option_all = ['-r', '-f'] }", "tool -r", No, false);
    case("{ program = 'tool', option_all = ['-r', '-f'] }", "tool -fr", Yes, true);
}

#[test]
fn refused_options_keep_an_allow_from_matching() {
    case("{ program = 'tool', option_none = ['--force'] }", "tool x", Yes, true);
    case("{ program = 'tool', option_none = ['--force'] }", "tool x --force", No, false);
    case("{ program = 'tool', option_none = ['--mirror'] }", "tool x --mi", Yes, false);
    case("{ program = 'tool', option_none = ['--force'] }", "tool $x", Maybe, false);
    case("{ program = 'tool', option_none = ['--force'] }", "tool *.txt", Yes, true);
    case("{ program = 'tool', option_none = ['--force'], dynamic = false }", "tool *.txt", No, false);
}

#[test]
fn values_belong_to_their_option() {
    let prod = "{ program = 'tool', value = { '--context' = '*prod*' } }";
    case(prod, "tool --context eu-prod get", Yes, true);
    case(prod, "tool --context=eu-prod get", Yes, true);
    case(prod, "tool --context test get prod", No, false);
    case(prod, "tool --context \"$x\"", Maybe, false);
    case(prod, "tool --context \"prod-$x\"", Yes, true);
    case(prod, "tool get", No, false);
    case(prod, "tool --context test --context prod", Yes, false);
    case("{ program = 'tool', value = { '-n' = 'prod' } }", "tool -nprod", Yes, true);
    case("{ program = 'tool', value = { '-n' = 'prod' } }", "tool -n=prod", Yes, false);
    case("{ program = 'tool', value = { '--odd' = 'prod' } }", "tool --odd prod", Maybe, false);
}

#[test]
fn operands_are_what_is_no_option() {
    case("{ program = 'tool', operand = ['+*'] }", "tool a +main", Yes, true);
    case("{ program = 'tool', operand = ['+*'] }", "tool a main", No, false);
    case("{ program = 'tool', operand = ['a*'] }", "tool \"a$x\"", Yes, true);
    case("{ program = 'tool', operand = ['ab*'] }", "tool \"a$x\"", Maybe, false);
    case("{ program = 'tool', operand = ['a*'] }", "tool $x", Maybe, false);
    case("{ program = 'tool', subcommand = 'get', operand = ['get'] }", "tool get x", No, false);
    case("{ program = 'tool', operand_all = ['a*', 'b*'] }", "tool a b", Yes, true);
    case("{ program = 'tool', operand_all = ['a*', 'b*'] }", "tool a c", No, false);
    case("{ program = 'tool', operand_all = ['a*'] }", "tool", Yes, true);
    case("{ program = 'tool', operand_all = ['a*'] }", "tool a $x", Maybe, false);
    case("{ program = 'tool', operand_none = ['*'] }", "tool -v", Yes, true);
    case("{ program = 'tool', operand_none = ['*'] }", "tool x", No, false);
    case("{ program = 'tool', operand_none = ['*'] }", "tool $x", Maybe, false);
    case("{ program = 'tool', operand = ['/etc/*'] }", "tool ../../../etc/passwd", Yes, true);
    case("{ program = 'tool', operand = ['~/.ssh/*'] }", "cd ~ && tool .ssh/id", Yes, true);
    case("{ program = 'tool', operand = ['./src/*'] }", "tool src/a ", Yes, true);
}

#[test]
fn every_path_that_words_name_may_have_to_lie_in_one_place() {
    let inside = "{ program = 'tool', names_all = ['./**'] }";
    for text in ["tool", "tool a", "tool --map=a/b x:./y -ofile", "tool *.txt $x"] {
        case(inside, text, Yes, true);
    }
    for text in [
        "tool /x",
        "tool ../x",
        "tool a/../../x",
        "tool --map=/x",
        "tool -o/x",
        "tool a:/x",
        "tool http://x/y",
    ] {
        case(inside, text, No, false);
    }
}

#[test]
fn paths_come_from_selectors_and_redirects() {
    case("{ program = 'tool', reads = ['/etc/*'] }", "tool /etc/passwd", Yes, true);
    case("{ program = 'tool', reads = ['/etc/*'] }", "tool < /etc/passwd", Yes, true);
    case("{ program = 'tool', reads = ['.env'] }", "tool sub/.env", Yes, true);
    case("{ program = 'tool', reads = ['.env'] }", "tool sub/x.env", No, false);
    case("{ program = 'tool', reads = ['*.pem'] }", "tool *", Maybe, false);
    case("{ program = 'tool', reads = ['*.pem'] }", "tool *.txt", No, false);
    case("{ program = 'tool', reads_none = ['*.pem'] }", "tool *.txt", Yes, true);
    case("{ program = 'tool', reads_none = ['*.pem'] }", "tool \"$x.txt\"", Maybe, false);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool > out/x", Yes, true);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool > ../x", No, false);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool > a/../../x", No, false);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool > \"$x\"", Maybe, false);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool > \"./$x\"", Yes, false);
    case("{ program = 'tool', writes_all = ['./**'] }", "tool -o /tmp/x", No, false);
    case("{ program = 'tool', writes = ['/tmp/**'] }", "tool --output=/tmp/x", Yes, true);
    case("{ program = 'place', writes = ['/etc/**'] }", "place a /etc", Yes, true);
    case("{ program = 'place', writes = ['/etc/**'] }", "place /etc/x a", No, false);
    case("{ program = 'place', writes = ['/etc/**'] }", "place /etc/x $y", Maybe, false);
    case("{ program = 'tool', writes_none = ['*'] }", "tool x", Yes, true);
    case("{ program = 'tool', writes_none = ['*'] }", "tool >> x", No, false);
    case("{ program = 'tool', reads = ['./**/dist/**'] }", "tool dist", Yes, true);
    case("{ program = 'tool', reads = ['./**/dist/**'] }", "tool a/b/dist/c", Yes, true);
    case("{ program = 'tool', reads = ['./**/dist/**'] }", "tool ../dist/c", No, false);
    case("{ program = 'place', writes_all = ['./**'] }", "place a host:/etc/x", Yes, false);
}

#[test]
fn a_whole_command_matches_word_by_word_and_alone() {
    let exact = "{ exactly = ['tool push origin', 'tool -v x'] }";
    case(exact, "tool push origin", Yes, true);
    case(exact, "tool  'push' \"origin\"", Yes, true);
    case(exact, "tool push origin 2>&1", Yes, true);
    case(exact, "true && tool -v x; true", Yes, true);
    for (script, restricts) in [
        ("tool push", No),
        ("tool push origin main", No),
        ("tool origin push", No),
        ("tool push 'origin '", No),
        ("tool 'push origin'", No),
        ("tool x -v", No),
        ("/usr/bin/tool push origin", No),
        ("tool push $x", Maybe),
        ("tool push \"$x\"", Maybe),
        ("tool push *", Maybe),
        ("other push $x", No),
        ("A=1 tool push origin", No),
        ("export A=1; tool push origin", No),
        ("tool push origin > x", No),
        ("tool push origin < x", No),
        ("tool push origin <<< x", No),
        ("echo x | tool push origin", No),
        ("tool push origin | cat", No),
        ("sudo tool push origin", No),
        ("bash -c 'tool push origin'", No),
        ("tool() { :; }; tool push origin", No),
        ("alias tool=rm; tool push origin", No),
    ] {
        case(exact, script, restricts, false);
    }
    case("{ exactly = 'tool *' }", "tool x", No, false);
    case("{ exactly = 'tool *' }", "tool '*'", Yes, true);
}

#[test]
fn input_is_what_stands_before_the_command() {
    case("{ program = 'tool', input = false }", "tool x", Yes, true);
    case("{ program = 'tool', input = true }", "tool x", No, false);
    for script in ["echo x | tool", "tool < x", "tool <<< x", "tool <<E\nx\nE"] {
        case("{ program = 'tool', input = false }", script, No, false);
        case("{ program = 'tool', input = true }", script, Yes, true);
    }
}

#[test]
fn a_pipe_is_followed_up_and_down() {
    case("{ program = 'tool', stdin_from = 'curl' }", "curl x | tee y | tool", Yes, true);
    case("{ program = 'tool', stdin_from = 'curl' }", "curl x; tool", No, false);
    case("{ program = 'tool', pipes_to = ['bash', 'sh'] }", "tool x | tail | sh", Yes, true);
    case("{ program = 'tool', pipes_to = ['bash', 'sh'] }", "tool x | tail", No, false);
    case("{ program = 'tool', pipes_to = 'sh' }", "tool | $x", Maybe, false);
}

#[test]
fn surroundings_are_conditions_too() {
    case("{ program = 'tool', inside = 'sudo' }", "sudo tool", Yes, true);
    case("{ program = 'tool', inside = 'sudo' }", "tool", No, false);
    case("{ program = 'tool', as_root = false }", "sudo tool", No, false);
    case("{ program = 'tool', as_root = false }", "tool", Yes, true);
    case("{ program = 'tool', cwd = '/etc/**' }", "cd /etc && tool", Yes, true);
    case("{ program = 'tool', cwd = '/etc/**' }", "cd \"$x\" && tool", Maybe, false);
    case("{ program = 'tool', scope = 'local' }", "tool", Yes, true);
    case("{ program = 'tool', scope = 'remote' }", "tool", No, false);
    case("{ program = 'tool', bare = true }", "tool", Yes, true);
    case("{ program = 'tool', bare = true }", "tool x", No, false);
    case("{ program = 'tool', dynamic = true }", "tool \"$x\"", Yes, true);
    case("{ program = 'tool', dynamic = false }", "tool \"$x\"", No, false);
    case("{ program = 'cd', builtin = true }", "cd x", Yes, true);
    case("{ program = 'tool', builtin = true }", "tool", No, false);
}

#[test]
fn environment_and_facts_are_asserted() {
    let prod = "{ program = 'tool', env = { PROFILE = '*prod*' } }";
    case(prod, "PROFILE=eu-prod tool", Yes, true);
    case(prod, "PROFILE=test tool", No, false);
    case(prod, "PROFILE=$x tool", Maybe, false);
    case(prod, "tool", No, false);
    case("{ program = 'tool', fact = { git-branch = 'main' } }", "tool", Yes, true);
    case("{ program = 'tool', fact = { git-branch = 'main' } }", "cd /elsewhere && tool", Maybe, false);
    case("{ program = 'tool', fact = { kube-context = '*prod*' } }", "tool", Maybe, false);
}

#[test]
fn text_is_the_last_resort() {
    case("{ program = 'tool', text = '^a +b' }", "tool a b", Yes, true);
    case("{ program = 'tool', text = '^a +b' }", "tool b", No, false);
    case("{ program = 'tool', text = '^a' }", "tool \"$x\"", Maybe, false);
    case("{ program = 'tool', text = '^a', certain = true }", "tool \"$x\"", No, false);
    case("{ program = 'tool', text = '^a' }", "tool a \"$x\"", Yes, false);
}

#[test]
fn tables_of_an_array_are_alternatives() {
    let either = "[{ program = 'tool', subcommand = 'a' }, { program = 'other' }]";
    case(either, "tool a", Yes, true);
    case(either, "other b", Yes, true);
    case(either, "tool b", No, false);
}

#[track_caller]
fn excepted(verdict_word: &str, script: &str, expected: &str) {
    let text = rule("x", verdict_word, "match = { program = 'tool' }\nexcept = { option = '--dry-run' }");
    let found = verdict(&user(&text), script);
    let hit = found.hits().find(|hit| hit.rule == "test.x").map_or("none", |hit| hit.verdict.word());
    assert_eq!(hit, expected, "{verdict_word} {script}");
}

#[test]
fn exceptions_free_only_where_they_are_certain() {
    excepted("deny", "tool x", "deny");
    excepted("deny", "tool --dry-run x", "none");
    excepted("deny", "tool --odd --dry-run x", "ask");
    excepted("deny", "tool \"$x\"", "ask");
    excepted("allow", "tool x", "allow");
    excepted("allow", "tool --dry-run x", "none");
    excepted("allow", "tool \"$x\"", "none");
    excepted("allow", "tool *.c", "allow");
    excepted("deny", "tool *.c", "deny");
}

#[test]
fn a_word_of_the_script_is_never_more_than_a_maybe() {
    case("{ program = 'tool', script = 'secret' }", "tool; echo secret", Maybe, false);
    case("{ program = 'tool', script = 'secret' }", "tool # secret", Maybe, false);
    case("{ program = 'tool', script = '^secret' }", "tool secret", No, false);
    case("{ program = 'tool', script = 'secret', certain = true }", "tool secret", No, false);
    let opaque = user(&rule("x", "deny", "match = { opaque = true, script = '/etc/gate' }"));
    let asked = |script: &str| verdict(&opaque, script).hits().any(|hit| hit.rule == "test.x");
    assert!(asked("eval \"$x\" # /etc/gate") && !asked("tool /etc/gate") && !asked("eval \"$x\""));
}
