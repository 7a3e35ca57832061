//! What an entry can be about: a closed list, each one known to the verifier.

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        /// The type of an entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// Returns its name in an entry.
            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)*
                }
            }

            /// Returns the kind with this name, or `None` where the list has none.
            pub fn named(name: &str) -> Option<Kind> {
                match name {
                    $($name => Some(Kind::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Genesis = "genesis",
    Judged = "judged",
    Request = "request",
    RequestExpired = "request.expired",
    RequestCancelled = "request.cancelled",
    RequestInvalidated = "request.invalidated",
    Decision = "decision",
    DecisionRefused = "decision.refused",
    ExecStart = "exec.start",
    ExecEnd = "exec.end",
    ExecLost = "exec.lost",
    GrantUsed = "grant.used",
    GrantRevoked = "grant.revoked",
    PolicyLoaded = "policy.loaded",
    PolicyChanged = "policy.changed",
    ApproverChanged = "approver.changed",
    KeyRotated = "key.rotated",
    Checkpoint = "checkpoint",
    Anchor = "anchor",
    ClockStep = "clock.step",
    LogDiskLow = "log.disk_low",
    VerifyRun = "verify.run",
    ExportRun = "export.run",
    Redact = "redact",
    Prune = "prune",
    Restore = "restore",
    BreakGlass = "break_glass",
}
