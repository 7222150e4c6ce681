//! A control group around a server: the kernel kills all in it at once, however fast it forks.
//!
//! A group is made below the node's own, where the machine has version 2 of control groups and lets the node. What a server moves
//! elsewhere, and what has no group, is found and ended as [`super::tree`] does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

/// What the names of groups begin with; the guard's number follows.
const PREFIX: &str = "interlock-guard-";

/// The group of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group(PathBuf);

impl Group {
    /// Makes this guard's group and enters it, so that what it starts is in it. None where that can't be.
    pub(super) fn enter() -> Option<Self> {
        let group = Self::of(rustix::process::getpid().as_raw_pid())?;
        // One that a guard of the same number left.
        let _left = fs::remove_dir(&group.0);
        fs::create_dir(&group.0).ok()?;
        let has_entered = enter(&group.0).is_ok() && group.0.join(KILL).exists();
        if !has_entered {
            group.leave().ok()?;
            group.remove();
        }
        has_entered.then_some(group)
    }

    /// The group of the guard of this number, if there can be one.
    pub(super) fn of(guard: i32) -> Option<Self> {
        own_folder().map(|own| Self(own.join(format!("{PREFIX}{guard}"))))
    }

    /// Leaves it. What was started stays.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), enter)
    }

    /// Kills all that is in it.
    pub(super) fn kill(&self) {
        // There may be no such group any more, or none of them had one.
        let _killed = fs::write(self.0.join(KILL), "1");
    }

    /// Removes it, once nothing is in it.
    pub(super) fn remove(&self) {
        let _removed = fs::remove_dir(&self.0);
    }
}

/// The file that kills: Linux has it since 5.14.
const KILL: &str = "cgroup.kill";

fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), rustix::process::getpid().as_raw_pid().to_string())
}

/// Whether servers can have groups here.
pub(super) fn is_here() -> bool {
    let Some(own) = own_folder() else { return false };
    let probe = own.join(format!("interlock-probe-{}", rustix::process::getpid().as_raw_pid()));
    let is_here = fs::create_dir(&probe).is_ok() && probe.join(KILL).exists();
    let _removed = fs::remove_dir(&probe);
    is_here
}

/// Ends what guards left that were killed together with their node, and removes their groups.
pub(super) fn end_left() {
    let entries = own_folder().and_then(|own| fs::read_dir(own).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let guard = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        let Some(guard) = guard.and_then(Pid::from_raw) else { continue };
        if test_kill_process(guard) == Err(rustix::io::Errno::SRCH) {
            let group = Group(entry.path());
            group.kill();
            // What is killed may still be there for a moment: then the next start removes it.
            group.remove();
        }
    }
}

/// Where this process's own group lies.
fn own_folder() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    folder_in(&groups, &mounts)
}

/// The same, by these files: see cgroups(7), and proc(5), mountinfo.
fn folder_in(groups: &str, mounts: &str) -> Option<PathBuf> {
    let own = Path::new(groups.lines().find_map(|line| line.strip_prefix("0::"))?);
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        let is_unified = kind.split(' ').next() == Some("cgroup2");
        // One whose path is written with escapes is left alone.
        let is_plain = !root.contains('\\') && !place.contains('\\');
        let below = own.strip_prefix(root).ok().filter(|_| is_unified && is_plain)?;
        Some(Path::new(place).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_where_version_2_is_mounted() {
        let mounts = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        let found = |own: &str| folder_in(own, mounts);
        assert_eq!(found("1:cpu:/a\n0::/\n"), Some("/sys/fs/cgroup/unified/".into()));
        assert_eq!(
            found("0::/system.slice/node\n"),
            Some("/sys/fs/cgroup/unified/system.slice/node".into())
        );
        assert_eq!(found("1:cpu:/a\n"), None);
        assert_eq!(
            folder_in("0::/a\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup c rw\n"),
            None
        );
        let bound = "41 31 0:38 /pod /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
        assert_eq!(folder_in("0::/pod/a\n", bound), Some("/sys/fs/cgroup/a".into()));
        assert_eq!(folder_in("0::/other\n", bound), None);
    }
}
