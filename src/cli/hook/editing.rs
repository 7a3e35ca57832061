//! From a call that edits files to gate's answer.

use std::path::{Path, PathBuf};

use super::judging::{Desk, blocked, instead};
use super::meant::{Ground, folded, is_likely, paths};
use crate::agent::hook::{Answer, Call, Edit};
use crate::command::{quoted, visible};
use crate::gate::{Edits, Hooked, Judged, requester};
use crate::policy::Verdict;
use crate::world::World as _;

impl Desk {
    /// Returns the answer to an editor's call, which is recorded.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub(super) fn answer_edit(self, call: &Call, edit: &Edit) -> anyhow::Result<Answer> {
        let project = self.project(call);
        let (paths, own) = (self.absolute(call, edit), self.own_directories());
        let edits = Edits { paths, moves: moves(&call.name), project: &project, own };
        let requester = requester(&self.config);
        let judged = Judged::of_edits(&edits, &self.config, &self.policy, &requester);
        let held = judged.held_back(&edits, &self.config);
        let hooked = Hooked {
            agent: self.agent.name(),
            tool: call.name.clone(),
            command: None,
            paths: edits.paths.clone(),
            passed: held.is_none(),
        };
        let answer = match held {
            None => Answer::Pass,
            Some(at) => self.unwritten(&judged.alone(at), &edits.paths[at])?,
        };
        self.record(&judged, &hooked)?;
        Ok(answer)
    }

    /// What a tool that gate does not know writes may be of another machine: only what nobody may write, and what runs later, is held back.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub(super) fn answer_foreign(self, call: &Call, texts: &[String]) -> anyhow::Result<Answer> {
        let project = self.project(call);
        let paths = self.of_texts(call, texts);
        let own = self.own_directories();
        let edits = Edits { paths, moves: moves(&call.name), project: &project, own };
        let judged = Judged::of_edits(&edits, &self.config, &self.policy, &requester(&self.config));
        let Some(at) = judged.withheld(&edits, &self.config) else { return Ok(Answer::Pass) };
        let hooked = Hooked {
            agent: self.agent.name(),
            tool: call.name.clone(),
            command: None,
            paths: vec![edits.paths[at].clone()],
            passed: false,
        };
        let alone = judged.alone(at);
        let answer = self.unwritten(&alone, &edits.paths[at])?;
        self.record(&alone, &hooked)?;
        Ok(answer)
    }

    fn unwritten(&self, judged: &Judged, path: &Path) -> anyhow::Result<Answer> {
        let fact = format!("not written: {}", visible(&quoted(path.as_os_str().as_encoded_bytes())));
        if judged.judgement.verdict == Verdict::Deny {
            let because = format!("refused by {}", judged.because());
            return Ok(blocked(because, &fact, instead(judged).into_iter().take(1).collect()));
        }
        // What a rule suggests instead of a command may be this very tool.
        let hint = format!(
            "ask the person to make this change, or make it with a command through `{}`, which asks them",
            self.line(None, "COMMAND")?
        );
        Ok(blocked(format!("a person is to be asked: {}", judged.because()), &fact, vec![hint]))
    }

    /// Returns every file that the paths of an edit may mean.
    fn absolute(&self, call: &Call, edit: &Edit) -> Vec<PathBuf> {
        edit.paths.iter().flat_map(|path| paths(path, self.ground(call))).collect()
    }

    /// Returns every file that texts may mean: each alone and, of a few, one in the directory that another names.
    fn of_texts(&self, call: &Call, texts: &[String]) -> Vec<PathBuf> {
        const FEW: usize = 12;
        let ground = self.ground(call);
        let likely: Vec<&String> = texts.iter().filter(|text| is_likely(text, ground)).collect();
        let mut all: Vec<PathBuf> = likely.iter().flat_map(|text| paths(text, ground)).collect();
        let small = likely.iter().map(|text| (text, folded(text, ground)));
        all.extend(
            small.filter(|(text, small)| **text != small).flat_map(|(_, small)| paths(&small, ground)),
        );
        if (2..=FEW).contains(&likely.len()) {
            let pairs = likely.iter().flat_map(|dir| likely.iter().map(move |name| format!("{dir}/{name}")));
            all.extend(pairs.flat_map(|path| paths(&path, ground)));
        }
        all
    }

    fn ground<'a>(&'a self, call: &'a Call) -> Ground<'a> {
        let user = &self.config.user;
        Ground { cwd: &call.cwd, home: user.home.as_deref(), user: &user.name }
    }

    fn own_directories(&self) -> Vec<PathBuf> {
        let home = self.config.user.home.iter();
        home.flat_map(|home| self.agent.own_directories().iter().map(move |dir| home.join(dir))).collect()
    }

    /// Returns the project around the call: the nearest directory upwards with a `.git`, or else the directory itself. A home is no project.
    pub(super) fn project(&self, call: &Call) -> PathBuf {
        let is_above_home = |dir: &Path| self.config.host.homes().iter().any(|home| home.starts_with(dir));
        let candidates = std::iter::once(&call.cwd).chain(&call.roots);
        let found = candidates
            .flat_map(|dir| dir.ancestors())
            .find(|dir| !is_above_home(dir) && std::fs::symlink_metadata(dir.join(".git")).is_ok());
        found.unwrap_or(&call.cwd).to_owned()
    }
}

/// Claims that the tool `name` says of itself that it moves or deletes.
fn moves(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["delet", "remov", "renam", "mov", "mv", "rm"].iter().any(|word| name.contains(word))
}
