//! The script that a shell is started with, where its words leave no doubt which it is.

use std::ffi::CString;

/// Shells, which read one file, and read it once.
pub(super) const SHELLS: [&[u8]; 7] = [b"sh", b"bash", b"dash", b"zsh", b"ksh", b"mksh", b"ash"];

/// Letters of options that take no value and leave the first operand a script, in all of these shells (POSIX sh, "OPTIONS").
const LETTERS: &[u8] = b"aefnuvx";

/// Returns which word of `argv` names the script; `None` where the program is no shell, or another option stands before.
pub(super) fn of(path: &[u8], argv: &[CString]) -> Option<usize> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let mut words = argv.iter().map(|word| word.as_bytes()).enumerate().skip(1);
    let (at, _) = words.find(|(_, word)| !is_plain_option(word))?;
    let at = if argv[at].as_bytes() == b"--" { at + 1 } else { at };
    let word = argv.get(at)?.as_bytes();
    let is_operand =
        at > 1 && argv[at - 1].as_bytes() == b"--" || !word.starts_with(b"-") && !word.starts_with(b"+");
    (SHELLS.contains(&name) && is_operand && !word.is_empty()).then_some(at)
}

fn is_plain_option(word: &[u8]) -> bool {
    let letters = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"+"));
    letters
        .is_some_and(|letters| !letters.is_empty() && letters.iter().all(|letter| LETTERS.contains(letter)))
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    #[track_caller]
    fn case(words: &str, expected: Option<&str>) {
        let argv: Vec<CString> = words.split(' ').map(|word| CString::new(word).unwrap()).collect();
        let at = super::of(argv[0].as_bytes(), &argv);
        assert_eq!(at.map(|at| argv[at].to_str().unwrap()), expected, "{words}");
    }

    #[test]
    fn script_is_the_first_operand_of_a_shell_whose_options_take_no_value() {
        case("/bin/sh x.sh", Some("x.sh"));
        case("bash -e -ux +v x.sh -c", Some("x.sh"));
        case("bash -- -x.sh a", Some("-x.sh"));
        case("bash", None);
        case("bash --", None);
        case("bash -c ls", None);
        case("bash -s x.sh", None);
        case("bash -o errexit x.sh", None);
        case("bash --rcfile x y", None);
        case("bash - x.sh", None);
        case("python3 x.py", None);
    }
}
