use std::num::ParseIntError;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::domain::LogChoice;
use crate::exit::{Exit, Failure};

/// Verify, show or follow a log
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

/// The commands about logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    Verify(LogVerifyArgs),
    Show(LogShowArgs),
    Tail(LogTailArgs),
}

/// Re-read a whole log and check every hash and signature
///
/// Checks the signed head, every tile against it, and every entry against its tile. In a domain's
/// folder both logs are checked, every governance record against its officer's signature, and the
/// lineage log's key against the one that governance registered. Ends with 2 when anything was
/// altered.
///
/// A key that lies beside a log proves nothing by itself: give the one that you know with --vkey.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock log verify
  interlock log verify /var/lib/interlock/lineage --vkey acme-lineage.vkey
  interlock log verify --json | jq .root")]
pub(crate) struct LogVerifyArgs {
    /// A domain's folder, or a log's
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Only this log: `lineage`, `governance`, or the folder of a log
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Option<LogChoice>,

    /// The public key to trust: the key itself, or its file (for one log)
    #[arg(long, value_name = "FILE|KEY")]
    pub(crate) vkey: Option<String>,
}

/// Show records: all, one, or a range
///
/// Shows what is written, published or not. Without a range, all records; one index shows the whole
/// record.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock log show 17
  interlock log show /var/lib/interlock 100..120 --log governance
  interlock log show --json | jq 'select(.record.type == \"transition.decided\")'")]
pub(crate) struct LogShowArgs {
    /// A domain's folder, or a log's (by default the folder that you are in)
    #[arg(value_name = "DIR")]
    pub(crate) first: Option<String>,

    /// An index (17), or a range without its end (10..20, 10.., ..5)
    #[arg(value_name = "INDEX|RANGE")]
    pub(crate) second: Option<String>,

    /// Which log: `lineage` (unless DIR is a log), `governance`, or the folder of a log
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Option<LogChoice>,
}

impl LogShowArgs {
    /// The folder, and which records.
    pub(crate) fn place(&self) -> Result<(PathBuf, Option<Range>), Failure> {
        split(self.first.as_deref(), self.second.as_deref())
    }
}

/// Show the last records, and follow new ones
///
/// Prints a line for each of the last records, as `interlock log show` does, and ends; with
/// --follow it goes on until interrupted. Those that are written and not yet published are shown
/// too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock log tail office -n 50
  interlock log tail office --follow
  interlock log tail office --log governance --json")]
pub(crate) struct LogTailArgs {
    /// A domain's folder, or a log's
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// How many records to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) records: u64,

    /// Go on showing records as they are written, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// Which log: `lineage` (unless DIR is a log), `governance`, or the folder of a log
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Option<LogChoice>,
}

/// Which record is meant.
#[derive(Debug, Args)]
pub(crate) struct RecordAtArgs {
    /// The domain's folder (by default the folder that you are in)
    #[arg(value_name = "DIR")]
    first: Option<String>,

    /// The record's index in its log
    #[arg(value_name = "INDEX")]
    second: Option<String>,

    /// Instead of the index: the execution whose record is meant (the beginning of its id is
    /// enough)
    #[arg(long, value_name = "ID", allow_hyphen_values = true, requires = "seq")]
    execution: Option<String>,

    /// The record's place in that execution, from 0
    #[arg(long, value_name = "N", requires = "execution")]
    seq: Option<u64>,
}

/// One record of a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RecordSelector {
    /// By its index in the log.
    At(u64),
    /// By the beginning of its execution's id, and its place there.
    Of(String, u64),
}

impl RecordAtArgs {
    /// The folder, and which record.
    pub(crate) fn place(&self) -> Result<(PathBuf, RecordSelector), Failure> {
        let (folder, index) = split(self.first.as_deref(), self.second.as_deref())?;
        match (index, &self.execution, self.seq) {
            (Some(index), None, None) => Ok((folder, RecordSelector::At(index))),
            (None, Some(execution), Some(seq)) => {
                Ok((folder, RecordSelector::Of(execution.clone(), seq)))
            }
            _ => Err(Failure::new(Exit::Usage, "name one record")
                .help("give its index, or --execution ID and --seq N")),
        }
    }
}

/// The words `[DIR] [WHICH]`, either of which may be left out: a first word that can be read as the
/// second is it.
fn split<T: FromStr>(
    first: Option<&str>,
    second: Option<&str>,
) -> Result<(PathBuf, Option<T>), Failure> {
    match (first, second) {
        (None, _) => Ok((PathBuf::from("."), None)),
        (Some(word), None) => match word.parse() {
            Ok(which) => Ok((PathBuf::from("."), Some(which))),
            Err(_) => Ok((PathBuf::from(word), None)),
        },
        (Some(folder), Some(word)) => match word.parse() {
            Ok(which) => Ok((PathBuf::from(folder), Some(which))),
            Err(_) => Err(Failure::new(Exit::Usage, format!("`{word}` is no index"))
                .help("write an index such as 17, or, of `log show`, a range such as 10..20")),
        },
    }
}

/// Write a record's receipt: proof that it stands in the log
///
/// A receipt is one file (C2SP tlog-proof) with the record, its place in the log, and the log's
/// signed head. Anybody who knows the log's public key can check it offline: `interlock verify`, or
/// spec/verify.py. Waits until the record is published, which takes a moment after it was written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock receipt 17 --out 17.tlog-proof
  interlock receipt --execution 4ec1ab --seq 3 | interlock verify - --vkey lineage/vkey")]
pub(crate) struct ReceiptArgs {
    #[command(flatten)]
    pub(crate) record: RecordAtArgs,

    /// Which log: `lineage` (unless DIR is a log), `governance`, or the folder of a log
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Option<LogChoice>,

    /// Write the receipt here instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Write over a file that is no receipt of this record
    #[arg(long, requires = "out")]
    pub(crate) force: bool,

    /// How long to wait until the record is published
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) wait: u64,
}

/// Check a receipt or a promise offline
///
/// Prints the record that is proven to stand in the log of that key. Nothing but the file and the
/// key is read. Ends with 2 when the receipt proves nothing. A promise proves that the log's key
/// bound itself to the record's place before a checkpoint covered it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock verify 17.tlog-proof --vkey acme-lineage.vkey
  interlock verify 17.tlog-proof --vkey 'acme.example/lineage/n1+3ad2cf40+AT0...' --json | jq .record")]
pub(crate) struct VerifyArgs {
    /// The receipt or promised record; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) receipt: PathBuf,

    /// The public key of the log: the key itself, or its file
    #[arg(long, value_name = "FILE|KEY")]
    pub(crate) vkey: String,

    /// The record, where the file does not hold it
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

/// Derive every decision again and compare
///
/// Follows a domain's logs from their first records and decides every request again, from what is
/// on record alone. The bytes must be the same: `different` above 0 is a defect or a forgery, and
/// ends with 2. A decision whose private part was erased, on record, is `not_replayable`. One that
/// is missing or damaged otherwise is counted apart, and ends with 2.
///
/// With --bundle, history is decided by that bundle instead, and `different` counts the requests
/// whose decision or code would have been another: what a new policy would have changed. That ends
/// with 0.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock replay
  interlock replay /var/lib/interlock --json | jq '{identical, different, not_replayable, per_s}'
  interlock replay --bundle my-new-bundle")]
pub(crate) struct ReplayArgs {
    /// The domain's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Decide by the bundle in this folder instead of those on record
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) bundle: Option<PathBuf>,

    /// Decide by this version of the decider, whatever the bundles on record name
    #[arg(long, value_name = "N", conflicts_with = "bundle")]
    pub(crate) semantics: Option<u64>,

    /// How many differences to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,
}

/// Explain a decision: who asked what, each check, each policy
///
/// Opens the private part beside the log, so it needs the domain's own folder, not a public copy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock explain 17
  interlock explain /var/lib/interlock --execution 4ec1ab --seq 3")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) record: RecordAtArgs,
}

/// One index, or a range of them without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// One record.
    One(u64),
    /// From, and up to but not with.
    Between(u64, u64),
}

impl FromStr for Range {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bound =
            |text: &str, otherwise| if text.is_empty() { Ok(otherwise) } else { text.parse() };
        match text.split_once("..").filter(|_| text != "..") {
            Some((from, to)) => Ok(Self::Between(bound(from, 0)?, bound(to, u64::MAX)?)),
            None => Ok(Self::One(text.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests;
