//! A file that a shell sources, given to it as it was judged: in sealed memory, by the name that gate's descriptor has in `/proc`.
//!
//! MUST rules:
//! 1. What the shell reads are the bytes that were judged: the memory is sealed before its name is told (memfd_create(2), `F_ADD_SEALS`).
//! 2. The command inherits no descriptor for it: gate holds the only one, as long as the command runs.
//! 3. A child that does not find this very memory by its name does not become the command.
//! 4. Where there was no file when the script was judged, the shell finds none.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;

use super::run::NotStarted;
use super::sealed::{Use, sealed};
use crate::command::{Command, Sourced};

/// The bytes of one file for one start.
#[derive(Debug)]
pub(super) struct Given {
    /// `None` where the shell is to find no file.
    memory: Option<OwnedFd>,
    name: CString,
}

/// A name that no file can have: nothing is below a device.
const NOTHING: &CStr = c"/dev/null/nothing";

impl Given {
    /// Returns `command` with the name of what was judged in the place of the file's, and what has to be kept while it runs.
    ///
    /// # Errors
    /// The kernel gives no such memory, or the command does not name the file.
    pub(super) fn instead(sourced: &Sourced, command: &Command) -> Result<(Given, Command), NotStarted> {
        let given = Given::of(sourced).map_err(|error| NotStarted::not_given(&error))?;
        let unnamed = || NotStarted::not_given(&io::ErrorKind::InvalidInput.into());
        let command = sourced.instead(command, given.name.as_bytes()).ok_or_else(unnamed)?;
        Ok((given, command))
    }

    fn of(sourced: &Sourced) -> io::Result<Given> {
        match &sourced.text {
            Some(text) => Given::of_memory(sealed(text, Use::Read)?),
            None => Ok(Given { memory: None, name: NOTHING.to_owned() }),
        }
    }

    /// Returns what `memory` holds, by the name that it has while gate holds it.
    ///
    /// # Errors
    /// None that a system could give.
    pub(super) fn of_memory(memory: OwnedFd) -> io::Result<Given> {
        use std::os::fd::AsRawFd as _;
        let name = format!("/proc/{}/fd/{}", std::process::id(), memory.as_raw_fd());
        Ok(Given { memory: Some(memory), name: CString::new(name)? })
    }

    /// Returns the name.
    pub(super) fn name(&self) -> &CStr {
        &self.name
    }

    /// Claims that this process finds the memory by its name. Makes system calls only: it is asked between fork and exec.
    ///
    /// # Errors
    /// It does not, and the kernel says why.
    pub(super) fn is_found(&self) -> Result<(), i32> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        let id = |file: &OwnedFd| rustix::fs::fstat(file).map(|found| (found.st_dev, found.st_ino));
        let found = rustix::fs::open(self.name.as_c_str(), flags, rustix::fs::Mode::empty())
            .and_then(|file| Ok(id(&file)? == id(memory)?));
        match found {
            Ok(true) => Ok(()),
            // A `/proc` of other processes than the kernel tells this one of.
            Ok(false) => Err(libc::ESRCH),
            Err(error) => Err(error.raw_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};

    use super::Given;
    use crate::command::{Command, Dialect, Named, Source, Sourced};

    fn given(text: Option<&str>) -> (Given, PathBuf) {
        let sourced = Sourced {
            path: "/home/x/lib.sh".into(),
            named: Named::Text(2, 16),
            text: text.map(|text| text.as_bytes().to_vec()),
        };
        let source = Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: b". /home/x/lib.sh; ls".to_vec(),
            args: Vec::new(),
        };
        let command = Command { source, cwd: "/".into() };
        let (given, command) = Given::instead(&sourced, &command).unwrap();
        let text = command.text();
        let name = text.strip_prefix(b". ").unwrap().strip_suffix(b"; ls").unwrap();
        (given, Path::new(std::ffi::OsStr::from_bytes(name)).to_owned())
    }

    #[test]
    fn what_was_judged_is_read_by_its_name_and_nobody_changes_it() {
        let (given, name) = given(Some("export A=1\n"));
        assert_eq!(given.is_found(), Ok(()));
        assert_eq!(std::fs::read(&name).unwrap(), b"export A=1\n");
        let mut options = std::fs::OpenOptions::new();
        let written = options.write(true).open(&name).and_then(|mut file| {
            use std::io::Write as _;
            file.write_all(b"export A=2\n")
        });
        assert_eq!(written.unwrap_err().raw_os_error(), Some(libc::EPERM));
        assert!(options.write(true).truncate(true).open(&name).is_err());
        assert_eq!(std::fs::read(&name).unwrap(), b"export A=1\n");
        drop(given);
        assert!(!name.exists());
    }

    #[test]
    fn where_no_file_was_none_is_found() {
        let (given, name) = given(None);
        assert_eq!(given.is_found(), Ok(()));
        assert!(std::fs::read(&name).is_err());
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_not_the_memory() {
        let (mut given, _) = given(Some("export A=1\n"));
        given.name = c"/etc/passwd".to_owned();
        assert_eq!(given.is_found(), Err(libc::ESRCH));
        given.name = c"/proc/self/fd/9999".to_owned();
        assert_eq!(given.is_found(), Err(libc::ENOENT));
    }

    #[test]
    fn a_script_that_does_not_name_the_file_gets_nothing_in_its_place() {
        let sourced = Sourced { path: "/x/lib.sh".into(), named: Named::Text(0, 3), text: None };
        let argv = Source::Argv(vec![b"ls".to_vec()]);
        let text = Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: b"ls; . /x/lib.sh".to_vec(),
            args: Vec::new(),
        };
        for source in [argv, text] {
            assert!(Given::instead(&sourced, &Command { source, cwd: "/".into() }).is_err());
        }
    }
}
