//! Checks that the logs in a domain's folder belong to the names in its `interlock.toml`.

use node::Options;
use proof::note::VerifierKey;

use super::FILE;
use crate::exit::{Exit, Failure};

/// Compares both names with the keys that lie beside the logs. A missing or unreadable key passes:
/// the code that needs it reports it.
pub(super) fn check(options: &Options) -> Result<(), Failure> {
    let Some(domain) = name_of(options, "governance") else { return Ok(()) };
    let domain = domain.strip_suffix("/governance").unwrap_or(&domain);
    if domain != options.domain {
        return Err(name_mismatch(options, "domain.name", &options.domain, "governance", domain));
    }
    let Some(lineage) = name_of(options, "lineage") else { return Ok(()) };
    match lineage.strip_prefix(&format!("{domain}/lineage/")) {
        Some(node) if node != options.node => {
            Err(name_mismatch(options, "node.name", &options.node, "lineage", node))
        }
        _ => Ok(()),
    }
}

/// The name of a log's key, which is the log's origin.
fn name_of(options: &Options, log: &str) -> Option<String> {
    let reader = ledger::Reader::open(&options.folder.join(log)).ok()?;
    let key: VerifierKey = reader.vkey().ok()?.parse().ok()?;
    Some(key.name().to_owned())
}

/// The configuration's `key` says `said`, and the log's own name is `own`.
fn name_mismatch(options: &Options, key: &str, said: &str, log: &str, own: &str) -> Failure {
    let file = options.folder.join(FILE);
    let what = format!(
        "`{key}` in `{}` says `{said}`, and the {log} log there is `{own}`'s",
        file.display()
    );
    Failure::new(Exit::Config, what)
        .help(format!("write `{own}` there, or name the folder of the domain that you mean"))
}
