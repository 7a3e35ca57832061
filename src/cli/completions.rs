//! `gate completions SHELL`: what a shell needs to complete gate's subcommands and options.

use clap::ValueEnum;
use clap_complete::Shell;

use super::Place;
use crate::error::Exit;
use crate::ui;

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate completions bash > ~/.local/share/bash-completion/completions/gate
  gate completions zsh  > ~/.zfunc/_gate            # with ~/.zfunc in fpath, before compinit
  gate completions fish > ~/.config/fish/completions/gate.fish")]
pub(super) struct Args {
    /// The shell
    shell: For,
}

/// The shells that gate completes for.
#[derive(Clone, Copy, ValueEnum)]
enum For {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script on standard output.
pub(super) fn run(args: &Args, _place: &Place) -> anyhow::Result<Exit> {
    let shell = match args.shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "gate", &mut script);
    ui::answer(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}
