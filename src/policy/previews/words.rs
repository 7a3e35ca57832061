//! The words of a preview: those of its definition, with the command's own where placeholders stand.

use super::super::preview::{Part, Show};
use super::super::subject::Subject;
use super::{commits, rows};
use crate::shell::{Arguments, Certainty, Given, Piece, Program, Word};

/// The command whose words are taken, with what has been taken so far.
pub(super) struct Taking<'a> {
    pub(super) subject: &'a Subject<'a>,
    /// The arguments, all of them certain.
    args: Vec<Vec<u8>>,
    arguments: Arguments,
    /// The operands after the subcommand, by their places among the arguments.
    operands: Vec<usize>,
    /// Where the subcommand begins.
    subcommand: usize,
    program: Program,
    taken_operands: Vec<bool>,
}

/// Returns the words of `show` for the command of `subject`, whose subcommand takes up `skip` operands, or why there are none.
pub(super) fn made(show: &Show, subject: &Subject<'_>, skip: usize) -> Result<Vec<Vec<u8>>, String> {
    let parts: Vec<Part> = show.run.iter().map(|word| Part::parse(word)).collect::<Result<_, _>>()?;
    let mut taking = Taking::of(show, &parts, subject, skip)?;
    taking.has_no_input()?;
    // Another program imitates nothing: it looks at something that the command speaks of.
    let imitates = parts.contains(&Part::Program);
    if imitates {
        taking.knows_all_options(show, &parts)?;
    }
    let mut words = Vec::new();
    for part in &parts {
        words.extend(taking.words(part)?);
    }
    if imitates {
        taking.has_taken_all()?;
    }
    Ok(words)
}

impl<'a> Taking<'a> {
    fn of(show: &Show, parts: &[Part], subject: &'a Subject<'a>, skip: usize) -> Result<Taking<'a>, String> {
        let words = &subject.action.args;
        let certain = |word: &Word| match word.certain() {
            Some(bytes) => Ok(bytes.into_owned()),
            None => Err(format!("`{}` is not known before it runs", written(word))),
        };
        let args: Vec<Vec<u8>> = words.iter().map(certain).collect::<Result<_, _>>()?;
        let program = informed(subject.program.as_deref(), show, parts);
        let arguments = Arguments::read(words, Some(&program));
        let all: Vec<usize> = arguments.operands.iter().map(|operand| operand.index).collect();
        let operands = all.get(skip..).unwrap_or_default().to_vec();
        let subcommand = if skip == 0 { None } else { all.first().copied() }.unwrap_or(0);
        let taken_operands = vec![false; operands.len()];
        Ok(Taking { subject, args, arguments, operands, subcommand, program, taken_operands })
    }

    /// Nothing of it reads what comes through a pipe.
    fn has_no_input(&self) -> Result<(), String> {
        let is_input =
            |given: &Given| given.value.as_ref().and_then(Word::certain).is_some_and(|value| *value == *b"-");
        match self.args.iter().any(|word| word == b"-") || self.arguments.options.iter().any(is_input) {
            true => Err("it reads standard input, and a preview has none".to_owned()),
            false => Ok(()),
        }
    }

    /// Every option is one that the preview passes on or leaves out.
    fn knows_all_options(&self, show: &Show, parts: &[Part]) -> Result<(), String> {
        let takes_all = parts.iter().any(|part| matches!(part, Part::Arguments(_)));
        let listed: Vec<&str> = lists(show, parts).map(|name| name.trim_end_matches('=')).collect();
        for given in &self.arguments.options {
            if takes_all {
                continue;
            }
            if !is_one_of(given, &listed) {
                return Err(format!("what `{}` changes is not known to the preview", given.name));
            }
            if given.certainty != Certainty::Sure || given.perhaps.is_some() {
                return Err(format!("how `{}` reads is not certain", given.name));
            }
        }
        match self.arguments.operands.iter().all(|operand| operand.certainty == Certainty::Sure) || takes_all
        {
            true => Ok(()),
            false => Err("how its options read is not certain".to_owned()),
        }
    }

    fn has_taken_all(&self) -> Result<(), String> {
        match self.taken_operands.iter().position(|taken| !taken) {
            Some(place) => Err(format!("what `{}` changes is not known to the preview", self.shown(place))),
            None => Ok(()),
        }
    }

    fn words(&mut self, part: &Part) -> Result<Vec<Vec<u8>>, String> {
        match part {
            Part::Word(word) => Ok(vec![word.clone().into_bytes()]),
            Part::Program => {
                let name = self.subject.action.program.as_literal().filter(|name| !name.is_empty());
                name.map(|name| vec![name])
                    .ok_or_else(|| "its program is not known before it runs".to_owned())
            }
            Part::Options(names) => Ok(self.options(names, 0)),
            Part::Global(names) => Ok(self.options(names, self.subcommand)),
            Part::Operands => (0..self.operands.len()).map(|place| self.operand(place)).collect(),
            Part::Operand(place, usual) => match (self.operands.len() >= *place, usual) {
                (true, _) => Ok(vec![self.operand(place - 1)?]),
                (false, Some(usual)) => Ok(vec![usual.clone().into_bytes()]),
                (false, None) => Err("it names nothing that could be shown".to_owned()),
            },
            Part::Value(names) => match self.only_value(names)? {
                value if value.starts_with(b"-") => Err("a value of it begins like an option".to_owned()),
                value => Ok(vec![value]),
            },
            Part::Arguments(without) => self.all_but(without),
            Part::Pushed => commits::pushed(self),
            Part::Lost => commits::lost(self),
            Part::Rebased => commits::rebased(self),
            Part::RowsOf(names) => rows::query(&self.only_value(names)?).map(|query| vec![query]),
            Part::RowsAt(place) => {
                let statement = self.given_operand(place - 1).ok_or("it names no statement")?;
                rows::query(&statement).map(|query| vec![query])
            }
        }
    }

    /// Returns the operands after the subcommand, all of them: none begins like an option.
    pub(super) fn operands(&mut self) -> Result<Vec<Vec<u8>>, String> {
        (0..self.operands.len()).map(|place| self.operand(place)).collect()
    }

    fn operand(&mut self, place: usize) -> Result<Vec<u8>, String> {
        let word = self.given_operand(place).unwrap_or_default();
        match word.first() {
            Some(b'-') => Err(format!("`{}` begins like an option", self.shown(place))),
            Some(_) => Ok(word),
            None => Err("one of its operands is empty".to_owned()),
        }
    }

    fn given_operand(&mut self, place: usize) -> Option<Vec<u8>> {
        let index = *self.operands.get(place)?;
        *self.taken_operands.get_mut(place)? = true;
        self.args.get(index).cloned()
    }

    fn shown(&self, place: usize) -> String {
        let index = self.operands.get(place).copied().unwrap_or_default();
        String::from_utf8_lossy(self.args.get(index).map_or(&b""[..], |word| word)).into_owned()
    }

    /// Returns those of the options that were given, as they were given; `before` says where the subcommand begins, if they must
    /// stand before it.
    fn options(&self, names: &[String], before: usize) -> Vec<Vec<u8>> {
        let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches('=')).collect();
        let is_meant = |given: &&Given| is_one_of(given, &names) && (before == 0 || given.index < before);
        self.arguments.options.iter().filter(is_meant).flat_map(|given| self.option(given)).collect()
    }

    fn option(&self, given: &Given) -> Vec<Vec<u8>> {
        let name = given.name.clone().into_bytes();
        let value = given.value.as_ref().and_then(Word::certain);
        match (value, given.value_index) {
            (None, _) => vec![name],
            (Some(value), Some(_)) => vec![name, value.into_owned()],
            (Some(value), None) if given.name.starts_with("--") || self.program.single_dash => {
                vec![[&name[..], b"=", &value].concat()]
            }
            (Some(value), None) => vec![[&name[..], &value].concat()],
        }
    }

    /// Returns the value of the one option of these that was given.
    fn only_value(&self, names: &[String]) -> Result<Vec<u8>, String> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut given = self.arguments.options.iter().filter(|given| is_one_of(given, &names));
        match (given.next().and_then(|given| given.value.as_ref()?.certain()), given.next()) {
            (Some(value), None) => Ok(value.into_owned()),
            (Some(_), Some(_)) => Err(format!("`{}` is given several times", names.join("` or `"))),
            (None, _) => Err(format!("`{}` is not given", names.join("` or `"))),
        }
    }

    fn all_but(&mut self, without: &[String]) -> Result<Vec<Vec<u8>>, String> {
        if self.arguments.dashes.is_some() {
            return Err("`--` ends its options, and the preview adds some".to_owned());
        }
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        self.taken_operands.fill(true);
        let dropped: Vec<&Given> =
            self.arguments.options.iter().filter(|given| is_one_of(given, &without)).collect();
        let is_alone =
            |given: &&Given| self.args.get(given.index).is_some_and(|word| *word == *given.name.as_bytes());
        if let Some(bundled) = dropped.iter().find(|given| !is_alone(given)) {
            return Err(format!("`{}` stands together with other options", bundled.name));
        }
        let is_kept = |index: &usize| !dropped.iter().any(|given| given.index == *index);
        Ok((0..self.args.len()).filter(is_kept).filter_map(|index| self.args.get(index).cloned()).collect())
    }
}

fn is_one_of(given: &Given, names: &[&str]) -> bool {
    names.iter().any(|name| *name == given.name || *name == given.canonical)
}

fn lists<'a>(show: &'a Show, parts: &'a [Part]) -> impl Iterator<Item = &'a str> {
    parts.iter().flat_map(Part::options).chain(&show.leaves_out).map(String::as_str)
}

/// Returns what is known of the program, with what the preview says of its options: those that end in `=` take a value, the others
/// none, unless the policy says that they do.
fn informed(program: Option<&Program>, show: &Show, parts: &[Part]) -> Program {
    let mut program = program.cloned().unwrap_or_default();
    for name in lists(show, parts) {
        let known = [&program.values, &program.flags, &program.attached];
        let bare = name.trim_end_matches('=');
        let is_known = known.iter().any(|list| list.iter().any(|known| known == bare))
            || program.values_of.values().flatten().any(|known| known == bare);
        match name.ends_with('=') {
            true if !program.values.iter().any(|known| known == bare) => program.values.push(bare.to_owned()),
            false if !is_known => program.flags.push(bare.to_owned()),
            true | false => {}
        }
    }
    program
}

/// Returns a word as it stands in the script.
fn written(word: &Word) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(bytes) | Piece::Glob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Piece::Dynamic { text, .. } => text.to_string(),
    };
    word.pieces.iter().map(piece).collect()
}
