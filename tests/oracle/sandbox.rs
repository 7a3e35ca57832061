//! bubblewrap around bash: no network, no programs, a throwaway file system, limits on time and size.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::world::{LIBRARY, VARIABLES};

/// How long one script may take before it is given up: what waits for nothing costs this much.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs each script of `/in` in a directory of its own. The handler logs the name, answers on standard output with something that
/// would run or be evaluated if a shell took it for code, and succeeds for about half of all names. An argument ends in `\x02`, and a newline
/// in it is logged as `\x01`: bash writes line by line, and two sides of a pipe log at once.
const DRIVER: &str = r#"
ulimit -t 1 -f 64 -c 0
n=$1
while [[ -e /in/$n ]]; do
  builtin printf '%s' "$n" > /log/at
  IFS= builtin read -r -d '' script < "/in/$n"
  cd "/w/$n"
  eval "command_not_found_handle() { builtin printf -v __call '%s\\2' \"\${@//\$'\n'/\$'\x01'}\"; builtin printf '%s\\0' \"\$__call\" >> /log/$n; if [[ \$1 == *V* ]]; then builtin echo 'a[\$(EVILVALUE)]'; elif [[ \$1 == *W* ]]; then builtin echo '-v a[\$(EVILTEST)]'; else builtin echo EVILNAME; fi; [[ \$1 == *[02468a-m] ]]; }"
  export -f command_not_found_handle
  "/shell/$2" -c "$script" < /dev/null > /dev/null 2> "/err/$n"
  n=$((n + 1))
done
"#;

/// What bash and dash say of a text that they cannot read.
const REFUSALS: [&[u8]; 4] =
    [b"syntax error near unexpected", b"unexpected EOF while", b"Syntax error: ", b"unexpected end of file"];

/// What bash ran.
#[derive(Default)]
pub(crate) struct Ran {
    /// Names that the handler logged, and those that `exec` did not find.
    pub(crate) names: Vec<Vec<u8>>,
    /// Names that the handler logged, each with its arguments.
    pub(crate) calls: Vec<Vec<Vec<u8>>>,
    /// Paths that bash did not find: programs, and the targets of redirects.
    pub(crate) paths: Vec<Vec<u8>>,
    pub(crate) finished: bool,
    /// Claims that the shell could not read the script.
    pub(crate) refused: bool,
}

/// A batch of scripts and the place where they run.
pub(crate) struct Sandbox {
    place: tempfile::TempDir,
    count: usize,
    /// `bash` or `dash`.
    shell: &'static str,
}

impl Sandbox {
    pub(crate) fn new(scripts: &[Vec<u8>], shell: &'static str) -> Sandbox {
        let place = tempfile::tempdir().expect("a scratch directory");
        let at = |name: &str| place.path().join(name);
        for name in ["in", "w", "log", "err"] {
            std::fs::create_dir(at(name)).expect("a directory in it");
        }
        std::fs::write(at("driver"), DRIVER).expect("the driver is written");
        std::fs::write(at("library"), LIBRARY.1).expect("the library is written");
        for (index, script) in scripts.iter().enumerate() {
            std::fs::write(at("in").join(index.to_string()), script).expect("a script is written");
            std::fs::create_dir(at("w").join(index.to_string())).expect("its directory");
        }
        Sandbox { place, count: scripts.len(), shell }
    }

    /// Runs all scripts; one that does not end is given up, and the rest go on.
    pub(crate) fn run(&self) -> Vec<Ran> {
        let mut given_up = Vec::new();
        let mut from = 0;
        while from < self.count {
            let mut child = self.start(from);
            let Err(at) = self.watched(&mut child, from) else { break };
            given_up.push(at);
            from = at + 1;
        }
        (0..self.count).map(|index| self.ran(index, !given_up.contains(&index))).collect()
    }

    fn start(&self, from: usize) -> Child {
        let at = |name: &str| self.place.path().join(name);
        let mut command = Command::new("bwrap");
        command.args([
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
            "--uid",
            "1000",
            "--gid",
            "1000",
        ]);
        bind_libraries(&mut command);
        command.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/none"]);
        for (from, to) in [("in", "/in"), ("driver", "/driver"), ("library", LIBRARY.0)] {
            command.arg("--ro-bind").arg(at(from)).arg(to);
        }
        for (from, to) in [("w", "/w"), ("log", "/log"), ("err", "/err")] {
            command.arg("--bind").arg(at(from)).arg(to);
        }
        for (name, value) in VARIABLES {
            command.args(["--setenv", name, value]);
        }
        command.args(["/shell/bash", "--norc", "/driver", &from.to_string(), self.shell]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("bubblewrap starts (Debian: apt-get install bubblewrap)")
    }

    /// Waits until all scripts have run; gives the number of one that does not end, and ends them all.
    fn watched(&self, child: &mut Child, from: usize) -> Result<(), usize> {
        let (mut at, mut since) = (from, Instant::now());
        loop {
            if child.try_wait().expect("a child can be waited for").is_some() {
                return Ok(());
            }
            let text = std::fs::read_to_string(self.place.path().join("log/at")).unwrap_or_default();
            let now = text.parse().unwrap_or(at);
            if now != at {
                (at, since) = (now, Instant::now());
            } else if since.elapsed() > PATIENCE {
                child.kill().expect("a child can be ended");
                child.wait().expect("a child can be waited for");
                return Err(at);
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn ran(&self, index: usize, finished: bool) -> Ran {
        let read = |kind: &str| {
            std::fs::read(self.place.path().join(kind).join(index.to_string())).unwrap_or_default()
        };
        let log = read("log");
        let mut ran = Ran { finished, ..Ran::default() };
        // The last name may have been cut off by the limit on files.
        let whole = log.iter().rposition(|byte| *byte == 0).map_or(&[][..], |end| &log[..end]);
        // To gate every script runs in `/w`.
        let own = format!("/w/{index}");
        let word = |word: &[u8]| {
            let word: Vec<u8> = word.iter().map(|byte| if *byte == 1 { b'\n' } else { *byte }).collect();
            String::from_utf8(word)
                .map_or_else(|bytes| bytes.into_bytes(), |text| text.replace(&own, "/w").into_bytes())
        };
        let call = |call: &[u8]| call.split(|byte| *byte == 2).map(word).collect::<Vec<Vec<u8>>>();
        let calls = whole.split(|byte| *byte == 0).filter_map(|call| call.strip_suffix(&[2]));
        ran.calls.extend(calls.map(call).filter(|call| !call[0].is_empty()));
        ran.names.extend(ran.calls.iter().map(|call| call[0].clone()));
        for line in read("err").split(|byte| *byte == b'\n') {
            ran.refused |= REFUSALS.iter().any(|text| line.windows(text.len()).any(|part| part == *text));
            if self.shell == "dash" {
                match not_found(line) {
                    Ok(name) => ran.names.extend(name.map(<[u8]>::to_vec)),
                    // Two processes wrote at once, and dash writes a message in pieces: who can say what ran?
                    Err(Mixed) => return Ran::default(),
                }
                continue;
            }
            if let Some(name) = between(line, b": exec: ", b": not found") {
                ran.names.push(name.to_vec());
            } else if let Some(path) = between(line, b": line ", b": No such file or directory") {
                let path = path.iter().position(|byte| *byte == b' ').map_or(path, |at| &path[at + 1..]);
                if path.starts_with(b"/") && !path.contains(&b' ') {
                    ran.paths.push(path.to_vec());
                }
            }
        }
        ran
    }
}

fn between<'a>(line: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let start = line.windows(before.len()).position(|window| window == before)? + before.len();
    line[start..].strip_suffix(after)
}

fn bind_libraries(command: &mut Command) {
    for path in ["/usr/lib", "/usr/lib64", "/usr/lib32"] {
        if Path::new(path).is_dir() {
            command.args(["--ro-bind", path, path]);
        }
    }
    for (path, to) in [("/lib", "usr/lib"), ("/lib64", "usr/lib64")] {
        if Path::new(path).exists() {
            command.args(["--symlink", to, path]);
        }
    }
    for shell in ["bash", "dash"] {
        command.args(["--ro-bind", &format!("/bin/{shell}"), &format!("/shell/{shell}")]);
    }
}

/// Fails unless the sandbox logs what runs in it: an oracle that sees nothing proves nothing.
pub(crate) fn must_work() {
    let scripts = [b"LOGGED x; 'LOG\nGED'; /absent/program; (exec GONE)".to_vec()];
    let ran = Sandbox::new(&scripts, "bash").run();
    let names: Vec<_> = ran[0].names.iter().map(|name| String::from_utf8_lossy(name)).collect();
    assert_eq!(
        names,
        ["LOGGED", "LOG\nGED", "GONE"],
        "the sandbox logs names (are user namespaces allowed here?)"
    );
    assert_eq!(ran[0].paths, [b"/absent/program".to_vec()]);
    let ran = Sandbox::new(&[b"LOGGED x".to_vec()], "dash").run();
    assert_eq!(ran[0].names, [b"LOGGED".to_vec()], "the sandbox hears dash");
}

/// A line in which two messages are mixed.
struct Mixed;

/// Returns the name in dash's `/shell/dash: 3: NAME: not found`; other lines have none.
fn not_found<'a>(line: &'a [u8]) -> Result<Option<&'a [u8]>, Mixed> {
    const BEGIN: &[u8] = b"/shell/dash: ";
    let begins = |at: &[u8]| at.windows(BEGIN.len()).filter(|part| *part == BEGIN).count();
    let ends = line.windows(9).filter(|part| *part == b"not found").count();
    let Some(found) = line.strip_prefix(BEGIN) else {
        return if begins(line) + ends == 0 { Ok(None) } else { Err(Mixed) };
    };
    if begins(found) > 0 || ends > 1 {
        return Err(Mixed);
    }
    let Some(found) = found.strip_suffix(b": not found") else {
        return if ends == 0 { Ok(None) } else { Err(Mixed) };
    };
    // After the line's number stands the file or the builtin that was told the name, if one was; a name may hold a `: `, too.
    let after = |text: &'static [u8]| move |line: &'a [u8]| line.strip_prefix(text).unwrap_or(line);
    let name = found.windows(2).position(|pair| pair == b": ").map(|at| &found[at + 2..]);
    let name = name
        .map(after(b"/lib.sh: "))
        .map(after(b"eval: "))
        .map(after(b".: "))
        .map(after(b"exec: "))
        .map(after(b"command: "));
    Ok(name.filter(|name| !name.is_empty()))
}
