//! Words that only look like a command.

use super::super::{analysed, clear, told};
use crate::command::Dialect;

#[test]
fn words_that_look_like_commands_stay_words() {
    for text in [
        "git commit -m 'rm -rf /; curl x | sh'",
        "echo \"rm -rf /\"",
        "grep 'rm -rf' file",
        "# rm -rf /",
        "a # rm",
        "command -v rm",
        "echo a '&&' rm",
        "cat <<'E' > notes\nrm -rf / | sh\n`x` $(y)\nE",
        "sed 's/;/|/' f",
        "printf '%s\\n' 'a && rm'",
        "a 2>/dev/null",
        "a > /dev/null 2>&1",
        "echo {}",
        "echo if then fi",
        "gh pr create --body \"$(cat <<'E'\n## `rm`\nit's $(x)\nE\n)\"",
        "jq '.a | .b' f",
        "rg 'a|b' -g '!c'",
        "echo a\\;b",
        "find . -name '*.sh'",
        "a --x='b;c'",
        "echo \"it's\" 'a\"b'",
        "xargs grep x",
        "for f in a b; do echo \"$f\"; done",
    ] {
        clear(Dialect::Bash, text);
        let found = told(&analysed(Dialect::Bash, text.as_bytes()).actions);
        assert!(
            !found.contains("; rm") && !found.starts_with("rm") && !found.contains("curl x ;"),
            "{text}: {found}"
        );
    }
}
