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

/// Claims that the shell may evaluate what this variable is set to.
pub(super) fn is_integer(name: &str, dialect: Dialect) -> bool {
    INTEGERS.contains(&name) || (dialect == Dialect::Zsh && INTEGERS_OF_ZSH.contains(&name))
}
