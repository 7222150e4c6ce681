//! Executions that ended are erased: by a running node and in a folder where none runs; what is
//! left, and what is damage.

#[cfg(test)]
mod support;

use std::path::PathBuf;

use ledger::Reader;
use node::Direct;
use node::erase::Which;
use support::fixture::SECRET;
use support::{domain, ended_execution, files, key_file, replay};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_private_is_on_the_disk_in_the_open() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    ended_execution(&options, 3).await;
    let encoded = proof::base64url::encode(SECRET.as_bytes());
    for path in files(&options.lineage_folder()) {
        let bytes = std::fs::read(&path).unwrap();
        for needle in [SECRET.as_bytes(), &encoded.as_bytes()[..20]] {
            assert!(!bytes.windows(needle.len()).any(|at| at == needle), "{}", path.display());
        }
    }
    assert_eq!((replay(&options).identical, replay(&options).not_replayable()), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_erased_executions_cannot_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let first = ended_execution(&options, 5).await;
    let second = ended_execution(&options, 4).await;
    let trial = node::erase::erase(&options, &Which::EndedBefore(i64::MAX), true).await.unwrap();
    // The second one's end is governed; the node that starts for the trial carries it out.
    assert_eq!(trial.len(), 2);
    assert_eq!(replay(&options).identical, 9, "a trial changes nothing");
    let erased = node::erase::erase(&options, &Which::One(first.clone()), false).await.unwrap();
    assert!(matches!(erased[0].result, Ok(Some(_))), "{erased:?}");
    assert!(!key_file(&options, &first).exists() && key_file(&options, &second).exists());
    let counts = replay(&options);
    assert_eq!((counts.identical, counts.erased, counts.not_replayable()), (4, 5, 5));
    let again = node::erase::erase(&options, &Which::One(first), false).await.unwrap();
    assert_eq!(again, erased, "erased twice: the same record");
    ended_execution(&options, 2).await;
    let counts = replay(&options);
    assert_eq!((counts.identical, counts.different, counts.erased), (6, 0, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_erases_what_ended_and_nothing_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let ended = ended_execution(&options, 3).await;
    let notes = node::notes::Notes::unheard();
    let running = node::start(options.clone(), notes).await.unwrap();
    let ask = |which: Which| {
        let options = options.clone();
        async move { node::erase::erase(&options, &which, false).await.unwrap() }
    };
    let unknown = ask(Which::One("nobody".into())).await;
    assert_eq!(unknown[0].result, Err("execution.unknown".into()));
    let erased = ask(Which::EndedBefore(i64::MAX)).await;
    assert_eq!(erased.len(), 1);
    assert!(erased[0].execution == ended && erased[0].result.is_ok(), "{erased:?}");
    assert!(!key_file(&options, &ended).exists());
    assert_eq!(ask(Which::EndedBefore(i64::MAX)).await, vec![]);
    running.stop().await;
    assert_eq!(replay(&options).erased, 3);
}

/// The record is durable and the power goes before the key is destroyed, or between its overwriting
/// and its removal: the next start destroys it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_was_cut_short_is_completed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let execution = ended_execution(&options, 3).await;
    let key = std::fs::read(key_file(&options, &execution)).unwrap();
    node::erase::erase(&options, &Which::One(execution.clone()), false).await.unwrap();
    let path = key_file(&options, &execution);
    let overwritten = vec![0; key.len()];
    for (left, counts) in [(key, (3, 0)), (overwritten, (0, 3))] {
        std::fs::write(&path, left).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        let before = replay(&options);
        assert_eq!((before.identical, before.erased, before.damaged), (counts.0, counts.1, 0));
        let (node, thread) = Direct::open(&options).await.unwrap();
        node.stop(thread).await;
        assert!(!path.exists());
        assert_eq!(replay(&options).erased, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_starts_from_lost_or_swapped_keys_and_parts() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    let first = ended_execution(&options, 5).await;
    let second = ended_execution(&options, 4).await;
    let refused = |what: &'static str| {
        let options = options.clone();
        async move {
            let why = Direct::open(&options).await.map(drop).unwrap_err();
            assert_eq!(why.code(), "replay");
            assert!(why.to_string().contains(what), "{why}");
        }
    };
    let (own, others) = (key_file(&options, &first), key_file(&options, &second));
    let kept = std::fs::read(&own).unwrap();
    std::fs::remove_file(&own).unwrap();
    refused("no record says that it was erased").await;
    let counts = replay(&options);
    assert_eq!((counts.identical, counts.missing, counts.erased), (4, 5, 0));
    std::fs::copy(&others, &own).unwrap();
    refused("is damaged").await;
    let counts = replay(&options);
    assert_eq!((counts.identical, counts.damaged), (4, 5));
    std::fs::write(&own, kept).unwrap();
    assert_eq!(replay(&options).identical, 9);
    // Two parts change places.
    let width =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let sealed = files(&options.lineage_folder().join("sealed"));
    let sealed = sealed.into_iter().max_by_key(width).unwrap();
    let wal = options.lineage_folder().join("wal");
    std::fs::remove_dir_all(wal).unwrap();
    let bytes = std::fs::read(&sealed).unwrap();
    let mut parts = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (part, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part);
        rest = after;
    }
    let write = |parts: &[&[u8]]| {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        std::fs::write(&sealed, bytes).unwrap();
    };
    let full: Vec<usize> = (0..parts.len()).filter(|at| !parts[*at].is_empty()).collect();
    let mut swapped = parts.clone();
    swapped.swap(full[0], full[1]);
    write(&swapped);
    assert_eq!((replay(&options).identical, replay(&options).damaged), (4, 5));
    let mut cut = parts.clone();
    cut[full[4]] = b"";
    write(&cut);
    assert_eq!((replay(&options).identical, replay(&options).damaged), (8, 1), "cut to nothing");
    std::fs::write(&sealed, &bytes[..bytes.len() - 1]).unwrap();
    let reader = Reader::open(&options.lineage_folder()).unwrap();
    let damaged = reader.entries(0).unwrap();
    let why = damaged.map(|entry| entry.map(drop)).collect::<Result<Vec<_>, _>>().unwrap_err();
    assert!(why.to_string().contains("sealed"), "{why}");
}
