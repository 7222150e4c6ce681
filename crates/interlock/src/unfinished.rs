//! Files and folders that a command makes in steps: in the end they are complete or removed, also
//! where a signal interrupts the command.
//!
//! A thread waits for SIGHUP, SIGINT, SIGQUIT and SIGTERM. It removes the unfinished paths, prints
//! the remaining ones, and ends the program with 128 and the signal's number. SIGKILL and a power
//! cut leave unfinished paths where they are.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::exit::Failure;
use crate::limits::REMOVALS_MAX;
use crate::output::stderr;

#[cfg(test)]
mod tests;

/// Signals that interrupt a command, by number.
const SIGNALS: [i32; 4] = [1, 2, 3, 15];

static TRACKER: Mutex<Tracker> =
    Mutex::new(Tracker { listens: false, steps: 0, unfinished: Vec::new(), finished: Vec::new() });

/// A step has ended.
static STEPPED: Condvar = Condvar::new();

struct Tracker {
    /// Whether a thread waits for signals already.
    listens: bool,
    /// Steps under way that no signal interrupts.
    steps: usize,
    unfinished: Vec<PathBuf>,
    finished: Vec<PathBuf>,
}

fn tracker() -> MutexGuard<'static, Tracker> {
    TRACKER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files and folders that a command is making. They are removed when this is dropped or a signal
/// comes, unless they are finished.
#[derive(Debug)]
#[must_use]
pub(crate) struct Unfinished {
    paths: Vec<PathBuf>,
}

impl Unfinished {
    /// Runs the first step, which returns the paths that it makes. No signal interrupts it.
    pub(crate) fn make<T>(
        make: impl FnOnce() -> Result<(T, Vec<PathBuf>), Failure>,
    ) -> Result<(Self, T), Failure> {
        let _step = StepGuard::begin()?;
        let (made, paths) = make()?;
        tracker().unfinished.extend(paths.iter().cloned());
        Ok((Self { paths }, made))
    }

    /// Makes a temporary folder below this one. It is never finished, so it is removed in any case.
    pub(crate) fn temporary(prefix: &str, below: &Path) -> Result<(Self, PathBuf), Failure> {
        Self::make(|| {
            let made = tempfile::Builder::new().prefix(prefix).tempdir_in(below);
            let what = || format!("no folder can be made in `{}`", below.display());
            let folder = made.map_err(|why| Failure::io(what(), &why))?.keep();
            Ok((folder.clone(), vec![folder]))
        })
    }

    /// Runs the last step, after which the paths are complete. No signal interrupts it. Where it
    /// fails, the paths are removed.
    pub(crate) fn finish<T>(
        mut self,
        last: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let _step = StepGuard::begin()?;
        let done = last()?;
        let paths = std::mem::take(&mut self.paths);
        let mut state = tracker();
        state.unfinished.retain(|path| !paths.contains(path));
        state.finished.extend(paths);
        Ok(done)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut state = tracker();
        state.unfinished.retain(|path| !self.paths.contains(path));
        for path in &self.paths {
            // The reason why it was not finished has been reported already.
            let _ = remove(path);
        }
    }
}

/// Runs steps that no signal may separate: a signal waits until they are done.
pub(crate) fn uninterrupted<T>(steps: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let _step = StepGuard::begin()?;
    steps()
}

/// Writes a file as a whole or not at all. A new file gets this mode, less the umask. An existing
/// file is replaced in one step, and the new one has its mode and owner. A pipe or a terminal is
/// written to directly.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failed =
        |why: &io::Error| Failure::io(format!("`{}` cannot be written", path.display()), why);
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return fs::write(path, bytes).map_err(|why| failed(&why));
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = old.as_ref().map_or(mode, |old| old.mode() & 0o777);
    let (unfinished, (mut file, new)) = Unfinished::make(|| {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unfinished-").permissions(fs::Permissions::from_mode(mode));
        let made = builder.tempfile_in(folder_of(&target));
        let kept = made.and_then(|made| made.keep().map_err(io::Error::other));
        let what = format!("`{}` cannot be made", path.display());
        let (file, new) = kept.map_err(|why| Failure::io(what, &why))?;
        Ok(((file, new.clone()), vec![new]))
    })?;
    if let Some(old) = old {
        let owned = with_owner_and_mode(&file, &old);
        owned.map_err(|why| failed(&why))?;
    }
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|why| failed(&why))?;
    unfinished.finish(|| fs::rename(&new, &target).map_err(|why| failed(&why)))
}

fn with_owner_and_mode(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o777))
}

/// The folder that contains a path.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// A step that no signal interrupts.
struct StepGuard;

impl StepGuard {
    fn begin() -> Result<Self, Failure> {
        let mut state = tracker();
        if !state.listens {
            listen().map_err(|why| Failure::io("signals cannot be listened to", &why))?;
            state.listens = true;
        }
        state.steps += 1;
        Ok(Self)
    }
}

impl Drop for StepGuard {
    fn drop(&mut self) {
        let mut state = tracker();
        state.steps = state.steps.saturating_sub(1);
        STEPPED.notify_all();
    }
}

/// Starts the thread that waits for the signals. Signals that the program was started to ignore
/// (`nohup`) stay ignored.
fn listen() -> io::Result<()> {
    let (ready, is_ready) = mpsc::channel();
    let numbers = signals();
    let wait = move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let number = runtime.block_on(async {
            let mut signals = JoinSet::new();
            for number in numbers {
                let mut one = signal(SignalKind::from_raw(number))?;
                signals.spawn(async move {
                    one.recv().await;
                    number
                });
            }
            // The receiver waits for this.
            let _waits = ready.send(());
            io::Result::Ok(signals.join_next().await)
        })?;
        if let Some(Ok(number)) = number {
            interrupted(number);
        }
        Ok(())
    };
    thread::Builder::new().name("interrupts".to_owned()).spawn(wait)?;
    is_ready.recv().map_err(io::Error::other)
}

/// The signals that interrupt this program: all of [`SIGNALS`] that it was not started to ignore.
pub(crate) fn signals() -> Vec<i32> {
    let ignored = ignored();
    SIGNALS.into_iter().filter(|number| (ignored >> (number - 1)) & 1 == 0).collect()
}

/// The mask of the signals that this program ignores: bit `n - 1` for signal `n`
/// (`proc_pid_status(5)`).
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Removes the unfinished paths and ends the program, as soon as no step is under way. No other
/// step begins meanwhile: the state stays locked.
fn interrupted(number: i32) -> ! {
    let mut state = tracker();
    while state.steps > 0 {
        state = STEPPED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.unfinished.iter().rev().for_each(|path| remove_and_say(path));
    for path in &state.finished {
        stderr(format!("interrupted: `{}` is there, and whole", path.display()));
    }
    process::exit(128 + number)
}

/// Ends a program that has stopped in order after a signal: removes the paths that it was making.
pub(crate) fn leave(paths: &[PathBuf], number: i32) -> ! {
    paths.iter().for_each(|path| remove_and_say(path));
    process::exit(128 + number)
}

fn remove_and_say(path: &Path) {
    let shown = path.display();
    match remove(path) {
        Ok(()) => stderr(format!("interrupted: nothing is left of `{shown}`")),
        Err(why) => stderr(format!(
            "interrupted: `{shown}` is left unfinished, and may hold keys: remove it ({why})"
        )),
    }
}

/// Removes a file or a folder, also while another thread still makes files in the folder.
fn remove(path: &Path) -> io::Result<()> {
    let mut removed = Ok(());
    for _ in 0..REMOVALS_MAX {
        removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(why) => Err(why),
        };
        match &removed {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(why) if why.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            _ => return removed,
        }
    }
    removed
}
