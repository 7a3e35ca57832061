use super::{Arguments, Certainty};
use crate::shell::{Piece, Program, Runs, Span, Truth, Word};

/// `$x` is unquoted and unknown, `"$x"` quoted and unknown, `*` a glob; the rest is literal.
fn word(text: &str) -> Word {
    let mut word = Word { pieces: Vec::new(), span: Span::default() };
    for part in text.split_inclusive(['$', '*', '@']) {
        let (before, mark) = part.split_at(part.len() - usize::from(part.ends_with(['$', '*', '@'])));
        if !before.is_empty() {
            word.pieces.push(Piece::Literal(before.into()));
        }
        match mark {
            "$" => word.pieces.push(Piece::Dynamic { text: "$x".to_owned(), splits: true }),
            "@" => word.pieces.push(Piece::Dynamic { text: "$x".to_owned(), splits: false }),
            "*" => word.pieces.push(Piece::Glob(b"*".to_vec())),
            _ => {}
        }
    }
    word
}

fn words(text: &str) -> Vec<Word> {
    text.split_whitespace().map(word).collect()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn tool() -> Program {
    Program {
        values: strings(&["-n", "--namespace", "-C", "--context"]),
        flags: strings(&["-v", "--verbose", "--paginate"]),
        ..Program::default()
    }
}

fn mark(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Sure => "",
        Certainty::Likely => "?",
        Certainty::Possible => "??",
    }
}

/// Options with their values, then operands, then what could be anything.
fn shown(args: &[Word], read: &Arguments) -> String {
    let text = |word: &Word| {
        let text = |piece: &Piece| match piece {
            Piece::Literal(bytes) | Piece::Glob(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            Piece::Dynamic { splits: true, .. } => "$".to_owned(),
            Piece::Dynamic { splits: false, .. } => "@".to_owned(),
        };
        word.pieces.iter().map(text).collect::<String>()
    };
    let mut out = Vec::new();
    for given in &read.options {
        let value = given.value.as_ref().map_or(String::new(), |value| format!("={}", text(value)));
        let perhaps = given.perhaps.map_or(String::new(), |at| format!("~{}", text(&args[at])));
        out.push(format!("{}{}{value}{perhaps}", given.canonical, mark(given.certainty)));
    }
    out.push("|".to_owned());
    for operand in &read.operands {
        out.push(format!("{}{}", text(&args[operand.index]), mark(operand.certainty)));
    }
    for unknown in &read.unknown {
        let glob = if unknown.glob { "*" } else { "" };
        out.push(format!("<{}{glob}>", unknown.prefix));
    }
    out.join(" ")
}

#[track_caller]
fn case(program: &Program, given: &str, expected: &str) {
    let args = words(given);
    assert_eq!(shown(&args, &Arguments::read(&args, Some(program))), expected, "{given}");
}

#[test]
fn options_bundles_and_values_are_read_as_getopt_does() {
    case(&tool(), "-n prod get pods", "-n=prod | get pods");
    case(&tool(), "-nprod get", "-n=prod | get");
    case(&tool(), "--namespace=prod get", "--namespace=prod | get");
    case(&tool(), "-vn prod get", "-v -n=prod | get");
    case(&tool(), "-vnprod get", "-v -n=prod | get");
    case(&tool(), "get -- -n prod", "| get -n prod");
    case(&tool(), "- -v", "-v | -");
    case(&tool(), "-n", "-n |");
}

#[test]
fn a_value_may_only_be_attached_or_only_follow_a_subcommand() {
    let tool = Program {
        flags: strings(&["-i", "-t"]),
        attached: strings(&["-j", "--jobs"]),
        values_of: [("build".to_owned(), strings(&["-t"]))].into(),
        ..Program::default()
    };
    case(&tool, "-j4 all", "-j=4 | all");
    case(&tool, "-j all", "-j | all");
    case(&tool, "-j$ all", "-j=$ | all? <>");
    case(&tool, "--jobs=4 --jobs all", "--jobs=4 --jobs | all");
    case(&tool, "exec -it web ls", "-i -t | exec web ls");
    case(&tool, "build -t @ .", "-t=@ | build .");
    case(&tool, "-t build .", "-t | build .");
    case(&tool, "@ build -t x", "-t? | @?? build? x? <>");
}

#[test]
fn an_option_that_is_not_listed_may_swallow_the_next_word() {
    case(&tool(), "--force get", "--force~get | get?");
    case(&tool(), "--force -v get", "--force~-v -v? | get");
    case(&tool(), "-rf get pods", "-r -f?~get | get? pods");
    case(&tool(), "--force=1 get", "--force=1 | get");
    case(&tool(), "--force -- -n", "--force~-- -n?? | -n?");
}

#[test]
fn long_options_may_be_abbreviated() {
    case(&tool(), "--verb get", "--verbose~get | get?");
    case(&tool(), "--conte=prod get", "--context=prod | get");
    case(&tool(), "--ver --na x", "--verbose~--na --namespace?~x | x?");
}

#[test]
fn unknown_words_could_be_anything() {
    case(&tool(), "$ get -v", "-v? | $?? get? <>");
    case(&tool(), "@ get", "| @?? get? <>");
    case(&tool(), "a$ get", "| a$ get? <>");
    case(&tool(), "a@ get", "| a@ get");
    case(&tool(), "* get -v", "-v | * get? <*>");
    case(&tool(), "-n $ get", "-n=$ | get? <>");
    case(&tool(), "-n @ get", "-n=@ | get");
    case(&tool(), "--context=@ get", "--context=@ | get");
    case(&tool(), "--con@ get", "| get? <--con>");
    case(&tool(), "-v@ get", "-v | get? <->");
    case(&tool(), "get -- @ $", "| get @ $");
}

#[test]
fn options_may_be_required_to_come_first() {
    let first = Program { options_first: true, values: strings(&["-u"]), ..Program::default() };
    case(&first, "-u root rm -rf /", "-u=root | rm -rf /");
    case(&first, "-u root -- rm -rf /", "-u=root | rm -rf /");
    case(&first, "$ rm -rf /", "-r? -f?~/ | $?? rm? /? <>");
}

#[test]
fn single_dash_programs_have_no_bundles_and_inner_commands_are_stepped_over() {
    let runs = Runs { between: strings(&["-exec"]), until: strings(&[";", "+"]), ..Runs::default() };
    let find = Program {
        single_dash: true,
        values: strings(&["-name"]),
        flags: strings(&["-delete"]),
        runs: Some(runs),
        ..Program::default()
    };
    case(&find, ". -name *.txt -delete", "-name=*.txt -delete | .");
    case(&find, ". -exec rm -rf / ; -delete", "-exec -delete | .");
    case(&find, ". --delete", "-delete | .");
    case(&find, ". -exec rm -delete", "-exec | .");
}

#[track_caller]
fn subcommand(given: &str, name: &str, expected: Truth) {
    let args = words(given);
    assert_eq!(
        Arguments::read(&args, Some(&tool())).has_subcommand(&args, name),
        expected,
        "{given}: {name}"
    );
}

#[test]
fn subcommands_are_certain_only_after_listed_options() {
    subcommand("push", "push", Truth::Yes);
    subcommand("-n prod push", "push", Truth::Yes);
    subcommand("-v remote -v remove x", "remote remove", Truth::Yes);
    subcommand("push origin", "remote", Truth::No);
    subcommand("remote", "remote remove", Truth::No);
    subcommand("--odd push", "push", Truth::Maybe);
    subcommand("--odd x push", "push", Truth::Maybe);
    subcommand("--odd x push", "x", Truth::Maybe);
    subcommand("remote --odd x remove", "remote remove", Truth::Maybe);
    subcommand("remote --odd x remove", "remote add", Truth::No);
    subcommand("$ push", "push", Truth::Maybe);
    subcommand("@", "remote remove", Truth::Maybe);
    subcommand("@ remove", "remote remove", Truth::Maybe);
    subcommand("pu@", "push", Truth::Maybe);
    subcommand("pa@", "push", Truth::No);
    subcommand("", "push", Truth::No);
}
