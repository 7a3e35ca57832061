//! What scripts look like, for the benches that judge them.

use std::fmt::Write as _;
use std::path::Path;

use gate::command::{Command, Dialect, Source};
use gate::policy::{Circumstances, PROJECT};

/// A line of a script by its number.
pub(crate) type Line = fn(&mut String, usize);

/// What scripts look like: a name, how they begin, a line, how they end. The line is repeated as often as the size allows.
pub(crate) type Shape = (&'static str, &'static str, Line, &'static str);

/// The shapes that are measured.
pub(crate) const SHAPES: [Shape; 23] = [
    ("work", "set -eu\n", work, ""),
    (
        "same line",
        "",
        |out, _| {
            out.push_str(
                "git -C src status && grep -rn main src | head -20 > out/found.txt; ls -l \"$dir\"\n",
            )
        },
        "",
    ),
    ("many words", "echo", |out, n| add(out, format_args!(" word{n}")), "\n"),
    ("many options", "ls", |out, n| add(out, format_args!(" --o{n} dir/f{n}")), "\n"),
    ("and list", "true", |out, n| add(out, format_args!(" && cat file{n}")), "\n"),
    ("pipeline", "cat x", |out, n| add(out, format_args!(" | grep -v w{n}")), "\n"),
    ("redirects", "cat x", |out, n| add(out, format_args!(" >out/f{n}")), "\n"),
    ("writes", "", |out, n| add(out, format_args!("sort in{n} > out/f{n}\n")), ""),
    ("variables", "", |out, n| add(out, format_args!("v{n}=a{n}; echo $v{n}\n")), ""),
    ("one variable", "v=a\n", |out, _| out.push_str("v=${v}b\n"), "echo $v\n"),
    ("exports", "", |out, n| add(out, format_args!("export v{n}=a{n}\nls d{n}\n")), ""),
    ("options of env", "", |out, n| add(out, format_args!("LC_ALL=C A{n}=x sort in{n}\n")), ""),
    ("directories", "", |out, n| add(out, format_args!("cd d{n} && ls e{n}\n")), ""),
    ("globs", "", |out, n| add(out, format_args!("wc -l src/a{n}*.rs src/*/b?.rs\n")), ""),
    ("braces", "", |out, n| add(out, format_args!("ls {{a,b{n}}}/{{c,d}}.{{rs,md}}\n")), ""),
    ("programs", "", |out, n| add(out, format_args!("./tool{n} > out/f{n}\n")), ""),
    ("one long expansion", "echo {a", |out, n| add(out, format_args!("b{n}")), ",x}\n"),
    ("functions", "", |out, n| add(out, format_args!("f{n}() {{ ls d{n}; }}\nf{n}\n")), ""),
    ("here-document", "cat <<'END'\n", |out, n| add(out, format_args!("line {n} of a text\n")), "END\n"),
    ("live document", "cat <<END\n", |out, n| add(out, format_args!("line $n{n} of a text\n")), "END\n"),
    ("long word", "echo ", |out, n| add(out, format_args!("'a{n}'\"$b\"c")), "\n"),
    ("branches", "", |out, n| add(out, format_args!("if test -f a{n}; then cat a{n}; else x=1; fi\n")), ""),
    ("nesting", "", |out, _| out.push_str("( "), ""),
];

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _cannot_fail = out.write_fmt(text);
}

/// What an agent's scripts are made of.
fn work(out: &mut String, n: usize) {
    match n % 8 {
        0 => add(out, format_args!("cd /home/dev/app/part{n} && git status --short\n")),
        1 => add(out, format_args!("grep -rn 'fn part_{n}' src tests --include='*.rs' | head -{n}\n")),
        2 => add(out, format_args!("for f in src/part{n}/*.rs; do wc -l \"$f\"; done\n")),
        3 => add(out, format_args!("sed -n '{n},$p' src/part{n}.rs > target/part{n}.txt\n")),
        4 => add(out, format_args!("if [ -f Cargo.toml ]; then cargo test -p part{n} 2>&1 | tail -20; fi\n")),
        5 => add(out, format_args!("name=part{n}; cat \"docs/$name.md\" || echo \"no docs for $name\"\n")),
        6 => add(out, format_args!("find . -name 'part{n}*.json' -not -path './node_modules/*' | sort\n")),
        _ => add(out, format_args!("python3 -m json.tool < data/part{n}.json > /dev/null\n")),
    }
}

/// Returns the longest script of a shape that is no longer than `size` bytes: one of 64 KiB is still read.
pub(crate) fn script((_, begin, line, end): Shape, size: usize) -> Vec<u8> {
    let mut text = begin.to_owned();
    let mut length = text.len();
    for number in 0.. {
        line(&mut text, number);
        if text.len() + end.len() > size {
            break;
        }
        length = text.len();
    }
    text.truncate(length);
    text.push_str(end);
    text.into_bytes()
}

/// Returns the command that runs a script.
pub(crate) fn command(text: &[u8]) -> Command {
    let (text, dialect) = (text.to_vec(), Dialect::Bash);
    Command {
        source: Source::Script { dialect, options: Vec::new(), text, args: Vec::new() },
        cwd: PROJECT.into(),
    }
}

/// Returns who asks, where and when.
pub(crate) fn circumstances() -> Circumstances<'static> {
    let (start, now) = (Path::new(PROJECT), jiff::Timestamp::UNIX_EPOCH);
    Circumstances { requester: "agent:bench", is_proven: false, start, now }
}
