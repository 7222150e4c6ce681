use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a node is told. Made by the configuration's reader, complete before anything starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The domain's folder: `keys/`, `governance/`, `lineage/`. Who controls it controls this node.
    pub folder: PathBuf,
    /// The domain's name.
    pub domain: String,
    /// The node's name in the domain.
    pub node: String,
    /// The Unix socket on which clients are served.
    pub socket: PathBuf,
    /// The Unix socket for what officers order: agents and strangers have no place on it.
    pub officer_socket: PathBuf,
    /// The group whose members may open the officers' socket too; else the node's own OS user and
    /// root alone.
    pub officers_group: Option<u32>,
    /// Upstream MCP servers, by name.
    pub servers: BTreeMap<String, Server>,
    /// How often tiles and checkpoints are published, in milliseconds (100 to 1,000).
    pub publish_interval_ms: u64,
    /// After how many records a snapshot of the state is kept, so that a start re-reads no more
    /// than about as many.
    pub snapshot_records: u64,
}

/// An upstream MCP server that the node starts for each session.
#[derive(Debug, Clone)]
pub struct Server {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The OS user and group that it runs as; the node's own where there is none.
    pub user: Option<(u32, u32)>,
    /// Whether it may run as the node's own OS user or as root: it can then do all that the node
    /// can.
    pub danger_same_user: bool,
    /// Its whole environment: nothing of the node's is inherited. Secrets go here.
    pub environment: BTreeMap<String, String>,
    /// Its working directory.
    pub directory: Option<PathBuf>,
    /// For how many milliseconds a call waits for it, from
    /// [`crate::limits::SERVER_DEADLINE_MS_MIN`] to [`crate::limits::SERVER_DEADLINE_MS_MAX`].
    pub deadline_ms: u64,
}

impl Options {
    /// The governance log's origin.
    #[must_use]
    pub fn governance_origin(&self) -> String {
        format!("{}/governance", self.domain)
    }

    /// The lineage log's origin.
    #[must_use]
    pub fn lineage_origin(&self) -> String {
        format!("{}/lineage/{}", self.domain, self.node)
    }

    /// The governance log's folder.
    #[must_use]
    pub fn governance_folder(&self) -> PathBuf {
        self.folder.join("governance")
    }

    /// The lineage log's folder.
    #[must_use]
    pub fn lineage_folder(&self) -> PathBuf {
        self.folder.join("lineage")
    }

    /// A signing key's file: `officer`, `governance` or `lineage`.
    #[must_use]
    pub fn key_file(&self, name: &str) -> PathBuf {
        key_file(&self.folder, name)
    }
}

pub(crate) fn key_file(folder: &Path, name: &str) -> PathBuf {
    folder.join("keys").join(format!("{name}.skey"))
}
