//! `ssh-keygen`, which signs for a person: key files, `ssh-agent`, passphrases and the touch of a security key are its own business.
//!
//! It is found in root's directories, not by `PATH`, is no command that anybody asked for, and gets the terminal for its questions.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::Host;
use super::shell::in_roots_directories;

/// The longest key file that is looked at.
const LONGEST: u64 = 64 << 10;

/// Returns the text of a key file.
///
/// # Errors
/// A file that cannot be read, is no regular file, or is longer than any key.
pub fn key_text(path: &Path) -> anyhow::Result<String> {
    let attempted = || format!("failed to read the key `{}`", path.display());
    let found = std::fs::metadata(path).with_context(attempted)?;
    if !found.is_file() || found.len() > LONGEST {
        bail!("`{}` is no key file", path.display());
    }
    let bytes = std::fs::read(path).with_context(attempted)?;
    String::from_utf8(bytes).with_context(attempted)
}

/// Returns the armored SSHSIG over `message` for `namespace` that `ssh-keygen -Y sign` makes with the key in `key`.
///
/// # Errors
/// No `ssh-keygen`, or one that did not sign; it has said why on standard error.
pub fn sign(host: &Host, key: &Path, namespace: &str, message: &[u8]) -> anyhow::Result<String> {
    let program = program(host)?;
    let mut child = Command::new(&program)
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start `{}`", program.display()))?;
    let fed = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(message));
    let done = child.wait_with_output().context("failed to wait for `ssh-keygen`")?;
    if !done.status.success() {
        bail!("`ssh-keygen` did not sign with `{}` ({})", key.display(), done.status);
    }
    fed.context("`ssh-keygen` did not read what it was to sign")?;
    String::from_utf8(done.stdout).context("`ssh-keygen` printed no signature")
}

fn program(host: &Host) -> anyhow::Result<PathBuf> {
    in_roots_directories(host, &["ssh-keygen"])
        .context("there is no `ssh-keygen` in a directory that only root can change; it comes with OpenSSH (`openssh-client`)")
}
