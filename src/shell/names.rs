//! The names that a shell keeps for its own commands.

use crate::command::Dialect;

/// Builtins whose arguments are read as assignments.
pub(super) const DECLARING: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

/// Builtins of bash (5.2, `help`).
const BASH: [&str; 61] = [
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Builtins that every POSIX shell has.
const POSIX: [&str; 37] = [
    "chdir", ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
    "exit", "export", "false", "fc", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd",
    "read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type", "umask", "unset",
];

/// Builtins of zsh that bash does not have.
const ZSH: [&str; 50] = [
    "autoload",
    "bindkey",
    "compadd",
    "comparguments",
    "compcall",
    "compctl",
    "compdescribe",
    "compfiles",
    "compgroups",
    "compquote",
    "compset",
    "comptags",
    "comptry",
    "compvalues",
    "chdir",
    "disable",
    "echotc",
    "echoti",
    "emulate",
    "functions",
    "getln",
    "integer",
    "float",
    "limit",
    "log",
    "print",
    "private",
    "pushln",
    "r",
    "rehash",
    "sched",
    "setopt",
    "stat",
    "strftime",
    "sysopen",
    "ttyctl",
    "unfunction",
    "unhash",
    "unlimit",
    "unsetopt",
    "vared",
    "whence",
    "where",
    "which",
    "zcompile",
    "zle",
    "zmodload",
    "zparseopts",
    "zstyle",
    "zformat",
];

/// Claims that every POSIX shell has `name` as its own command.
pub(super) fn is_posix(name: &str) -> bool {
    POSIX.contains(&name) || matches!(name, "ulimit" | "unalias" | "wait")
}

/// Claims that `name` is carried out by the shell itself.
///
/// Under the name `sh` any builtin of bash counts: the shell may be bash.
pub(super) fn is_builtin(name: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Bash => BASH.contains(&name),
        Dialect::Zsh => BASH.contains(&name) || ZSH.contains(&name),
        Dialect::Posix => POSIX.contains(&name) || BASH.contains(&name),
    }
}

/// Variables of bash that are integers, or were in one of its versions: it evaluates as arithmetic what they are set to, and an index
/// in there runs what it holds. From `initialize_dynamic_variables` in bash's `variables.c`, and tried with 5.2.
const INTEGERS: [&str; 10] = [
    "RANDOM",
    "SRANDOM",
    "OPTIND",
    "HISTCMD",
    "SECONDS",
    "LINENO",
    "BASHPID",
    "BASH_SUBSHELL",
    "BASH_MONOSECONDS",
    "EPOCHSECONDS",
];

/// Those of zsh, beside them: `special_params` in its `params.c`, and tried with 5.9.
const INTEGERS_OF_ZSH: [&str; 25] = [
    "COLUMNS",
    "LINES",
    "UID",
    "EUID",
    "GID",
    "EGID",
    "ERRNO",
    "FUNCNEST",
    "HISTSIZE",
    "SAVEHIST",
    "KEYTIMEOUT",
    "LISTMAX",
    "MAILCHECK",
    "SHLVL",
    "TRY_BLOCK_ERROR",
    "TRY_BLOCK_INTERRUPT",
    "ZLE_RPROMPT_INDENT",
    "TTYIDLE",
    "ZSH_SUBSHELL",
    "PPID",
    "ARGC",
    "BAUD",
    "TMOUT",
    "DIRSTACKSIZE",
    "status",
];

/// Variables of zsh that cannot be exported with a value of one's own, or only by who may: it ends a file that is sourced there, and
/// whoever sources it goes on. `special_params` in its `params.c` and zshmodules(1), and tried with 5.9; those in capitals.
const FIXED_OF_ZSH: [&str; 15] = [
    "ARGC",
    "EGID",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "ERRNO",
    "EUID",
    "GID",
    "HISTCMD",
    "LINENO",
    "PPID",
    "TTYIDLE",
    "UID",
    "USERNAME",
    "ZSH_EVAL_CONTEXT",
    "ZSH_SUBSHELL",
];

/// Those in small letters: arrays that are tied to others, and what its modules list.
const FIXED_OF_ZSH_BEGIN: [&str; 6] = ["dis_", "functions_", "module_", "zsh_", "langinfo", "signals"];

/// Claims that zsh may stop reading a file at the export of a variable of this name. It has no other of its own with a `_` and a small
/// letter in front; without a `_`, it has many.
pub(super) fn is_fixed_in_zsh(name: &str) -> bool {
    let is_small = name.starts_with(|first: char| first.is_ascii_lowercase());
    FIXED_OF_ZSH.contains(&name)
        || (is_small
            && (!name.contains('_') || FIXED_OF_ZSH_BEGIN.iter().any(|begin| name.starts_with(begin))))
}

/// Claims that the shell may evaluate what this variable is set to.
pub(super) fn is_integer(name: &str, dialect: Dialect) -> bool {
    INTEGERS.contains(&name) || (dialect == Dialect::Zsh && INTEGERS_OF_ZSH.contains(&name))
}
