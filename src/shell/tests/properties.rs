//! What must hold for any text.

use proptest::prelude::*;

use super::{Machine, analysed, script, table, told};
use crate::command::Dialect;
use crate::shell::{Analysis, Piece, analyse};

/// Pieces that shell texts are made of.
const PIECES: [&str; 60] = [
    "a",
    "rm",
    "x=1",
    " ",
    " ",
    " ",
    "\n",
    ";",
    "&",
    "|",
    "&&",
    "||",
    "(",
    ")",
    "{ ",
    " }",
    "'",
    "\"",
    "`",
    "$",
    "$(",
    "${",
    "}",
    "$((",
    "))",
    "((",
    "[[ ",
    " ]]",
    "if ",
    "then ",
    "else ",
    "fi",
    "for x in ",
    "do ",
    "done",
    "case ",
    " in ",
    "esac",
    ";;",
    "<<E",
    "E\n",
    "<<<",
    "<(",
    ">",
    "2>&1",
    "\\",
    "\\\n",
    "#",
    "*",
    "[",
    "]",
    "{a,b}",
    "~",
    "=",
    "f() ",
    "eval ",
    "bash -c ",
    "cd ",
    "$x",
    "é",
];

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

fn is_opaque(analysis: &Analysis) -> bool {
    analysis.actions.iter().any(|action| action.opaque.is_some())
}

fn check(dialect: Dialect, text: &[u8]) {
    let found = analyse(&script(dialect, text), &Machine::default(), &table());
    assert_eq!(found.text, text);
    for action in &found.actions {
        let mut spans = vec![action.span, action.program.span];
        spans.extend(action.args.iter().map(|word| word.span));
        spans.extend(action.opaque.iter().map(|opaque| opaque.span));
        for span in spans {
            assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {}", text.len());
        }
        assert!(action.upstream.is_none_or(|index| index < found.actions.len()));
        assert!(action.downstream.is_none_or(|index| index < found.actions.len()));
        let named = action.program.as_literal().is_some_and(|name| !name.is_empty());
        let dynamic = action.program.pieces.iter().any(|piece| !matches!(piece, Piece::Literal(_)));
        assert!(named || !dynamic || action.opaque.is_some(), "a dynamic name is opaque");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(Dialect::Bash, &bytes);
        check(Dialect::Posix, &bytes);
        check(Dialect::Zsh, &bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in texts()) {
        check(Dialect::Bash, text.as_bytes());
        check(Dialect::Posix, text.as_bytes());
        check(Dialect::Zsh, text.as_bytes());
    }

    #[test]
    fn a_command_behind_hides_none_before(text in texts()) {
        let alone = analysed(Dialect::Bash, text.as_bytes());
        let longer = analysed(Dialect::Bash, format!("{text}; zz").as_bytes());
        // What is put behind a text that ends within a quote goes on in it.
        let parsed = crate::shell::parser::parse(text.as_bytes(), Dialect::Bash);
        let is_open = parsed.refusal.is_some_and(|(_, refusal)| refusal.open.is_some());
        if !is_open && !is_opaque(&alone) && !is_opaque(&longer) {
            let (alone, longer) = (told(&alone.actions), told(&longer.actions));
            for name in alone.split(" ; ").filter(|name| !name.is_empty()) {
                prop_assert!(longer.contains(name.trim_end()), "{longer} lacks {name}");
            }
        }
    }
}

#[test]
fn the_worst_texts_of_64_kib_stay_within_the_budget() {
    let size = 64 * 1024;
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let wrap = |open: &str, close: &str| format!("{}{}", open.repeat(40), close.repeat(40));
    for text in [
        fill("$("),
        fill("${x:-"),
        fill("{a,b}"),
        fill("{a,"),
        fill("["),
        fill("[a]"),
        fill("a;"),
        fill("a=b;"),
        fill("x=$x$x;"),
        fill("\\\n"),
        fill("'"),
        fill("\"$x\""),
        fill("`"),
        fill("<<A "),
        fill("((1+"),
        fill("a|"),
        fill("if a;then "),
        fill("f(){ "),
        fill("~:"),
        fill("$((i++))"),
        fill(">a "),
        fill("x=1 "),
        fill("*?["),
        format!("x={}; {}", "ab ".repeat(1000), fill("$x ").split_at(60_000).0),
        wrap("while a; do x=1; ", "done;"),
        fill("eval "),
        fill("! "),
        fill("#\n"),
        fill("a\\"),
        format!("cat {}\n{}", "<<A ".repeat(8000), "A\n".repeat(8000)),
        fill("case a in a) "),
        fill("x[1]=2 "),
        fill("export A=b;"),
        fill("for x in a;do x=1;done;"),
    ] {
        let found = analyse(
            &script(Dialect::Bash, &text.as_bytes()[..text.len().min(size)]),
            &Machine::default(),
            &table(),
        );
        assert!(found.actions.len() <= 1000);
        let bytes: usize =
            found.actions.iter().flat_map(|action| &action.args).map(|word| word.prefix().len()).sum();
        assert!(bytes <= 4 << 20, "{bytes} bytes from {}", &text[..20]);
    }
}
