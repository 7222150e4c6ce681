//! Every limit of the command line, in one place.

/// Bytes of stack of the thread that runs the command: as many as a deciding thread needs.
pub(crate) const STACK_BYTES: usize = policy::limits::DECIDE_STACK_BYTES;

/// Threads that serve a node's connections, at least; else one for each core.
pub(crate) const NODE_THREADS_MIN: usize = 2;

/// Bytes read from a stream of requests at a time.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// Bytes of one file that the sample office reads or writes, at most.
pub(crate) const OFFICE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Names that the sample office lists, at most.
pub(crate) const OFFICE_LIST_MAX: usize = 1_000;

/// The bounds of a number in `interlock.toml`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConfigBounds {
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// The value where the configuration has none.
    pub(crate) default: u64,
}

/// Milliseconds between two publications of a log.
pub(crate) const PUBLISH_INTERVAL_MS: ConfigBounds =
    ConfigBounds { min: 100, max: 1_000, default: ledger::limits::PUBLISH_INTERVAL_MS };

/// Records after which a snapshot is kept.
pub(crate) const SNAPSHOT_RECORDS: ConfigBounds =
    ConfigBounds { min: 100, max: 1_000_000, default: node::limits::SNAPSHOT_RECORDS };

/// Milliseconds for a server to answer a call.
pub(crate) const SERVER_DEADLINE_MS: ConfigBounds = ConfigBounds {
    min: node::limits::SERVER_DEADLINE_MS_MIN,
    max: node::limits::SERVER_DEADLINE_MS_MAX,
    default: node::limits::SERVER_DEADLINE_MS,
};

/// Bytes of a Unix socket's path, at most (`sun_path` of unix(7), with its final NUL).
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Bytes of `interlock.toml`, at most.
pub(crate) const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// Characters of an execution's id.
pub(crate) const EXECUTION_ID_CHARS: usize = 22;

/// Executions that an error names for an ambiguous beginning of an id, at most.
pub(crate) const CALLED_MAX: u16 = 20;

/// Characters that a beginning of an execution's id needs, at least.
pub(crate) const BEGINNING_MIN: usize = 4;

/// Suggestions for an unknown name, at most.
pub(crate) const NEAR_MAX: usize = 5;

/// Columns of the frames around policy text.
pub(crate) const COLUMNS: usize = 100;

/// Decisions that differ under a new version of the decider and are printed before and after; the
/// rest is counted.
pub(crate) const DIFFERENCES_SHOWN: usize = 10;

/// Milliseconds for a node to end in order after SIGTERM or SIGINT; then the process exits.
pub(crate) const END_MS_MAX: u64 = 4_500;

/// Bytes of a file that holds one public key.
pub(crate) const KEY_BYTES_MAX: usize = 4 * 1024;

/// Bytes of a server's file of secrets.
pub(crate) const SECRETS_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a file of roles.
pub(crate) const ROLES_BYTES_MAX: usize = 1024 * 1024;

/// Milliseconds to wait for a client's first request, where the answer is that there is no session.
pub(crate) const FIRST_REQUEST_MS_MAX: u64 = 2_000;

/// Bytes of that request that are read, at most.
pub(crate) const FIRST_REQUEST_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes of the last member of a backup, which describes it.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of the path of a backup's member, at most, where its header has no room for it.
pub(crate) const BACKUP_PATH_BYTES_MAX: u64 = 4 * 1024;

/// Tries to remove a folder that another thread still writes to.
pub(crate) const REMOVALS_MAX: usize = 10_000;

/// Files of a backup, at most.
pub(crate) const BACKUP_FILES_MAX: u64 = 100_000_000;

/// Longest wait for a name from the node, in milliseconds. A node that hangs must not hold up the
/// order, a halt say, for which the name is asked: then the log is read for it.
pub(crate) const NAMED_MS_MAX: u64 = 2_000;

/// Blanks of a message that are shown in a row; more of them are counted.
pub(crate) const BLANKS_SHOWN: usize = 40;
