//! An agent's snapshot file: read as definitions, and the few functions of Claude Code that stand in for programs known by heart.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{paths, quoting};
use crate::command::Dialect;
use crate::digest::Digest;
use crate::shell::Setting;
use crate::world::{Resolution, World};

/// The largest snapshot that is read.
pub(super) const LARGEST: usize = 256 << 10;

/// A definition that Claude Code writes into every snapshot: from its first line to the first line that is `last`.
///
/// Its text is not kept here: `digest` is that of its lines with `⟨own⟩` for the path of Claude Code.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) first: &'static str,
    pub(super) last: &'static str,
    pub(super) digest: &'static str,
}

/// Taken from snapshots of 2.1.177 to 2.1.285 that lie in public repositories. They run Claude Code's own `rg`, `find` (bfs) and `grep`
/// (ugrep; options that run something go to the real one), and refuse a `pkill` of Claude Code.
pub(super) const BLOCKS: [Block; 5] = [
    Block {
        name: "rg",
        first: "if ! (unalias rg 2>/dev/null; command -v rg) >/dev/null 2>&1; then",
        last: "fi",
        digest: "74bbaeb62ff6c3be65e5b498cf85ba98b554a573bb8f1b775813c5efd745da2c",
    },
    Block {
        name: "rg",
        first: "if ! hash rg 2>/dev/null && ! typeset -f rg >/dev/null 2>&1; then",
        last: "fi",
        digest: "43e969b7cfe7e1fc6aa842aabb6a9630e3f2ff12fe6a7a5de2631475be93b0ed",
    },
    Block {
        name: "find",
        first: "function find {",
        last: "}",
        digest: "f8ecce319588e492e4f9653be8e4b3fa8b056df67c8dded87f116c01ed2e5990",
    },
    Block {
        name: "grep",
        first: "function grep {",
        last: "}",
        digest: "67577ca2da2d623033e13dc05581c27d79e8c13af59a05811b458ad06761f173",
    },
    Block {
        name: "pkill",
        first: "function pkill {",
        last: "}",
        digest: "eaa51dfd978f502d5bdd53295420cf50b68b307cd58477bdbdb31058e944aafa",
    },
];

/// The line that names Claude Code's own path.
const OWN: &str = "  [[ -x $_cc_bin ]] || _cc_bin=";

/// Variables that decide what those functions run.
const DECIDING: [&str; 3] = ["CLAUDE_CODE_EXECPATH", "ZSH_VERSION", "OSTYPE"];

/// Adds what a snapshot defines to `setting`; `None` if it does more than define, or cannot be read.
pub(super) fn read(
    setting: &mut Setting,
    text: &[u8],
    dialect: Dialect,
    blocks: &[Block],
    world: &dyn World,
) -> Option<()> {
    let text = std::str::from_utf8(text).ok()?;
    let mut rest = text;
    let mut at = 0;
    while at < rest.len() {
        let line = rest[at..].split_inclusive('\n').next().unwrap_or_default();
        match blocks.iter().find_map(|block| Some((block, block.at(&rest[at..])?))) {
            Some((block, (len, own))) => {
                // What stands before is complete by itself: the block begins a command.
                setting.define(&rest.as_bytes()[..at], dialect)?;
                stand_in(setting, block.name, own, world);
                rest = &rest[at + len..];
                at = 0;
            }
            None => at += line.len(),
        }
    }
    setting.define(rest.as_bytes(), dialect)?;
    // A value of the snapshot's own would make Claude Code's functions run something else.
    let is_decided = |name: &&str| setting.watched.contains(*name) && setting.exports.contains_key(*name);
    (!DECIDING.iter().any(is_decided)).then_some(())
}

/// Returns the user's own start-up file and the place of the command that sources it, if that is the first command of `text`.
pub(super) fn sourced_first(
    text: &[u8],
    dialect: Dialect,
    world: &dyn World,
) -> Option<(PathBuf, Range<usize>)> {
    let path = paths::start_up_file(dialect, world)?;
    let name = path.to_str().filter(|name| !name.contains(['"', '$', '`', '\\', '!', '\n']))?;
    let wanted = format!("source \"{name}\" < /dev/null");
    let mut start = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let command = &line[blanks..];
        if command == wanted.as_bytes() {
            return Some((path, start..start + line.len()));
        }
        if !command.is_empty() && !command.starts_with(b"#") {
            return None;
        }
        start += line.len() + 1;
    }
    None
}

impl Block {
    /// Returns its length and the path in it, if `text` begins with it.
    fn at<'a>(&self, text: &'a str) -> Option<(usize, Option<&'a str>)> {
        if !text.strip_prefix(self.first)?.starts_with('\n') {
            return None;
        }
        let mut own = None;
        let mut normal = String::new();
        let mut len = 0;
        for line in text.split_inclusive('\n') {
            len += line.len();
            let plain = line.strip_suffix('\n').unwrap_or(line);
            match plain.strip_prefix(OWN) {
                Some(path) => {
                    own = Some(path);
                    normal.push_str(&format!("{OWN}⟨own⟩\n"));
                }
                None => normal.push_str(&format!("{plain}\n")),
            }
            if plain == self.last {
                let is_it = Digest::of(normal.as_bytes()).to_string() == self.digest;
                return is_it.then_some((len, own));
            }
        }
        None
    }
}

/// A function of Claude Code stands for the program of its name as long as nothing else can be made of it.
fn stand_in(setting: &mut Setting, name: &str, own: Option<&str>, world: &dyn World) {
    let Some(own) = own else { return };
    let found = name == "rg" && matches!(world.resolve(b"rg", Path::new("/")), Resolution::Trusted(_));
    let named = quoting::word(own.as_bytes()).filter(|word| word.len == own.len());
    let given = world.var(DECIDING[0]);
    let is_claude = |path: &[u8]| {
        use std::os::unix::ffi::OsStrExt as _;
        paths::is_claude(Path::new(std::ffi::OsStr::from_bytes(path)), world)
    };
    let harmless = named.is_some_and(|word| is_claude(&word.word))
        && given.is_none_or(|path| is_claude(&path))
        && DECIDING[1..].iter().all(|name| world.var(name).is_none());
    if harmless {
        setting.watched.extend(DECIDING.iter().map(|name| (*name).to_owned()));
    } else if !found {
        setting.names.insert(name.to_owned());
    }
}
