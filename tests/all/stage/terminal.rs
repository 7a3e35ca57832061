//! A terminal: what a person types and sees. A real pseudo-terminal, 120 columns wide.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::until;

/// The person's side of a pseudo-terminal.
pub(crate) struct Terminal {
    person: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
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
        let size = rustix::termios::Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&person, size).expect("the size of a pty");
        let path = ptsname(&person, Vec::new()).expect("the name of a pty");
        let noctty = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let path = path.to_str().expect("the name of a pty is ASCII");
        let program =
            File::options().read(true).write(true).custom_flags(noctty).open(path).expect("the pty");
        let person = File::from(person);
        let screen = Arc::default();
        let reader = watch(person.try_clone().expect("a second handle"), Arc::clone(&screen));
        (Terminal { person, screen, reader: Some(reader), child: None }, program)
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
        use std::os::unix::process::ExitStatusExt;
        let child = self.child.as_mut().expect("a program was started on this terminal");
        let status = child.wait().expect("the end of a program");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of a terminal");
        }
        status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
    }
}

/// The terminal becomes the controlling one by `setsid --ctty`, which [`super::Run`] puts before the program.
fn spawn(command: &mut Command, program: File) -> Child {
    command.stdin(Stdio::from(program)).spawn().expect("setsid of util-linux")
}

/// Collects what is printed. The end of the program ends the terminal, which reads as an error.
fn watch(mut person: File, screen: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = person.read(&mut bytes) {
            screen.lock().expect("no other reader").extend_from_slice(&bytes[..n]);
        }
    })
}
