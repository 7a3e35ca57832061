//! From a tool call to gate's answer.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::own;
use crate::agent::hook::{Agent, Answer, Call, Directory, Form, Shell, Tool, Words, instruction, rewritten};
use crate::command::{Command, Dialect, Source, quoted, visible};
use crate::config::Config;
use crate::exec;
use crate::gate::{Gate, Hooked, Judged, requester, shown};
use crate::policy::{Policy, Verdict};
use crate::shell::Place;
use crate::why::take_from;
use crate::world::World as _;

/// What is needed to judge one call.
pub(super) struct Desk {
    pub(super) agent: Agent,
    form: Form,
    pub(super) config: Config,
    pub(super) policy: Policy,
}

/// Why a command that the policy allows may not pass as it is.
enum Doubt {
    /// It may run in another directory than the one it was judged in.
    Elsewhere,
    /// It would take a shell that lives on out of the project.
    Leaves,
    /// The agent changes it before it runs.
    Changed,
    /// The agent's shell is not bash, and might read it otherwise.
    Shell,
    /// The call names another shell than those that gate knows.
    Runner,
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
            Tool::Unread(why) => Ok(unread(&call.name, why)),
            Tool::Shell(shell) => self.answer_shell(call, shell, rewritable),
            Tool::Edit(edit) => self.answer_edit(call, edit),
            Tool::Foreign(texts) => self.answer_foreign(call, texts),
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
            (Verdict::Allow | Verdict::Ask, Some(Doubt::Runner)) => {
                self.record(&judged, &hooked(false))?;
                Ok(unknown_runner(shell))
            }
            (Verdict::Allow, None) => {
                self.record(&judged, &hooked(true))?;
                Ok(Answer::Pass)
            }
            (Verdict::Deny, _) => {
                self.record(&judged, &hooked(false))?;
                Ok(refused(&judged, shell))
            }
            (Verdict::Ask, None) if own::goes_through_gate(&judged, &self.config) => {
                self.record(&judged, &hooked(true))?;
                Ok(Answer::Pass)
            }
            (verdict, doubt) => self.through_gate(shell, &judged, verdict, doubt, rewritable),
        }
    }

    /// Returns why a command that would pass might not be what was judged: what stands beside a call of gate is doubted as any.
    fn doubt(&self, call: &Call, shell: &Shell, command: &Command, judged: &Judged) -> Option<Doubt> {
        let runner = shell.runner.as_deref().map(|name| self.dialect(name, &call.cwd));
        if runner == Some(None) {
            return Some(Doubt::Runner);
        }
        if self.form == Form::Gemini && is_unwrapped_by_gemini(shell) {
            return Some(Doubt::Changed);
        }
        if !self.passes(judged) {
            return None;
        }
        let named = runner.flatten().filter(|dialect| *dialect != Dialect::Bash);
        let zsh = self.may_run_in_zsh().then_some(Dialect::Zsh);
        if named.into_iter().chain(zsh).any(|dialect| !self.passes_in(dialect, command)) {
            return Some(Doubt::Shell);
        }
        if self.reads_quotes_otherwise() && text(shell).0.contains('\\') {
            return Some(Doubt::Shell);
        }
        if call.directory == Directory::Kept && self.leaves(call, judged) {
            return Some(Doubt::Leaves);
        }
        if !call.elsewhere && call.directory != Directory::Untold {
            return None;
        }
        let requester = requester(&self.config);
        let anywhere = Judged::is_allowed_anywhere(command, &self.config, &self.policy, &requester);
        (!anywhere && !own::is_alone(judged, &self.config)).then_some(Doubt::Elsewhere)
    }

    /// Returns how the shell that a call names reads a command; `None` where it is none of the machine's own shells, nor this gate.
    fn dialect(&self, name: &str, cwd: &Path) -> Option<Dialect> {
        let host = &self.config.host;
        let found = host.find(name.as_bytes(), cwd)?;
        if host.is_gate(&found) {
            return Some(Dialect::Bash);
        }
        let is_it = |dialect: &Dialect| {
            exec::real_shell(host, *dialect)
                .is_some_and(|real| host.real_path(&real) == host.real_path(&found))
        };
        [Dialect::Bash, Dialect::Posix, Dialect::Zsh].into_iter().find(is_it)
    }

    /// Claims that the policy allows it, or that all the policy asks about is in gate's own hands.
    fn passes(&self, judged: &Judged) -> bool {
        match judged.verdict() {
            Verdict::Allow => true,
            Verdict::Ask => own::goes_through_gate(judged, &self.config),
            Verdict::Deny => false,
        }
    }

    /// Claims that the agent's shell may read a backslash within single quotes, as fish does: a variable names a shell that is
    /// none of the family of sh.
    fn reads_quotes_otherwise(&self) -> bool {
        self.shells()
            .iter()
            .any(|name| !matches!(name.as_slice(), b"bash" | b"sh" | b"dash" | b"zsh" | b"ksh"))
    }

    /// Claims that the agent's shell may be zsh: a variable names it, or no shell that is known not to be it. Codex lets the model
    /// choose, and does not tell its hook (`ExecCommandArgs` of its `unified_exec.rs`).
    fn may_run_in_zsh(&self) -> bool {
        let is_known = |name: &Vec<u8>| matches!(name.as_slice(), b"bash" | b"sh" | b"dash");
        let is_there = || exec::real_shell(&self.config.host, Dialect::Zsh).is_some();
        let shells = self.shells();
        let is_open = self.form == Form::Codex || shells.is_empty() || !shells.iter().all(is_known);
        shells.iter().any(|name| name == b"zsh") || (is_open && self.may_choose_a_shell() && is_there())
    }

    /// Claims that the agent has no shell of its own: Gemini CLI and Copilot always take bash.
    fn may_choose_a_shell(&self) -> bool {
        !matches!(self.form, Form::Gemini | Form::Copilot | Form::CopilotCompatible)
    }

    /// Returns the names of the shells that the environment gives the agent: by `SHELL`, and for Claude Code by its own variable
    /// (<https://code.claude.com/docs/en/env-vars>).
    fn shells(&self) -> Vec<Vec<u8>> {
        let names: &[&str] = match self.form {
            Form::Claude => &["SHELL", "CLAUDE_CODE_SHELL"],
            _ if self.may_choose_a_shell() => &["SHELL"],
            _ => &[],
        };
        let values = names.iter().filter_map(|name| self.config.host.var(name));
        let bases = values.map(|path| path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec());
        bases.filter(|name| !name.is_empty()).collect()
    }

    fn passes_in(&self, dialect: Dialect, command: &Command) -> bool {
        let Source::Script { options, text, args, .. } = command.source.clone() else { return true };
        let source = Source::Script { dialect, options, text, args };
        let command = Command { source, cwd: command.cwd.clone() };
        let judged = Judged::of(&command, &self.config, &self.policy, &requester(&self.config));
        self.passes(&judged)
    }

    /// Claims that the command may end in another directory than one of the project.
    fn leaves(&self, call: &Call, judged: &Judged) -> bool {
        let project = self.project(call);
        let project = self.config.host.real_path(&project);
        let stays =
            |path: &Path| self.config.host.shared_path(path).is_some_and(|real| real.starts_with(&project));
        judged.meaning.analysis.actions.iter().any(|action| {
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
        let because = match doubt {
            _ if verdict != Verdict::Allow => format!("a person is to be asked: {}", judged.because()),
            Some(Doubt::Elsewhere) => "the hook is not told where it runs; gate judges it there".to_owned(),
            Some(Doubt::Leaves) => {
                "it would leave this shell outside the project, where later commands would run".to_owned()
            }
            Some(Doubt::Shell) => "the agent's shell might read it otherwise than bash".to_owned(),
            Some(Doubt::Changed | Doubt::Runner) | None => {
                "the agent would change it before it runs".to_owned()
            }
        };
        let (text, is_script) = text(shell);
        let says_why = take_from(text.as_bytes()).0.reason.is_some();
        let description = shell.description.as_deref().filter(|_| !says_why);
        let mut line = self.line(description, &text)?;
        if self.reads_quotes_otherwise() && line.contains('\\') {
            // A reason is worth less than a line that every shell reads the same.
            line = self.line(None, &text)?;
            if line.contains('\\') {
                let fact = format!("not run: {}", shown(&source(shell)));
                let hint = "the agent's shell reads such quotes in its own way: put the command into a file, and run `bash FILE`";
                return Ok(blocked(because, &fact, vec![hint.to_owned()]));
            }
        }
        if rewritable && is_script {
            return Ok(Answer::Instead { command: line, because: format!("gate: {because}") });
        }
        let mut hints = vec![instruction(&line)];
        if verdict == Verdict::Ask {
            hints.push(
                "it asks and waits; if it parks the request, run `gate resume ID` once it is approved"
                    .to_owned(),
            );
        }
        hints.extend(instead(judged));
        Ok(blocked(because, &format!("not run: {}", shown(&source(shell))), hints))
    }

    /// Returns the command line that runs `text` through this very gate.
    pub(super) fn line(&self, reason: Option<&str>, text: &str) -> anyhow::Result<String> {
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

    /// Records what is answered.
    pub(super) fn record(self, judged: &Judged, hooked: &Hooked) -> anyhow::Result<()> {
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

/// Returns the refusal as a model reads it, one fact a line, and as a person does.
pub(super) fn blocked(because: String, fact: &str, hints: Vec<String>) -> Answer {
    let mut said = vec![format!("gate: {because}"), format!("gate: {fact}")];
    said.extend(hints.iter().map(|hint| format!("gate: hint: {hint}")));
    Answer::Blocked { said: said.join("\n"), because: format!("gate: {because}") }
}

fn unread(name: &str, why: &str) -> Answer {
    let fact = format!("not run: {}", visible(name.as_bytes()));
    blocked(why.to_owned(), &fact, vec!["run the command with the shell tool".to_owned()])
}

fn unknown_runner(shell: &Shell) -> Answer {
    let name = shell.runner.as_deref().unwrap_or_default();
    let because = format!("`{}` is no shell that gate knows", visible(name.as_bytes()));
    blocked(because, &format!("not run: {}", shown(&source(shell))), vec!["leave `shell` out".to_owned()])
}

fn refused(judged: &Judged, shell: &Shell) -> Answer {
    let fact = format!("not run: {}", shown(&source(shell)));
    blocked(format!("refused by {}", judged.because()), &fact, instead(judged))
}

pub(super) fn instead(judged: &Judged) -> Vec<String> {
    judged.instead().iter().map(|text| format!("instead: {}", visible(text.as_bytes()))).collect()
}
