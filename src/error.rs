//! gate's exit codes: one table, used everywhere and printed in the README.

/// Exit codes of gate itself. A command that ran passes its own code through; a fatal signal is raised again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// A subcommand is done.
    Done = 0,
    /// The answer of a subcommand is no: a check failed.
    No = 1,
    /// Usage of a subcommand (clap's own code); of `gate hook`: the call is blocked.
    Usage = 2,
    /// `gate audit verify`, `gate audit stats`: the log was tampered with.
    Tampered = 10,
    /// `gate audit verify`: it could not run.
    VerifyFailed = 11,
    /// No decision yet or in time, parked or expired: nothing ran.
    NoDecision = 124,
    /// gate itself failed (policy, store, channel, usage of the hot path): nothing ran.
    Failed = 125,
    /// Refused by the policy or an approver, or invalidated: nothing ran.
    Refused = 126,
    /// The command was not found.
    NotFound = 127,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}
