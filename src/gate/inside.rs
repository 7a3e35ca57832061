//! A command that belongs to one a person has approved, which runs right now, further up: it is not asked about again.
//!
//! MUST rules:
//! 1. Only the kernel says who stands below whom, and only the store says what runs; no variable and no argument does.
//! 2. Only a run that a person approved counts, of the same user and for the same requester, and only while it lasts.
//! 3. An agent in between, or an approved command that is one, ends it: what an agent asks for is asked about.
//! 4. What the policy or the floor refuses stays refused, and each command is judged and recorded as ever.

use super::{Ending, Gate, Judged};
use crate::agent::is_agent_program;
use crate::approval::{Approved, Process, Request, nearest};
use crate::command::Command;
use crate::exec::{self, Ready};
use crate::policy::Verdict;
use crate::store::clock;

impl Gate {
    /// Runs `command` as a part of the approved one it stands below, if it does.
    pub(super) fn run_inside(
        &mut self,
        command: &Command,
        judged: &Judged,
    ) -> anyhow::Result<Option<Ending>> {
        if judged.verdict() != Verdict::Ask {
            return Ok(None);
        }
        let Some((seq, request)) = self.surrounding()? else { return Ok(None) };
        let Some(approved) = Approved::inside(command.clone(), &judged.judgement, &request) else {
            return Ok(None);
        };
        let mut draft = self.judged_draft(judged);
        draft.set("inside", request.id.to_string());
        let ready = match Ready::new(approved, &self.config.host, judged.meaning.seen()) {
            Ok(ready) => ready,
            Err(problem) => return self.not_started(command, judged, draft, &problem).map(Some),
        };
        let Some(run) = self.store.start_inside(clock::now(), ready.approved(), draft, seq)? else {
            return Ok(None);
        };
        let ended = self.carry_out(ready);
        let mut report = judged.report();
        report.inside = Some(request.id.to_string());
        Ok(Some(self.finish(run, ended, report)))
    }

    /// Returns the approved request that this process stands below, with the number of its start.
    fn surrounding(&self) -> anyhow::Result<Option<(u64, Request)>> {
        let mut running = self.store.running()?;
        running.retain(|(runner, _, _)| exec::is_of_here(runner));
        if running.is_empty() {
            return Ok(None);
        }
        let runners: Vec<_> = running.iter().map(|(runner, _, _)| runner.clone()).collect();
        let Some(at) = nearest(&exec::lineage(), &runners, is_agent) else { return Ok(None) };
        let (_, seq, id) = running[at];
        let request = self.store.request(id)?;
        Ok(request.filter(|request| self.is_of_the_same(request)).map(|request| (seq, request)))
    }

    fn is_of_the_same(&self, request: &Request) -> bool {
        request.ask.requester.is_same(&self.requester) && !names_agent(&request.text())
    }
}

fn is_agent(process: &Process) -> bool {
    process.names.iter().any(|name| is_agent_program(name))
}

/// Claims that a word of the command names an agent.
fn names_agent(text: &[u8]) -> bool {
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    text.split(|byte| !of_name(byte)).any(|word| is_agent_program(&String::from_utf8_lossy(word)))
}

#[cfg(test)]
mod tests {
    use super::names_agent;

    #[track_caller]
    fn case(text: &str, expected: bool) {
        assert_eq!(names_agent(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn a_command_that_starts_an_agent_is_told_by_its_words() {
        case("make deploy", false);
        case("cat ~/.claude/settings.json", false);
        case("claude -p hi", true);
        case("/usr/local/bin/codex exec x", true);
        case("npx @anthropic-ai/claude-code", true);
        case("node /opt/gemini.js", true);
        case("env X=1 aider", true);
    }
}
