use clap::Args;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock completions bash > ~/.local/share/bash-completion/completions/interlock
  interlock completions zsh > ~/.zfunc/_interlock
  interlock completions fish > ~/.config/fish/completions/interlock.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: Shell,
}
