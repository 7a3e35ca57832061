//! What an interactive shell says of itself before it runs a line that a person typed: its options, aliases and functions.
//!
//! MUST rules:
//! 1. An alias stands for its text only where the shell would put it there for certain; everywhere else its name is in doubt.
//! 2. What would change how the next lines are read, or run something at the next prompt, is opaque.

use std::collections::BTreeMap;

use super::parser;
use super::state::Value;
use super::syntax::{Command, Part, Simple, Word};
use crate::command::Dialect;
use crate::world::World;

/// What is known of an interactive shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// `$-`.
    pub flags: String,
    /// The names of `$BASHOPTS` or of zsh's options that are on.
    pub options: Vec<String>,
    /// Claims that `IFS` is not the default.
    pub has_fields: bool,
    /// Claims that `cd` may lead elsewhere than its operand says (`CDPATH`).
    pub wanders: bool,
    /// Claims that the shell itself says that the line may mean something else than it reads.
    pub is_odd: bool,
    /// Aliases with their text.
    pub aliases: BTreeMap<String, Vec<u8>>,
    /// Names that stand for something that is not known: functions, and programs whose place was set by hand.
    pub names: Vec<String>,
    /// The definitions of functions that the line may call.
    pub functions: Vec<Vec<u8>>,
}

/// Variables that take effect at the next prompt, at the next line or when the shell ends.
const LATER: [&str; 13] = [
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PROMPT",
    "RPROMPT",
    "RPS1",
    "READLINE_LINE",
    "HISTFILE",
    "MAILPATH",
    "EXECIGNORE",
    "INPUTRC",
];

/// Options of bash under which a plain line means something else than it says. `autocd` is none: a word that is no program is asked
/// about in any case.
const BENDING: [&str; 4] = ["cdable_vars", "cdspell", "extdebug", "restricted_shell"];

impl Typed {
    /// Returns why nothing that is typed here is certain.
    pub(super) fn doubts(&self) -> impl Iterator<Item = &'static str> {
        let bends = self.options.iter().any(|option| BENDING.contains(&option.as_str()));
        let is_comment =
            self.options.is_empty() || self.options.iter().any(|on| on == "interactive_comments");
        [
            (self.has_fields, "`IFS` is not the default in this shell"),
            (self.flags.contains(['k', 'a']), "an option of this shell makes assignments mean more"),
            (self.flags.contains('H'), "this shell puts history in place of a `!`"),
            (bends, "an option of this shell gives plain words another meaning"),
            (self.is_odd, "an option or an alias of this shell gives the line another meaning"),
            (self.wanders, "`CDPATH` is set in this shell, so that nobody knows where `cd` leads"),
            (!is_comment, "this shell does not know comments"),
        ]
        .into_iter()
        .filter_map(|(is_so, reason)| is_so.then_some(reason))
    }

    /// Returns what the first word of `simple` stands for, if it is an alias and its text is plain.
    ///
    /// # Errors
    /// It is an alias whose text is not: then nobody knows what runs.
    pub(super) fn expand(&self, simple: &Simple) -> Result<Option<Vec<Word>>, String> {
        let Some(first) = simple.words.first() else { return Ok(None) };
        let mut words = vec![first.clone()];
        let mut seen: Vec<String> = Vec::new();
        while let Some((name, text)) = words.first().and_then(|word| self.alias(word)) {
            // An alias is not put in place of itself again.
            if seen.iter().any(|old| old == name) {
                break;
            }
            let doubt = || format!("the alias `{name}` may stand for anything");
            let stands_first = simple.redirects.is_empty() || first.span.start == simple.span.start;
            let is_odd = self.names.iter().any(|odd| odd == name) || !stands_first;
            let next = simple.words.get(1).is_some_and(|word| self.alias(word).is_some());
            if (next && text.ends_with(b" ")) || is_odd {
                return Err(doubt());
            }
            let put = plain_words(text).ok_or_else(doubt)?;
            seen.push(name.to_owned());
            words.splice(..1, put.into_iter().map(|word| Word { span: first.span, ..word }));
        }
        Ok((!seen.is_empty()).then_some(words))
    }

    fn alias(&self, word: &Word) -> Option<(&str, &[u8])> {
        let [Part::Plain(bytes)] = word.parts.as_slice() else { return None };
        let name = std::str::from_utf8(bytes).ok()?;
        self.aliases.get_key_value(name).map(|(name, text)| (name.as_str(), text.as_slice()))
    }
}

/// Returns the words of a text that is one plain command.
fn plain_words(text: &[u8]) -> Option<Vec<Word>> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./~-^ '\"".contains(byte);
    if !text.iter().all(is_plain) {
        return None;
    }
    let parsed = parser::parse(text, Dialect::Bash);
    let [item] = parsed.list.as_slice() else { return None };
    let [Command::Simple(simple)] = item.first.commands.as_slice() else { return None };
    let is_one = parsed.refusal.is_none() && item.rest.is_empty() && !item.background && !item.first.negated;
    let is_word = |word: &Word| match word.parts.as_slice() {
        [Part::Plain(bytes)] => !parser::is_reserved(bytes, Dialect::Bash) && !bytes.starts_with(b"="),
        _ => false,
    };
    let is_bare = simple.assignments.is_empty() && simple.redirects.is_empty() && !simple.words.is_empty();
    (is_one && is_bare && simple.words.first().is_some_and(is_word)).then(|| simple.words.clone())
}

/// Claims that setting the variable takes effect beyond the line that does it.
pub(super) fn acts_later(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("PS1" | "PS2" | "PS3", Value::Literal(prompt)) => !is_still(prompt),
        _ => LATER.contains(&name) || name.starts_with("__gate_"),
    }
}

/// Returns the variable of the environment that has an interactive shell run something at its prompt, or write its history elsewhere.
pub(super) fn inherited_for_later(world: &dyn World) -> Option<&'static str> {
    LATER.into_iter().find(|name| match (*name, world.var(name)) {
        (_, None) => false,
        ("HISTFILE", Some(file)) => !file.is_empty() && file != b"/dev/null",
        ("PROMPT_COMMAND" | "EXECIGNORE", Some(value)) => !value.is_empty(),
        (_, Some(value)) => !is_still(&value),
    })
}

/// Claims that showing the prompt runs nothing: a `$` in it stands alone, and nothing is in backquotes.
fn is_still(prompt: &[u8]) -> bool {
    let alone = |at: usize| prompt.get(at + 1).is_none_or(|next| *next == b' ');
    prompt.iter().enumerate().all(|(at, byte)| *byte != b'`' && (*byte != b'$' || alone(at)))
}

/// Claims that a function of this name would stand in the way of how lines are judged.
pub(super) fn is_in_the_way(name: &str) -> bool {
    const USED: [&str; 14] = [
        "builtin",
        "bind",
        "history",
        "local",
        "set",
        "printf",
        "shopt",
        "exec",
        "return",
        "kill",
        "compgen",
        "declare",
        "zle",
        "command_not_found_handle",
    ];
    USED.contains(&name) || name.starts_with("__gate_")
}

#[cfg(test)]
mod tests {
    use super::{Typed, acts_later, plain_words};
    use crate::command::Dialect;
    use crate::shell::parser;
    use crate::shell::state::Value;
    use crate::shell::syntax::{Command, Part};

    /// Returns the first words that the line would be run with, joined; `None` where the alias may be anything.
    fn put(line: &str) -> Option<String> {
        let aliases = [
            ("ls", "ls -F"),
            ("ll", "ls -l"),
            ("odd", "a; b"),
            ("sudo", "sudo "),
            ("e", "X=1 e"),
            ("t", "time ls"),
        ];
        let aliases = aliases.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
        let typed = Typed { aliases, names: vec!["fun".to_owned()], ..Typed::default() };
        let parsed = parser::parse(line.as_bytes(), Dialect::Bash);
        let [Command::Simple(simple)] = parsed.list[0].first.commands.as_slice() else { panic!("{line}") };
        let words = typed.expand(simple).ok()?.unwrap_or_else(|| vec![simple.words[0].clone()]);
        let text = |part: &Part| match part {
            Part::Plain(bytes) | Part::Quoted(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            part => panic!("{part:?}"),
        };
        let words: Vec<String> = words.iter().map(|word| word.parts.iter().map(text).collect()).collect();
        Some(words.join(" "))
    }

    #[test]
    fn an_alias_stands_for_its_words_where_the_shell_puts_them_for_certain() {
        assert_eq!(put("ll x").as_deref(), Some("ls -F -l"));
        assert_eq!(put("ls x").as_deref(), Some("ls -F"));
        assert_eq!(put("\\ls x").as_deref(), Some("ls"));
        assert_eq!(put("'ls' x").as_deref(), Some("ls"));
        assert_eq!(put("cat ll").as_deref(), Some("cat"));
        assert_eq!(put("ll x > f").as_deref(), Some("ls -F -l"));
        // `time` is the shell's own word, not a program.
        assert_eq!(put("t x").as_deref(), Some("ls -F"));
        for line in ["odd", "> f ll", "sudo ll", "e"] {
            assert_eq!(put(line), None, "{line}");
        }
        assert_eq!(put("sudo id").as_deref(), Some("sudo"));
        assert!(plain_words(b"").is_none() && plain_words(b"a 'b c'").is_some());
    }

    #[test]
    fn a_shell_that_reads_lines_its_own_way_makes_them_uncertain() {
        let doubts = |typed: Typed| typed.doubts().count();
        let usual = |more: &[&str]| {
            ["interactive_comments", "autocd"].iter().chain(more).map(|name| (*name).to_owned()).collect()
        };
        let flags = |flags: &str| Typed { flags: flags.to_owned(), options: usual(&[]), ..Typed::default() };
        assert_eq!(doubts(flags("himBs")), 0);
        assert_eq!([doubts(flags("himBHs")), doubts(flags("k")), doubts(flags("a"))], [1, 1, 1]);
        assert_eq!(doubts(Typed { options: usual(&["cdspell"]), ..Typed::default() }), 1);
        assert_eq!(doubts(Typed { options: vec!["autocd".to_owned()], ..Typed::default() }), 1);
        let all = Typed { has_fields: true, is_odd: true, wanders: true, ..flags("") };
        assert_eq!(doubts(all), 3);
    }

    #[test]
    fn what_a_prompt_runs_acts_later() {
        let literal = |text: &str| Value::literal(text.as_bytes().to_vec());
        for prompt in ["$(id)", "`id`", "a$b", "\\$(id)"] {
            assert!(acts_later("PS1", &literal(prompt)), "{prompt}");
        }
        assert!(!acts_later("PS1", &literal("\\u:\\w\\$ ")));
        assert!(acts_later("PS1", &Value::Dynamic));
        assert!(acts_later("PROMPT_COMMAND", &literal("")) && acts_later("__gate_state", &literal("1")));
        assert!(!acts_later("x", &literal("$(id)")));
    }
}
