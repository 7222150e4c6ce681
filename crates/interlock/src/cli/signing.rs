use std::path::PathBuf;

use clap::{Args, Subcommand};
use kernel::limits::PROPOSAL_LIFE_MS_MAX;
use record::governance::Subject;

use super::error::ArgumentError;
use super::family::duration_ms;
use super::officer::subject;

/// Write a change that officers are to sign, into a file
///
/// The proposal names the state of the governance log that it is based on, and until when it may be
/// signed and published. A proposed bundle lies beside it, as OUT.bundle. Nobody has signed it yet:
/// hand the files on, have each officer run `interlock sign`, and bring it with `interlock
/// publish`. `interlock roles` says whose signatures a change needs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock propose office --out new-bundle.json bundle my-bundle
  interlock propose office --out lift.json lift workload:agent
  interlock propose office --out roles.json roles roles.toml")]
pub(crate) struct ProposeArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// For how long it may be signed and published, a day at most
    #[arg(long = "for", value_name = "DURATION", default_value = "24h", value_parser = life_ms)]
    pub(crate) for_ms: i64,

    /// What is proposed.
    #[command(subcommand)]
    pub(crate) change: ProposeCommand,
}

/// For how long signatures may be used.
fn life_ms(text: &str) -> Result<i64, ArgumentError> {
    let ms = duration_ms(text)?;
    match ms <= PROPOSAL_LIFE_MS_MAX {
        true => Ok(ms),
        false => Err(ArgumentError::ProposalLife),
    }
}

/// What can be proposed.
#[derive(Debug, Subcommand)]
pub(crate) enum ProposeCommand {
    /// A bundle decides from here on (role: policy)
    Bundle {
        /// The folder that holds `bundle.toml`
        #[arg(value_name = "DIR")]
        bundle: PathBuf,
    },
    /// A workload may ask (role: registrar)
    Workload {
        /// Its name
        name: String,
        /// The OS user (name or uid) whose processes speak for it
        #[arg(long, value_name = "USER")]
        user: String,
        /// The zone it lives in
        #[arg(long, value_name = "ZONE", default_value = "default")]
        zone: String,
    },
    /// This domain's node, with the lineage key in `keys/` (role: registrar)
    Node,
    /// A trust state (role: trust; one officer lowers)
    Trust {
        /// Whose: domain, zone:NAME, node:NAME, workload:NAME or execution:ID
        #[arg(value_parser = subject)]
        subject: Subject,
        /// The state: trusted, degraded, suspended or revoked
        #[arg(value_parser = super::node::trust)]
        state: record::Trust,
    },
    /// A halt (one officer of trust or root)
    Halt {
        /// Whom
        #[arg(value_parser = subject)]
        subject: Subject,
    },
    /// The end of a halt (role: trust)
    Lift {
        /// Whom
        #[arg(value_parser = subject)]
        subject: Subject,
    },
    /// The end of an execution (role: trust)
    End {
        /// Its whole id
        execution: String,
    },
    /// Other officers or thresholds (role: root, before and after)
    ///
    /// The file has a table for each role: `[roles.policy]`, `threshold = 2`, `keys =
    /// ["alice.vkey", "bob.vkey"]`. The roles root, policy, registrar and trust must be there;
    /// others are groups of approvers.
    Roles {
        /// The file
        file: PathBuf,
    },
    /// A newer version of the decider that bundles may name (role: root)
    Semantics {
        /// Its number
        number: u64,
    },
}

/// Show a proposal, and add an officer's signature to it
///
/// Shows the whole change first: every key with its name and id, every role with its threshold
/// before and after, every policy that comes, goes or changes, the subject, the effect and the
/// expiry. Then it asks; without a terminal it needs --yes. The key is used here and goes nowhere.
/// With --domain the proposal is held against what governs there, and it is said whose signatures
/// are missing still.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock sign new-bundle.json --key ~/keys/alice.skey --domain office
  interlock sign new-bundle.json --key ~/keys/alice.skey --domain office --yes     # in a script")]
pub(crate) struct SignArgs {
    /// The proposal; the signature is added to it
    #[arg(value_name = "FILE")]
    pub(crate) proposal: PathBuf,

    /// The officer's key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// A domain's folder to hold the proposal against
    #[arg(long, value_name = "DIR")]
    pub(crate) domain: Option<PathBuf>,

    /// The folder of the bundle, where one is published (by default FILE.bundle, which `interlock
    /// propose` writes)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,

    /// Sign without asking: you have read what is signed
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Bring a signed proposal to a domain
///
/// A running node acts on it before this command returns. Ends with 2 where the proposal is not
/// acceptable: too few signatures, another log, something newer about the same subject, expired.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock publish new-bundle.json office --bundle my-bundle
  interlock publish lift.json office")]
pub(crate) struct PublishSignedArgs {
    /// The proposal with its signatures
    #[arg(value_name = "FILE")]
    pub(crate) proposal: PathBuf,

    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The folder of the bundle, where one is published (by default FILE.bundle, which `interlock
    /// propose` writes)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,

    /// The node's socket, where it is elsewhere than in the domain's folder
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Show who has which role, and how many must sign
#[derive(Debug, Args)]
pub(crate) struct RolesArgs {
    /// The domain's folder
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,
}

/// Make an officer's key
///
/// Writes a new signing key into a new file that you alone can read, and prints the public key that
/// goes into a domain's roles.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  interlock key alice.skey --name office.example/alice > alice.vkey")]
pub(crate) struct KeyArgs {
    /// The file to make
    pub(crate) file: PathBuf,

    /// The key's name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
}

#[cfg(test)]
mod tests {
    use super::life_ms;

    #[test]
    fn signatures_may_be_used_for_a_day_at_most() {
        assert_eq!(life_ms("24h"), Ok(86_400_000));
        assert!(life_ms("25h").is_err() && life_ms("365d").is_err());
    }
}
