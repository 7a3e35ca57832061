//! A terminal: what a person types and sees. A real pseudo-terminal, 120 columns wide.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::Winsize;

use super::until;

/// The person's side of a pseudo-terminal.
pub(crate) struct Terminal {
    person: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// Closed, it ends the reader.
    stop: Option<PipeWriter>,
    child: Option<Child>,
}

impl Terminal {
    /// Starts `setsid … PROGRAM` with all three streams on a new terminal.
    pub(super) fn start(command: &mut Command) -> Terminal {
        let (mut terminal, program) = Terminal::open();
        command.stdout(Stdio::from(program.try_clone().expect("a second handle")));
        command.stderr(Stdio::from(program.try_clone().expect("a third handle")));
        terminal.child = Some(spawn(command, program));
        terminal
    }

    /// Starts `setsid … PROGRAM` with a new terminal as its controlling terminal and standard input only.
    pub(super) fn lend(command: &mut Command) -> (Child, Terminal) {
        let (terminal, program) = Terminal::open();
        (spawn(command, program), terminal)
    }

    /// Makes a new terminal the controlling one and the standard input of `setsid … PROGRAM`, which is not started.
    pub(super) fn give(command: &mut Command) -> Terminal {
        let (terminal, program) = Terminal::open();
        command.stdin(Stdio::from(program));
        terminal
    }

    fn open() -> (Terminal, File) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&person).and_then(|()| unlockpt(&person)).expect("a pty that can be opened");
        rustix::termios::tcsetwinsize(&person, size(40, 120)).expect("the size of a pty");
        let path = ptsname(&person, Vec::new()).expect("the name of a pty");
        let noctty = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let path = path.to_str().expect("the name of a pty is ASCII");
        let program =
            File::options().read(true).write(true).custom_flags(noctty).open(path).expect("the pty");
        let person = File::from(person);
        let screen = Arc::default();
        let (stopped, stop) = std::io::pipe().expect("a pipe");
        let reader = watch(person.try_clone().expect("a second handle"), stopped, Arc::clone(&screen));
        (Terminal { person, screen, reader: Some(reader), stop: Some(stop), child: None }, program)
    }

    /// Makes the window as large as this.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        rustix::termios::tcsetwinsize(&self.person, size(rows, columns)).expect("the size of a pty");
    }

    /// Returns the modes of the terminal: what it echoes and translates, and which keys send signals.
    pub(crate) fn modes(&self) -> String {
        let modes = rustix::termios::tcgetattr(&self.person).expect("the modes of a pty");
        format!(
            "{:?} {:?} {:?} {:?} {:?}",
            modes.input_modes,
            modes.output_modes,
            modes.control_modes,
            modes.local_modes,
            modes.special_codes
        )
    }

    /// Closes the person's side, as a window that is closed or a connection that breaks does, and returns the program's exit
    /// code; a fatal signal N counts as -N.
    pub(crate) fn hang_up(mut self) -> i32 {
        drop(self.stop.take());
        self.reader.take().expect("nobody has waited yet").join().expect("the reader of a terminal");
        let Terminal { person, child, .. } = self;
        drop(person);
        ended(child.expect("a program was started on this terminal"))
    }

    /// Types `keys`.
    pub(crate) fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.person.write_all(keys.as_ref()).expect("keys can be typed");
    }

    /// Waits until `text` stands on what was printed since the start.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        until(&format!("`{text}` on a terminal that shows:\n{}", self.text()), || {
            self.text().contains(text).then_some(())
        });
    }

    /// Returns everything printed so far, with plain line ends.
    pub(crate) fn text(&self) -> String {
        let screen = self.screen.lock().expect("no reader panicked");
        String::from_utf8_lossy(&screen).replace("\r\n", "\n")
    }

    /// Waits until the program ends and everything it printed is there, and returns its exit code; a fatal signal N counts as -N.
    pub(crate) fn code(&mut self) -> i32 {
        let child = self.child.take().expect("a program was started on this terminal");
        let code = ended(child);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of a terminal");
        }
        code
    }
}

/// Waits until the program ends, and returns its exit code.
fn ended(mut child: Child) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let status = child.wait().expect("the end of a program");
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// The terminal becomes the controlling one by `setsid --ctty`, which [`super::Run`] puts before the program.
fn spawn(command: &mut Command, program: File) -> Child {
    command.stdin(Stdio::from(program)).spawn().expect("setsid of util-linux")
}

/// Collects what is printed. The end of the program ends the terminal, which reads as an error.
fn watch(mut person: File, stopped: PipeReader, screen: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while has_more(&person, &stopped)
            && let Ok(n @ 1..) = person.read(&mut bytes)
        {
            screen.lock().expect("no other reader").extend_from_slice(&bytes[..n]);
        }
    })
}

/// Waits for something to read; `false` if the test does not want it any more.
fn has_more(person: &File, stopped: &PipeReader) -> bool {
    let mut both = [PollFd::new(person, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
    while poll(&mut both, None) == Err(rustix::io::Errno::INTR) {}
    both[1].revents().is_empty()
}
