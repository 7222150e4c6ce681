use super::*;
use crate::Ledger;
use crate::simulation::{Crash, MemoryDevice, MemoryDisk};
use crate::testing::{create, open};

fn piece(number: u64) -> (Digest, Vec<u8>) {
    let bytes = format!("piece {number}").into_bytes();
    (Digest::of(&bytes), bytes)
}

/// Keeps a snapshot of these pieces; `fresh` ones are written.
fn keep(
    of: &Ledger<MemoryDisk>,
    index: u64,
    (names, fresh): (&[u64], &[u64]),
) -> Result<(), Error> {
    let snapshots = of.snapshots();
    for number in fresh {
        let (name, bytes) = piece(*number);
        snapshots.keep(&name, &bytes)?;
    }
    snapshots.finish(index, &names.iter().map(|number| piece(*number).0).collect())
}

fn is_whole(snapshots: &Snapshots<MemoryDisk>, numbers: &[u64]) -> bool {
    numbers.iter().all(|number| {
        let (name, bytes) = piece(*number);
        snapshots.piece(&name).unwrap() == Some(bytes)
    })
}

#[test]
fn the_last_two_are_kept_and_nothing_else() {
    let device = MemoryDevice::new();
    let ledger = create(&device).unwrap();
    assert_eq!(ledger.snapshots().newest_first().unwrap(), Vec::<u64>::new());
    keep(&ledger, 10, (&[1, 2], &[1, 2])).unwrap();
    keep(&ledger, 20, (&[1, 3], &[3])).unwrap();
    keep(&ledger, 30, (&[1, 4], &[4])).unwrap();
    let snapshots = ledger.snapshots();
    assert_eq!(snapshots.newest_first().unwrap(), [30, 20]);
    assert!(is_whole(&snapshots, &[1, 3, 4]));
    assert_eq!(snapshots.piece(&piece(2).0).unwrap(), None);
    let files = device.paths().into_iter().filter(|path| path.starts_with(FOLDER)).count();
    assert_eq!(files, 5);
}

#[test]
fn one_that_was_let_go_takes_no_place() {
    let ledger = create(&MemoryDevice::new()).unwrap();
    keep(&ledger, 90, (&[9], &[9])).unwrap();
    keep(&ledger, 80, (&[8], &[8])).unwrap();
    ledger.snapshots().discard(90).unwrap();
    keep(&ledger, 40, (&[4], &[4])).unwrap();
    assert_eq!(ledger.snapshots().newest_first().unwrap(), [80, 40]);
    assert_eq!(ledger.snapshots().piece(&piece(9).0).unwrap(), None);
}

/// At whatever write, sync or rename the power goes: a snapshot that is listed after it is whole,
/// and the one before it is there until the new one is.
#[test]
fn a_crash_at_every_operation_leaves_a_whole_one() {
    let device = MemoryDevice::new();
    keep(&create(&device).unwrap(), 10, (&[1, 2], &[1, 2])).unwrap();
    let mut listed = [0; 2];
    for operation in 0.. {
        let mut is_done = false;
        for seed in 0..8 {
            let device = device.fork();
            let (ledger, _) = open(&device).unwrap();
            device.lose_power_at(Some(device.operations() + operation));
            is_done = keep(&ledger, 20, (&[1, 3, 4], &[3, 4])).is_ok();
            device.crash(if seed == 0 { Crash::DropUnsynced } else { Crash::Tear(seed) });
            let (ledger, _) = open(&device).unwrap();
            let snapshots = ledger.snapshots();
            let newest = snapshots.newest_first().unwrap();
            let is_new = newest.first() == Some(&20);
            assert!(is_new || !is_done, "finished, and lost at operation {operation}");
            assert!(newest.contains(&10), "the older one is lost at operation {operation}");
            assert!(is_whole(&snapshots, &[1, 2]));
            assert!(!is_new || is_whole(&snapshots, &[1, 3, 4]), "torn at operation {operation}");
            listed[usize::from(is_new)] += 1;
        }
        if is_done {
            break;
        }
    }
    assert!(listed[0] > 20 && listed[1] > 4, "{listed:?}");
}

/// Who does not know what is kept keeps everything anew: the snapshot that has it is whole all the
/// time.
#[test]
fn a_crash_while_a_piece_is_rewritten_keeps_the_old_one() {
    let device = MemoryDevice::new();
    keep(&create(&device).unwrap(), 10, (&[1, 2], &[1, 2])).unwrap();
    for operation in 0..12 {
        for seed in 0..16 {
            let device = device.fork();
            let (ledger, _) = open(&device).unwrap();
            device.lose_power_at(Some(device.operations() + operation));
            for number in [1, 2] {
                let (name, bytes) = piece(number);
                let _cut_off = ledger.snapshots().keep(&name, &bytes);
            }
            device.crash(if seed == 0 { Crash::DropUnsynced } else { Crash::Tear(seed) });
            let (ledger, _) = open(&device).unwrap();
            let snapshots = ledger.snapshots();
            assert_eq!(snapshots.newest_first().unwrap(), [10]);
            assert!(is_whole(&snapshots, &[1, 2]), "torn at operation {operation}, seed {seed}");
        }
    }
}

#[test]
fn a_disk_without_space_leaves_the_older_one() {
    let device = MemoryDevice::new();
    let ledger = create(&device).unwrap();
    keep(&ledger, 10, (&[1], &[1])).unwrap();
    let used: usize =
        device.paths().iter().filter_map(|path| device.content(path)).map(|one| one.len()).sum();
    device.set_capacity_bytes(Some(used as u64 + 4));
    assert!(keep(&ledger, 20, (&[1, 2], &[2])).unwrap_err().is_full());
    assert_eq!(ledger.snapshots().newest_first().unwrap(), [10]);
    assert!(is_whole(&ledger.snapshots(), &[1]));
    assert!(device.paths().iter().all(|path| !path.starts_with("tmp/")));
}

#[test]
fn limits_refuse_what_is_larger() {
    let ledger = create(&MemoryDevice::new()).unwrap();
    let bytes = vec![0; PIECE_BYTES_MAX + 1];
    let refused = ledger.snapshots().keep(&Digest::of(b"name"), &bytes);
    assert!(matches!(refused, Err(Error::PieceTooLarge { .. })));
    let digest = |number: usize| {
        Digest::try_from(&[number.to_be_bytes(), [0; 8], [0; 8], [0; 8]].concat()[..])
    };
    let names = (0..=PIECES_MAX).map(|number| digest(number).unwrap()).collect();
    assert!(matches!(ledger.snapshots().finish(1, &names), Err(Error::TooManyPieces { .. })));
}

#[test]
fn a_damaged_list_keeps_nothing_and_harms_nothing() {
    let device = MemoryDevice::new();
    let ledger = create(&device).unwrap();
    keep(&ledger, 10, (&[1], &[1])).unwrap();
    device.tamper(&list_path(10), Some(vec![0xff; 90]));
    device.tamper("snapshots/pieces/what is this", Some(b"?".to_vec()));
    device.tamper("snapshots/and this", Some(b"?".to_vec()));
    keep(&ledger, 20, (&[2], &[2])).unwrap();
    assert_eq!(ledger.snapshots().newest_first().unwrap(), [20, 10]);
    assert!(is_whole(&ledger.snapshots(), &[2]));
    assert_eq!(ledger.snapshots().piece(&piece(1).0).unwrap(), None);
}
