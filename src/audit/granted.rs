//! What a log says of a grant or a plan: what its approvals cover, and whether each use lies within that.

use serde_json::Value;

use super::verify::Fields;
use crate::approval::{GrantScope, PlanLine, RequestId, Terms};
use crate::digest::Digest;
use crate::moment::Moment;

/// What one request's approvals give beyond one run.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// What each approval grants.
    terms: Vec<Option<Terms>>,
    /// The lines of the plan that each approval names; all of them where it names none.
    only: Vec<Vec<u32>>,
    plan: Option<Vec<PlanLine>>,
    /// Until when a plan's lines may be run.
    deadline: Option<Moment>,
    /// When it was approved.
    since: Option<Moment>,
    /// How many uses were taken, beside the run that was asked for.
    pub(super) used: u32,
    pub(super) is_revoked: bool,
}

/// What a use should have been, and what it is.
pub(super) type Otherwise = (String, String);

impl Given {
    /// Returns what a request gives that `entry` says was made.
    pub(super) fn of(entry: &Fields<'_>) -> Given {
        let deadline = entry.data.deadline.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let deadline = entry.moment().zip(deadline).map(|(made, end)| {
            let left = end.as_microsecond().saturating_sub(made.utc_us);
            made.after(std::time::Duration::from_micros(u64::try_from(left).unwrap_or(0)))
        });
        Given { plan: entry.data.plan.clone(), deadline, ..Given::default() }
    }

    /// Takes an approval.
    pub(super) fn approve(&mut self, decision: &Value) {
        self.terms.push(serde_json::from_value(decision["grant"].clone()).ok());
        self.only.push(serde_json::from_value(decision["only"].clone()).unwrap_or_default());
    }

    /// Leaves behind the approvals of an earlier step.
    pub(super) fn begin_anew(&mut self) {
        self.terms.clear();
        self.only.clear();
    }

    /// Notes that the request is approved.
    pub(super) fn begin(&mut self, entry: &Fields<'_>) {
        self.since = entry.moment();
    }

    /// Claims that `entry` takes the next use of this grant, which was given with the request `own`, for a request with the content
    /// `wanted`; claims that it is the last line of a plan.
    pub(super) fn take(&mut self, entry: &Fields<'_>, own: &str, wanted: &str) -> Result<bool, Otherwise> {
        let uses = self.uses();
        let next = self.used + u32::from(self.plan.is_none()) + 1;
        let number = entry.data.r#use;
        if !self.stands() || number != Some(next) || uses.is_some_and(|uses| next > uses) {
            let uses = uses.map_or("any number".to_owned(), |uses| uses.to_string());
            let grant = entry.data.grant.map_or("no grant".to_owned(), |id: RequestId| id.to_string());
            let found = format!("use {} of {grant}", number.unwrap_or(0));
            return Err((format!("use {next} of {uses} of a grant that stands"), found));
        }
        if let (Some(end), Some(now)) = (self.end(), entry.moment())
            && now.has_reached(end)
        {
            return Err((format!("a use before {}, when the grant ended", end.rfc3339()), now.rfc3339()));
        }
        match &self.plan {
            Some(_) => self.is_line(entry, next, wanted)?,
            None if self.is_exact() && own != wanted => return Err((own.to_owned(), wanted.to_owned())),
            None => {}
        }
        self.used += 1;
        Ok(self.plan.is_some() && uses == Some(next))
    }

    /// Claims that the use `number` runs the line of the plan that is next.
    fn is_line(&self, entry: &Fields<'_>, number: u32, wanted: &str) -> Result<(), Otherwise> {
        let lines = self.lines();
        let Some(line) = lines.get(number as usize - 1) else { return Ok(()) };
        let is_of_it = |content: &Digest| content.to_string() == wanted;
        match entry.data.line {
            Some(found) if found == line.line && line.contents.iter().any(is_of_it) => Ok(()),
            found => {
                let found = found.map_or("no line".to_owned(), |found| format!("line {found}"));
                let expected = format!("line {} of the plan, as it was approved", line.line);
                Err((expected, format!("{found}, C {wanted}")))
            }
        }
    }

    fn stands(&self) -> bool {
        let is_given = match self.plan {
            Some(_) => !self.lines().is_empty(),
            None => !self.terms.is_empty() && self.terms.iter().all(Option::is_some),
        };
        self.since.is_some() && is_given && !self.is_revoked
    }

    /// Returns how many uses the narrowest of its approvals grants.
    fn uses(&self) -> Option<u32> {
        match self.plan {
            Some(_) => u32::try_from(self.lines().len()).ok(),
            None => self.terms.iter().flatten().filter_map(|terms| terms.uses).min(),
        }
    }

    fn is_exact(&self) -> bool {
        self.terms.iter().flatten().any(|terms| terms.scope == GrantScope::Exact)
    }

    fn end(&self) -> Option<Moment> {
        if self.plan.is_some() {
            return self.deadline;
        }
        let lasts = self.terms.iter().flatten().map(|terms| terms.lasts).min()?;
        Some(self.since?.after(lasts))
    }

    /// Returns the lines of a plan that every approval names.
    fn lines(&self) -> Vec<&PlanLine> {
        let is_named =
            |line: &&PlanLine| self.only.iter().all(|only| only.is_empty() || only.contains(&line.line));
        self.plan.iter().flatten().filter(is_named).collect()
    }
}
