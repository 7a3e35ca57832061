//! The policy's answers, and the words they are written with.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Makes an ordered enum whose values have one written form, in TOML, JSON and on screens.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $what:literal, $expected:literal { $($(#[$doc:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $value,)* }

        impl $name {
            /// All values, in order.
            pub const ALL: &'static [$name] = &[$($name::$value,)*];

            /// Returns the written form.
            pub fn word(self) -> &'static str {
                match self { $($name::$value => $word,)* }
            }

            /// Returns the value that `word` is the written form of.
            pub fn parse(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                $name::parse(&word).ok_or_else(|| {
                    serde::de::Error::custom(format!(concat!("unknown ", $what, " `{}`, expected ", $expected), word))
                })
            }
        }
    };
}

words! {
    /// What the policy answers, the strictest last.
    Verdict, "verdict", "`allow`, `ask` or `deny`" {
        /// It may run.
        Allow = "allow",
        /// A person decides.
        Ask = "ask",
        /// It does not run.
        Deny = "deny",
    }
}

words! {
    /// How bad it would be: picks how much approval an `ask` needs.
    Risk, "risk", "`low`, `medium`, `high` or `critical`" {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

words! {
    /// Whether gate holds back what the policy does not allow.
    Mode, "mode", "`enforce` or `observe`" {
        /// Judge, ask, refuse.
        Enforce = "enforce",
        /// Judge and record, but run; the floor still holds.
        Observe = "observe",
    }
}

words! {
    /// How strongly a decision is tied to a person, the strongest last.
    Assurance, "assurance", "`asserted`, `tty`, `chat`, `login`, `key` or `hardware`" {
        Asserted = "asserted",
        Tty = "tty",
        Chat = "chat",
        Login = "login",
        Key = "key",
        Hardware = "hardware",
    }
}

words! {
    /// How long an approval may stay valid, the strictest first.
    GrantLimit, "grant", "`once`, `uses` or `timed`" {
        /// One run.
        Once = "once",
        /// A number of runs.
        Uses = "uses",
        /// Any number of runs for a while.
        Timed = "timed",
    }
}

#[cfg(test)]
mod tests {
    use super::{Assurance, Risk, Verdict};

    #[test]
    fn words_are_ordered_and_parse_back() {
        assert!(Verdict::Allow < Verdict::Ask && Verdict::Ask < Verdict::Deny);
        assert!(Risk::Low < Risk::Medium && Risk::High < Risk::Critical);
        assert!(Assurance::Tty < Assurance::Chat && Assurance::Key < Assurance::Hardware);
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.word()), Some(*verdict));
        }
        assert_eq!(Verdict::parse("Allow"), None);
    }
}
