//! The arguments of every command, and the help texts.

mod approvals;
mod backup;
mod bench;
mod erase;
mod error;
mod family;
mod help;
mod machine;
mod node;
mod office;
mod officer;
mod policy;
mod proof;
mod restore;
mod signing;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use ::proof::shown::Shown;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

pub(crate) use approvals::{ApprovalsArgs, ApprovalsCommand, ApproveArgs, MetersArgs};
pub(crate) use backup::BackupArgs;
pub(crate) use bench::{BenchArgs, Measurement};
pub(crate) use erase::EraseArgs;
pub(crate) use family::{DelegateArgs, EndArgs, SpeakerArgs};
pub(crate) use help::color;
pub(crate) use machine::CompletionsArgs;
pub(crate) use node::{
    DemoArgs, HaltArgs, InitArgs, McpArgs, NameValue, RegisterArgs, ServeArgs, StatusArgs,
    TrustArgs,
};
pub(crate) use office::{OfficeAgentArgs, OfficeServerArgs};
pub(crate) use officer::OfficerArgs;
pub(crate) use policy::{BundleArgs, BundleCommand, DecideArgs, DiffArgs, PublishArgs};
pub(crate) use proof::{
    ExplainArgs, LogArgs, LogCommand, LogShowArgs, LogTailArgs, LogVerifyArgs, Range, ReceiptArgs,
    RecordSelector, ReplayArgs, VerifyArgs,
};
pub(crate) use restore::RestoreArgs;
pub(crate) use signing::{
    KeyArgs, ProposeArgs, ProposeCommand, PublishSignedArgs, RolesArgs, SignArgs,
};

use crate::output::ColorChoice;

/// Colours of help and usage errors: those of the terminal's own palette.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::White.on_default().bold())
    .usage(AnsiColor::White.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// Interlock decides, records and proves what AI agents may do.
#[derive(Debug, Parser)]
#[command(name = "interlock", version, styles = STYLES, max_term_width = 100)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: CliCommand,

    /// Write results and errors as JSON, one object a line
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,

    /// Colours: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_default_value = true, hide_possible_values = true, help_heading = "Global options")]
    pub(crate) color: ColorChoice,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    Demo(DemoArgs),

    Init(InitArgs),

    Serve(ServeArgs),

    Status(StatusArgs),

    Mcp(McpArgs),

    Register(RegisterArgs),

    Trust(TrustArgs),

    Halt(HaltArgs),

    Delegate(DelegateArgs),

    End(EndArgs),

    Erase(EraseArgs),

    Backup(BackupArgs),

    Restore(RestoreArgs),

    Approvals(ApprovalsArgs),

    Approve(ApproveArgs),

    Meters(MetersArgs),

    Bundle(BundleArgs),

    Propose(ProposeArgs),

    Sign(SignArgs),

    #[command(name = "publish")]
    PublishSigned(PublishSignedArgs),

    Roles(RolesArgs),

    Key(KeyArgs),

    Decide(DecideArgs),

    Log(LogArgs),

    Receipt(ReceiptArgs),

    Verify(VerifyArgs),

    Replay(ReplayArgs),

    Explain(ExplainArgs),

    Bench(BenchArgs),

    Completions(CompletionsArgs),

    /// Say which layers and test peers this machine has
    ///
    /// Each line names one thing that Interlock uses or is tested with, whether it is here, and
    /// what is lost without it. Nothing is changed.
    Doctor,

    /// Print the version
    Version,

    #[command(hide = true)]
    OfficeServer(OfficeServerArgs),

    #[command(hide = true)]
    OfficeAgent(OfficeAgentArgs),
}

impl Cli {
    /// Reads the command line.
    ///
    /// # Errors
    /// clap's own: a usage error, or a request for the help or the version.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments: Vec<_> = std::env::args_os().collect();
        // Help and usage errors are printed before the arguments are known: `--color` is looked up
        // on its own.
        let color = color(&arguments);
        let matches = Self::grammar().color(color.for_clap()).try_get_matches_from(arguments)?;
        <Self as clap::FromArgMatches>::from_arg_matches(&matches)
    }

    /// clap's error for these arguments. clap parses a copy of them in which everything that a
    /// terminal would act on is escaped, so that the error quotes none of it.
    pub(crate) fn error_of(arguments: &[OsString], color: ColorChoice) -> Option<clap::Error> {
        let shown = arguments.iter().map(|word| Shown(&word.to_string_lossy()).to_string());
        let grammar = Self::grammar().color(color.for_clap());
        let read = grammar.try_get_matches_from(shown);
        read.and_then(|matches| <Self as clap::FromArgMatches>::from_arg_matches(&matches)).err()
    }

    /// The grammar with the grouped help page.
    pub(crate) fn grammar() -> clap::Command {
        let command = <Self as clap::CommandFactory>::command();
        let template = help::page(&command);
        command.help_template(template)
    }
}
