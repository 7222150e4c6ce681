//! Exit codes, and the report of a failure: what happened, why, and what to do about it.

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use api::problem::{Code, Retry};
use kernel::governance::UNREPLAYED;
use proof::json::{Value, object};

use crate::paint::{Paint, Style};
use crate::stderr::stderr;

/// The HTTP status of what is denied.
const FORBIDDEN: u16 = 403;

/// How the program ends. The numbers are part of the interface: 64 and up are those of
/// `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Ok = 0,
    /// Something outside the program prevented the command.
    Failed = 1,
    /// The answer is no: denied, not verified, different, or a failing test.
    Denied = 2,
    /// The command line is wrong.
    Usage = 64,
    /// The input is malformed.
    Data = 65,
    /// The input is not there.
    NoInput = 66,
    /// The node ended, hangs, can't be reached or has no free place: whether the command took
    /// effect is not known.
    Unanswered = 69,
    /// Reading or writing failed.
    Io = 74,
    /// The node acts on an order, and the order is not on record yet.
    Unrecorded = 75,
    /// The configuration, or the permissions of what it names, are wrong.
    Config = 78,
}

impl Exit {
    /// The word in `--json` errors.
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Usage => "usage",
            Self::Data => "input.malformed",
            Self::NoInput => "input.missing",
            Self::Unanswered => "unanswered",
            Self::Io => "io",
            Self::Unrecorded => "unrecorded",
            Self::Config => "configuration",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Denied => 2,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::NoInput => 66,
            Exit::Unanswered => 69,
            Exit::Io => 74,
            Exit::Unrecorded => 75,
            Exit::Config => 78,
        })
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: Option<String>,
    what: String,
    why: Option<String>,
    help: Option<String>,
    also: Option<Box<str>>,
    is_silent: bool,
}

impl Failure {
    /// A failure with this exit code; `what` is one sentence without a full stop.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            code: None,
            what: what.into(),
            why: None,
            help: None,
            also: None,
            is_silent: false,
        }
    }

    /// A failed read or write. A missing file and a denied permission have exit codes of their own.
    pub(crate) fn io(what: impl Into<String>, why: &io::Error) -> Self {
        if why.kind() == io::ErrorKind::BrokenPipe {
            return Self { is_silent: true, ..Self::new(Exit::Io, what) };
        }
        let exit = match why.kind() {
            io::ErrorKind::NotFound => Exit::NoInput,
            _ => Exit::Io,
        };
        Self::new(exit, what).why(why)
    }

    /// The failure of a node, or of a client of one.
    pub(crate) fn node(why: &node::Error) -> Self {
        let exit = match why.code() {
            "keys" | "server" | "socket.owner" => Exit::Config,
            "governance" | UNREPLAYED | "peer" | "replay" => Exit::Denied,
            "input" => Exit::Data,
            "socket" => Exit::NoInput,
            "ended" | "overload" | "stopping" | "unanswered" => Exit::Unanswered,
            "folder" | "ledger" | "locked" | "output" | "rollback" => Exit::Io,
            "unrecorded" => Exit::Unrecorded,
            _ => Exit::Failed,
        };
        Self::new(exit, why.to_string()).code(why.code())
    }

    /// The failure of a request to a node.
    pub(crate) fn client(why: &client::Error) -> Self {
        let exit = match why {
            client::Error::NotRunning(_) | client::Error::Socket(..) => Exit::NoInput,
            client::Error::Foreign(..) => Exit::Config,
            client::Error::Silent(..)
            | client::Error::Ended(_)
            | client::Error::EndedWhileActing(_) => Exit::Unanswered,
            client::Error::Unrecorded(_) => Exit::Unrecorded,
            client::Error::Unsigned(_) => Exit::Failed,
            client::Error::Unreadable(_) => Exit::Data,
            client::Error::Refused(problem) if problem.code == Code::ServerStart => Exit::Config,
            // A denial is an answer, even where another time it would be another.
            client::Error::Refused(problem)
                if problem.code.retry() == Retry::Later && problem.status != FORBIDDEN =>
            {
                Exit::Unanswered
            }
            client::Error::Refused(_) => Exit::Denied,
        };
        Self::new(exit, why.to_string()).code(why.code())
    }

    /// The cause, in one line.
    pub(crate) fn why(mut self, why: impl Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    /// What to do about it, in one line.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Something that holds although this failed.
    pub(crate) fn also(mut self, what: impl Into<String>) -> Self {
        self.also = Some(what.into().into_boxed_str());
        self
    }

    /// A more exact code for `--json` than the exit code's word.
    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Whether this is its more exact code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// The cause, or what happened where there is none.
    pub(crate) fn cause(&self) -> &str {
        self.why.as_deref().unwrap_or(&self.what)
    }

    /// How the program ends with this failure.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What happened and why, in one sentence.
    pub(crate) fn sentence(&self) -> String {
        match &self.why {
            Some(why) => format!("{}: {why}", self.what),
            None => self.what.clone(),
        }
    }

    /// What to do about it.
    pub(crate) fn advice(self) -> Option<String> {
        self.help
    }

    /// The cause in one line, or what happened where no cause is known.
    pub(crate) fn reason(&self) -> &str {
        self.why.as_deref().unwrap_or(&self.what)
    }

    /// Prints the failure on standard error, as `{"error":{"code","message","help"}}` or as text.
    pub(crate) fn report(&self, is_json: bool, paint: Paint) -> Exit {
        if !self.is_silent {
            match is_json {
                true => stderr(self.to_json()),
                false => self.to_lines(paint).iter().for_each(stderr),
            }
        }
        self.exit
    }

    /// Prints the failure before the arguments are known.
    pub(crate) fn report_plainly(&self) -> Exit {
        self.report(false, Paint::Plain)
    }

    pub(crate) fn to_json(&self) -> String {
        let code = self.code.as_deref().unwrap_or_else(|| self.exit.as_str());
        let error = object([
            ("code", Value::from(code)),
            ("help", Value::from(self.help.as_deref().unwrap_or_default())),
            (
                "message",
                Value::from(match &self.also {
                    Some(also) => format!("{}; {also}", self.sentence()),
                    None => self.sentence(),
                }),
            ),
        ]);
        let line = object([("error", error)]).to_bytes();
        proof::shown::json(&String::from_utf8_lossy(&line))
    }

    #[cfg(test)]
    pub(crate) fn to_text(&self, paint: Paint) -> String {
        self.to_lines(paint).iter().map(|line| format!("{line}\n")).collect()
    }

    fn to_lines(&self, paint: Paint) -> Vec<String> {
        let mut lines = vec![format!("{} {}", paint.text(Style::Bad, "error:"), self.what)];
        lines.extend(self.also.iter().map(|also| format!("  {also}")));
        lines.extend(
            self.why.iter().map(|why| format!("  {} {why}", paint.text(Style::Label, "why: "))),
        );
        lines.extend(
            self.help.iter().map(|help| format!("  {} {help}", paint.text(Style::Label, "help:"))),
        );
        lines
    }
}
