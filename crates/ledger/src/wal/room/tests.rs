use super::*;
use crate::simulation::MemoryDevice;

const BYTES: u64 = 4 * 4096;

#[test]
fn ready_spares_outlive_those_that_can_not_be_made() {
    let device = MemoryDevice::new();
    let disk = device.mount();
    let spare = SpareSegments::new();
    spare.prepare(&disk, BYTES).unwrap();
    device.set_capacity_bytes(Some(BYTES + 4096));
    for _ in 0..10 {
        assert!(spare.fill(&disk, BYTES).is_err_and(|why| why.is_for_now()));
        let ready = disk.open(&spare_path(0), false).unwrap();
        assert_eq!(ready.unwrap().len_bytes().unwrap(), BYTES);
    }
    device.set_capacity_bytes(None);
    let chain = crate::wal::format::Chain::start(proof::digest::Digest::of(b"log"));
    let (log, generation, segment_bytes) = (chain.previous, 0, BYTES);
    for number in 0..10 {
        spare.fill(&disk, BYTES).unwrap();
        let header = SegmentHeader { log, generation, number, segment_bytes, chain };
        spare.begin(&disk, &header).unwrap();
        assert!(disk.open(&segment_path(number), false).unwrap().is_some());
    }
}
