//! From a tool call to gate's answer.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::own;
use crate::agent::hook::{
    Agent, Answer, Call, Directory, Edit, Form, Shell, Tool, Words, instruction, rewritten,
};
use crate::command::{Command, Dialect, Source, quoted, visible};
use crate::config::Config;
use crate::gate::{Edits, Gate, Hooked, Judged, requester};
use crate::policy::{Policy, Verdict};
use crate::shell::Place;
use crate::why::take_from;
use crate::world::World as _;

/// What is needed to judge one call.
pub(super) struct Desk {
    agent: Agent,
    form: Form,
    config: Config,
    policy: Policy,
}

/// Why a command that the policy allows may not pass as it is.
enum Doubt {
    /// It may run in another directory than the one it was judged in.
    Elsewhere,
    /// It would take a shell that lives on out of the project.
    Leaves,
    /// The agent changes it before it runs.
    Changed,
}

impl Desk {
    /// Reads the configuration and the policy that hold where `call` takes place.
    ///
    /// # Errors
    /// A policy or a configuration that cannot be used.
    pub(super) fn open(agent: Agent, form: Form, home: Option<&Path>, call: &Call) -> anyhow::Result<Desk> {
        let mut config = Config::load_for(home, call.cwd.clone())?;
        // Whoever asks this way is that agent, unless the environment or the configuration names another.
        config.settings.requester.agent.get_or_insert_with(|| agent.requester().to_owned());
        let (config, policy) = config.with_policy()?;
        Ok(Desk { agent, form, config, policy })
    }

    /// Returns the answer to `call`, which it is `rewritable` into or not; a pass and a refusal are recorded.
    ///
    /// # Errors
    /// A store that cannot be written, or a gate that cannot be named: the call must not pass.
    pub(super) fn answer(self, call: &Call, rewritable: bool) -> anyhow::Result<Answer> {
        match &call.tool {
            Tool::Other => Ok(Answer::Pass),
            Tool::Unread(why) => Ok(unread(why)),
            Tool::Shell(shell) => self.answer_shell(call, shell, rewritable),
            Tool::Edit(edit) => self.answer_edit(call, edit),
        }
    }

    fn answer_shell(self, call: &Call, shell: &Shell, rewritable: bool) -> anyhow::Result<Answer> {
        let command = Command { source: source(shell), cwd: call.cwd.clone() };
        let requester = requester(&self.config);
        let judged = Judged::of(&command, &self.config, &self.policy, &requester);
        let agent = self.agent.name();
        let hooked = |passed| Hooked {
            agent,
            tool: call.name.clone(),
            command: Some(command.clone()),
            paths: Vec::new(),
            passed,
        };
        let doubt = self.doubt(call, shell, &command, &judged);
        match (judged.verdict(), doubt) {
            (Verdict::Allow, None) => {
                self.record(&judged, &hooked(true))?;
                Ok(Answer::Pass)
            }
            (Verdict::Deny, _) => {
                self.record(&judged, &hooked(false))?;
                Ok(refused(&judged, "run"))
            }
            (Verdict::Ask, None) if own::goes_through_gate(&judged, &self.config) => Ok(Answer::Pass),
            (verdict, doubt) => self.through_gate(shell, &judged, verdict, doubt, rewritable),
        }
    }

    /// Returns why the command might not be what was judged.
    fn doubt(&self, call: &Call, shell: &Shell, command: &Command, judged: &Judged) -> Option<Doubt> {
        if self.form == Form::Gemini && is_unwrapped_by_gemini(shell) {
            return Some(Doubt::Changed);
        }
        match call.directory {
            _ if judged.verdict() != Verdict::Allow => None,
            Directory::Certain => None,
            Directory::Untold => {
                let requester = requester(&self.config);
                let anywhere = Judged::is_allowed_anywhere(command, &self.config, &self.policy, &requester);
                (!anywhere).then_some(Doubt::Elsewhere)
            }
            Directory::Kept => self.leaves(call, judged).then_some(Doubt::Leaves),
        }
    }

    /// Claims that the command may end in another directory than one of the project.
    fn leaves(&self, call: &Call, judged: &Judged) -> bool {
        let project = self.project(call);
        let project = self.config.host.real_path(&project);
        let stays = |path: &Path| self.config.host.real_path(path).starts_with(&project);
        judged.analysis.actions.iter().any(|action| {
            let name = action.program.as_literal().unwrap_or_default();
            match name.as_slice() {
                b"pushd" | b"popd" => true,
                b"cd" | b"chdir" => match (&action.cwd, &action.args[..]) {
                    (Place::Known(cwd), [word]) => {
                        let to = word.as_literal().and_then(|word| String::from_utf8(word).ok());
                        to.is_none_or(|to| to.starts_with('-') || !stays(&cwd.join(to)))
                    }
                    _ => true,
                },
                _ => !matches!(&action.cwd, Place::Known(cwd) if stays(cwd)),
            }
        })
    }

    /// Returns the answer that leads the command through gate: rewritten, or with words.
    fn through_gate(
        &self,
        shell: &Shell,
        judged: &Judged,
        verdict: Verdict,
        doubt: Option<Doubt>,
        rewritable: bool,
    ) -> anyhow::Result<Answer> {
        let because = match (verdict, doubt) {
            (Verdict::Allow, Some(Doubt::Elsewhere)) => {
                "the hook is not told where it runs; gate judges it there".to_owned()
            }
            (Verdict::Allow, Some(Doubt::Leaves)) => {
                "it would leave this shell outside the project, where later commands would run".to_owned()
            }
            (Verdict::Allow, _) => "the agent would change it before it runs".to_owned(),
            (Verdict::Ask | Verdict::Deny, _) => format!("a person is asked: {}", judged.because()),
        };
        let (text, is_script) = text(shell);
        let line = self.line(shell.description.as_deref(), &text)?;
        let because = format!("gate: {because}");
        if rewritable && is_script {
            return Ok(Answer::Instead { command: line, because });
        }
        let mut said = vec![format!("{because}; nothing was run"), instruction(&line)];
        if verdict == Verdict::Ask {
            said.push(
                "it asks and waits; if it parks the request, run `gate resume ID` once it is approved"
                    .to_owned(),
            );
        }
        said.extend(instead(judged));
        Ok(Answer::Blocked { said: said.join("\n"), because })
    }

    /// Returns the command line that runs `text` through this very gate.
    fn line(&self, reason: Option<&str>, text: &str) -> anyhow::Result<String> {
        let gate = self.own_path()?;
        let home = self.config.places.given();
        let line = rewritten(&gate, home.as_deref(), reason, text);
        line.with_context(|| format!("`{}` or its `--home` is not UTF-8", gate.display()))
    }

    fn own_path(&self) -> anyhow::Result<PathBuf> {
        let gate = std::env::current_exe().context("failed to find gate itself")?;
        ensure!(self.config.host.is_gate(&gate), "`{}` is not this gate any more", gate.display());
        Ok(gate)
    }

    fn answer_edit(self, call: &Call, edit: &Edit) -> anyhow::Result<Answer> {
        let project = self.project(call);
        let edits =
            Edits { paths: self.absolute(call, edit), project: &project, own: self.own_directories() };
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

    fn unwritten(&self, judged: &Judged, path: &Path) -> anyhow::Result<Answer> {
        let path = visible(&quoted(path.as_os_str().as_encoded_bytes()));
        if judged.judgement.verdict == Verdict::Deny {
            let Answer::Blocked { said, because } = refused(judged, "written") else {
                return Ok(Answer::Pass);
            };
            let first: Vec<&str> = said.lines().take(2).collect();
            return Ok(Answer::Blocked { said: format!("{}\nthe file: {path}", first.join("\n")), because });
        }
        let because = format!("gate: writing {path} needs a person: {}", judged.because());
        let gate = self.line(None, "COMMAND")?;
        // What a rule suggests instead of a command may be this very tool.
        let said = format!(
            "{because}; nothing was written\nask the person to make this change, or make it with a command through `{gate}`, which asks them"
        );
        Ok(Answer::Blocked { said, because })
    }

    /// Returns the paths of an edit, absolute; a leading `~` is also taken for the home directory, as some tools take it.
    fn absolute(&self, call: &Call, edit: &Edit) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for path in &edit.paths {
            all.push(call.cwd.join(path));
            if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), &self.config.user.home) {
                all.push(home.join(rest));
            }
        }
        all
    }

    fn own_directories(&self) -> Vec<PathBuf> {
        let home = self.config.user.home.iter();
        home.flat_map(|home| self.agent.own_directories().iter().map(move |dir| home.join(dir))).collect()
    }

    /// Returns the project around the call: the nearest directory upwards with a `.git`, or else the directory itself. A home is no project.
    fn project(&self, call: &Call) -> PathBuf {
        let is_above_home = |dir: &Path| self.config.host.homes().iter().any(|home| home.starts_with(dir));
        let candidates = std::iter::once(&call.cwd).chain(&call.roots);
        let found = candidates
            .flat_map(|dir| dir.ancestors())
            .find(|dir| !is_above_home(dir) && std::fs::symlink_metadata(dir.join(".git")).is_ok());
        found.unwrap_or(&call.cwd).to_owned()
    }

    /// Records what is answered.
    fn record(self, judged: &Judged, hooked: &Hooked) -> anyhow::Result<()> {
        Gate::open(self.config, self.policy)?.record_hooked(judged, hooked)
    }
}

fn source(shell: &Shell) -> Source {
    match &shell.command {
        // As when it runs through gate: a reason in front of the command speaks to gate.
        Words::Script(text) => Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: take_from(text.as_bytes()).1.to_vec(),
            args: Vec::new(),
        },
        Words::Argv(words) => Source::Argv(words.iter().map(|word| word.clone().into_bytes()).collect()),
    }
}

/// Returns the command as a script, and whether the tool takes it so.
fn text(shell: &Shell) -> (String, bool) {
    match &shell.command {
        Words::Script(text) => (text.clone(), true),
        Words::Argv(words) => {
            let words: Vec<Vec<u8>> = words.iter().map(|word| quoted(word.as_bytes())).collect();
            (String::from_utf8_lossy(&words.join(&b' ')).into_owned(), false)
        }
    }
}

/// Claims that Gemini CLI takes a leading `bash -c` off and runs what is left, quotes and all (`stripShellWrapper` of its `shell-utils.ts`).
fn is_unwrapped_by_gemini(shell: &Shell) -> bool {
    let Words::Script(text) = &shell.command else { return false };
    let first = text.split_whitespace().next().unwrap_or_default();
    let name = first.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    ["sh", "bash", "zsh", "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh", "pwsh.exe"]
        .contains(&name.as_str())
}

fn unread(why: &str) -> Answer {
    let because = format!("gate: {why}");
    let said = format!("{because}; nothing was run\nrun it as a command of its own with the shell tool");
    Answer::Blocked { said, because }
}

fn refused(judged: &Judged, done: &str) -> Answer {
    let because = format!("gate: refused by {}", judged.because());
    let mut said = vec![format!("{because}; nothing was {done}")];
    said.extend(instead(judged));
    Answer::Blocked { said: said.join("\n"), because }
}

fn instead(judged: &Judged) -> Vec<String> {
    judged.instead().iter().map(|text| format!("instead: {}", visible(text.as_bytes()))).collect()
}
