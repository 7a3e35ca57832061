//! Files that are run by the program their first line names (`#!/bin/sh`).
//!
//! What runs then is that program, with the file as its argument: it is judged as if it stood there, so that `./x.sh` is what
//! `bash ./x.sh` is. Source: `fs/binfmt_script.c` of Linux, and execve(2), "Interpreter scripts".

use std::path::Path;

use super::action::{Action, Word};
use super::state::State;
use super::walk::{BYTES, Context, Walker};
use crate::digest::Digest;
use crate::world::Resolution;

/// The longest first line that every kernel since Linux 2.2 reads whole.
const LINE: usize = 126;

impl Walker<'_> {
    /// Makes `action`, which runs the file called `name`, the call of the program that its first line names; returns whether it did.
    ///
    /// A file that gate cannot read as the kernel will stays what it is, a program that nobody knows; so does one for a program that nobody
    /// trusts.
    pub(super) fn follow_first_line(
        &mut self,
        context: &Context,
        state: &State,
        action: &mut Action,
        name: &str,
    ) -> bool {
        let is_plain = action.shadowed.is_none() && action.opaque.is_none();
        if !is_plain || !name.contains('/') || context.as_root || context.scope == super::Scope::Remote {
            return false;
        }
        let Some(path) = self.opened(state, name.as_bytes()) else { return false };
        let Some(text) = self.world.read(&path, BYTES) else { return false };
        let Some((program, argument)) = first_line(&text) else { return false };
        if !matches!(self.world.resolve(program, Path::new("/")), Resolution::Trusted(_)) {
            return false;
        }
        let span = action.program.span;
        let file = std::mem::replace(&mut action.program, Word::literal(program, span));
        let argument = argument.map(|argument| Word::literal(argument, span));
        action.args.splice(0..0, argument.into_iter().chain([file]));
        self.files.push((path, Digest::of(&text)));
        true
    }
}

/// Returns the program that the first line of a file names, and the one argument that may stand behind it.
fn first_line(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let line = text.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let is_plain = line.len() <= LINE && !line.iter().any(|byte| matches!(byte, 0 | b'\r'));
    let line = line.trim_ascii();
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (program, argument) = line.split_at(end);
    let argument = Some(argument.trim_ascii()).filter(|argument| !argument.is_empty());
    (is_plain && program.starts_with(b"/")).then_some((program, argument))
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[track_caller]
    fn case(text: &str, expected: Option<(&str, Option<&str>)>) {
        let expected = expected.map(|(program, argument)| (program.as_bytes(), argument.map(str::as_bytes)));
        assert_eq!(first_line(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn first_lines_are_read_as_the_kernel_reads_them() {
        case("#!/bin/sh\nls\n", Some(("/bin/sh", None)));
        case("#! \t/bin/sh", Some(("/bin/sh", None)));
        case("#!/bin/bash -eu -x \nls", Some(("/bin/bash", Some("-eu -x"))));
        case("#!/usr/bin/env\tpython3\n", Some(("/usr/bin/env", Some("python3"))));
        case("#!/bin/sh\r\nls\n", None);
        case("#!/bin/\0sh\n", None);
        case("#!sh\n", None);
        case("#!\n/bin/sh\n", None);
        case(" #!/bin/sh\n", None);
        case("ls\n", None);
        case("", None);
        case(&format!("#!/{}\n", "x".repeat(125)), Some((&format!("/{}", "x".repeat(125)), None)));
        case(&format!("#!/{}\n", "x".repeat(126)), None);
    }
}
