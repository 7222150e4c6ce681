//! What a process takes of the machine, as `/proc` has it.

use std::collections::BTreeMap;
use std::fs;

/// What a node takes at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vitals {
    /// Memory that is resident.
    pub(super) rss_bytes: u64,
    /// Open file descriptors.
    pub(super) descriptors: u64,
    pub(super) threads: u64,
}

impl Vitals {
    pub(super) fn of(pid: u32) -> Vitals {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        Vitals {
            rss_bytes: number("VmRSS:") * 1024,
            descriptors: descriptors.try_into().unwrap(),
            threads: number("Threads:"),
        }
    }
}

/// Processes, each by its id and when it started: an id alone is given anew.
pub(super) type Processes = BTreeMap<u32, String>;

/// All that live and descend from this one.
pub(super) fn descendants(of: u32) -> Processes {
    let all = living();
    let mut found = Processes::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        for (pid, (its_parent, started)) in &all {
            if *its_parent == parent && found.insert(*pid, started.clone()).is_none() {
                parents.push(*pid);
            }
        }
    }
    found
}

/// Those of these that still live.
pub(super) fn left_of(processes: &Processes) -> Vec<u32> {
    let all = living();
    let lives =
        |(pid, started): &(&u32, &String)| all.get(pid).is_some_and(|(_, since)| since == *started);
    processes.iter().filter(lives).map(|(pid, _)| *pid).collect()
}

/// Those whose environment has this text.
pub(super) fn with_environment(text: &str) -> Vec<u32> {
    let has = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(text.len()).any(|part| part == text.as_bytes())
    };
    living().into_keys().filter(has).collect()
}

/// The parent of each process that lives, and when it started.
fn living() -> BTreeMap<u32, (u32, String)> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let read = |pid: u32| {
        // proc_pid_stat(5): `pid (name) state ppid ... starttime` as the 22nd; the name may hold
        // spaces and parentheses.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let is_dead = ["Z", "X"].contains(fields.first()?);
        let parent = fields.get(1)?.parse().ok()?;
        (!is_dead).then_some((pid, (parent, (*fields.get(19)?).to_owned())))
    };
    pids.filter_map(read).collect()
}
