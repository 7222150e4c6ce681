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

pub(crate) use approvals::{Approvals, ApprovalsCommand, Approve, Meters};
pub(crate) use backup::Backup;
pub(crate) use bench::{Bench, Measured};
pub(crate) use erase::Erase;
pub(crate) use family::{Delegate, End};
pub(crate) use help::color;
pub(crate) use machine::Completions;
pub(crate) use node::{Demo, Halt, Init, Mcp, NameValue, Register, Serve, Status, Trust};
pub(crate) use office::{OfficeAgent, OfficeServer};
pub(crate) use officer::Officer;
pub(crate) use policy::{Bundle, BundleCommand, Decide, Diff, Publish};
pub(crate) use proof::{
    Explain, Log, LogCommand, LogShow, LogTail, LogVerify, Range, Receipt, Record, Replay, Verify,
};
pub(crate) use restore::Restore;
pub(crate) use signing::{Key, Propose, Proposed, PublishSigned, Roles, Sign};

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
    pub(crate) command: Command,

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
pub(crate) enum Command {
    Demo(Demo),

    Init(Init),

    Serve(Serve),

    Status(Status),

    Mcp(Mcp),

    Register(Register),

    Trust(Trust),

    Halt(Halt),

    Delegate(Delegate),

    End(End),

    Erase(Erase),

    Backup(Backup),

    Restore(Restore),

    Approvals(Approvals),

    Approve(Approve),

    Meters(Meters),

    Bundle(Bundle),

    Propose(Propose),

    Sign(Sign),

    #[command(name = "publish")]
    PublishSigned(PublishSigned),

    Roles(Roles),

    Key(Key),

    Decide(Decide),

    Log(Log),

    Receipt(Receipt),

    Verify(Verify),

    Replay(Replay),

    Explain(Explain),

    Bench(Bench),

    Completions(Completions),

    /// Say which layers and test peers this machine has
    ///
    /// Each line names one thing that Interlock uses or is tested with, whether it is here, and what is lost without
    /// it. Nothing is changed.
    Doctor,

    /// Print the version
    Version,

    #[command(hide = true)]
    OfficeServer(OfficeServer),

    #[command(hide = true)]
    OfficeAgent(OfficeAgent),
}

impl Cli {
    /// Reads the command line.
    ///
    /// # Errors
    /// What clap says: a usage error, or a wish for help or the version.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments: Vec<_> = std::env::args_os().collect();
        // Help and usage errors are printed before the arguments are known: `--color` is looked up on its own.
        let color = color(&arguments);
        let matches = Self::grammar().color(color.for_clap()).try_get_matches_from(arguments)?;
        <Self as clap::FromArgMatches>::from_arg_matches(&matches)
    }

    /// What clap says of these arguments, of which nothing that a terminal would act on is quoted: it is asked about
    /// a copy in which that is shown as escapes.
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
