//! A node that starts from a snapshot of its state: as far as it can be told apart, it is one that
//! read the whole log. Whatever becomes of the files, it goes on from the log's own state or not at
//! all.

#[cfg(test)]
#[path = "snapshots/ahead.rs"]
mod ahead;
#[cfg(test)]
#[path = "snapshots/killed.rs"]
mod killed;
#[cfg(test)]
mod support;

use std::path::{Path, PathBuf};

use kernel::lineage::Transition;
use kernel::replay::Counts;
use node::erase::Which;
use node::{Direct, Options};
use record::governance::Change;
use support::{USER, domain, ended_execution, files, ping, replay};

/// Enough records for a snapshot at the stop, and for two full bundles.
const DECISIONS: usize = 600;

#[cfg(test)]
async fn decide(options: &Options, decisions: usize) -> String {
    let (node, thread) = Direct::open(options).await.unwrap();
    let execution = node.join("agent", USER).await.unwrap().unwrap();
    for _ in 0..decisions {
        node.request(&execution, ping()).await.unwrap();
    }
    node.stop(thread).await;
    execution
}

fn folder_of(options: &Options) -> PathBuf {
    options.lineage_folder().join("snapshots")
}

#[cfg(test)]
fn lists(options: &Options) -> Vec<PathBuf> {
    let is_list = |path: &PathBuf| path.parent() == Some(&folder_of(options));
    let mut lists: Vec<_> = files(&folder_of(options)).into_iter().filter(is_list).collect();
    lists.sort();
    lists
}

#[cfg(test)]
fn flip(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(path, flipped).unwrap();
    bytes
}

/// The sealed parts of the first bundle: whoever folds the whole log reads them.
#[cfg(test)]
fn first_sealed(options: &Options) -> PathBuf {
    let sealed = files(&options.lineage_folder().join("sealed"));
    sealed.into_iter().find(|path| path.ends_with("000")).unwrap()
}

#[cfg(test)]
async fn refusal(options: &Options) -> String {
    Direct::open(options).await.map(drop).unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_reads_the_newest_snapshot_and_what_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let execution = decide(&options, DECISIONS).await;
    assert_eq!(lists(&options).len(), 1);
    // What a fold of the whole log would stumble over is not read.
    let before = flip(&first_sealed(&options));
    assert_eq!(decide(&options, 10).await, execution, "the execution goes on");
    std::fs::rename(folder_of(&options), folder.path().join("away")).unwrap();
    assert!(refusal(&options).await.contains("cannot be gone on from"));
    std::fs::write(first_sealed(&options), before).unwrap();
    assert_eq!(decide(&options, 10).await, execution, "without snapshots the whole log is folded");
    let identical = DECISIONS as u64 + 20;
    assert_eq!(replay(&options), Counts { identical, ..Counts::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_are_kept_while_it_runs_and_the_last_two_stay() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { snapshot_records: 100, ..domain(folder.path()) };
    decide(&options, 700).await;
    let lists = lists(&options);
    let index = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().parse::<u64>();
    let indices: Vec<u64> = lists.iter().map(|path| index(path).unwrap()).collect();
    assert!(
        indices.len() == 2 && indices[0] + 100 <= indices[1] && indices[1] > 600,
        "{indices:?}"
    );
    let counts = replay(&options);
    assert_eq!(counts, Counts { identical: 700, ..Counts::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_records_of_many_bytes_are_followed_by_a_snapshot_too() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let (node, thread) = Direct::open(&options).await.unwrap();
    let execution = node.join("agent", USER).await.unwrap().unwrap();
    let message = vec![b'x'; 512 * 1024];
    let calls = node::limits::SNAPSHOT_BYTES / message.len() + 1;
    for _ in 0..calls {
        let large = Transition { message: message.clone(), ..ping() };
        node.request(&execution, large).await.unwrap();
    }
    node.stop(thread).await;
    assert_eq!(lists(&options).len(), 1, "though a stop keeps none after {calls} calls");
}

/// Each file of the snapshot is damaged, cut, emptied or removed: the older snapshot or the log
/// takes its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_a_snapshots_files_the_state_is_the_logs() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let execution = decide(&options, DECISIONS).await;
    let kept = folder.path().join("kept");
    copy(&folder_of(&options), &kept);
    let all: Vec<PathBuf> =
        files(&kept).iter().map(|path| path.strip_prefix(&kept).unwrap().to_owned()).collect();
    assert!(all.len() > 4, "{all:?}");
    for (number, path) in all.iter().enumerate() {
        std::fs::remove_dir_all(folder_of(&options)).unwrap();
        copy(&kept, &folder_of(&options));
        let path = folder_of(&options).join(path);
        match number % 4 {
            0 => drop(flip(&path)),
            1 => std::fs::write(&path, []).unwrap(),
            2 => std::fs::remove_file(&path).unwrap(),
            _ => std::fs::write(&path, &std::fs::read(&path).unwrap()[1..]).unwrap(),
        }
        assert_eq!(decide(&options, 1).await, execution, "{}", path.display());
    }
    // One piece in the place of another.
    let mut pieces = files(&folder_of(&options).join("pieces"));
    pieces.sort();
    for (number, path) in pieces.iter().enumerate() {
        std::fs::copy(&pieces[(number + 1) % pieces.len()], path).unwrap();
    }
    assert_eq!(decide(&options, 1).await, execution);
    let identical = (DECISIONS + all.len() + 1) as u64;
    assert_eq!(replay(&options), Counts { identical, ..Counts::default() });
}

/// A list of a record that is not there, or is no snapshot's, is let go: else it would take the
/// place of a good one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_no_record_speaks_of_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let execution = decide(&options, DECISIONS).await;
    let good = lists(&options);
    for index in [3, 90_000, u64::MAX] {
        std::fs::copy(&good[0], folder_of(&options).join(format!("{index:020}"))).unwrap();
    }
    let sealed = flip(&first_sealed(&options));
    assert_eq!(decide(&options, 1).await, execution);
    assert!(lists(&options).contains(&good[0]));
    assert!(!lists(&options).iter().any(|path| path.ends_with(format!("{:020}", 90_000))));
    std::fs::write(first_sealed(&options), sealed).unwrap();
    assert_eq!(replay(&options).identical, DECISIONS as u64 + 1);
}

/// Governance goes on between the snapshot and the start: what is adopted is what the log has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_erasures_after_the_snapshot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let ended = ended_execution(&options, DECISIONS).await;
    assert_eq!(lists(&options).len(), 1);
    let next = decide(&options, 3).await;
    assert_ne!(next, ended);
    let erased = node::erase::erase(&options, &Which::One(ended.clone()), false).await.unwrap();
    assert!(erased[0].result.is_ok(), "{erased:?}");
    // The private part of what was erased cannot be opened: the snapshot is used all the same.
    let sealed = files(&options.lineage_folder().join("sealed"));
    let first = sealed.iter().find(|path| path.ends_with("001")).unwrap();
    let before = flip(first);
    assert_eq!(decide(&options, 3).await, next);
    std::fs::write(first, before).unwrap();
    let counts = replay(&options);
    let erased = DECISIONS as u64;
    assert_eq!(counts, Counts { identical: 6, erased, ..Counts::default() });
    // The key of one that goes on is lost: no start, with a snapshot or without.
    decide(&options, DECISIONS).await;
    let key = support::key_file(&options, &next);
    let (away, before) = (folder.path().join("away"), lists(&options));
    std::fs::rename(&key, &away).unwrap();
    assert!(refusal(&options).await.contains("no record says that it was erased"));
    assert_eq!(lists(&options), before, "what was in order is not let go for it");
    std::fs::rename(&away, &key).unwrap();
    let change = Change::ExecutionEnded { execution: next.clone() };
    node::domain::govern(&options, change, None).unwrap();
    assert_ne!(decide(&options, 1).await, next);
}

#[cfg(test)]
fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
    let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    std::fs::set_permissions(to, private).unwrap();
}

/// Full bundles and tiles lie before what the snapshot covers and before what the write-ahead files
/// hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_full_bundle_or_tile_is_not_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let execution = decide(&options, DECISIONS).await;
    let tiles = files(&options.lineage_folder().join("tile"));
    let is_full = |path: &&PathBuf| !path.display().to_string().contains(".p/");
    let full: Vec<&PathBuf> = tiles.iter().filter(is_full).collect();
    assert_eq!(full.len(), 4, "two of entries and two of hashes: {full:?}");
    for path in full {
        let before = flip(path);
        let why = refusal(&options).await;
        assert!(why.contains("is damaged"), "{}: {why}", path.display());
        std::fs::write(path, &before[..before.len() - 1]).unwrap();
        let why = refusal(&options).await;
        assert!(why.contains("is damaged"), "{}: {why}", path.display());
        std::fs::write(path, before).unwrap();
    }
    assert_eq!(decide(&options, 1).await, execution);
}
