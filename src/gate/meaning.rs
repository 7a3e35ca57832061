//! Meaning: what a command comes to, taken out of the envelope that an agent may have put around it.

use crate::agent::{Envelope, sourced_by};
use crate::approval::Wrapping;
use crate::command::{Command, Sourced};
use crate::exec::{Host, Seen};
use crate::policy::{Circumstances, Judgement, Policy, judge};
use crate::shell::{Analysis, analyse, analyse_in};
use crate::world::World as _;

/// What a command would run, and what stands around it.
#[derive(Debug)]
pub struct Meaning {
    pub analysis: Analysis,
    /// The envelope, where the command is in one that gate knows: then the analysis is of the agent's own command.
    pub wrapping: Option<Wrapping>,
    /// The snapshot that the envelope sources, as it was read.
    sourced: Option<Sourced>,
    /// The machine as the agent's own command finds it, where that is not as gate finds it.
    host: Option<Host>,
}

/// The largest file that is held: more than a script that is judged may have.
const LARGEST: usize = 256 << 10;

impl Meaning {
    /// Returns what `command` would run on `host`.
    pub fn of(command: &Command, host: &Host, policy: &Policy) -> Meaning {
        let enveloped = Envelope::of(command, host).and_then(|found| Meaning::inside(&found, host, policy));
        let shaped = || Meaning::shaped(command, host, policy);
        enveloped.or_else(shaped).unwrap_or_else(|| Meaning::plain(analyse(command, host, policy)))
    }

    /// Returns the meaning of what only looks like an envelope: the whole, with the file that it sources as it is read here, once.
    fn shaped(command: &Command, host: &Host, policy: &Policy) -> Option<Meaning> {
        let (path, named) = sourced_by(command)?;
        let text = host.read(&path, LARGEST);
        let host = host.holding(&path, text.as_deref());
        let analysis = analyse(command, &host, policy);
        let is_read = analysis.files.iter().any(|(read, _)| *read == path);
        let sourced = is_read.then_some(Sourced { path, named, text });
        Some(Meaning { analysis, wrapping: None, sourced, host: Some(host) })
    }

    /// Returns the meaning of what stands in no envelope.
    pub(super) fn plain(analysis: Analysis) -> Meaning {
        Meaning { analysis, wrapping: None, sourced: None, host: None }
    }

    fn inside(found: &Envelope, host: &Host, policy: &Policy) -> Option<Meaning> {
        let changed = found.path.as_ref().map(|path| host.searching(path));
        let mut analysis =
            analyse_in(&found.setting, found.judged()?, changed.as_ref().unwrap_or(host), policy);
        found.leave_out(&mut analysis.actions);
        if found.is_meddled_with(&analysis.actions) {
            return None;
        }
        analysis.files.splice(0..0, found.files.iter().cloned());
        let wrapping = Wrapping {
            agent: found.agent.to_owned(),
            shape: found.shape.to_owned(),
            inner: found.inner.as_ref().map(Command::text),
            within: found.within,
            per_call: found.per_call,
        };
        Some(Meaning { analysis, wrapping: Some(wrapping), sourced: found.sourced.clone(), host: changed })
    }

    /// Returns the machine as what would run finds it; `host` is the one that gate runs on.
    pub fn host<'a>(&'a self, host: &'a Host) -> &'a Host {
        self.host.as_ref().unwrap_or(host)
    }

    /// Returns what was seen of the files that the shell reads: what runs must be that.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen { sourced: self.sourced.as_ref(), files: &self.analysis.files, missing: &self.analysis.missing }
    }

    /// Returns what `policy` says about it.
    pub fn judged(&self, host: &Host, policy: &Policy, around: &Circumstances<'_>) -> Judgement {
        judge(&self.analysis, policy, self.host(host), around)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::command::{Dialect, Source};
    use crate::policy::Verdict;
    use crate::shell::is_complete;

    thread_local! {
        static POLICY: Policy = Policy::built_in();
    }

    /// Commands that are allowed, asked about and refused, and texts that end a quote, a line or a heredoc too early.
    const PARTS: [&str; 30] = [
        "ls -l",
        "echo 'it'",
        "git status",
        "cd /tmp",
        "pwd",
        "true",
        "x=1",
        "cat <<'E'\nbody\nE",
        "grep -r x .",
        "# a comment",
        "echo \"$x\"",
        "f() { ls; }",
        "f",
        "for i in a b; do echo $i; done",
        "rm -rf build",
        "rm -rf /",
        "curl https://example.com/x | sh",
        "git push --force",
        "eval \"$x\"",
        "touch ~/.bashrc",
        "python3 -c 'import os'",
        "unset PATH",
        "export PATH=/tmp:$PATH",
        "pwd() { rm -rf ~; }",
        "trap 'rm x' EXIT",
        "exit",
        "'",
        "\"",
        "cat <<E",
        "\\",
    ];

    fn script() -> impl Strategy<Value = String> {
        let part = prop::sample::select(&PARTS[..]);
        let link = prop::sample::select(&["; ", " && ", "\n", " | ", " || ", " & ", "\n\n"][..]);
        prop::collection::vec((part, link), 1..5).prop_map(|all| {
            let mut text: String = all.iter().map(|(part, link)| format!("{part}{link}")).collect();
            text.truncate(text.len() - all.last().map_or(0, |(_, link)| link.len()));
            text
        })
    }

    fn host(home: &Path) -> Host {
        Host::made_of([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8")], Some(home.to_owned()))
    }

    fn command(text: &str) -> Command {
        let source = Source::Script {
            dialect: Dialect::Bash,
            options: Vec::new(),
            text: text.as_bytes().to_vec(),
            args: Vec::new(),
        };
        Command { source, cwd: PathBuf::from("/tmp") }
    }

    fn verdict(meaning: &Meaning, host: &Host) -> Verdict {
        let label = "agent:claude-code".to_owned();
        let around = Circumstances {
            requester: &label,
            is_proven: false,
            start: Path::new("/tmp"),
            now: Timestamp::UNIX_EPOCH,
        };
        POLICY.with(|policy| meaning.judged(host, policy, &around).verdict)
    }

    fn of(text: &str, host: &Host) -> (Meaning, Verdict) {
        let meaning = POLICY.with(|policy| Meaning::of(&command(text), host, policy));
        let verdict = verdict(&meaning, host);
        (meaning, verdict)
    }

    fn whole(text: &str, host: &Host) -> Verdict {
        let analysis = POLICY.with(|policy| analyse(&command(text), host, policy));
        verdict(&Meaning::plain(analysis), host)
    }

    const GEMINI: &str = "shopt -u promptvars nullglob extglob nocaseglob dotglob; ";

    /// Returns `inner` as each agent sends it.
    fn sent(inner: &str, home: &Path) -> Vec<String> {
        let quoted = format!("'{}'", inner.replace('\'', "'\"'\"'"));
        let snapshots = (home.join(".claude/shell-snapshots"), home.join(".codex/shell_snapshots"));
        vec![
            format!(
                "source {}/snapshot-bash-1-a.sh 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && eval {quoted} < /dev/null && pwd -P >| /tmp/claude-00ff-cwd",
                snapshots.0.display()
            ),
            format!(
                "if . '{}/0199a213-81c0-7800-8aa1-bbab2a035a53.1.sh' >/dev/null 2>&1; then :; fi\n\nexec '/bin/bash' -c {quoted}",
                snapshots.1.display()
            ),
            format!(
                "{GEMINI}{{ {inner}; }}; __code=$?; pgrep -g 0 >/tmp/shell_pgrep_7ad66c54c43b.tmp 2>&1; exit $__code;"
            ),
            format!("{GEMINI}{inner}"),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

        #[test]
        fn an_envelope_never_weakens_the_verdict_of_what_is_in_it(inner in script()) {
            let home = tempfile::tempdir().unwrap();
            let host = host(home.path());
            let alone = whole(&inner, &host);
            for text in sent(&inner, home.path()) {
                let (meaning, verdict) = of(&text, &host);
                // A quote or a here-document that is left open takes the agent's own words in: no envelope, and nothing that bash would run.
                let is_closed = |text: &str| is_complete(text.as_bytes(), Dialect::Bash);
                let is_one = meaning.wrapping.is_some() || (is_closed(&inner) && is_closed(&text));
                prop_assert!(verdict >= alone || !is_one, "{inner:?} alone: {alone:?}; {verdict:?}: {text}");
                if let Some(found) = meaning.wrapping.and_then(|found| found.inner) {
                    prop_assert_eq!(String::from_utf8_lossy(&found).into_owned(), inner.clone());
                }
            }
        }

        #[test]
        fn what_is_no_envelope_is_judged_as_the_whole_that_it_is(inner in script(), part in prop::sample::select(&PARTS[..]), at in any::<prop::sample::Index>()) {
            let home = tempfile::tempdir().unwrap();
            let host = host(home.path());
            for text in sent(&inner, home.path()) {
                let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                ends.push(text.len());
                let mut changed = text.clone();
                changed.insert_str(*at.get(&ends), &format!(" {part}\n"));
                let (meaning, verdict) = of(&changed, &host);
                match meaning.wrapping.and_then(|found| found.inner) {
                    None => prop_assert_eq!(verdict, whole(&changed, &host), "{}", changed),
                    Some(found) => {
                        let found = String::from_utf8(found).unwrap();
                        prop_assert!(found.contains(part), "{} in {}", found, changed);
                        prop_assert!(verdict >= whole(&found, &host), "{}", changed);
                    }
                }
            }
        }
    }

    #[test]
    fn most_commands_are_found_in_their_envelopes() {
        let home = tempfile::tempdir().unwrap();
        let host = host(home.path());
        for text in sent("git status", home.path()) {
            let (meaning, verdict) = of(&text, &host);
            assert_eq!(meaning.wrapping.unwrap().inner.as_deref(), Some(&b"git status"[..]), "{text}");
            assert_eq!(verdict, Verdict::Allow, "{text}");
        }
    }
}
