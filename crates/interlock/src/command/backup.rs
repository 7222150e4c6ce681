//! A domain in one file.

pub(super) mod archive;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use node::backup::{Moment, Wanted};
use proof::json::{Value, number, object};

use crate::cli::Backup;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, counted, file_stdout, grouped, stderr};
use archive::{Archive, Manifest};

/// Buffered bytes on the way to the file.
const BUFFER_BYTES: usize = 1024 * 1024;

/// Copies a domain into one file.
pub(super) fn run(arguments: &Backup, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let wanted = Wanted { keys: !arguments.without_keys, snapshots: arguments.with_snapshots };
    let is_stdout = arguments.file == Path::new("-");
    let made = if is_stdout {
        let what = "a backup is not for a terminal";
        let to = file_stdout().ok_or_else(|| {
            Failure::new(Exit::Usage, what).help("name a file, or pass it to another program")
        })?;
        write((&options, wanted), to, output).map(|(made, _)| made)?
    } else {
        to_file(&arguments.file, (&options, wanted), output)?
    };
    if is_stdout {
        // The archive is on standard output.
        match output.is_json() {
            true => stderr(String::from_utf8_lossy(&value(&made).to_bytes())),
            false => stderr(summary(&made)),
        }
    } else if output.is_json() {
        output.json(&value(&made))?;
    } else {
        let mark = output.paint().text(Style::Good, "✓");
        output.line(format!("{mark} {}: {}", arguments.file.display(), summary(&made)))?;
        if wanted.keys {
            output.line("  it holds the domain's keys: keep it as you keep them")?;
        }
    }
    Ok(Exit::Ok)
}

fn to_file(
    path: &Path,
    (options, wanted): (&node::Options, Wanted),
    output: &Output,
) -> Result<Manifest, Failure> {
    let failed = |why: &io::Error| match why.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(Exit::Io, format!("`{}` is there already", path.display()))
                .help("name another file: nothing is overwritten")
        }
        _ => Failure::io(format!("`{}` cannot be written", path.display()), why),
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.map_err(|why| failed(&why))?;
    let written = write((options, wanted), file, output).and_then(|(made, file)| {
        let synced = file.sync_all().and_then(|()| sync_folder_of(path));
        synced.map(|()| made).map_err(|why| failed(&why))
    });
    if written.is_err() {
        // It was made here, and is not whole.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// The folder that a path stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// Makes it durable that a path stands in its folder.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Writes the archive; what it was written to comes back.
fn write<W: Write>(
    (options, wanted): (&node::Options, Wanted),
    to: W,
    output: &Output,
) -> Result<(Manifest, W), Failure> {
    let mut progress = output.progress("bytes copied:");
    let to = BufWriter::with_capacity(BUFFER_BYTES, to);
    let mut archive = Archive::new(to, node::clock::wall_ms());
    let configuration = options.folder.join(config::FILE);
    let unwritten = |why: &io::Error| Failure::io("the backup could not be written", why);
    let text = config::text(&configuration)?;
    let mode = std::fs::metadata(&configuration).map(|found| found.permissions().mode() & 0o644);
    let mode = mode.unwrap_or(0o600);
    archive
        .add_readable(config::FILE, (text.len() as u64, mode), &mut text.as_bytes())
        .map_err(|why| unwritten(&why))?;
    let mut take = |path: &str, bytes: u64, content: &mut dyn io::Read| {
        archive.add(path, bytes, content)?;
        progress.at(archive.bytes(), None);
        Ok(())
    };
    let moment: Moment =
        node::backup::copy(options, wanted, &mut take).map_err(|why| Failure::node(&why))?;
    let names = (options.domain.as_str(), options.node.as_str());
    let (manifest, to) = archive.finish(names, wanted, moment).map_err(|why| unwritten(&why))?;
    let to = to.into_inner().map_err(|why| unwritten(why.error()))?;
    Ok((manifest, to))
}

fn summary(made: &Manifest) -> String {
    let Moment { governance, lineage } = &made.moment;
    let files = counted(made.files, "file", "files");
    let bytes = grouped(made.bytes);
    let (governance, lineage) = (grouped(governance.written), grouped(lineage.written));
    format!("{files}, {bytes} bytes; governance log {governance} records, lineage log {lineage}")
}

fn value(made: &Manifest) -> Value {
    object([("bytes", number(made.bytes)), ("manifest", made.to_value())])
}
