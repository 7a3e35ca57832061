//! The command line: one file a subcommand. Each has an `Args` (clap) and a `run`, and returns an [`Exit`].

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Exit;
use crate::ui;

/// A human decision between an autonomous program and a consequential command.
#[derive(Parser)]
#[command(name = "gate", version)]
struct Cli {
    #[command(subcommand)]
    subcommand: Command,
}

#[derive(Subcommand)]
enum Command {}

/// Runs gate with `args` (the program's name first) and returns its exit code.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _closed = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let done: anyhow::Result<Exit> = match cli.subcommand {};
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            ui::error(&error);
            Exit::Failed.into()
        }
    }
}
