//! Which directories may vouch for the names of the programs in them.
//!
//! MUST rules:
//! 1. A directory is trusted if the policy or `gate init` recorded it, or if it and all its parents belong to root
//!    and nobody else may write there, both as the path is written and as it resolves.
//! 2. A program in a root-owned directory that is a link to elsewhere is trusted only if it leads to a trusted directory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directories that vouch for names, with what was found out about others so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Trust {
    recorded: Vec<PathBuf>,
    seen: RefCell<BTreeMap<PathBuf, bool>>,
}

impl Trust {
    /// Returns a trust in `recorded` directories besides those of root.
    pub(super) fn new(recorded: Vec<PathBuf>) -> Trust {
        Trust { recorded, seen: RefCell::default() }
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
        self.is_roots(dir) && {
            let real = fs::canonicalize(path).unwrap_or_default();
            real.parent().is_some_and(|real| real == dir || self.is_recorded(real) || self.is_roots(real))
        }
    }

    /// Claims that the programs in `dir` are what their names say.
    pub(super) fn vouches(&self, dir: &Path) -> bool {
        self.is_recorded(dir) || self.is_roots(dir)
    }

    fn is_recorded(&self, dir: &Path) -> bool {
        self.recorded.iter().any(|recorded| recorded == dir)
    }

    fn is_roots(&self, dir: &Path) -> bool {
        if let Some(known) = self.seen.borrow().get(dir) {
            return *known;
        }
        let real = fs::canonicalize(dir).unwrap_or_default();
        let is = !real.as_os_str().is_empty()
            && dir.is_absolute()
            && dir.ancestors().all(only_root_writes)
            && (real == dir || real.ancestors().all(only_root_writes));
        self.seen.borrow_mut().insert(dir.to_path_buf(), is);
        is
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
