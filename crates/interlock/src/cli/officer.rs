use std::path::PathBuf;

use clap::Args;
use record::governance::Subject;

use super::error::ArgumentError;

/// Whose key signs, and how the node is reached.
#[derive(Debug, Args)]
pub(crate) struct OfficerArgs {
    /// The officer's key (by default the file that INTERLOCK_KEY names, else `keys/officer.skey` of
    /// the domain)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// The node's socket, where it is elsewhere than in the domain's folder
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Reads a subject. The error for a subject without its kind shows the possible forms.
pub(super) fn subject(text: &str) -> Result<Subject, ArgumentError> {
    let kinds = ["domain", "zone", "node", "workload", "execution"];
    match text.split_once(':') {
        Some(_) => Ok(text.parse()?),
        None if text == "domain" => Ok(Subject::Domain),
        None if kinds.contains(&text) => Err(ArgumentError::SubjectName { kind: text.to_owned() }),
        None => Err(ArgumentError::SubjectKind { name: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_without_its_kind_is_told_how_to_write_it() {
        assert_eq!(subject("workload:agent").unwrap().to_string(), "workload:agent");
        assert_eq!(subject("domain").unwrap().to_string(), "domain");
        let error = |text: &str| subject(text).unwrap_err().to_string();
        assert!(error("agent").starts_with("write workload:agent, execution:agent"));
        assert_eq!(error("zone"), "write zone:NAME");
        assert!(subject("worload:agent").is_err());
    }
}
