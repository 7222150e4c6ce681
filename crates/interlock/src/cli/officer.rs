use std::path::PathBuf;

use clap::Args;
use kernel::governance::Subject;

/// Whose key signs, and how the node is reached.
#[derive(Debug, Args)]
pub(crate) struct Officer {
    /// The officer's key (by default the file that INTERLOCK_KEY names, else `keys/officer.skey` of the domain)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// The node's socket, where it is elsewhere than in the domain's folder
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Reads a subject, and says what was meant where it lacks its kind.
pub(super) fn subject(text: &str) -> Result<Subject, String> {
    let kinds = ["domain", "zone", "node", "workload", "execution"];
    match text.split_once(':') {
        Some(_) => text.parse().map_err(|why: kernel::Malformed| why.to_string()),
        None if text == "domain" => Ok(Subject::Domain),
        None if kinds.contains(&text) => Err(format!("write {text}:NAME")),
        None => Err(format!(
            "write workload:{text}, execution:{text}, zone:{text} or node:{text}, whichever it is"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_without_its_kind_is_told_how_to_write_it() {
        assert_eq!(subject("workload:agent").unwrap().to_string(), "workload:agent");
        assert_eq!(subject("domain").unwrap().to_string(), "domain");
        assert!(subject("agent").unwrap_err().starts_with("write workload:agent, execution:agent"));
        assert_eq!(subject("zone").unwrap_err(), "write zone:NAME");
        assert!(subject("worload:agent").is_err());
    }
}
