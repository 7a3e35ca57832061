//! The edge to the operating system: the real [`Host`], what a command is bound to, and running it.
//!
//! MUST rules of this layer:
//! 1. Nothing here decides: a command starts only with an [`Approved`](crate::approval::Approved) in hand.
//! 2. What starts is a file found by gate, by absolute path, never one of gate's own links.
//! 3. The child gets what gate inherited: environment, descriptors, terminal, signal dispositions and mask.
//! 4. A fact that cannot be read is unknown; it is never guessed, and no process is started to find it.
//! 5. `unsafe` only in modules that say so at their head, each with its SAFETY comment.

mod apart;
mod attention;
#[cfg(target_os = "linux")]
mod beside;
#[cfg(not(target_os = "linux"))]
#[path = "beside/elsewhere.rs"]
mod beside;
mod bind;
#[cfg(target_os = "linux")]
mod checked;
#[cfg(not(target_os = "linux"))]
#[path = "checked/elsewhere.rs"]
mod checked;
mod child;
mod facts;
#[cfg(target_os = "linux")]
mod given;
#[cfg(not(target_os = "linux"))]
#[path = "given/elsewhere.rs"]
mod given;
mod guard;
#[cfg(target_env = "musl")]
mod heap;
mod host;
mod inherited;
mod input;
mod interactive;
mod kept;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(not(target_os = "linux"))]
#[path = "kernel/elsewhere.rs"]
mod kernel;
#[cfg(target_os = "linux")]
mod line;
#[cfg(not(target_os = "linux"))]
#[path = "line/elsewhere.rs"]
mod line;
mod lineage;
mod mentioned;
mod origin;
mod preview;
mod process;
mod reading;
mod run;
#[cfg(target_os = "linux")]
mod sealed;
#[cfg(not(target_os = "linux"))]
#[path = "sealed/elsewhere.rs"]
mod sealed;
#[cfg(target_os = "linux")]
mod session;
#[cfg(not(target_os = "linux"))]
#[path = "session/elsewhere.rs"]
mod session;
mod shell;
mod signals;
mod ssh_keygen;
mod terminal;
mod trust;
mod user;
mod vfork;

pub use apart::apart;
pub use attention::{Attention, Told, stay_in_front};
pub use bind::{Binding, Gathered, STREAM, bind, is_told_by_input};
pub use child::Ended;
pub use guard::guard;
pub use host::Host;
pub use inherited::is_null_device;
pub use input::{Input, LARGEST_INPUT, Unread, read_to_end};
pub use interactive::{Interactive, become_interactive};
pub use kept::keep_the_index;
pub use line::stand_in_line;
pub use lineage::{is_of_here, lineage, runner};
pub use origin::{is_alive, origin, origin_with_ancestors};
pub use preview::{Limits, preview};
pub use process::raise_again;
pub use reading::{Reading, is_warning, read_by_shell, read_by_zsh};
pub use run::{Fault, NotStarted, Ready, Seen, Start};
pub use session::{Heard, Session};
pub use shell::{real_shell, shell_name};
pub use ssh_keygen::{key_text, sign};
pub use terminal::leave_for_a_terminal;
pub use user::User;
