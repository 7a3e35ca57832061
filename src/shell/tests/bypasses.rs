//! Known ways around command guards, class by class; the last class are commands that only look like one.

use std::path::PathBuf;

use super::{Machine, analysed, case, clear, opaque, script, strings, table, told};
use crate::command::{Command, Dialect, Source};
use crate::shell::{Scope, Stdin, analyse};

#[test]
fn chains_hide_nothing() {
    case("a && rm x", "a ; rm x");
    case("a || rm x", "a ; rm x");
    case("a & rm x", "a ; rm x");
    case("a | rm x", "a ; rm x");
    case("a |& rm x", "a ; rm x");
    case("a\nrm x", "a ; rm x");
    case("a;rm x", "a ; rm x");
    case("(rm x)", "rm x");
    case("{ rm x; }", "rm x");
    case("f() { rm x; }", "rm x");
    case("case $y in *) rm x ;; esac", "rm x");
    case("for y in $(rm x); do :; done", "rm x ; :");
    case("if :; then :; else rm x; fi", ": ; : ; rm x");
    case("a 'b' # c\nrm x", "a b ; rm x");
    opaque(Dialect::Bash, "coproc rm x");
    let long = "a;".repeat(2000);
    opaque(Dialect::Bash, &format!("{long} rm x"));
    opaque(Dialect::Bash, &format!("a {}", "x".repeat(70_000)));
    opaque(Dialect::Bash, &format!("{}rm x{}", "$(".repeat(60), ")".repeat(60)));
    opaque(Dialect::Bash, &format!("{}rm x;{}", "{ ".repeat(60), " }".repeat(60)));
}

#[test]
fn the_options_of_each_shell_are_read_as_that_shell_does() {
    for text in [
        "zsh -b -c 'rm x'",
        "zsh -oexec errexit 'rm x'",
        "zsh -Tc 'rm x'",
        "zsh + -c a",
        "bash + -c a",
        "bash +c a",
    ] {
        opaque(Dialect::Bash, text);
    }
    case("zsh -eo nounset -c 'rm x'", "zsh -eo nounset -c rm x ; rm x");
    case("bash -oec errexit 'rm x'", "bash -oec errexit rm x ; rm x");
    case("bash -bc 'rm x'", "bash -bc rm x ; rm x");
}

#[test]
fn wrappers_are_opened() {
    case("sudo rm x", "sudo rm x ; rm x");
    case("sudo -n -u root A=b rm x", "sudo -n -u root A=b rm x ; rm x");
    case("env -i A=b rm x", "env -i A=b rm x ; rm x");
    case("env -S 'rm x' y", "env -S rm x y ; rm x y");
    case(
        "nice -n 5 nohup timeout 5 rm x",
        "nice -n 5 nohup timeout 5 rm x ; nohup timeout 5 rm x ; timeout 5 rm x ; rm x",
    );
    case("command rm x", "command rm x ; rm x");
    case("builtin command rm x", "builtin command rm x ; command rm x ; rm x");
    case("exec -a y rm x", "exec -a y rm x ; rm x");
    case("exec -ca y rm x", "exec -ca y rm x ; rm x");
    opaque(Dialect::Bash, "exec -aa rm y x");
    case("a | xargs rm", "a ; xargs rm ; rm ‹……›");
    case("xargs -I{} rm {}/y", "xargs -I{} rm {}/y ; rm ‹{}›/y");
    case("find . -exec rm {} \\; -exec ls {} +", "find . -exec rm {} ; -exec ls {} + ; rm ‹{}› ; ls ‹{}›");
    case("/usr/bin/sudo rm x", "/usr/bin/sudo rm x ; rm x");
    case("ssh -p 2 host rm x", "ssh -p 2 host rm x ; rm x");
    case("ssh host 'a && rm x'", "ssh host a && rm x ; a ; rm x");
    case("docker exec -i c rm x", "docker exec -i c rm x ; rm x");
    case("su - root -c 'rm x'", "su - root -c rm x ; rm x");
    case("watch -n 1 rm x", "watch -n 1 rm x ; rm x");
    case("env - rm x", "env - rm x ; rm x");
    case("env -i - A=b rm x", "env -i - A=b rm x ; rm x");
    case("env -S'rm x' y", "env -Srm x y ; rm x y");
    case("command -v rm", "command -v rm");
    case("sudo -l", "sudo -l");
    let deep = format!("{}rm x", "nohup ".repeat(12));
    clear(Dialect::Bash, &deep);
    assert!(told(&analysed(Dialect::Bash, deep.as_bytes()).actions).ends_with(" ; rm x"));
    opaque(Dialect::Bash, &format!("{}rm x", "nohup ".repeat(60)));
}

#[test]
fn wrappers_that_cannot_be_read_are_opaque() {
    for text in [
        "sudo --frobnicate rm x",
        "sudo $y rm x",
        "sudo \"$y\" x",
        "timeout $y rm x",
        "env $y rm x",
        "env -S \"$y\"",
        "env -S 'a \"b\"'",
        "sudo -u x --odd y -l rm",
        "nice --odd 5 rm -l",
        "xargs -I{} {} x",
        "xargs -I{} sh -c 'rm {}'",
        "xargs sh",
        "xargs bash -c",
        "find . $y",
        "find . -exec $y \\;",
        "find . -exec sh -c 'rm {}' \\;",
        "find \"$y\" x \\;",
        "docker --odd exec c rm x",
        "docker $y c rm x",
        "ssh host \"$y\"",
        "su",
        "su root",
        "python3 -c 'x'",
        "python3 <<E\nx\nE",
        "a | python3",
        "awk '{ print }'",
        "fish -c ls",
        "find . -exec sudo -u + rm {} \\;",
        "env - -u",
        "ssh host -t 'rm x'",
        "sudo -S sh <<E\nrm x\nE",
        "sudo -- -x rm",
        "BASH_ENV=x bash -c a",
        "env 'BASH_FUNC_ls%%=() { rm x; }' bash -c ls",
        "env SHELLOPTS=xtrace PS4='$(rm x)' bash -c ls",
        "export POSIXLY_CORRECT=1",
        "command $y rm",
        "exec $y",
        "builtin $y",
        "command -x rm",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn shells_are_followed_in_every_form() {
    case("bash -c 'rm x'", "bash -c rm x ; rm x");
    case("bash -lc 'rm x'", "bash -lc rm x ; rm x");
    case("bash -c -l 'rm x'", "bash -c -l rm x ; rm x");
    case("bash -o pipefail -ec 'rm x'", "bash -o pipefail -ec rm x ; rm x");
    case("sh -euc 'rm x'", "sh -euc rm x ; rm x");
    case("bash <<< 'rm x'", "bash ; rm x");
    case("bash -s y <<'E'\nrm x\nE", "bash -s y ; rm x");
    case("bash - <<'E'\nrm x\nE", "bash - ; rm x");
    case("eval 'rm x'", "eval rm x ; rm x");
    case("eval rm \\; ls", "eval rm ; ls ; rm ; ls");
    case("bash -c 'sh -c \"rm x\"'", "bash -c sh -c \"rm x\" ; sh -c rm x ; rm x");
    case("bash -c '\"$@\"' _ rm x", "bash -c \"$@\" _ rm x ; rm x");
    case(
        "bash -c '. \"$1\" && shift && exec \"$@\"' _ /s ls",
        "bash -c . \"$1\" && shift && exec \"$@\" _ /s ls ; ?. /s ; shift ; ?exec ‹$@…›",
    );
    case("trap 'rm x' EXIT", "trap rm x EXIT ; rm x");
    case("sudo bash -c 'rm x'", "sudo bash -c rm x ; bash -c rm x ; rm x");
    for text in [
        "bash",
        "a | bash",
        "bash < x",
        "bash x.sh",
        "bash -c \"$y\"",
        "bash $y",
        "bash <(a)",
        "source <(a)",
        ". x",
        "eval \"$y\"",
        "eval $(a)",
        "sh -s",
        "bash /dev/stdin",
        "bash /dev/fd/0 <<< x",
        "bash -O extglob -c x",
        "bash -i",
        "bash --rcfile x",
        "bash +O y -c z",
        "bash +c z",
        "bash +ec z",
        "sh +e +c z",
        "bash +c -e z",
        "bash +s x.sh <<< z",
        "bash -c +c z",
        "bash -s +s <<< z",
        "bash -c 'a\r'",
        "bash <<< \"$y\"",
        "bash <<E\n$y\nE",
        "exec bash",
        "bash -o posix -c x",
        "source /dev/stdin <<< x",
        "bash -x$y",
        "bash -c 'rm -rf /tmp/y; $z' -n",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn names_are_found_behind_quotes_and_expansions() {
    case("r''m x", "rm x");
    case("\\rm x", "rm x");
    case("$'\\x72m' x", "rm x");
    case("$'\\162m' x", "rm x");
    case("\"r\"'m' x", "rm x");
    opaque(Dialect::Bash, "r\\\nm x");
    case("c=rm; $c x", "rm x");
    case("c='rm x'; $c", "rm x");
    case("c=r; ${c}m x", "rm x");
    case("{rm,-rf,x}", "rm -rf x");
    case("$'rm' x", "rm x");
    case("x=''; $x rm y", "rm y");
    case("set -- rm x; \"$@\"", "set -- rm x ; rm x");
    for text in [
        "$IFS x",
        "$(echo rm) x",
        "`echo rm` x",
        "${V:-rm} x",
        "$cmd x",
        "/bin/r? x",
        "/bin/r[m] x",
        "${x@P}",
        "echo $[a[$(rm)]]",
        "${!x} y",
        "c=rm; c=$y; $c x",
        "if a; then c=rm; else c=ls; fi; $c x",
        "for c in rm; do $c x; done",
        "IFS=-; c=rm-x; $c",
        "c=rm; read c; $c x",
        "c=rm; f() { c=ls; }; f; $c x",
        "\"$0\" x",
        "$'\\u0072m'",
        "$\"rm\" x",
        "c=ls; while a; do $c x; c=rm; done",
        "x=*; $x",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[track_caller]
fn given(text: &str, expected: &[&str]) {
    let found = analysed(Dialect::Bash, text.as_bytes());
    let last = found.actions.last().expect("it runs something");
    let names: Vec<String> = last.assignments.iter().map(|assignment| assignment.name.clone()).collect();
    assert_eq!(names, strings(expected), "{text}");
}

#[test]
fn assignments_reach_the_commands_that_see_them() {
    given("PATH=/x ls", &["PATH"]);
    given("LD_PRELOAD=x PAGER=y git log", &["LD_PRELOAD", "PAGER"]);
    given("export GIT_SSH_COMMAND=x; git push", &["GIT_SSH_COMMAND"]);
    given("PATH=/x; ls", &["PATH"]);
    given("declare -x A=b; ls", &["A"]);
    given("A=b; export A; ls", &["A"]);
    given("set -a; A=b; ls", &["A"]);
    given("A=b; ls", &[]);
    given("env A=b ls", &["A"]);
    given("sudo A=b ls", &["A"]);
    given("export A=b; bash -c ls", &["A"]);
    given("A=b bash -c ls", &["A"]);
    given("if x; then export A=b; fi; ls", &["A"]);
    given("read PATH; ls", &["PATH"]);
    given("A=b command ls", &["A"]);
    given("A=b eval ls", &["A"]);
    given("export A=$(x); ls", &["A"]);
}

#[test]
fn functions_and_aliases_shadow_names() {
    let shadowed = |text: &str| {
        let found = analysed(Dialect::Bash, text.as_bytes());
        let last = found.actions.last().expect("it runs something").clone();
        (last.shadowed.is_some(), last.function)
    };
    assert_eq!(shadowed("ls"), (false, false));
    assert_eq!(shadowed("ls() { rm x; }; ls"), (false, true));
    assert_eq!(shadowed("if a; then ls() { rm x; }; fi; ls"), (true, false));
    assert_eq!(shadowed("f() { ls() { rm x; }; }; f; ls"), (true, false));
    assert_eq!(shadowed("alias ls='rm x'; ls"), (true, false));
    assert_eq!(shadowed("ls() { a; }; command ls"), (false, false));
    assert_eq!(shadowed("ls() { a; }; unset -f ls; ls"), (true, false));
    let variables = [("BASH_FUNC_ls%%".to_owned(), "() { rm x; }".to_owned())].into();
    let machine = Machine { variables, ..Machine::default() };
    let found = analyse(&script(Dialect::Bash, b"ls"), &machine, &table());
    assert!(found.actions[0].shadowed.is_some());
}

#[test]
fn redirects_and_here_documents_are_read_as_bash_reads_them() {
    let targets = |text: &str| {
        let found = analysed(Dialect::Bash, text.as_bytes());
        let redirects = found.actions.iter().flat_map(|action| action.redirects.clone());
        redirects.map(|redirect| super::tell_word(&redirect.target)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(targets("a >b"), "b");
    assert_eq!(targets("a>b 2>>c"), "b c");
    assert_eq!(targets(">b"), "b");
    assert_eq!(targets("a >|b <>c &>d &>>e"), "b c d e");
    assert_eq!(targets("{ a; } > b"), "b");
    assert_eq!(targets("while a; do b; done < c > d"), "c d");
    assert_eq!(targets("a 2>&1 >&2 <&-"), "");
    assert_eq!(targets("a > $x"), "‹$x…›");
    assert_eq!(targets("a <<'E' > b\nrm\nE"), "b");
    case("cat <<E | sh -c 'rm x'\ny\nE", "cat ; sh -c rm x ; rm x");
    case("cat <<E; rm x\ny\nE", "cat ; rm x");
    case("cat <<E >f && rm x\ny\nE", "cat ; rm x");
    case("cat > >(rm x)", "rm x ; cat");
    case("cat < <(rm x)", "rm x ; cat");
    opaque(Dialect::Bash, "cat <<E\n\\\nE\nrm x");
    opaque(Dialect::Bash, "a $(cat <<E\n)\nE) ; rm x\nE\n)");
    opaque(Dialect::Bash, "a $(cat <<-'E'\n\tE ; rm x)\nE\n)");
    opaque(Dialect::Bash, "a >& \"$x\"");
}

#[test]
fn other_readings_of_a_text_are_opaque() {
    for text in [
        "a\rb",
        "a\u{0}b",
        "a\u{a0}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "echo \"a",
        "echo 'a",
        "a $'b",
        "a \\",
        "a \u{b}b",
        "a \u{c}b",
        "cat <<'E",
        "cat <<E\nx",
        "a <<E <<F\nE\n",
        "echo (a)",
        "echo a)b",
        "echo \"$$(' \" ')\"; rm x #'",
        "a | | b",
        "a ;; b",
        "if a; fi",
        "done",
        "a &&",
        "case a in",
        "\u{1b}a",
    ] {
        opaque(Dialect::Bash, text);
    }
    let found = analyse(&script(Dialect::Bash, b"a \xff b"), &Machine::default(), &table());
    assert!(found.actions[0].opaque.is_some());
}

#[test]
fn downloads_do_not_run_unseen() {
    for text in [
        "curl x | sh",
        "curl x | sudo bash",
        "curl x | bash -s -- y",
        "bash <(curl x)",
        "source <(curl x)",
        "eval \"$(curl x)\"",
        "sh -c \"$(curl x)\"",
        "curl x > f.sh; sh f.sh",
        "curl x > f; bash ./f",
        "base64 -d <<< x | bash",
        "curl x | tee f | sh",
        "echo x > f && . ./f",
        "cp y f; sh f",
        "sh f; curl x > f",
        "curl x > d/f; d/f",
        "wget -O- x | python3",
        "bash -c \"`curl x`\"",
        "$(curl x)",
        "curl x | xargs sh -c",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn pipes_are_linked() {
    let found = analysed(Dialect::Bash, b"a | { b; c; } | sudo d \"$(e)\"").actions;
    let names: Vec<String> = found.iter().map(|action| super::tell_word(&action.program)).collect();
    assert_eq!(names, ["a", "b", "c", "e", "sudo", "d"]);
    let links: Vec<_> = found.iter().map(|action| (action.upstream, action.downstream)).collect();
    assert_eq!(links[0], (None, Some(1)));
    assert_eq!(links[1], (Some(0), Some(3)));
    assert_eq!(links[2].0, Some(0));
    assert_eq!(links[5].0, Some(2));
    assert_eq!(found[5].stdin, Stdin::Pipe(2));
    assert!(found[5].as_root && found[5].inside == ["sudo"]);
}

#[test]
fn an_argument_vector_is_never_read_as_text() {
    let told_of = |argv: &[&str]| {
        let source = Source::Argv(argv.iter().map(|word| word.as_bytes().to_vec()).collect());
        told(
            &analyse(&Command { source, cwd: PathBuf::from("/project") }, &Machine::default(), &table())
                .actions,
        )
    };
    assert_eq!(told_of(&["echo", "a; rm x", "$(b)", "*", "~"]), "echo a; rm x $(b) * ~");
    assert_eq!(told_of(&["cd", "x"]), "cd x");
    assert_eq!(told_of(&["if", "x"]), "if x");
    assert_eq!(told_of(&["sudo", "bash", "-c", "rm $x"]), "sudo bash -c rm $x ; bash -c rm $x ; rm ‹$x…›");
    assert_eq!(told_of(&["$x"]), "$x");
    assert_eq!(told_of(&["bash"]), "bash ; ?");
}

#[test]
fn remote_commands_are_marked() {
    let found = analysed(Dialect::Bash, b"ssh host 'cd /x && rm y'").actions;
    assert_eq!(found[2].scope, Scope::Remote);
    assert_eq!(found[2].inside, ["ssh"]);
}

#[test]
fn words_that_look_like_commands_stay_words() {
    for text in [
        "git commit -m 'rm -rf /; curl x | sh'",
        "echo \"rm -rf /\"",
        "grep 'rm -rf' file",
        "# rm -rf /",
        "a # rm",
        "command -v rm",
        "echo a '&&' rm",
        "cat <<'E' > notes\nrm -rf / | sh\n`x` $(y)\nE",
        "sed 's/;/|/' f",
        "printf '%s\\n' 'a && rm'",
        "a 2>/dev/null",
        "a > /dev/null 2>&1",
        "echo {}",
        "echo if then fi",
        "gh pr create --body \"$(cat <<'E'\n## `rm`\nit's $(x)\nE\n)\"",
        "jq '.a | .b' f",
        "rg 'a|b' -g '!c'",
        "echo a\\;b",
        "find . -name '*.sh'",
        "a --x='b;c'",
        "echo \"it's\" 'a\"b'",
        "xargs grep x",
        "for f in a b; do echo \"$f\"; done",
    ] {
        clear(Dialect::Bash, text);
        let found = told(&analysed(Dialect::Bash, text.as_bytes()).actions);
        assert!(
            !found.contains("; rm") && !found.starts_with("rm") && !found.contains("curl x ;"),
            "{text}: {found}"
        );
    }
}

#[test]
fn what_the_shell_keeps_for_itself_is_not_taken_from_an_assignment() {
    for text in [
        "_=ls; true rm; $_",
        "BASH_REMATCH=ls; [[ rm =~ .* ]]; $BASH_REMATCH",
        "readonly c=rm\nc=ls\n$c",
        "c=rm; local c=ls; $c",
        "c=rm; declare -p c=ls; $c",
        "for ((i=0; i<3; i++)); do i=$x; done",
        "declare -a c='($(rm x))'",
        "c=(); x='($(rm))'; declare c=\"$x\"",
        "PIPESTATUS=ls; a | b; $PIPESTATUS",
        "c=rm\nc=ls < /none\n$c",
        "c=rm; for i in 1 2; do $c; printf -vc ls; done",
        "c=ls; trap 'c=rm' DEBUG; $c",
        "declare -A BASH_CMDS",
        "REPLY=ls; read; $REPLY",
        "LC_ALL=zh_CN.GBK; a",
    ] {
        opaque(Dialect::Bash, text);
    }
    for text in ["source x", "declare x=1", "chdir x; eval $y", "builtin eval a", "printf \"$x\" a"] {
        opaque(Dialect::Posix, text);
    }
    for text in ["path=/x; a", "print -P a", "setopt b", "which c"] {
        opaque(Dialect::Zsh, text);
    }
}

#[test]
fn input_that_is_shared_is_not_read_as_script() {
    for text in [
        "{ read y; bash; } <<'E'\nx='\nrm x\n'\nE",
        "while read y; do bash; done <<< rm",
        "eval 'read y; bash' <<< rm",
        "bash -c 'read y; sh' <<< rm",
        "( bash ) <<< rm",
        "f() { bash; }; f <<< rm",
        "xargs bash <<< rm",
        "if bash; then a; fi <<< rm",
        "{ bash; } < f",
        "bash -c bash < f",
    ] {
        opaque(Dialect::Bash, text);
    }
}

#[test]
fn a_bare_name_is_sourced_from_here_only_where_no_file_in_the_path_has_it() {
    let told_of = |text: &str, in_path: Vec<&'static str>| {
        let files = [(PathBuf::from("/project/x.sh"), b"rm y\n".to_vec())].into();
        let machine = Machine { files, in_path, ..Machine::default() };
        told(&analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table()).actions)
    };
    assert_eq!(told_of(". x.sh", vec![]), ". x.sh ; rm y");
    assert_eq!(told_of(". ./x.sh", vec!["x.sh"]), ". ./x.sh ; rm y");
    assert_eq!(told_of(". x.sh", vec!["x.sh"]), "?. x.sh");
    assert_eq!(told_of("source x.sh", vec!["x.sh"]), "?source x.sh");
}

#[test]
fn a_script_behind_a_link_and_dots_is_not_taken_for_its_neighbour() {
    let analysis = |text: &str| {
        let files = ["/project/x.sh", "/project/a/x.sh", "/other/deep/x.sh"];
        let files = files.map(|path| (PathBuf::from(path), b"rm y\n".to_vec())).into();
        let links = [("/project/l".into(), "/other/deep".into())].into();
        analyse(
            &script(Dialect::Bash, text.as_bytes()),
            &Machine { files, links, ..Machine::default() },
            &table(),
        )
    };
    for text in ["bash x.sh", "bash a/../x.sh", "bash l/x.sh", "cd a && bash ../x.sh", "cd l/.. && bash x.sh"]
    {
        let found = told(&analysis(text).actions);
        assert!(found.ends_with("x.sh ; rm y"), "{text}: {found}");
    }
    for text in [
        "bash l/../x.sh",
        ". l/../x.sh",
        "source ./l/../x.sh",
        "bash < l/../x.sh",
        "cd l && bash ../x.sh",
        "cd l && . ../x.sh",
        "cd l && env bash ../x.sh",
        "cd l && bash ../a/x.sh",
        "env -C l/.. bash x.sh",
        "sh /project/l/../x.sh",
        // It may be a link by then.
        "cp -a z a; bash a/../x.sh",
        "cp -a z a; cd a && bash ../x.sh",
    ] {
        let found = told(&analysis(text).actions);
        assert!(found.contains('?'), "{text}: {found}");
    }
}

#[test]
fn scripts_are_read_unless_something_may_change_them_before() {
    let machine = || {
        let files = [(PathBuf::from("/project/x.sh"), b"rm y\n./z\n".to_vec())].into();
        Machine { files, ..Machine::default() }
    };
    let told_of =
        |text: &str| told(&analyse(&script(Dialect::Bash, text.as_bytes()), &machine(), &table()).actions);
    assert_eq!(told_of("bash x.sh"), "bash x.sh ; rm y ; ./z");
    assert_eq!(told_of(". ./x.sh a"), ". ./x.sh a ; rm y ; ./z");
    assert_eq!(told_of("cd / && cd work; bash x.sh"), "cd / ; cd work ; bash x.sh ; ?");
    assert_eq!(told_of("echo a; bash < x.sh"), "echo a ; bash ; rm y ; ./z");
    assert_eq!(told_of("cp a b; bash x.sh"), "cp a b ; bash x.sh ; rm y ; ./z");
    for text in [
        "tar xf a; bash x.sh",
        "echo a > x.sh; bash x.sh",
        "bash x.sh; echo a >> x.sh",
        "cp a x.sh && . ./x.sh",
        "cp a /project; bash x.sh",
        "while a; do bash x.sh; make; done",
        "make & bash x.sh",
        "bash x.sh | make",
        "f() { bash x.sh; }; make; f",
        "make; . ./x.sh",
        "echo a > $y; sudo sh x.sh",
    ] {
        assert!(told_of(text).contains('?'), "{text}: {}", told_of(text));
    }
    let found = analyse(&script(Dialect::Bash, b"bash x.sh"), &machine(), &table());
    assert_eq!(found.files.len(), 1);
    // zsh would read a newer `x.sh.zwc` in its place.
    for (dialect, is_read) in [(Dialect::Bash, true), (Dialect::Posix, true), (Dialect::Zsh, false)] {
        let found = analyse(&script(dialect, b". ./x.sh"), &machine(), &table());
        assert_eq!((found.files.len() == 1, told(&found.actions).contains('?')), (is_read, !is_read));
    }
}

#[test]
fn deep_nesting_ends_in_an_opaque_action_not_in_a_crash() {
    let braces = format!("{}x{}", "{a,".repeat(15_000), "}".repeat(15_000));
    let groups = |inner: &str| format!("{}{inner};{}", "{ ".repeat(20), " }".repeat(20));
    let mut text = "a".to_owned();
    for depth in 0..40 {
        text = groups(&format!("f{depth}() {{ {text}; }}; eval {}", crate::command::visible(b"b")));
        if text.len() > 60_000 {
            break;
        }
    }
    for text in [format!("a {braces}"), braces, text] {
        analysed(Dialect::Bash, text.as_bytes());
    }
    let mut nested = "rm x".to_owned();
    for _ in 0..12 {
        let quoted =
            String::from_utf8(crate::command::quoted(groups(&nested).as_bytes())).expect("it is text");
        nested = format!("eval {quoted}");
        if nested.len() > 50_000 {
            break;
        }
        analysed(Dialect::Bash, nested.as_bytes());
    }
}

#[test]
fn the_envelope_of_an_agent_is_opened() {
    let snapshot = b"# Snapshot\nunalias -a 2>/dev/null || true\nhelper () {\n  command ls \"$@\"\n}\nshopt -s checkwinsize\nexport PATH=/usr/bin:/bin\n";
    let files = [(PathBuf::from("/tmp/s.sh"), snapshot.to_vec())].into();
    let machine = Machine { files, ..Machine::default() };
    let text = "source /tmp/s.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && eval 'cd a && rm x | b' < /dev/null && pwd -P >| /tmp/claude-1-cwd";
    let found = analyse(&script(Dialect::Bash, text.as_bytes()), &machine, &table());
    let told = told(&found.actions);
    assert!(told.contains(" ; cd a ; rm x ; b ; pwd -P"), "{told}");
    assert!(!told.contains('?'), "{told}");
}
