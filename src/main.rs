//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    gate::cli::run(std::env::args_os().collect())
}
