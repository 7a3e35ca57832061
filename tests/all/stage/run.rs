//! One run of a program on a stage: what it is given, and what must come out of it, exactly.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use super::expected::{placeholders, unindented};
use super::terminal::Terminal;
use super::{PATIENCE, Stage};

/// A run that is being described. [`Run::check`] runs it; the exit code is 0 and both outputs are empty unless said otherwise.
pub(crate) struct Run<'stage> {
    stage: &'stage Stage,
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    unset: Vec<OsString>,
    cwd: PathBuf,
    stdin: Vec<u8>,
    /// The file that it has on standard input instead of a pipe.
    input: Option<PathBuf>,
    terminal: bool,
    expected: Expected,
}

/// What must come out.
#[derive(Default)]
struct Expected {
    stdout: String,
    stderr: String,
    code: i32,
}

impl<'stage> Run<'stage> {
    pub(super) fn new(stage: &'stage Stage, program: OsString, args: Vec<OsString>) -> Run<'stage> {
        let kept = ["HOME"].into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let fixed = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ];
        let env = kept.chain(fixed.map(|(name, value)| (name.into(), value.into()))).collect();
        Run {
            stage,
            program,
            args,
            env,
            unset: Vec::new(),
            cwd: stage.cwd(),
            stdin: Vec::new(),
            input: None,
            terminal: false,
            expected: Expected::default(),
        }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Sets an environment variable. Only `HOME`, `PATH`, `LC_ALL` and `TZ` are there otherwise.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Takes an environment variable away.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.unset.push(name.into());
        self
    }

    /// Runs it in another directory than the stage's.
    pub(crate) fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = cwd.into();
        self
    }

    /// Gives it this on standard input; with a terminal, types it there.
    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_owned();
        self
    }

    /// Gives it the null device as standard input, and not a pipe.
    pub(crate) fn without_input(self) -> Self {
        self.input_from("/dev/null")
    }

    /// Gives it this file as standard input, and not a pipe.
    pub(crate) fn input_from(mut self, file: impl Into<PathBuf>) -> Self {
        self.input = Some(file.into());
        self
    }

    /// Gives it a terminal of its own: standard input and `/dev/tty`. Both outputs stay separate pipes.
    pub(crate) fn on_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Says what standard output must be, with placeholders.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.expected.stdout = unindented(text);
        self
    }

    /// Says what standard error must be, with placeholders.
    pub(crate) fn stderr(mut self, text: &str) -> Self {
        self.expected.stderr = unindented(text);
        self
    }

    /// Says what the exit code must be; a fatal signal N counts as -N.
    pub(crate) fn code(mut self, code: i32) -> Self {
        self.expected.code = code;
        self
    }

    /// Runs it and compares everything.
    #[track_caller]
    pub(crate) fn check(self) {
        let root = self.stage.root().to_owned();
        let (output, expected) = self.finish();
        compare(&output, &expected, &root);
    }

    /// Runs it and returns what came out, for the few tests that must look closer (JSON, ids).
    pub(crate) fn output(self) -> Output {
        self.finish().0
    }

    fn finish(self) -> (Output, Expected) {
        let (child, terminal, expected) = self.spawn();
        let guard = watched(child.id());
        let output = child.wait_with_output().expect("the output of a run");
        drop((guard, terminal));
        (output, expected)
    }

    /// Starts it in a terminal of its own that a test types into and reads from; both outputs go there too.
    pub(crate) fn interactive(self) -> Terminal {
        Terminal::start(&mut self.command(true))
    }

    /// Starts it with all three streams as pipes that the test holds.
    pub(crate) fn talk(self) -> Child {
        let mut command = self.command(false);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("setsid of util-linux")
    }

    /// Starts it and returns at once.
    pub(crate) fn spawn_only(self) -> Child {
        self.spawn().0
    }

    /// Returns the command that starts it, for a test that starts it in a way of its own; with the terminal it gets, if it gets one.
    pub(crate) fn unstarted(self) -> (Command, Option<Terminal>) {
        let mut command = self.command(self.terminal);
        if self.terminal {
            let terminal = Terminal::give(&mut command);
            return (command, Some(terminal));
        }
        // As every other run: a pipe. What it gets is little, and there before it starts.
        let (stdin, mut person) = std::io::pipe().expect("a pipe");
        person.write_all(&self.stdin).expect("a pipe holds a page");
        command.stdin(stdin);
        (command, None)
    }

    /// Starts it and returns as soon as it says that it waits for approval.
    #[track_caller]
    pub(crate) fn start(self) -> Waiting<'stage> {
        let stage = self.stage;
        let (mut child, terminal, expected) = self.spawn();
        drop(child.stdin.take());
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let mut waiting = Waiting {
            stage,
            child,
            _terminal: terminal,
            stdout: lines(stdout),
            stderr: lines(stderr),
            said: String::new(),
            id: String::new(),
            expected,
        };
        waiting.until_it_waits();
        waiting
    }

    fn spawn(self) -> (Child, Option<Terminal>, Expected) {
        let mut command = self.command(self.terminal);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.terminal {
            let (child, mut terminal) = Terminal::lend(&mut command);
            if !self.stdin.is_empty() {
                terminal.send(&self.stdin);
            }
            return (child, Some(terminal), self.expected);
        }
        if let Some(path) = &self.input {
            let file = std::fs::File::open(path).expect("a file for standard input");
            let child = command.stdin(file).spawn().expect("setsid of util-linux");
            return (child, None, self.expected);
        }
        let mut child = command.stdin(Stdio::piped()).spawn().expect("setsid of util-linux");
        let mut stdin = child.stdin.take().expect("a pipe");
        std::thread::spawn(move || {
            let _closed_early = stdin.write_all(&self.stdin);
        });
        (child, None, self.expected)
    }

    /// `setsid` gives it a session of its own, and with `--ctty` the terminal on its standard input.
    fn command(&self, terminal: bool) -> Command {
        let mut command = Command::new("setsid");
        command.arg("--wait").args(terminal.then_some("--ctty"));
        command.arg(&self.program).args(&self.args).current_dir(&self.cwd).env_clear();
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if terminal {
            command.env("TERM", "xterm");
        }
        for name in &self.unset {
            command.env_remove(name);
        }
        command
    }
}

/// A gate that waits for a decision.
pub(crate) struct Waiting<'stage> {
    stage: &'stage Stage,
    child: Child,
    _terminal: Option<Terminal>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    said: String,
    id: String,
    expected: Expected,
}

impl Waiting<'_> {
    /// Returns the request's id, as gate said it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as an agent's time limit does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the waiting gate is killed");
        self.child.wait().expect("the killed gate is reaped");
    }

    /// Says what standard output must be in the end.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.expected.stdout = unindented(text);
        self
    }

    /// Says what standard error must be in the end, from its beginning.
    pub(crate) fn stderr(mut self, text: &str) -> Self {
        self.expected.stderr = unindented(text);
        self
    }

    /// Says what the exit code must be.
    pub(crate) fn code(mut self, code: i32) -> Self {
        self.expected.code = code;
        self
    }

    /// Waits until it ends and compares everything.
    #[track_caller]
    pub(crate) fn check(mut self) {
        let output = self.end();
        compare(&output, &self.expected, self.stage.root());
    }

    /// Waits until it ends and returns what came out.
    pub(crate) fn output(mut self) -> Output {
        self.end()
    }

    fn end(&mut self) -> Output {
        let _guard = watched(self.child.id());
        let status = self.child.wait().expect("the end of a waiting gate");
        let stderr = std::mem::take(&mut self.said) + &self.stderr.iter().collect::<String>();
        let stdout = self.stdout.iter().collect::<String>();
        Output { status, stdout: stdout.into_bytes(), stderr: stderr.into_bytes() }
    }

    #[track_caller]
    fn until_it_waits(&mut self) {
        while self.id.is_empty() {
            let Ok(line) = self.stderr.recv_timeout(PATIENCE) else {
                panic!("it ended or kept silent instead of waiting for approval; it said:\n{}", self.said);
            };
            if let Some((_, rest)) = line.split_once("waiting for approval ") {
                self.id = rest.chars().take(14).collect();
            }
            self.said.push_str(&line);
        }
    }
}

/// Kills the process `pid` if the returned guard is still there when a test's patience ends: a run that hangs fails by
/// its exit code instead of holding up all others.
fn watched(pid: u32) -> Sender<()> {
    let (guard, gone) = channel();
    std::thread::spawn(move || {
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a process id");
        if gone.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ended_meanwhile = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    guard
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Reads lines as they come, so that a full pipe never stops the one who writes.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receive
}

#[track_caller]
fn compare(output: &Output, expected: &Expected, root: &std::path::Path) {
    use std::os::unix::process::ExitStatusExt;
    let text = |bytes: &[u8]| placeholders(&String::from_utf8_lossy(bytes), root);
    let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
    let given =
        format!("--- stdout\n{}--- stderr\n{}--- code {code}\n", text(&output.stdout), text(&output.stderr));
    let wanted =
        format!("--- stdout\n{}--- stderr\n{}--- code {}\n", expected.stdout, expected.stderr, expected.code);
    assert!(given == wanted, "what came out:\n{given}\nwhat was expected:\n{wanted}");
}
