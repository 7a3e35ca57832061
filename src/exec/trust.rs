//! Which directories may vouch for the names of the programs in them.
//!
//! MUST rules:
//! 1. A directory is trusted if the policy or `gate init` recorded it, or if it and all its parents belong to root
//!    and nobody else may write there, both as the path is written and as it resolves.
//! 2. A program in a root-owned directory that is a link to elsewhere is trusted only if it leads to a trusted directory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directories that vouch for names, with what was found out about others so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    recorded: Vec<PathBuf>,
    seen: RefCell<BTreeMap<PathBuf, Found>>,
    /// Which places on the way only root writes to.
    safe: RefCell<BTreeMap<PathBuf, bool>>,
}

/// What was found out about a directory.
#[derive(Clone, Debug)]
struct Found {
    /// Where it leads; empty where it leads nowhere.
    real: PathBuf,
    /// Claims that it is root's alone, as it is written and as it resolves.
    is_roots: bool,
}

impl Trust {
    /// Returns a trust in `recorded` directories besides those of root.
    pub(super) fn new(recorded: Vec<PathBuf>) -> Trust {
        Trust { recorded, ..Trust::default() }
    }

    /// Adds recorded directories.
    pub(super) fn add(&mut self, more: Vec<PathBuf>) {
        self.recorded.extend(more);
    }

    /// Claims that the program file `path` is what its name says.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let Some(dir) = path.parent() else { return false };
        if self.is_recorded(dir) {
            return true;
        }
        let found = self.look(dir);
        found.is_roots && {
            let real = match fs::read_link(path) {
                Ok(_) => fs::canonicalize(path).unwrap_or_default().parent().map(Path::to_path_buf),
                // Most files are no link: then the directory is all there is to resolve.
                Err(error) if error.kind() == ErrorKind::InvalidInput => Some(found.real),
                Err(_) => None,
            };
            real.is_some_and(|real| real == dir || self.is_recorded(&real) || self.look(&real).is_roots)
        }
    }

    /// Claims that the programs in `dir` are what their names say.
    pub(super) fn vouches(&self, dir: &Path) -> bool {
        self.is_recorded(dir) || self.look(dir).is_roots
    }

    fn is_recorded(&self, dir: &Path) -> bool {
        self.recorded.iter().any(|recorded| recorded == dir)
    }

    fn look(&self, dir: &Path) -> Found {
        if let Some(known) = self.seen.borrow().get(dir) {
            return known.clone();
        }
        let real = fs::canonicalize(dir).unwrap_or_default();
        let is_reals = !real.as_os_str().is_empty() && self.is_safe_all_the_way(&real);
        let is_roots = is_reals && dir.is_absolute() && (real == dir || self.is_safe_all_the_way(dir));
        let mut seen = self.seen.borrow_mut();
        if !real.as_os_str().is_empty() {
            seen.insert(real.clone(), Found { real: real.clone(), is_roots: is_reals });
        }
        let found = Found { real, is_roots };
        seen.insert(dir.to_path_buf(), found.clone());
        found
    }

    fn is_safe_all_the_way(&self, dir: &Path) -> bool {
        dir.ancestors().all(|path| {
            let known = self.safe.borrow().get(path).copied();
            known.unwrap_or_else(|| {
                let is_safe = only_root_writes(path);
                self.safe.borrow_mut().insert(path.to_path_buf(), is_safe);
                is_safe
            })
        })
    }
}

/// Claims that `path` (and the link it may be) belongs to root, and that only its owner may write to it.
fn only_root_writes(path: &Path) -> bool {
    let Ok(link) = fs::symlink_metadata(path) else { return false };
    let target = if link.is_symlink() { fs::metadata(path) } else { Ok(link.clone()) };
    link.uid() == 0 && target.is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use super::Trust;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    #[test]
    fn roots_directories_vouch_and_writable_ones_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("tool");
        std::fs::write(&tool, "").unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let trust = Trust::default();
        assert!(trust.covers(Path::new("/usr/bin/env")));
        assert!(!trust.covers(&tool));
        assert!(Trust::new(vec![dir.path().to_path_buf()]).covers(&tool));
        assert!(!trust.covers(Path::new("bin/env")));
        let link = dir.path().join("env");
        symlink("/usr/bin/env", &link).unwrap();
        assert!(!trust.covers(&link), "a link in a writable directory can be turned at any time");
    }
}
