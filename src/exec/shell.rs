//! The real shell for a script: found by absolute path in root's directories, never one of gate's own links.

use std::path::{Path, PathBuf};

use super::Host;
use super::trust::Trust;
use crate::command::Dialect;

/// Where the shells are, in the order they are tried (Debian, Fedora, Alpine; Homebrew and macOS; NixOS; BSD).
const DIRECTORIES: [&str; 5] =
    ["/bin", "/usr/bin", "/opt/homebrew/bin", "/run/current-system/sw/bin", "/usr/local/bin"];

/// Returns the name a dialect's shell goes by; it becomes `argv[0]`, as it would without gate.
pub fn shell_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Bash => "bash",
        Dialect::Posix => "sh",
        Dialect::Zsh => "zsh",
    }
}

/// Returns the shell that runs scripts of `dialect`, or `None` where the machine has none that can be trusted.
///
/// If `/bin/sh` is itself a link to gate, dash or bash stands in: both are POSIX shells when called as `sh`.
pub fn real_shell(host: &Host, dialect: Dialect) -> Option<PathBuf> {
    let files: &[&str] = match dialect {
        Dialect::Bash => &["bash"],
        Dialect::Posix => &["sh", "dash", "bash"],
        Dialect::Zsh => &["zsh"],
    };
    in_roots_directories(host, files)
}

/// Returns the first of these programs that lies in a directory where only root can change it, and is not gate itself.
pub(super) fn in_roots_directories(host: &Host, files: &[&str]) -> Option<PathBuf> {
    let paths = files.iter().flat_map(|file| DIRECTORIES.iter().map(move |dir| Path::new(dir).join(file)));
    let trust = Trust::default();
    paths.into_iter().find(|path| path.is_file() && trust.covers(path) && !host.is_gate(path))
}

#[cfg(test)]
mod tests {
    use super::real_shell;
    use crate::command::Dialect;
    use crate::exec::Host;
    use std::path::Path;

    #[test]
    fn the_real_shell_is_one_of_roots_whatever_the_environment_says() {
        let host = Host::made_of([("PATH", "/tmp"), ("SHELL", "/tmp/evil")], None);
        assert_eq!(real_shell(&host, Dialect::Bash).as_deref(), Some(Path::new("/bin/bash")));
        assert_eq!(real_shell(&host, Dialect::Posix).as_deref(), Some(Path::new("/bin/sh")));
    }
}
