//! How fast commits are, against the raw `fdatasync` of the same bytes in the same run:
//! `cargo run --release -p interlock-ledger --example commit_speed [FOLDER]`.
use interlock_ledger::{
    AppendError, Committed, Disk, DiskFile, Entry, FileDisk, GroupCommit, Ledger,
};
use proof::note::Ed25519Signer;
use std::error::Error;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 4_000;
const RECORD_BYTES: usize = 512;
/// What a commit of one such record writes.
const RAW_BYTES: usize = 4096;
const CALLERS: u32 = 64;
const ORIGIN: &str = "bench.example/lineage/node";

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let folder = Path::new(&parent).join(format!("commit-speed-{}", std::process::id()));
    let outcome = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let disk = FileDisk::create(folder)?;
    let raw = disk.create("raw", u64::from(ROUNDS) * RAW_BYTES as u64)?;
    raw.sync()?;
    let signer = Box::new(Ed25519Signer::from_seed(ORIGIN, &[1; 32])?);
    let mut ledger = Ledger::create(disk, signer, ORIGIN)?;
    let (mut raw_times, mut times) = (Vec::new(), Vec::new());
    // In turn, so that whatever else the machine does meets both.
    for round in 0..u64::from(ROUNDS) {
        let begun = Instant::now();
        raw.write_at(round * RAW_BYTES as u64, &[0x5a; RAW_BYTES])?;
        raw.sync()?;
        raw_times.push(begun.elapsed());
        let begun = Instant::now();
        ledger.commit(&[entry()])?;
        times.push(begun.elapsed());
    }
    report("raw: write of 4 KiB and fdatasync, preallocated", &mut raw_times);
    report("ledger: commit of 1 record, 1 caller", &mut times);
    let group = GroupCommit::start(ledger, Duration::from_millis(250), |why| {
        eprintln!("{why}");
        std::process::abort()
    })?;
    let mut times = callers(&group, 1)?;
    report("group commit with publication, 1 caller", &mut times);
    let begun = Instant::now();
    let mut times = callers(&group, CALLERS)?;
    let per_s = times.len() as u128 * 1_000_000 / begun.elapsed().as_micros().max(1);
    report("group commit with publication, 64 callers", &mut times);
    println!("  {per_s} records/s");
    println!("  {} records in all, closed and published", pipelined(&group)?);
    Ok(())
}

fn callers(group: &GroupCommit, count: u32) -> Result<Vec<Duration>, Box<dyn Error>> {
    let rounds = (ROUNDS * 4 / count).min(ROUNDS);
    std::thread::scope(|scope| {
        let call = || {
            let mut times = Vec::new();
            for _ in 0..rounds {
                let begun = Instant::now();
                group.append_and_wait(vec![entry()]).map_err(|error| error.to_string())?;
                times.push(begun.elapsed());
            }
            Ok::<_, String>(times)
        };
        let callers: Vec<_> = (0..count).map(|_| scope.spawn(call)).collect();
        let mut times = Vec::new();
        for caller in callers {
            times.extend(caller.join().map_err(|_| "a caller ended unexpectedly")??);
        }
        Ok(times)
    })
}

/// Callers that do not wait for each other: 256 appends are always under way.
fn pipelined(group: &GroupCommit) -> Result<u64, Box<dyn Error>> {
    const UNDER_WAY: u32 = 256;
    const APPENDS: u32 = 200_000;
    let (sender, outcomes) = mpsc::channel();
    let begun = Instant::now();
    for number in 0..APPENDS + UNDER_WAY {
        if number >= UNDER_WAY {
            let outcome: Result<Committed, AppendError> = outcomes.recv()?;
            outcome?;
        }
        if number < APPENDS {
            let sender = sender.clone();
            // The receiver outlives every append.
            group.append(vec![entry()], None, move |outcome| drop(sender.send(outcome)))?;
        }
    }
    let per_s = u128::from(APPENDS) * 1_000_000 / begun.elapsed().as_micros().max(1);
    println!("256 appends under way at all times\n  {per_s} records/s");
    Ok(group.close()?.size)
}

fn entry() -> Entry {
    Entry { record: vec![b'x'; RECORD_BYTES], sealed: Vec::new() }
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at =
        |per_mille: usize| times.get(times.len() * per_mille / 1000).map_or(0, Duration::as_micros);
    println!("{what}\n  p50 {} us, p99 {} us", at(500), at(990));
}
