//! The machine that the sandbox is, as gate sees it.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use gate::command::{Command, Dialect, Source};
use gate::shell::{Analysis, Program, Programs, analyse};
use gate::world::{Resolution, World};

/// The one file that scripts may source.
pub(crate) const LIBRARY: (&str, &str) =
    ("/lib.sh", "SOURCED0 \"$x\"\nsourced_name() { SOURCED1; }\nsourced=SOURCED2\n");

/// The variables that scripts are started with.
pub(crate) const VARIABLES: [(&str, &str); 5] = [
    ("PATH", "/none"),
    ("HOME", "/w"),
    ("FUNCNEST", "20"),
    ("INHERITED", "a[$(EVILENV)]"),
    ("inherited", "a[$(EVILSMALL)]"),
];

struct Inside;

impl World for Inside {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes().to_vec())
    }
    fn var_names(&self) -> Vec<String> {
        VARIABLES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
    fn homes(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("/w")]
    }
    fn resolve(&self, _: &[u8], _: &Path) -> Resolution {
        Resolution::Missing
    }
    fn may_find_file(&self, _: &[u8], _: &Path) -> bool {
        false
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
    fn read(&self, path: &Path, _: usize) -> Option<Vec<u8>> {
        (path == Path::new(LIBRARY.0)).then(|| LIBRARY.1.as_bytes().to_vec())
    }
    fn host(&self) -> String {
        "sandbox".to_owned()
    }
}

struct NoPrograms;

impl Programs for NoPrograms {
    fn program(&self, _: &str) -> Option<Rc<Program>> {
        None
    }
}

/// Returns what gate says of a script that a shell of this dialect is to run.
pub(crate) fn analysed(script: &[u8], dialect: Dialect) -> Analysis {
    let source = Source::Script { dialect, options: Vec::new(), text: script.to_vec(), args: Vec::new() };
    analyse(&Command { source, cwd: PathBuf::from("/w") }, &Inside, &NoPrograms)
}
