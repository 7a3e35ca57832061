//! `cd`: where it leads.

use super::super::action::{Place, Span, Word};
use super::super::linking::may_link;
use super::super::state::{Flow, State, Value, climbs};
use super::super::walk::Walker;

impl Walker<'_> {
    pub(super) fn changed_directory(&mut self, state: &State, args: &[Word]) -> Flow {
        let mut operands = Vec::new();
        let mut options = true;
        let mut physical = false;
        let mut logical = false;
        for word in args {
            let literal = word.as_literal();
            match literal.as_deref() {
                Some(b"--") if options => options = false,
                Some(option) if options && option.len() > 1 && option.starts_with(b"-") => {
                    physical |= option.contains(&b'P');
                    logical |= option.contains(&b'L');
                }
                _ => operands.push(word),
            }
        }
        let mut ok = state.clone();
        for name in ["PWD", "OLDPWD"] {
            ok.assign(name, Value::Dynamic, Span::default());
        }
        ok.cwd = match operands.as_slice() {
            [] => match self.lookup(state, "HOME") {
                Value::Literal(home) if !home.is_empty() => state.directory(&home),
                Value::Literal(_) | Value::Number | Value::Name(_) | Value::Dynamic => Place::Unknown,
            },
            [word] => self.destination(state, word),
            _ => Place::Unknown,
        };
        if let (Place::Known(path), true) = (&ok.cwd, physical) {
            // `..` is then what the kernel finds behind a link, not the name before it.
            let climbs = |word: &&Word| word.as_literal().is_none_or(|path| climbs(&path));
            let links = self.actions.iter().any(may_link);
            let doubtful = logical || links || operands.is_empty() || operands.iter().any(climbs);
            let shared = self.world.shared_path(path).filter(|_| !doubtful);
            ok.cwd = shared.map_or(Place::Unknown, Place::Known);
        }
        if let Place::Known(path) = &ok.cwd {
            use std::os::unix::ffi::OsStrExt as _;
            ok.assign("PWD", Value::literal(path.as_os_str().as_bytes().to_vec()), Span::default());
        }
        Flow { ok: Some(ok), fail: Some(state.clone()) }
    }

    fn destination(&self, state: &State, word: &Word) -> Place {
        let Some(path) = word.as_literal() else { return Place::Unknown };
        let dotted = path == b"." || path == b".." || path.starts_with(b"./") || path.starts_with(b"../");
        let searched =
            state.variables.contains("CDPATH") || self.world.var("CDPATH").is_some() || state.anything;
        if path.is_empty() || path == b"-" || (!path.starts_with(b"/") && !dotted && searched) {
            return Place::Unknown;
        }
        state.directory(&path)
    }
}
