//! Real programs with gate in their shell's place: what they print, leave behind and exit with is what it is with bash.
//!
//! Each scene runs twice in a directory of its own that looks the same: once with the real bash, once with gate, which
//! allows everything but the floor, records each command and starts the real bash. Both are called by the path of a link
//! `shells/bash`, because many programs go by the name of their shell.

mod ssh;

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;

use crate::stage::{Run, Stage};
use crate::transparency::ALL;

/// One scene, set for bash or for gate.
pub(super) struct Scene {
    stage: Stage,
}

/// What a scene leaves.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Scene {
    fn set(is_gate: bool) -> Scene {
        let (gate, stage) = (env!("CARGO_BIN_EXE_gate"), Stage::new().policy(ALL));
        let home = stage.home().display().to_string();
        let shell = format!("#!/bin/sh\nexec '{gate}' --home '{home}' --as bash \"$@\"\n");
        let stage = if is_gate { stage.script("../shells/bash", &shell) } else { stage };
        let scene = Scene { stage };
        if !is_gate {
            std::fs::create_dir(scene.stage.root().join("shells")).unwrap();
            std::os::unix::fs::symlink("/bin/bash", scene.shell()).unwrap();
        }
        scene
    }

    /// Returns the shell's path.
    pub(super) fn shell(&self) -> PathBuf {
        self.stage.root().join("shells/bash")
    }

    /// Returns a run of `program` on this scene, with the shell in `SHELL`.
    fn program(&self, program: &str, args: &[&str]) -> Run<'_> {
        let run = self.stage.program(program, args).env("SHELL", self.shell());
        let run = run.env("HOME", self.stage.root()).env("TERM", "xterm");
        run.env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "@0 +0000")
            .env("GIT_COMMITTER_DATE", "@0 +0000")
    }

    /// Returns a run of this text by the shell.
    fn text(&self, text: &str) -> Run<'_> {
        self.program(&self.shell().display().to_string(), &["-c", text])
    }

    fn outcome(&self, run: Run<'_>) -> Outcome {
        let output = run.output();
        let root = self.stage.root().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root, "[ROOT]");
        let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
        Outcome { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    }

    /// Returns how many commands gate recorded.
    fn recorded(&self) -> usize {
        let output = self.stage.gate(["audit", "log", "--json"]).output();
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("\"exec.start\"")).count()
    }
}

/// Plays a scene with bash and with gate. Both must come out the same, with `stdout` and `code`; gate must have seen `commands`.
#[track_caller]
fn same(stdout: &str, code: i32, commands: usize, play: impl Fn(&Scene) -> Run<'_>) {
    let (bash, gate) = (Scene::set(false), Scene::set(true));
    let mut expected = bash.outcome(play(&bash));
    // Gate tells the shell its name, not the path of the link: docs/transparency.md says why.
    expected.stderr = expected.stderr.replace("[ROOT]/shells/bash: ", "bash: ");
    assert_eq!(gate.outcome(play(&gate)), expected);
    assert!(expected.stdout.contains(stdout), "{expected:?}");
    assert_eq!((expected.code, gate.recorded()), (code, commands), "{expected:?}");
}

fn written(scene: &Scene, name: &str, text: &str) {
    std::fs::write(scene.stage.cwd().join(name), text).unwrap();
}

#[test]
fn git_rebases_interactively_with_its_editors() {
    same("squashed: one\n", 0, 1, |scene| {
        written(scene, "edit-list", "#!/bin/sh\nsed -i '2s/^pick/squash/' \"$1\"\n");
        written(scene, "edit-text", "#!/bin/sh\nsed -i '1,/two/{/one/s/^/squashed: /}' \"$1\"\n");
        scene.text(
            "chmod +x edit-list edit-text
             git init -q -b main r && cd r && git config user.name n && git config user.email e@example.com
             git commit -q --allow-empty -m zero
             for i in one two three; do echo $i > $i; git add $i; git commit -qm $i; done
             GIT_SEQUENCE_EDITOR=../edit-list GIT_EDITOR=../edit-text git rebase -i HEAD~3 2>&1 | tr '\\r' '\\n'
             git log --format='%h %s' && git rebase --exec 'echo run; test ! -e three' HEAD~1; echo $?; git status | head -3; git log --format=%B",
        )
    });
}

#[test]
fn git_runs_aliases_hooks_and_its_pager() {
    same("paged: hello", 0, 2, |scene| {
        scene.text(
            "git init -q -b main r && cd r && git config user.name n && git config user.email e@example.com
             printf '#!/bin/bash\\necho hook $0; exit 4\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
             git config alias.hi '!f() { echo \"alias $1\"; return 3; }; f'; git hi you; echo $?
             echo x > x; git add x; git commit -m x; echo $?; git commit -qnm hello
             git config core.pager 'sed \"s/^/paged: /\"'; script -qec 'git --paginate log --format=%s' /dev/null",
        )
    });
}

const MAKEFILE: &str = "
all: a b c d sub
a b c d:
\t@echo $@ > $@; [[ $@ == [a-d] ]] && sleep 0.01; cat $@ >> log-$@
sub: a b c d
\t@+$(MAKE) --no-print-directory -C . -f Makefile inner
inner: one two
two: one
one two:
\t@echo \"$@ by $${BASH_VERSION%%.*} $$-\"; x=(1 2); echo $${x[1]}
fails: a
\t@echo before
\t@exit 3
\t@echo never
killed:
\t@kill -TERM $$$$
missing:
\tnothing_of_that_name
text = $(shell echo 'from shell'; exit 1)
shell:
\t@echo '$(text)' $(.SHELLSTATUS)
";

#[test]
fn make_runs_recipes_in_parallel_by_it() {
    // Four files, the inner make and its two recipes.
    same("one by 5 hBc\n2\ntwo by 5 hBc\n2\n", 0, 7, |scene| {
        written(scene, "Makefile", MAKEFILE);
        let shell = format!("SHELL={}", scene.shell().display());
        scene.program("make", &["-j4", "--output-sync=recurse", &shell])
    });
}

#[test]
fn make_fails_as_its_recipe_did() {
    for (goal, commands) in [("fails", 3), ("killed", 1), ("missing", 1), ("-k", 5)] {
        same("", 2, commands, |scene| {
            written(scene, "Makefile", MAKEFILE);
            let shell = format!("SHELL={}", scene.shell().display());
            let goals = if goal == "-k" { vec!["-k", "fails", "killed", "missing"] } else { vec![goal] };
            scene.program("make", &[goals, vec![&shell]].concat())
        });
    }
    same("from shell 1\n", 0, 2, |scene| {
        written(scene, "Makefile", MAKEFILE);
        let shell = format!("SHELL={}", scene.shell().display());
        scene.program("make", &["shell", &shell])
    });
}

#[test]
fn make_hands_a_whole_recipe_over_where_it_is_told_to() {
    same("in /\nx is 5\n", 2, 1, |scene| {
        let text = ".ONESHELL:\n.SHELLFLAGS = -eu -o pipefail -c\nall:\n\t@cd /\n\techo \"in $$PWD\"\n\tx=5\n\techo \"x is $$x\"\n\tfalse | true\n\techo never\n";
        written(scene, "Makefile", text);
        let shell = format!("SHELL={}", scene.shell().display());
        scene.program("make", &[shell.as_str()])
    });
}

#[test]
fn npm_runs_its_scripts_by_it() {
    let package = r#"{ "name": "x", "version": "1.0.0", "scripts": {
        "pretest": "echo before", "test": "a=(1 2); echo \"${a[1]} $npm_lifecycle_event\" && node -e 'process.exit(3)'" } }"#;
    same("2 test\n", 3, 2, |scene| {
        written(scene, "package.json", package);
        let run = scene.program("npm", &["test"]).env("npm_config_script_shell", scene.shell());
        let run =
            run.env("npm_config_cache", scene.stage.root().join("cache")).env("npm_config_logs_max", "0");
        run.env("npm_config_update_notifier", "false")
    });
}

#[test]
fn python_makes_an_environment_and_runs_in_it() {
    same("True [ROOT]/work/v\n", 5, 1, |scene| {
        scene.text(
            "PATH=/usr/bin:/bin; python3 -m venv --without-pip v && . v/bin/activate || exit
             echo \"$VIRTUAL_ENV $PS1\"; hash -r; python -c 'import sys; print(sys.prefix != sys.base_prefix, sys.prefix)'
             echo 'import sys; print(sys.argv, sys.stdin.read())' > m.py; echo input | python m.py 'a b'
             python - <<'E'\nprint('from standard input')\nE\ndeactivate; python3 -c 'import sys; sys.exit(5)'",
        )
    });
}

#[test]
fn find_and_xargs_run_it_for_what_they_find() {
    let files = |scene: &Scene| {
        for name in ["a.txt", "b c.txt", "d.md"] {
            written(scene, name, name);
        }
    };
    same("2: ./a.txt ./b c.txt\n./a.txt\n./b c.txt\n", 0, 4, |scene| {
        files(scene);
        let shell = scene.shell().display().to_string();
        scene.text(&format!(
            "find . -name '*.txt' | sort > list
             tr '\\n' '\\0' < list | xargs -0 '{shell}' -c 'echo \"$#: $*\"' zero
             find . -name '*.txt' -exec '{shell}' -c 'echo \"$1\"' zero {{}} ';' | sort"
        ))
    });
    same("found 3\n", 1, 2, |scene| {
        files(scene);
        let shell = scene.shell().display().to_string();
        scene.text(&format!("find . -type f -exec '{shell}' -c 'echo \"found $#\"; exit 4' zero {{}} +"))
    });
    same("all 20\n123\n", 0, 21, |scene| {
        let shell = scene.shell().display().to_string();
        scene.text(&format!(
            "seq 20 | xargs -P4 -I@ '{shell}' -c 'echo @ >> @.out; [ @ != 7 ]'; code=$?; cat *.out | sort -n | tail -1 | sed 's/^/all /'; echo $code"
        ))
    });
}

#[test]
fn parallel_runs_its_jobs_by_it() {
    same("1\n2\n3\n", 2, 3, |scene| {
        let run = scene.program(
            "parallel",
            &[
                "--will-cite",
                "-j4",
                "-k",
                "echo {}; (( {} % 2 )) || exit 1; [ {} != 3 ]",
                ":::",
                "1",
                "2",
                "3",
            ],
        );
        run.env("PARALLEL_SHELL", scene.shell()).env("PARALLEL_HOME", scene.stage.root())
    });
}

#[test]
fn vi_runs_commands_and_filters_by_it() {
    same("b-\na-\nread 2 hBc\n3\nz\nshown\n", 0, 4, |scene| {
        written(scene, "text", "a\nb\n");
        let commands = [
            "%!sort -r | sed 's/$/-/'",
            "$r !echo read $((1+1)) $-",
            "!echo shown > side; exit 3",
            "call append('$', v:shell_error)",
            "call append('$', systemlist('x=(1 2); echo ${x[1]} | tr 2 z'))",
            "call writefile(getline(1, '$') + readfile('side'), 'result')",
            "qa!",
        ];
        let args: Vec<&str> = commands.iter().flat_map(|command| ["-c", *command]).collect();
        // While a shell runs, vim looks for keys, and leaves where there is no one to type any more.
        let all =
            [vec!["-c", "mkfifo keys; vim -u NONE -es text \"$@\" <> keys; cat result", "sh"], args].concat();
        scene.program("sh", &all)
    });
}

#[test]
fn tmux_runs_commands_by_it_in_its_windows() {
    same("in 2 hBc\ntty\n", 0, 1, |scene| {
        let text = "t='tmux -S ./socket -f /dev/null'
            $t start-server ';' set -g default-shell \"$1\" ';' new-session -d -x 60 -y 6 \"$2\"
            for i in $(seq 2000); do $t capture-pane -p -S - | grep -q '^tty' && break; done
            $t capture-pane -p -S - | grep -e '^in 2' -e '^tty'; $t kill-server";
        // It stays until it is killed: tmux 3.3a may drop what a command wrote right before its end.
        let command = "a=(1 2); echo \"in ${a[1]} $-\"; tty > /dev/null && echo tty; read -r _";
        let shell = scene.shell().display().to_string();
        scene.program("sh", &["-c", text, "sh", &shell, command])
    });
}
