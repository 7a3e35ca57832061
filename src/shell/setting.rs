//! What stands around a script and takes part in its meaning: the definitions of a file that is sourced before it.
//!
//! MUST rules:
//! 1. A text is read only if it consists of definitions: each of its bytes belongs to a command that defines, sets or
//!    takes away an alias, a function, a shell option or an exported variable. Anything else: it is not read at all.
//! 2. A definition may only take trust away: a name that is defined no longer stands for a program of that name.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::builtins::leaves_reading;
use super::globs::Globbing;
use super::names::{is_fixed_in_zsh, is_integer};
use super::parser::{self, Parsed};
use super::shells::is_harmless;
use super::syntax::{Command as Node, Item, Link, Part, Simple, Target, Word};
use crate::command::Dialect;

/// Where output is thrown away.
const NOWHERE: &[u8] = b"/dev/null";

/// Names that no definition may take: an envelope or a function of an agent's own uses them, or the shell calls them unasked.
const KEPT: [&str; 30] = [
    "eval",
    "source",
    ".",
    "shopt",
    "setopt",
    "set",
    "pwd",
    "true",
    ":",
    "builtin",
    "command",
    "unset",
    "unalias",
    "alias",
    "export",
    "declare",
    "typeset",
    "local",
    "exec",
    "exit",
    "echo",
    "base64",
    "[",
    "return",
    "break",
    "continue",
    "printf",
    "hash",
    "command_not_found_handle",
    "command_not_found_handler",
];

/// Functions that zsh calls unasked, beside `TRAPEXIT` and its like.
const UNASKED: [&str; 7] =
    ["chpwd", "precmd", "preexec", "periodic", "zshaddhistory", "zshexit", "zsh_directory_name"];

/// Options of `set -o` that a snapshot lists and that leave the reading of what follows as it is. `onecmd` is listed by a `grep on` over
/// all options; it ends a shell early, so that less runs.
const LISTED: [&[u8]; 6] =
    [b"braceexpand", b"interactive-comments", b"onecmd", b"notify", b"ignoreeof", b"nolog"];

/// Options of `shopt -s` that a snapshot lists and that leave the reading as it is; `extglob` because whoever sources a snapshot
/// turns it off again, `expand_aliases` because an alias takes the trust from its name.
const LISTED_SHOPT: [&[u8]; 16] = [
    b"expand_aliases",
    b"extglob",
    b"extquote",
    b"force_fignore",
    b"hostcomplete",
    b"interactive_comments",
    b"promptvars",
    b"progcomp",
    b"complete_fullquote",
    b"globskipdots",
    b"patsub_replacement",
    b"histreedit",
    b"histverify",
    b"lithist",
    b"autocd",
    b"checkjobs",
];

/// Options of zsh that a snapshot lists and that leave the reading as it is.
const LISTED_SETOPT: [&[u8]; 4] = [b"nohashdirs", b"login", b"interactivecomments", b"histignoredups"];

/// What a script finds defined when it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Functions and aliases.
    pub names: BTreeSet<String>,
    /// Claims that an alias was defined: what follows may be read as other words.
    pub aliased: bool,
    /// Exported variables with the values they were given.
    pub exports: BTreeMap<String, Vec<u8>>,
    /// Variables that the script must leave alone: what runs after it uses them.
    pub watched: BTreeSet<String>,
    /// How the shell reads globs.
    pub globbing: Globbing,
}

impl Setting {
    /// Adds what `text` defines; `None` if it does anything but define.
    pub fn define(&mut self, text: &[u8], dialect: Dialect) -> Option<()> {
        let list = whole(text, dialect)?;
        list.iter().try_for_each(|item| self.item(item, text, dialect))
    }

    fn item(&mut self, item: &Item, text: &[u8], dialect: Dialect) -> Option<()> {
        let nothing_else = match item.rest.as_slice() {
            [] => true,
            [(Link::Or, after)] => {
                matches!(after.commands.as_slice(), [Node::Simple(simple)] if words(simple)? == [b"true".to_vec()])
            }
            _ => false,
        };
        let [node] = item.first.commands.as_slice() else { return None };
        if item.background || item.first.negated || !nothing_else {
            return None;
        }
        match node {
            Node::Function { name, .. } => self.function_name(name, dialect),
            Node::Simple(simple) => self.simple(simple, text, dialect),
            Node::Compound { .. } => None,
        }
    }

    fn simple(&mut self, simple: &Simple, text: &[u8], dialect: Dialect) -> Option<()> {
        if !simple.assignments.is_empty()
            || !simple.redirects.iter().all(|redirect| is_quiet(&redirect.target))
        {
            return None;
        }
        if let [name, encoded] = simple.words.as_slice()
            && literal(name)? == b"eval"
            && let Some(decoded) = decoded(encoded, text)
        {
            return self.function(&decoded, dialect);
        }
        let words = words(simple)?;
        let (name, args) = words.split_first()?;
        match name.as_slice() {
            b"true" | b":" => Some(()),
            b"unalias" => args.iter().all(|arg| arg == b"-a" || is_plain_name(arg)).then_some(()),
            b"alias" => self.aliases(args, dialect),
            b"shopt" if dialect == Dialect::Bash => {
                let names = args.iter().skip(1).filter(|_| args[0] == b"-s");
                names.for_each(|name| self.globbing.note(name));
                is_known_shopt(args).then_some(())
            }
            b"set" if dialect == Dialect::Bash => is_known_set(args).then_some(()),
            b"setopt" if dialect == Dialect::Zsh => {
                args.iter().all(|arg| LISTED_SETOPT.contains(&arg.as_slice())).then_some(())
            }
            b"export" => self.exported(args, dialect),
            b"declare" | b"typeset" if args.first().is_some_and(|arg| arg == b"-x") => {
                self.exported(&args[1..], dialect)
            }
            b"eval" => match args {
                [text] => self.function(text, dialect),
                _ => None,
            },
            _ => None,
        }
    }

    /// A text that defines one function and does nothing else.
    fn function(&mut self, text: &[u8], dialect: Dialect) -> Option<()> {
        let list = whole(text, dialect)?;
        let [Item { first, rest, background: false }] = list.as_slice() else { return None };
        match first.commands.as_slice() {
            [Node::Function { name, .. }] if rest.is_empty() && !first.negated => {
                self.function_name(name, dialect)
            }
            _ => None,
        }
    }

    /// Takes a function's name. An alias before it may stand in its head or its body, where the shell puts its words while it reads:
    /// they may end the function and run what follows.
    fn function_name(&mut self, name: &str, dialect: Dialect) -> Option<()> {
        if self.aliased { None } else { self.name(name, dialect) }
    }

    fn aliases(&mut self, args: &[Vec<u8>], dialect: Dialect) -> Option<()> {
        let ended = args.strip_prefix(&[b"--".to_vec()]);
        for arg in ended.unwrap_or(args) {
            if ended.is_none() && arg.starts_with(b"-") {
                return None;
            }
            let at = arg.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
            let (name, value) = (std::str::from_utf8(&arg[..at]).ok()?, &arg[at + 1..]);
            if !only_colours(name, value) {
                self.name(name, dialect)?;
            }
            // Even one that only gives colour: `ls () {` is no function by then, and bash reads no further.
            self.aliased = true;
        }
        Some(())
    }

    fn exported(&mut self, args: &[Vec<u8>], dialect: Dialect) -> Option<()> {
        for arg in args {
            let Some(at) = arg.iter().position(|byte| *byte == b'=') else {
                parser::is_name(arg).then_some(())?;
                continue;
            };
            let name =
                std::str::from_utf8(&arg[..at]).ok().filter(|name| parser::is_name(name.as_bytes()))?;
            let is_number = arg[at + 1..].iter().all(u8::is_ascii_digit);
            // The snapshot itself runs what such a value holds.
            if is_integer(name, dialect) && !is_number {
                return None;
            }
            // Nothing that follows would be read.
            if dialect == Dialect::Zsh && is_fixed_in_zsh(name) {
                return None;
            }
            self.exports.insert(name.to_owned(), arg[at + 1..].to_vec());
        }
        Some(())
    }

    /// Takes a name for a function or an alias; one that changes what the shell itself reads is refused.
    fn name(&mut self, name: &str, dialect: Dialect) -> Option<()> {
        if KEPT.contains(&name)
            || (dialect == Dialect::Zsh && (UNASKED.contains(&name) || name.starts_with("TRAP")))
            || parser::is_reserved(name.as_bytes(), dialect)
            || !is_plain_name(name.as_bytes())
        {
            return None;
        }
        self.names.insert(name.to_owned());
        Some(())
    }
}

/// Claims that `text` is a complete script of the certain language: nothing that follows it can become a part of it.
pub fn is_complete(text: &[u8], dialect: Dialect) -> bool {
    whole(text, dialect).is_some()
}

fn whole(text: &[u8], dialect: Dialect) -> Option<Vec<Item>> {
    // A backslash at the end joins what follows.
    if super::bytes::first_odd(text).is_some() || text.trim_ascii_end().ends_with(b"\\") {
        return None;
    }
    let Parsed { list, refusal, .. } = parser::parse(text, dialect);
    refusal.is_none().then_some(list)
}

/// Claims that an alias only gives a program a colour: `ls='ls --color=auto'`.
fn only_colours(name: &str, value: &[u8]) -> bool {
    const COLOURED: [&str; 9] = ["ls", "dir", "vdir", "grep", "fgrep", "egrep", "diff", "zgrep", "ip"];
    let colour = value.strip_prefix(name.as_bytes()).unwrap_or_default();
    COLOURED.contains(&name) && matches!(colour, b" --color=auto" | b" -color=auto")
}

fn is_known_shopt(args: &[Vec<u8>]) -> bool {
    match args {
        [flag, names @ ..] if flag == b"-u" => names.iter().all(|name| is_plain_name(name)),
        [flag, names @ ..] if flag == b"-s" => {
            names.iter().all(|name| LISTED_SHOPT.contains(&name.as_slice()) || leaves_reading(name))
        }
        _ => false,
    }
}

fn is_known_set(args: &[Vec<u8>]) -> bool {
    matches!(args, [flag, name] if flag == b"-o" && (LISTED.contains(&name.as_slice()) || is_harmless(name)))
}

fn is_quiet(target: &Target) -> bool {
    match target {
        Target::File { word, kind } => {
            matches!(kind, super::RedirectKind::Write | super::RedirectKind::Append)
                && literal(word).as_deref() == Some(NOWHERE)
        }
        Target::Descriptor { .. } => true,
        Target::HereDoc(_) | Target::HereString(_) => false,
    }
}

fn is_plain_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:+@,%^/".contains(byte))
}

fn words(simple: &Simple) -> Option<Vec<Vec<u8>>> {
    simple.words.iter().map(literal).collect()
}

/// Returns a word that no shell would make anything else of.
fn literal(word: &Word) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for part in &word.parts {
        match part {
            Part::Quoted(bytes) => out.extend_from_slice(bytes),
            Part::Plain(bytes) if !bytes.iter().any(|byte| b"*?[]{}~".contains(byte)) => {
                out.extend_from_slice(bytes)
            }
            Part::Plain(bytes) if bytes == b"[" => out.extend_from_slice(bytes),
            Part::Plain(_)
            | Part::Parameter(_)
            | Part::Command { .. }
            | Part::Process { .. }
            | Part::Arith { .. }
            | Part::Unknown => return None,
        }
    }
    Some(out)
}

/// Returns what `"$(echo 'BASE64' | base64 -d)"` stands for, the form in which older snapshots keep a function.
fn decoded(word: &Word, text: &[u8]) -> Option<Vec<u8>> {
    let source = text.get(word.span.start..word.span.end)?;
    let code = source.strip_prefix(b"\"$(echo '")?.strip_suffix(b"' | base64 -d)\"")?;
    let code: Vec<u8> = code.iter().copied().filter(|byte| *byte != b'\n').collect();
    STANDARD.decode(code).ok()
}
