//! A lineage log that is read ahead on several threads is followed in order, each record once, and
//! up to the first that cannot be read.

use super::support::{Shelf, domain, ended_execution, replay};
use kernel::replay::{Replay, Tally};
use ledger::{ReadEntry, Reader};
use node::Options;
use node::follow::follow;
use node::sealing::Opener;

/// More than all threads together read ahead.
const DECISIONS: usize = 700;

fn openers(options: &Options, count: usize) -> Vec<Opener> {
    let one = |_| Opener::of(&options.lineage_folder(), &options.lineage_origin()).unwrap();
    (0..count).map(one).collect()
}

fn entries(options: &Options) -> Vec<ReadEntry> {
    let reader = Reader::open(&options.lineage_folder()).unwrap();
    reader.entries(0).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn however_many_threads_read_ahead_the_log_is_followed_alike() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    ended_execution(&options, DECISIONS).await;
    let expected = replay(&options);
    let (records, shelf) = Shelf::open(&options);
    for threads in [0, 1, 2, 5] {
        let origin = options.governance_origin();
        let mut replay = Replay::new(&options.node, &origin, &records, &shelf);
        let (mut tally, mut followed) = (Tally::default(), Vec::new());
        let all = entries(&options).into_iter().map(Ok::<_, String>);
        let openers = if threads == 0 { vec![] } else { openers(&options, threads) };
        let done = follow(&mut replay, all, openers, |replay, read| {
            followed.push(read.index);
            tally.add(&replay.apply_prefetched(read.ahead).map_err(|why| why.to_string())?);
            Ok(())
        });
        done.unwrap();
        let size = u64::try_from(entries(&options).len()).unwrap();
        assert!(followed.into_iter().eq(0..size), "{threads}");
        let found = tally.finish(replay.state());
        if threads == 0 {
            assert_eq!(found.identical, 0, "without keys nothing can be derived");
        } else {
            assert_eq!(found, expected, "{threads}");
        }
    }
}

#[tokio::test]
async fn records_before_an_unreadable_one_are_followed_first() {
    let folder = tempfile::tempdir().unwrap();
    let options = domain(folder.path());
    ended_execution(&options, DECISIONS).await;
    let (records, shelf) = Shelf::open(&options);
    for (threads, damaged) in [(1, 0), (2, 300), (3, 64), (2, 699)] {
        let origin = options.governance_origin();
        let mut replay = Replay::new(&options.node, &origin, &records, &shelf);
        let all = entries(&options).into_iter().enumerate().map(|(number, entry)| {
            if number == damaged { Err("damaged".to_owned()) } else { Ok(entry) }
        });
        let mut followed = 0;
        let done = follow(&mut replay, all, openers(&options, threads), |replay, read| {
            followed += 1;
            replay.apply_prefetched(read.ahead).map(drop).map_err(|why| why.to_string())
        });
        assert_eq!((done, followed), (Err("damaged".to_owned()), damaged), "{threads}");

        let all = entries(&options).into_iter().map(Ok);
        let mut left = damaged;
        let done = follow(&mut replay, all, openers(&options, threads), |_, _| {
            left = left.checked_sub(1).ok_or("enough")?;
            Ok(())
        });
        assert_eq!((done, left), (Err("enough"), 0), "{threads}");
    }
}
