//! The format of a backup: a tar archive, the last member of which describes the ones before it.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use ledger::Head;
use node::backup::{LogMoment, Moment, Wanted};
use proof::digest::Digest;
use proof::json::{Value, number, object};
use proof::record::Fields;
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

/// The path of the last member.
pub(in crate::command) const MANIFEST: &str = "backup.json";

/// The name of the format, and its version.
const TYPE: &str = "interlock.backup";
const VERSION: i64 = 1;

/// The description of a backup, which is its last member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct BackupManifest {
    /// When it was made, in milliseconds since the Unix epoch.
    pub(in crate::command) at: i64,
    /// The domain's name.
    pub(in crate::command) domain: String,
    /// The node's name.
    pub(in crate::command) node: String,
    /// Whether keys are in it.
    pub(in crate::command) has_keys: bool,
    /// Both logs.
    pub(in crate::command) moment: Moment,
    /// Files before the manifest.
    pub(in crate::command) files: u64,
    /// Their bytes.
    pub(in crate::command) bytes: u64,
    /// Digest over them.
    pub(in crate::command) digest: Digest,
}

impl BackupManifest {
    pub(in crate::command) fn to_value(&self) -> Value {
        object([
            ("at", Value::Integer(self.at)),
            ("bytes", number(self.bytes)),
            ("digest", self.digest.to_value()),
            ("domain", self.domain.as_str().into()),
            ("files", number(self.files)),
            ("governance", log_value(&self.moment.governance)),
            ("has_keys", self.has_keys.into()),
            ("lineage", log_value(&self.moment.lineage)),
            ("node", self.node.as_str().into()),
            ("type", TYPE.into()),
            ("v", Value::Integer(VERSION)),
        ])
    }

    /// Reads a manifest; `None` where it is no manifest of this version.
    pub(in crate::command) fn parse(bytes: &[u8]) -> Option<Self> {
        let value = Value::parse(bytes).ok()?;
        let fields = Fields::of(&value, "backup").ok()?;
        let is_known = fields.str("type").ok()? == TYPE && fields.integer("v").ok()? == VERSION;
        is_known.then(|| Self::read(&fields).ok()).flatten()
    }

    fn read(fields: &Fields<'_>) -> Result<Self, proof::record::Error> {
        Ok(Self {
            at: fields.integer("at")?,
            domain: fields.str("domain")?.to_owned(),
            node: fields.str("node")?.to_owned(),
            has_keys: fields.bool("has_keys")?,
            moment: Moment {
                governance: log_of(&fields.object("governance")?)?,
                lineage: log_of(&fields.object("lineage")?)?,
            },
            files: fields.count("files")?,
            bytes: fields.count("bytes")?,
            digest: fields.digest("digest")?,
        })
    }
}

fn log_value(log: &LogMoment) -> Value {
    object([
        ("origin", log.origin.as_str().into()),
        ("root", log.head.root.to_value()),
        ("size", number(log.head.size)),
        ("written", number(log.written)),
    ])
}

fn log_of(fields: &Fields<'_>) -> Result<LogMoment, proof::record::Error> {
    Ok(LogMoment {
        origin: fields.str("origin")?.to_owned(),
        head: Head { size: fields.count("size")?, root: fields.digest("root")? },
        written: fields.count("written")?,
    })
}

/// The digest over the files of a backup: for each, its path, a zero byte, its length as eight
/// big-endian bytes, its content.
#[derive(Debug, Clone, Default)]
pub(in crate::command) struct FilesDigest {
    hasher: Sha256,
    /// Files so far.
    pub(in crate::command) files: u64,
    /// Bytes of them.
    pub(in crate::command) bytes: u64,
}

impl FilesDigest {
    /// A file begins.
    pub(in crate::command) fn begin(&mut self, path: &str, bytes: u64) {
        self.hasher.update(path.as_bytes());
        self.hasher.update([0]);
        self.hasher.update(bytes.to_be_bytes());
        self.files = self.files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Some of its bytes.
    pub(in crate::command) fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The digest over all files so far.
    pub(in crate::command) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.clone().finalize().into())
    }
}

/// A backup that is being written.
pub(super) struct Archive<W: Write> {
    to: tar::Builder<W>,
    at: i64,
    folders: BTreeSet<String>,
    sum: FilesDigest,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(to: W, at: i64) -> Self {
        Self {
            to: tar::Builder::new(to),
            at,
            folders: BTreeSet::new(),
            sum: FilesDigest::default(),
        }
    }

    /// Bytes of the files so far.
    pub(super) fn bytes(&self) -> u64 {
        self.sum.bytes
    }

    /// Adds a file of exactly so many bytes, which only its owner may read.
    pub(super) fn add(&mut self, path: &str, bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        self.add_with_mode(path, bytes, 0o600, content)
    }

    /// Adds a file of exactly so many bytes, with these permissions.
    pub(super) fn add_with_mode(
        &mut self,
        path: &str,
        bytes: u64,
        mode: u32,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        self.add_folders_above(path)?;
        self.sum.begin(path, bytes);
        let mut summed = SummingReader { from: content.take(bytes), sum: &mut self.sum };
        let mut header = header(EntryType::Regular, bytes, self.at);
        header.set_mode(mode);
        self.to.append_data(&mut header, path, &mut summed)?;
        if summed.from.limit() == 0 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Adds the folders above a file, so that they get the mode that a node requires when the
    /// archive is unpacked.
    fn add_folders_above(&mut self, path: &str) -> io::Result<()> {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default();
            if self.folders.insert(folder.to_owned()) {
                let mut header = header(EntryType::Directory, 0, self.at);
                self.to.append_data(&mut header, format!("{folder}/"), io::empty())?;
            }
        }
        Ok(())
    }

    /// Adds the manifest and ends the archive.
    pub(super) fn finish(
        mut self,
        domain: &str,
        node: &str,
        wanted: Wanted,
        moment: Moment,
    ) -> io::Result<(BackupManifest, W)> {
        let manifest = BackupManifest {
            at: self.at,
            domain: domain.to_owned(),
            node: node.to_owned(),
            has_keys: wanted.keys,
            moment,
            files: self.sum.files,
            bytes: self.sum.bytes,
            digest: self.sum.digest(),
        };
        let mut bytes = manifest.to_value().to_bytes();
        bytes.push(b'\n');
        let mut header = header(EntryType::Regular, bytes.len() as u64, self.at);
        self.to.append_data(&mut header, MANIFEST, bytes.as_slice())?;
        Ok((manifest, self.to.into_inner()?))
    }
}

fn header(kind: EntryType, bytes: u64, at: i64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(if kind.is_dir() { 0o700 } else { 0o600 });
    header.set_mtime(u64::try_from(at / 1_000).unwrap_or_default());
    header
}

/// A reader that adds the bytes it reads to a sum.
struct SummingReader<'a, R> {
    from: R,
    sum: &'a mut FilesDigest,
}

impl<R: Read> Read for SummingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.sum.add(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
