use super::{SealedFile, decode};
use crate::disk::Disk;
use crate::limits::UNSYNCED_BYTES_MAX;
use crate::simulation::MemoryDevice;

#[test]
fn parts_come_back_in_order_and_a_growing_file_can_be_copied() {
    let disk = MemoryDevice::new().mount();
    let parts = [vec![], vec![1], vec![2; 300_000], vec![3; 5]];
    let mut file = SealedFile::create(&disk, 256).unwrap();
    for (part, copied) in parts.iter().zip(1_u16..) {
        file.append(part).unwrap();
        file.copy_to(&disk, "sealed/copy").unwrap();
        let copy = disk.read("sealed/copy", 1 << 20).unwrap().unwrap();
        assert_eq!(decode(&copy, copied).unwrap(), &parts[..usize::from(copied)]);
    }
    file.finish(&disk, "sealed/001").unwrap();
    let bytes = disk.read("sealed/001", 1 << 20).unwrap().unwrap();
    assert_eq!((decode(&bytes, 4).unwrap().len(), file.next), (4, 260));
}

#[test]
fn files_of_another_shape_are_refused() {
    let bytes = [0, 0, 0, 2, 7, 8, 0, 0, 0, 0];
    assert_eq!(decode(&bytes, 2).unwrap(), [&[7, 8][..], &[]]);
    assert!(decode(&bytes, 1).is_none(), "more than asked for");
    assert!(decode(&bytes, 3).is_none(), "less than asked for");
    assert!(decode(&bytes[..5], 1).is_none(), "cut off");
    assert!(decode(&[255; 4], 1).is_none(), "a length beyond the end");
}

#[test]
fn a_large_part_is_synced_as_it_is_written() {
    let device = MemoryDevice::new();
    let mut file = SealedFile::create(&device.mount(), 0).unwrap();
    device.fail_sync_after(0);
    file.append(&vec![1; UNSYNCED_BYTES_MAX / 2]).unwrap();
    file.append(&vec![2; UNSYNCED_BYTES_MAX]).unwrap_err();
    let device = MemoryDevice::new();
    let mut file = SealedFile::create(&device.mount(), 0).unwrap();
    device.fail_sync_after(0);
    file.append(&vec![3; UNSYNCED_BYTES_MAX + 1]).unwrap_err();
}
