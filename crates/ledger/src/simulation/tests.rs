use super::{Crash, MemoryDevice};
use crate::disk::{Disk, DiskError, DiskFile};

#[test]
fn only_what_was_synced_survives() {
    let device = MemoryDevice::new();
    let disk = device.mount();
    let file = disk.create("a/file", 4).unwrap();
    file.write_at(0, b"kept").unwrap();
    file.sync().unwrap();
    disk.sync_folder("a").unwrap();
    file.write_at(0, b"lost").unwrap();
    disk.create("a/nameless", 0).unwrap().sync().unwrap();
    device.crash(Crash::DropUnsynced);
    assert!(disk.list("a").is_err(), "what was mounted before is gone");
    let disk = device.mount();
    assert_eq!(disk.read("a/file", 10).unwrap().unwrap(), b"kept");
    assert_eq!(disk.list("a").unwrap(), ["file"]);
}

#[test]
fn torn_writes_come_out_in_many_ways() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let device = MemoryDevice::new();
        let disk = device.mount();
        let file = disk.create("file", 2048).unwrap();
        file.sync().unwrap();
        disk.sync_folder("").unwrap();
        file.write_at(0, &[1; 2048]).unwrap();
        device.crash(Crash::Tear(seed));
        outcomes.insert(device.content("file").unwrap());
    }
    assert!(outcomes.contains(&vec![0; 2048]) && outcomes.contains(&vec![1; 2048]));
    assert!(outcomes.len() > 10, "{}", outcomes.len());
}

#[test]
fn a_killed_process_keeps_its_writes_but_not_durably() {
    let device = MemoryDevice::new();
    device.mount().create("file", 1).unwrap().write_at(0, b"x").unwrap();
    device.crash(Crash::KeepUnsynced);
    assert_eq!(device.content("file").unwrap(), b"x");
    device.crash(Crash::DropUnsynced);
    assert_eq!(device.content("file"), None);
}

#[test]
fn faults_come_when_asked_for() {
    let device = MemoryDevice::new();
    let disk = device.mount();
    let file = disk.create("file", 0).unwrap();
    device.fail_sync_after(1);
    file.sync().unwrap();
    assert!(matches!(file.sync(), Err(DiskError::Sync { .. })));
    file.sync().unwrap();
    device.set_capacity_bytes(Some(10));
    assert!(matches!(file.write_at(0, &[0; 11]), Err(DiskError::Full { .. })));
    file.write_at(0, &[0; 10]).unwrap();
    assert!(matches!(disk.create("more", 1), Err(DiskError::Full { .. })));
    device.lose_power_at(Some(device.operations()));
    assert!(file.write_at(0, b"x").is_err() && file.len_bytes().is_err());
}
