//! The fixed world in which examples are judged: `/home/dev/project`, a git repository, with an empty environment.

use std::path::{Path, PathBuf};

use crate::world::{Aim, Fact, Findings, Resolution, World};

/// The directory that examples run in.
pub const PROJECT: &str = "/home/dev/project";

/// What lies in its directories; all others are empty.
const LYING: [(&str, &str); 10] = [
    ("/", "etc home srv tmp usr"),
    ("/srv", "gate www"),
    ("/srv/gate", "gate.db policy.toml"),
    ("/home/dev", ".bashrc .claude .config .ssh notes.md project"),
    ("/home/dev/.ssh", "config id_ed25519 id_ed25519.pub known_hosts"),
    ("/home/dev/.claude", "settings.json"),
    (PROJECT, ".claude .env .git .github .gitignore Makefile README.md backup build notes.md src"),
    ("/home/dev/project/.claude", "commands settings.json"),
    ("/home/dev/project/.git", "HEAD config hooks objects refs"),
    ("/home/dev/project/src", "lib.rs main.rs"),
];

/// A machine that is the same everywhere.
///
/// The home is `/home/dev`, gate was given `/srv/gate` for its own files, the directory [`PROJECT`] on branch `main` with a remote `origin`; every bare name is a trusted
/// program, so is every path in a system directory, and no other path leads to a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestWorld;

impl World for TestWorld {
    fn var(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn var_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn homes(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("/home/dev")]
    }

    fn own_directories(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("/srv/gate")]
    }

    fn resolve(&self, name: &[u8], cwd: &Path) -> Resolution {
        let name = String::from_utf8_lossy(name);
        if !name.contains('/') {
            return Resolution::Trusted(Path::new("/usr/bin").join(&*name));
        }
        let path = cwd.join(&*name);
        let system = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"];
        match path.parent().is_some_and(|dir| system.iter().any(|known| dir == Path::new(known))) {
            true => Resolution::Trusted(path),
            false => Resolution::Untrusted(path),
        }
    }

    fn real_path(&self, path: &Path) -> PathBuf {
        let mut real = PathBuf::from("/");
        for part in path.components() {
            match part {
                std::path::Component::ParentDir => {
                    real.pop();
                }
                std::path::Component::Normal(name) => real.push(name),
                _ => {}
            }
        }
        real
    }

    /// Besides the home and the project itself: `src` and `backup` in it.
    fn is_directory(&self, path: &Path) -> bool {
        let known = ["/tmp", "/home/dev", PROJECT].iter().any(|dir| path == Path::new(dir));
        known || ["src", "backup"].iter().any(|name| path == Path::new(PROJECT).join(name))
    }

    fn names(&self, dir: &Path, _limit: usize) -> Option<Vec<Vec<u8>>> {
        let dir = self.real_path(dir);
        let names = LYING.iter().find(|(known, _)| dir == Path::new(known));
        Some(
            names.map_or(Vec::new(), |(_, names)| {
                names.split(' ').map(|name| name.as_bytes().to_vec()).collect()
            }),
        )
    }

    /// Every name that is not listed with others may be there.
    fn is_there(&self, path: &Path) -> bool {
        let listed = path.parent().and_then(|dir| self.names(dir, 0)).filter(|names| !names.is_empty());
        let name = path.file_name().map(|name| name.as_encoded_bytes());
        listed.is_none_or(|names| name.is_none_or(|name| names.iter().any(|known| known == name)))
    }

    fn read(&self, _path: &Path, _limit: usize) -> Option<Vec<u8>> {
        None
    }

    fn fact(&self, fact: Fact, aim: &Aim<'_>) -> Findings {
        let is_in_project = aim.cwd.starts_with(PROJECT);
        match fact {
            Fact::GitBranch if is_in_project => Findings::of("main", "`.git/HEAD`", true),
            Fact::GitRemote if is_in_project => {
                Findings::of("git@example.com:dev/project.git", "`.git/config`", true)
            }
            _ => Findings::unknown(),
        }
    }

    fn has_input(&self) -> bool {
        false
    }

    fn host(&self) -> String {
        "test".to_owned()
    }
}
