//! Code of interpreters: where it is given, and what it reads.

use super::super::action::{Action, Piece, Stdin, Word};
use super::super::arguments::{Certainty, Given};
use super::super::inline::{Language, is_pure, uses};
use super::super::state::State;
use super::super::walk::{Context, Walker};
use super::{Unclear, Wrapped};

impl Walker<'_> {
    /// Lists what code of an interpreter reads, if it does nothing else.
    pub(super) fn code_of(
        &mut self,
        context: &Context,
        state: &State,
        wrapped: &Wrapped,
        language: Language,
        code: &[u8],
    ) -> Result<(), Unclear> {
        let Wrapped { action, name, .. } = *wrapped;
        let Some(uses) = uses(language, name, code) else {
            return Err(Unclear(format!("inline code of `{name}`")));
        };
        let span = action.span;
        let known = |text: &str| Word::literal(text.as_bytes(), span);
        let unknown = || Piece::Dynamic { text: "…".to_owned(), splits: false };
        let read = |path: &Option<String>| match path {
            Some(path) => known(path),
            None => Word { pieces: vec![unknown()], span },
        };
        let files = uses.reads.iter().map(|path| (known("cat"), vec![known("--"), read(path)]));
        let variables = uses.variables.iter().map(|name| (known("printenv"), vec![known(name)]));
        for (program, args) in files.chain(variables).collect::<Vec<_>>() {
            // Not the programs of these names: the interpreter does itself what they would.
            let listed = Action { program, args, builtin: true, ..self.nameless(context, state, span) };
            self.emit(context, listed);
        }
        for name in &uses.undefined {
            let program = known(&format!("{name}()"));
            let shadowed = Some(format!("nothing defines `{name}`: the code ends there"));
            let listed = Action { program, builtin: true, shadowed, ..self.nameless(context, state, span) };
            self.emit(context, listed);
        }
        if uses.asks_uname {
            self.words(context, state, vec![known("uname"), known("-p")], span);
        }
        Ok(())
    }

    /// Code of an interpreter, as an operand or from standard input.
    pub(super) fn code(&mut self, wrapped: &Wrapped) -> Result<(), Unclear> {
        let Wrapped { runs, read, action, name, .. } = *wrapped;
        if runs.code_operand {
            let file = |option: &str| read.options.iter().any(|given| given.name == option);
            return match read.operands.is_empty() && !file("-f") {
                true => Ok(()),
                false => Err(Unclear(format!("inline code of `{name}`"))),
            };
        }
        let from_input = match read.operands.first() {
            None => read.unknown.is_empty(),
            Some(operand) => action.args[operand.index].as_literal().as_deref() == Some(b"-"),
        };
        // To Python, and to the C shells, `-v` means to say more; none tells only where a `-` asks for the input.
        let talks = runs.language == "python" || name.ends_with("csh");
        let tells = |given: &Given| match given.name.as_str() {
            "--version" | "--help" | "-h" => true,
            "-V" => !name.ends_with("csh"),
            "-v" => !talks,
            _ => false,
        };
        let only_tells = read.operands.is_empty() && read.options.iter().any(tells);
        let module = read.options.iter().any(|given| given.name == "-m");
        if from_input && !only_tells && !module {
            return Err(Unclear(format!("`{name}` reads code from its input")));
        }
        Ok(())
    }
}

/// Reads inline code of a language that gate knows: each option that gives some, else the first operand.
pub(super) fn inline_code(wrapped: &Wrapped, language: Language) -> Result<(), Unclear> {
    let Wrapped { runs, read, action, name, .. } = *wrapped;
    let is_read = |word: Option<&Word>, certainty: Certainty| {
        let code = word.and_then(Word::as_literal);
        certainty == Certainty::Sure && code.is_some_and(|code| is_pure(language, &code))
    };
    let mut given = read.given(&runs.code_option).peekable();
    let is_pure = match (given.peek(), read.operands.first()) {
        (Some(_), _) => given.all(|given| is_read(given.value.as_ref(), given.certainty)),
        (None, Some(first)) => is_read(action.args.get(first.index), first.certainty),
        (None, None) => read.unknown.is_empty(),
    };
    if is_pure { Ok(()) } else { Err(Unclear(format!("inline code of `{name}`"))) }
}

/// Returns the code that an interpreter is given, where its arguments are certain.
pub(super) fn given_code(language: Language, name: &str, action: &Action) -> Option<Vec<u8>> {
    if language == Language::Python {
        return python_code(action);
    }
    let words: Vec<Vec<u8>> = action.args.iter().map(Word::as_literal).collect::<Option<_>>()?;
    let [option, code, rest @ ..] = words.as_slice() else { return None };
    // Options may follow, and be more code.
    let is_all = rest.iter().all(|word| !word.starts_with(b"-"));
    (is_all && language.opens_code(name, option)).then(|| code.clone())
}

/// Returns the code that Python is given behind `-c`, or on its standard input, with no option in front that makes it do more.
///
/// From python(1): `-c` ends the options, and takes the rest of its word or the next.
fn python_code(action: &Action) -> Option<Vec<u8>> {
    const FLAGS: &[u8] = b"bBdEIOPqsSuv";
    let mut words = action.args.iter();
    loop {
        let Some(word) = words.next().map(Word::as_literal) else { return code_on_input(action) };
        let word = word?;
        if word == b"-" {
            return code_on_input(action);
        }
        let letters = word.strip_prefix(b"-")?;
        match letters.strip_suffix(b"c") {
            Some(before) if before.iter().all(|letter| FLAGS.contains(letter)) => {
                return words.next()?.as_literal();
            }
            Some(_) | None if !letters.iter().all(|letter| FLAGS.contains(letter)) => return None,
            Some(_) | None => {}
        }
    }
}

fn code_on_input(action: &Action) -> Option<Vec<u8>> {
    match &action.stdin {
        Stdin::Text(text) => Some(text.clone()),
        Stdin::Inherited | Stdin::Pipe(_) | Stdin::File(_) | Stdin::Dynamic => None,
    }
}
