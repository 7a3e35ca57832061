//! The command line: one file a subcommand. Each has an `Args` (clap) and a `run(&Args, &Place)` that returns an [`Exit`], or the exit code of a command it ran.
//!
//! `gate … -- CMD` and `gate … -c STRING` are the hot path: [`hot`] parses them by hand, before anything of clap is built.

mod agent;
mod answer;
mod approver;
mod audit;
mod cancel;
mod completions;
mod demo;
mod desk;
mod doctor;
mod elsewhere;
mod explain;
mod explained;
mod glass;
mod grants;
mod hook;
mod inbox;
mod init;
mod instant;
mod line;
mod plan;
mod policy;
mod request_json;
mod requests;
mod resume;
mod revoke;
mod run;
mod shells;
mod show;
mod signer;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Exit;
use crate::ui;

pub mod hot;

/// A human decision between an autonomous program and a consequential command.
#[derive(Parser)]
#[command(name = "gate", version, about, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(
    override_usage = "gate [OPTIONS] -- CMD [ARG]...\n       gate [OPTIONS] -c STRING [ARG0 [ARG]...]\n       gate SUBCOMMAND"
)]
#[command(before_long_help = HOT, after_long_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    subcommand: Command,
}

/// Where gate's own files are; the same for every subcommand.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Place {
    /// Use DIR for policy, configuration and log instead of the home directory's places
    #[arg(long, value_name = "DIR", global = true)]
    pub home: Option<PathBuf>,
}

const HOT: &str = "\
Running a command:
  gate [OPTIONS] -- CMD [ARG]...            judge CMD, ask if the policy says so, then run it
  gate [OPTIONS] -c STRING [ARG0 [ARG]...]  the same for a shell script; -lc, -ec and -o pipefail -c work too
  gate [OPTIONS] STRING                     the same: one word that can only be shell text (`gate 'ls; id'`)
  gate [OPTIONS] DIR/FILE [ARG]...          a script file; so `#!/usr/bin/gate` works, too
  Options: --home DIR, --reason TEXT, --ticket ID, --wait DURATION, --result FILE (one JSON object
  about what happened), --break-glass \"INC-42: …\" (a person whom the policy names, with their security
  key: --key FILE; reviewed afterwards, see `gate audit review`). GATE_REASON, GATE_TICKET and GATE_RESULT do the same from the environment.
  The command's own exit code passes through. Of gate itself: 124 no decision yet, 125 gate failed, 126 refused, 127 not found.";

const EXAMPLES: &str = "\
Examples:
  gate -- git push --force                       waits for a person, then pushes
  gate --reason 'INC-42' -- kubectl delete ns x  says why, on the card and in the log
  gate -c 'make test && git push'                one request for the whole script
  SHELL=$(command -v gate) some-agent            gate as an agent's shell";

/// Makes one variant and one match arm of each line `Name(module)`: the module has `Args` (clap) and `run(&Args, &Place)`.
macro_rules! subcommands {
    ($($name:ident($module:ident),)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($name($module::Args),)*
        }

        fn dispatch(subcommand: Command, place: &Place) -> anyhow::Result<ExitCode> {
            match subcommand {
                $(Command::$name(args) => $module::run(&args, place).map(Into::into),)*
            }
        }
    };
}

// Adding a subcommand is one line here, one `mod` above and one file.
use answer::{approve, escalate, reject};

subcommands! {
    Inbox(inbox),
    Init(init),
    Doctor(doctor),
    Demo(demo),
    Requests(requests),
    Show(show),
    Approve(approve),
    Reject(reject),
    Escalate(escalate),
    Approver(approver),
    Cancel(cancel),
    Resume(resume),
    Plan(plan),
    Grants(grants),
    Revoke(revoke),
    Audit(audit),
    Completions(completions),
    Explain(explain),
    Hook(hook),
    Policy(policy),
    Agent(agent),
}

/// Returns gate's command line as clap knows it, for help and completions.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs gate with `args` (the program's name first) and returns its exit code.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let done = match hot::parse(&args) {
        Ok(Some(call)) => run::run(call),
        Ok(None) => subcommand(args),
        Err(problem) => Err(problem.into()),
    };
    let exit = done.unwrap_or_else(|error| {
        ui::error(&error);
        Exit::Failed.into()
    });
    if ui::is_answer_lost() { Exit::Failed.into() } else { exit }
}

fn subcommand(args: Vec<OsString>) -> anyhow::Result<ExitCode> {
    match Cli::try_parse_from(args) {
        Ok(cli) => dispatch(cli.subcommand, &cli.place),
        Err(error) => {
            let _closed = error.print();
            Ok(ExitCode::from(error.exit_code() as u8))
        }
    }
}
