//! A domain's folder from a backup: unpacked beside it, verified, then put in place by one rename.

mod left;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use node::backup::LogMoment;
use node::restore::Locked;
use node::{Options, Undone};
use proof::json::{Object, Value, object};
use rustix::fs::{CWD, RenameFlags};

use super::{locked, print_undone, undone_value};
use crate::command::ask::{Unattended, ask};
use crate::command::backup::archive::{BackupManifest, FilesDigest, MANIFEST};
use crate::command::backup::{named_value, sync_folder_of};
use crate::command::log;
use crate::config;
use crate::config::named::{NamedPath, named};
use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::limits::{BACKUP_FILES_MAX, BACKUP_PATH_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::output::{Output, Style, grouped};
use crate::record_line::utc;
use crate::unfinished::{Unfinished, folder_of};

/// Bytes that are read and written at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Makes a domain's folder from a backup.
pub(super) fn restore(
    backup: &Path,
    domain: &Path,
    yes: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let old = old_domain(domain)?;
    let unpacked = unpack_beside(backup, domain, output)?;
    verify(&unpacked, output)?;
    let undone = match &old {
        Some(old) => undone(old, &unpacked)?,
        None => Vec::new(),
    };
    print_backup(&unpacked.manifest, &undone, output)?;
    output.flush()?;
    let aside = match fs::symlink_metadata(domain) {
        Ok(_) => Some(aside_of(domain)?),
        Err(_) => None,
    };
    if let Some(aside) = &aside {
        let question = format!("Put what is there aside as `{}`?", aside.display());
        ask(&question, yes, Unattended::NeedsYes)?;
    }
    set_modes(&unpacked.folder, aside.as_ref().map(|_| domain))?;
    let Unpacked { folder, manifest, unfinished, lock } = unpacked;
    unfinished.finish(|| put_in_place(&folder, domain, aside.as_deref()))?;
    drop(lock);
    drop(old);
    sync_folder_of(domain).map_err(|why| {
        Failure::io(format!("`{}` cannot be synced", folder_of(domain).display()), &why)
    })?;
    print_place(domain, aside.as_deref(), &manifest, !undone.is_empty(), output)?;
    Ok(Exit::Ok)
}

/// Prints where everything is, what is missing on this machine, and what to do next.
fn print_place(
    domain: &Path,
    aside: Option<&Path>,
    manifest: &BackupManifest,
    is_undone: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let text = config::text(&domain.join(config::FILE)).unwrap_or_default();
    let mut missing = named(domain, &text);
    missing.retain(|one| !one.path.exists());
    if output.is_json() {
        let mut members = Object::from([
            ("folder", Value::from(domain.display().to_string())),
            ("missing", named_value(&missing)),
        ]);
        members.extend(aside.map(|old| ("old_folder", Value::from(old.display().to_string()))));
        return output.json(&Value::Object(members));
    }
    let shown = domain.display();
    if let Some(aside) = aside {
        output.line(format!("what was in {shown} is in {}", aside.display()))?;
    }
    if !missing.is_empty() {
        output.line("missing on this machine, and named in `interlock.toml`:")?;
    }
    for NamedPath { key, path } in &missing {
        output.line(format!("  {key}: {}", path.display()))?;
    }
    match manifest.has_keys {
        true => output.line(format!(
            "start it once no other copy of the domain runs, since two would have two histories: \
             interlock serve {shown}"
        ))?,
        false => output
            .line("the backup has no keys: put back `keys/` and `lineage/keys/` before a start")?,
    }
    if aside.is_some() && is_undone {
        output.line("order again what was lost of halts and trust states, before that")?;
    }
    Ok(())
}

/// The domain at the place of the new folder. Its locks are held until the new folder is in place:
/// meanwhile no node starts from it, and it gets no record that the officer was not shown.
struct OldDomain {
    options: Options,
    locked: Locked,
}

fn old_domain(domain: &Path) -> Result<Option<OldDomain>, Failure> {
    if fs::symlink_metadata(domain).is_err() {
        return Ok(None);
    }
    let help = "name a folder that is not there, or that of the domain";
    let is_domain = domain.join("governance").is_dir() || domain.join("lineage").is_dir();
    if !is_domain {
        let what = format!("`{}` is there, and is no domain's folder", domain.display());
        return Err(Failure::new(Exit::Usage, what).help(help));
    }
    let options = config::load(domain)?;
    let locked = locked(&options)?;
    Ok(Some(OldDomain { options, locked }))
}

/// The records of the old domain that the backup lacks. A backup of another domain is refused.
fn undone(old: &OldDomain, unpacked: &Unpacked) -> Result<Vec<Undone>, Failure> {
    let OldDomain { options, locked } = old;
    let (origin, own) = (&unpacked.manifest.moment.governance.origin, options.governance_origin());
    if *origin != own {
        let what = format!("the backup is of another domain than `{}`", options.folder.display());
        return Err(Failure::new(Exit::Denied, what)
            .why(format!("its governance log is `{origin}`, and that there is `{own}`"))
            .help(
                "restore it to a folder that is not there yet, or move this one elsewhere first",
            ));
    }
    node::restore::undone_by(options, locked, &unpacked.folder).map_err(|why| Failure::node(&why))
}

fn aside_of(domain: &Path) -> Result<PathBuf, Failure> {
    let name = domain.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else {
        let what = format!("`{}` cannot be put aside", domain.display());
        return Err(Failure::new(Exit::Usage, what).help("name the folder by its own name"));
    };
    let aside = domain.with_file_name(format!("{name}.before-restore"));
    if fs::symlink_metadata(&aside).is_ok() {
        let what = format!("`{}` is there from an earlier restore", aside.display());
        return Err(Failure::new(Exit::Usage, what).help("move it elsewhere first"));
    }
    Ok(aside)
}

/// Sets the modes of the new folder and its configuration: as they were when it was backed up, and
/// never wider than those of the folder that it replaces. Keys and logs are private.
fn set_modes(new: &Path, old: Option<&Path>) -> Result<(), Failure> {
    let failed = |path: &Path, why: &io::Error| {
        Failure::io(format!("the mode of `{}` cannot be set", path.display()), why)
    };
    let mode = |path: &Path| {
        fs::metadata(path).map(|found| found.permissions().mode()).map_err(|why| failed(path, &why))
    };
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|why| failed(path, &why))
    };
    let mut folder = 0o755;
    if let Some(old) = old {
        folder &= mode(old)? | 0o700;
        let configuration = new.join(config::FILE);
        set(&configuration, mode(&configuration)? & (mode(&old.join(config::FILE))? | 0o600))?;
    }
    set(new, folder)
}

/// Puts the new folder in the old one's place. The old one comes back if this fails.
fn put_in_place(new: &Path, domain: &Path, aside: Option<&Path>) -> Result<(), Failure> {
    if let Some(aside) = aside {
        rename(domain, aside)?;
    }
    let put = rename(new, domain);
    match aside {
        Some(aside) if put.is_err() => rename(aside, domain).and(put),
        _ => put,
    }
}

/// Renames, but never over an existing file.
fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(|why| {
        let what = format!("`{}` cannot become `{}`", from.display(), to.display());
        Failure::io(what, &io::Error::from(why))
    })
}

/// A backup's files in a folder of their own, which is removed unless it is put in place.
struct Unpacked {
    folder: PathBuf,
    manifest: BackupManifest,
    unfinished: Unfinished,
    /// The lock that shows that a restore works on the folder.
    lock: File,
}

fn unpack_beside(backup: &Path, domain: &Path, output: &Output) -> Result<Unpacked, Failure> {
    let from: Box<dyn Read> =
        match backup == Path::new("-") {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(backup).map_err(|why| {
                Failure::io(format!("`{}` cannot be read", backup.display()), &why)
            })?),
        };
    let above = folder_of(domain);
    left::print(above);
    let (unfinished, (folder, lock)) = Unfinished::make(|| {
        let what = format!("a folder in `{}` cannot be made", above.display());
        let (folder, lock) = left::make(above).map_err(|why| Failure::io(what, &why))?;
        Ok(((folder.clone(), lock), vec![folder]))
    })?;
    let mut progress = output.progress("bytes unpacked:");
    let unpacking = Unpacking::new(&folder);
    let from = BufReader::with_capacity(PIECE_BYTES, from);
    let manifest = unpacking.all(from, &mut |bytes| progress.at(bytes, None))?;
    let synced = File::open(&folder).map(|opened| rustix::fs::syncfs(&opened));
    if !matches!(synced, Ok(Ok(()))) {
        return Err(Failure::new(Exit::Io, "what was unpacked cannot be synced"));
    }
    Ok(Unpacked { folder, manifest, unfinished, lock })
}

/// A backup that is being unpacked.
struct Unpacking<'a> {
    folder: &'a Path,
    sum: FilesDigest,
    manifest: Option<BackupManifest>,
    /// The path of the next member, where that member's header has no room for it.
    long_path: Option<String>,
}

impl<'a> Unpacking<'a> {
    fn new(folder: &'a Path) -> Self {
        Self { folder, sum: FilesDigest::default(), manifest: None, long_path: None }
    }

    /// Unpacks all members. The archive is read in raw form, and the size of long paths is bounded
    /// here.
    fn all(mut self, from: impl Read, at: &mut dyn FnMut(u64)) -> Result<BackupManifest, Failure> {
        let mut archive = tar::Archive::new(from);
        let entries = archive.entries().map_err(|why| unreadable(&why))?;
        for entry in entries.raw(true) {
            let entry = entry.map_err(|why| match self.sum.files {
                0 => no_backup(&why),
                _ => unreadable(&why),
            })?;
            match entry.header().entry_type().is_gnu_longname() {
                true => self.read_path(entry)?,
                false => self.unpack(entry)?,
            }
            at(self.sum.bytes);
        }
        self.finish()
    }

    /// A path of more than 100 bytes comes as a member before the one that it names.
    fn read_path<R: Read>(&mut self, entry: tar::Entry<'_, R>) -> Result<(), Failure> {
        if self.long_path.is_some() || entry.size() > BACKUP_PATH_BYTES_MAX {
            let why = format!("it has a path of more than {BACKUP_PATH_BYTES_MAX} bytes");
            return Err(refused(&why));
        }
        let mut path = String::new();
        let read = entry.take(BACKUP_PATH_BYTES_MAX).read_to_string(&mut path);
        read.map_err(|why| unreadable(&why))?;
        self.long_path = Some(path.trim_end_matches('\0').to_owned());
        Ok(())
    }

    fn unpack<R: Read>(&mut self, mut entry: tar::Entry<'_, R>) -> Result<(), Failure> {
        let path = match self.long_path.take() {
            Some(path) => path,
            None => entry.path().map_err(|why| unreadable(&why))?.to_string_lossy().into_owned(),
        };
        let kind = entry.header().entry_type();
        let name = path.strip_suffix('/').unwrap_or(&path);
        if self.manifest.is_some() {
            return Err(refused("something comes after its last member"));
        }
        if !is_of_a_domain(name) {
            return Err(refused(&format!("its member `{path}` is nothing of a domain's folder")));
        }
        if kind.is_dir() && entry.size() == 0 {
            return Ok(());
        }
        if !kind.is_file() {
            return Err(refused(&format!("its member `{path}` is no plain file")));
        }
        let bytes = entry.size();
        if path == MANIFEST {
            let mut text = Vec::new();
            let read = (&mut entry).take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
            read.map_err(|why| unreadable(&why))?;
            let parsed = text.strip_suffix(b"\n").and_then(BackupManifest::parse);
            let why = "its last member is not of a version that this program reads";
            self.manifest = Some(parsed.ok_or_else(|| refused(why))?);
            return Ok(());
        }
        self.sum.begin(&path, bytes);
        if self.sum.files > BACKUP_FILES_MAX {
            return Err(refused(&format!("it has more than {BACKUP_FILES_MAX} files")));
        }
        let mode = entry.header().mode().unwrap_or_default();
        self.write(&path, bytes, mode, &mut entry)
    }

    fn write(
        &mut self,
        path: &str,
        bytes: u64,
        mode: u32,
        content: &mut dyn Read,
    ) -> Result<(), Failure> {
        let to = self.folder.join(path);
        let failed = |why: &io::Error| Failure::io(format!("`{path}` cannot be unpacked"), why);
        // The folder itself is never made anew: after an interruption it has been removed.
        for (end, _) in path.match_indices('/') {
            let above = self.folder.join(path.get(..end).unwrap_or_default());
            match DirBuilder::new().mode(0o700).create(above) {
                Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&why)),
                _ => {}
            }
        }
        let mode = if path == config::FILE { mode & 0o644 | 0o600 } else { 0o600 };
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&to);
        let mut file = file.map_err(|why| failed(&why))?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = bytes;
        while left > 0 {
            let read = content.read(&mut piece).map_err(|why| unreadable(&why))?;
            if read == 0 {
                return Err(refused("it is cut short"));
            }
            let read_bytes = piece.get(..read).unwrap_or_default();
            self.sum.add(read_bytes);
            file.write_all(read_bytes).map_err(|why| failed(&why))?;
            left = left.saturating_sub(read as u64);
        }
        Ok(())
    }

    fn finish(self) -> Result<BackupManifest, Failure> {
        let manifest = self.manifest.ok_or_else(|| refused("its last member is missing"))?;
        let is_whole = (manifest.files, manifest.bytes) == (self.sum.files, self.sum.bytes)
            && manifest.digest == self.sum.digest();
        if is_whole {
            Ok(manifest)
        } else {
            Err(refused("its members are not what its last one says"))
        }
    }
}

/// Whether a path belongs to a domain's folder, and stays in it.
fn is_of_a_domain(path: &str) -> bool {
    const ROOTS: [&str; 6] = [config::FILE, MANIFEST, "governance", "keys", "lineage", "marks"];
    let is_name = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !name.is_empty() && name != "." && name != ".." && name.bytes().all(is_plain)
    };
    let root = path.split('/').next().unwrap_or_default();
    ROOTS.contains(&root) && path.split('/').all(is_name)
}

/// Verifies every hash and signature of both logs, and that their heads are those of the manifest.
fn verify(unpacked: &Unpacked, output: &mut Output) -> Result<(), Failure> {
    let folder = &unpacked.folder;
    let moment = &unpacked.manifest.moment;
    let mut governed = None;
    for (name, expected) in [("governance", &moment.governance), ("lineage", &moment.lineage)] {
        let log = Log::open(&folder.join(name), None)?;
        let found = log::verified(&log, &mut governed, output)?;
        let LogMoment { origin, head, written } = expected;
        let is_it = log.key.name() == origin
            && (found.size, found.root, found.written) == (head.size, head.root, *written);
        if !is_it {
            return Err(refused(&format!("its {name} log is not the one that it says")));
        }
    }
    Ok(())
}

fn print_backup(
    manifest: &BackupManifest,
    undone: &[Undone],
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let value = [("manifest", manifest.to_value()), ("undone", undone_value(undone))];
        return output.json(&object(value));
    }
    let moment = &manifest.moment;
    let (governance, lineage) = (&moment.governance.written, &moment.lineage.written);
    let mark = output.paint().text(Style::Good, "✓");
    output.line(format!(
        "{mark} backup of `{}` of {} UTC: governance log {} records, lineage log {}, verified",
        manifest.domain,
        utc(manifest.at),
        grouped(*governance),
        grouped(*lineage)
    ))?;
    print_undone(undone, output)
}

/// The failure for a file with a first member that cannot be read.
fn no_backup(why: &io::Error) -> Failure {
    let is_short = why.kind() == io::ErrorKind::UnexpectedEof || why.kind() == io::ErrorKind::Other;
    let failure =
        Failure::new(Exit::Data, "it is no backup: no tar archive that `interlock backup` made");
    let failure = if is_short { failure } else { failure.why(why) };
    failure
        .code("not_verified")
        .help("nothing was put in place; name the file that `interlock backup` made")
}

fn unreadable(why: &io::Error) -> Failure {
    Failure::new(Exit::Data, "the backup cannot be read").why(why).code("not_verified")
}

fn refused(why: &str) -> Failure {
    Failure::new(Exit::Denied, "the backup is not what was made")
        .why(why)
        .code("not_verified")
        .help("nothing was put in place; use another backup")
}

#[cfg(test)]
mod tests;
