//! Compiles `policies/*.toml` into one blob that the binary holds: nothing is parsed at start. A broken pack fails the
//! build with `file:line:col`.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "the included modules are the library's, and only a part of them is needed here"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[path = "src/policy/blob.rs"]
mod blob;
#[path = "build/compile.rs"]
mod compile;
#[path = "src/policy/file.rs"]
mod file;
#[path = "src/policy/glob_text.rs"]
mod glob_text;
#[path = "src/policy/hours.rs"]
mod hours;
#[path = "src/policy/keys.rs"]
mod keys;
#[path = "src/shell/list.rs"]
mod list;
#[path = "src/policy/nearest.rs"]
mod nearest;
#[path = "src/policy/patterns.rs"]
mod patterns;
#[path = "src/policy/preview.rs"]
mod preview;
#[path = "src/policy/problem.rs"]
mod problem;
#[path = "src/shell/program.rs"]
mod program;
#[path = "src/policy/time.rs"]
mod time;
#[path = "src/policy/valid.rs"]
mod valid;
#[path = "src/policy/verdict.rs"]
mod verdict;

/// Nothing is kept of a table that is only written.
mod glance {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Glance;
}

/// The modules above name each other as they do in the library.
mod shell {
    pub(crate) use crate::list;
    pub(crate) use crate::program::Program;
}

fn main() {
    println!("cargo:rerun-if-changed=policies");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("packs.bin");
    match packs(Path::new("policies")) {
        Ok(bytes) => std::fs::write(out, bytes).expect("OUT_DIR is writable"),
        Err(message) => {
            println!("cargo:error={message}");
            std::process::exit(1);
        }
    }
}

fn packs(dir: &Path) -> Result<Vec<u8>, String> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let mut sources = Vec::new();
    let mut known = Known::default();
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        for part in [name.as_bytes(), text.as_bytes()] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let file: file::File =
            toml::from_str(&text).map_err(|error| problem::unreadable(&name, &text, &error).to_string())?;
        valid::check(&file, true).map_err(|problem| problem.in_file(&name, &text).to_string())?;
        known.add(&file, &name).map_err(|problem| problem.in_file(&name, &text).to_string())?;
        let lines = problem::lines_of(&text, "rule");
        let test_lines = problem::lines_of(&text, "test");
        sources.push(compile::Source { name, file, lines, test_lines });
    }
    let digest = digest.finish().as_ref().try_into().expect("SHA-256 has 32 bytes");
    compile::build(sources, digest)
}

/// What the packs read so far define.
#[derive(Default)]
struct Known {
    rules: BTreeMap<String, String>,
    programs: BTreeMap<String, String>,
}

impl Known {
    fn add<'a>(&mut self, file: &'a file::File, name: &str) -> Result<(), problem::Problem<'a>> {
        use problem::{Problem, Step};
        for (index, rule) in file.rule.iter().enumerate() {
            if let Some(first) = self.rules.insert(rule.id.clone(), name.to_owned()) {
                let at = vec![Step::Key("rule"), Step::Index(index), Step::Key("id")];
                let message = format!("rule id `{}` is already taken in {first}", rule.id);
                return Err(Problem { at, message });
            }
        }
        for (index, program) in file.program.iter().enumerate() {
            for known in &program.name {
                if let Some(first) = self.programs.insert(known.clone(), name.to_owned()) {
                    let at = vec![Step::Key("program"), Step::Index(index), Step::Key("name")];
                    let message = format!("program `{known}` is already described in {first}");
                    return Err(Problem { at, message });
                }
            }
        }
        let head = file.policy.as_ref();
        if head
            .is_some_and(|head| head.default.is_some() || head.mode.is_some() || head.trusted_path.is_some())
            || !file.overrides.is_empty()
            || !file.approver.is_empty()
        {
            let message =
                "a pack holds rules, programs, variables, labels, previews and tests only".to_owned();
            return Err(Problem { at: vec![Step::Key("policy")], message });
        }
        Ok(())
    }
}
