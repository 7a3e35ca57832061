//! Meaning: what a command comes to, taken out of the envelope that an agent may have put around it.

use crate::agent::Envelope;
use crate::approval::Wrapping;
use crate::command::Command;
use crate::exec::Host;
use crate::policy::{Circumstances, Judgement, Policy, judge};
use crate::shell::{Analysis, analyse, analyse_in};

/// What a command would run, and what stands around it.
#[derive(Debug)]
pub struct Meaning {
    pub analysis: Analysis,
    /// The envelope, where the command is in one that gate knows: then the analysis is of the agent's own command.
    pub wrapping: Option<Wrapping>,
    /// The machine as the agent's own command finds it, where that is not as gate finds it.
    host: Option<Host>,
}

impl Meaning {
    /// Returns what `command` would run on `host`.
    pub fn of(command: &Command, host: &Host, policy: &Policy) -> Meaning {
        let enveloped = Envelope::of(command, host).and_then(|found| Meaning::inside(&found, host, policy));
        enveloped.unwrap_or_else(|| Meaning::plain(analyse(command, host, policy)))
    }

    /// Returns the meaning of what stands in no envelope.
    pub(super) fn plain(analysis: Analysis) -> Meaning {
        Meaning { analysis, wrapping: None, host: None }
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
        Some(Meaning { analysis, wrapping: Some(wrapping), host: changed })
    }

    /// Returns the machine as what would run finds it; `host` is the one that gate runs on.
    pub fn host<'a>(&'a self, host: &'a Host) -> &'a Host {
        self.host.as_ref().unwrap_or(host)
    }

    /// Returns what `policy` says about it.
    pub fn judged(&self, host: &Host, policy: &Policy, around: &Circumstances<'_>) -> Judgement {
        judge(&self.analysis, policy, self.host(host), around)
    }
}
