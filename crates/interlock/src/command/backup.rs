//! A domain in one file.

pub(super) mod archive;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use node::backup::{Moment, Wanted};
use proof::json::{Value, number, object};

use crate::cli::BackupArgs;
use crate::config;
use crate::config::named::{NamedPath, named};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, counted, file_stdout, grouped, stderr};
use crate::unfinished::{Unfinished, folder_of};
use archive::{Archive, BackupManifest};

/// The size of the buffer before the file.
const BUFFER_BYTES: usize = 1024 * 1024;

/// Copies a domain into one file.
pub(super) fn run(arguments: &BackupArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = options(&arguments.domain)?;
    let wanted = Wanted { keys: !arguments.without_keys, snapshots: arguments.with_snapshots };
    let is_stdout = arguments.file == Path::new("-");
    let made = if is_stdout {
        let what = "a backup is not for a terminal";
        let to = file_stdout().ok_or_else(|| {
            Failure::new(Exit::Usage, what).help("name a file, or pass it to another program")
        })?;
        write_archive(&options, wanted, to, output).map(|(made, _)| made)?
    } else {
        write_file(&arguments.file, &options, wanted, output)?
    };
    let configuration = config::text(&options.folder.join(config::FILE)).unwrap_or_default();
    let left_out = named(&options.folder, &configuration);
    let value = value(&made, &left_out);
    if is_stdout {
        // The archive is on standard output.
        match output.is_json() {
            true => stderr(String::from_utf8_lossy(&value.to_bytes())),
            false => {
                std::iter::once(summary(&made)).chain(left_out_lines(&left_out)).for_each(stderr)
            }
        }
    } else if output.is_json() {
        output.json(&value)?;
    } else {
        let mark = output.paint().text(Style::Good, "✓");
        output.line(format!("{mark} {}: {}", arguments.file.display(), summary(&made)))?;
        if wanted.keys {
            output.line("  it holds the domain's keys: keep it as you keep them")?;
        }
        left_out_lines(&left_out).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Ok)
}

/// Writes the archive into a new file, and syncs it.
fn write_file(
    path: &Path,
    options: &node::Options,
    wanted: Wanted,
    output: &Output,
) -> Result<BackupManifest, Failure> {
    let failed = |why: &io::Error| match why.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(Exit::Io, format!("`{}` is there already", path.display()))
                .help("name another file: nothing is overwritten")
        }
        _ => Failure::io(format!("`{}` cannot be written", path.display()), why),
    };
    let (unfinished, file) = Unfinished::make(|| {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        Ok((file.map_err(|why| failed(&why))?, vec![path.to_owned()]))
    })?;
    let (made, file) = write_archive(options, wanted, file, output)?;
    file.sync_all().map_err(|why| failed(&why))?;
    unfinished.finish(|| sync_folder_of(path).map(|()| made).map_err(|why| failed(&why)))
}

/// Syncs the folder of a path, so that the path's entry in it is durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Writes the archive, and returns the writer too.
fn write_archive<W: Write>(
    options: &node::Options,
    wanted: Wanted,
    to: W,
    output: &Output,
) -> Result<(BackupManifest, W), Failure> {
    let mut progress = output.progress("bytes copied:");
    let to = BufWriter::with_capacity(BUFFER_BYTES, to);
    let mut archive = Archive::new(to, node::clock::wall_ms());
    let configuration = options.folder.join(config::FILE);
    let unwritten = |why: &io::Error| Failure::io("the backup could not be written", why);
    let text = config::text(&configuration)?;
    let mode = std::fs::metadata(&configuration).map(|found| found.permissions().mode() & 0o644);
    let mode = mode.unwrap_or(0o600);
    archive
        .add_with_mode(config::FILE, text.len() as u64, mode, &mut text.as_bytes())
        .map_err(|why| unwritten(&why))?;
    let mut take = |path: &str, bytes: u64, content: &mut dyn io::Read| {
        archive.add(path, bytes, content)?;
        progress.at(archive.bytes(), None);
        Ok(())
    };
    let moment: Moment =
        node::backup::copy(options, wanted, &mut take).map_err(|why| Failure::node(&why))?;
    let finished = archive.finish(&options.domain, &options.node, wanted, moment);
    let (manifest, to) = finished.map_err(|why| unwritten(&why))?;
    let to = to.into_inner().map_err(|why| unwritten(why.error()))?;
    Ok((manifest, to))
}

fn summary(made: &BackupManifest) -> String {
    let Moment { governance, lineage } = &made.moment;
    let files = counted(made.files, "file", "files");
    let bytes = grouped(made.bytes);
    let (governance, lineage) = (grouped(governance.written), grouped(lineage.written));
    format!("{files}, {bytes} bytes; governance log {governance} records, lineage log {lineage}")
}

/// Lines for the files that the configuration names and that the backup does not contain.
fn left_out_lines(left_out: &[NamedPath]) -> Vec<String> {
    let title = "  it leaves out what `interlock.toml` names: keep a copy of it too";
    let title = (!left_out.is_empty()).then(|| title.to_owned());
    let each = left_out.iter().map(|one| format!("    {}: {}", one.key, one.path.display()));
    title.into_iter().chain(each).collect()
}

fn value(made: &BackupManifest, left_out: &[NamedPath]) -> Value {
    object([
        ("bytes", number(made.bytes)),
        ("left_out", named_value(left_out)),
        ("manifest", made.to_value()),
    ])
}

pub(super) fn named_value(named: &[NamedPath]) -> Value {
    let one = |named: &NamedPath| {
        object([
            ("key", Value::from(named.key.as_str())),
            ("path", Value::from(named.path.display().to_string())),
        ])
    };
    Value::Array(named.iter().map(one).collect())
}

/// The domain's options. Where its configuration can't be used, the names of the domain and the
/// node come from its logs, so that a broken configuration prevents no backup.
fn options(domain: &Path) -> Result<node::Options, Failure> {
    config::load(domain).or_else(|why| {
        let alone = config::sockets_alone(domain);
        let named = node::domain::name_in_log(domain).and_then(|name| {
            let node = node::domain::node_in_folder(domain, &name)?;
            Ok(node::Options { domain: name, node, ..alone })
        });
        let options = named.map_err(|_| why)?;
        stderr("`interlock.toml` can't be used, and is copied as it is: no node starts from this backup as it is");
        Ok(options)
    })
}
