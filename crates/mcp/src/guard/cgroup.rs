//! A control group around a server: the kernel kills all processes in it at once, however fast they
//! fork.
//!
//! The group is created below the node's own, if the machine has version 2 of control groups and
//! the node may create one. Processes that a server moves elsewhere, and those without a group, are
//! found and ended by [`super::tree`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::tree;

/// The prefix of a group's name. The guard's process namespace, its process id and its start time
/// follow: no other guard has the same three.
const PREFIX: &str = "interlock-guard-";

/// The group of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group(PathBuf);

impl Group {
    /// Creates this guard's group and enters it, so that processes it starts are in the group. None
    /// if that is not possible.
    pub(super) fn enter() -> Option<Self> {
        let own = rustix::process::getpid().as_raw_pid();
        let group = Self::of(own, tree::began_at(own)?)?;
        fs::create_dir(&group.0).ok()?;
        let has_entered = group.0.join(KILL).exists() && enter(&group.0).is_ok();
        if !has_entered {
            group.remove();
        }
        has_entered.then_some(group)
    }

    /// The group of the guard with this process id and start time, if there can be one.
    pub(super) fn of(guard: i32, began_at: u64) -> Option<Self> {
        let name = format!("{PREFIX}{}-{guard}-{began_at}", namespace()?);
        own_folder().map(|own| Self(own.join(name)))
    }

    /// Leaves the group. Processes that were started stay in it.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), enter)
    }

    /// Kills all processes in the group and in the groups below it. False if there is no such
    /// group.
    pub(super) fn kill(&self) -> bool {
        fs::write(self.0.join(KILL), "1").is_ok()
    }

    /// Removes the group and the groups below it, if no process is in them.
    pub(super) fn remove(&self) {
        remove(&self.0, GROUPS_DEPTH_MAX);
    }
}

/// The depth of nested groups that are removed. A server of the node's own OS user can create
/// nested groups.
const GROUPS_DEPTH_MAX: usize = 16;

fn remove(group: &Path, depth: usize) {
    if depth > 0 {
        let inner = fs::read_dir(group).into_iter().flatten().flatten();
        let folders = inner.filter(|one| one.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.for_each(|one| remove(&one.path(), depth - 1));
    }
    let _removed = fs::remove_dir(group);
}

/// The process namespace of this process.
fn namespace() -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self/ns/pid").ok().map(|namespace| namespace.ino())
}

/// The file that kills a group. Linux has it since 5.14.
const KILL: &str = "cgroup.kill";

fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), rustix::process::getpid().as_raw_pid().to_string())
}

/// Whether servers can have groups here.
pub(super) fn is_supported() -> bool {
    let Some(own) = own_folder() else { return false };
    let probe = own.join(format!("interlock-probe-{}", rustix::process::getpid().as_raw_pid()));
    // A guard enters its group, and must be able to return.
    let own_procs = own.join("cgroup.procs");
    let can_return = rustix::fs::access(&own_procs, rustix::fs::Access::WRITE_OK).is_ok();
    let is_here = can_return && fs::create_dir(&probe).is_ok() && probe.join(KILL).exists();
    let _removed = fs::remove_dir(&probe);
    is_here
}

/// Ends the processes of guards that were killed together with their node, and removes their
/// groups.
pub(super) fn end_abandoned() {
    let entries = own_folder().and_then(|own| fs::read_dir(own).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((guard, began_at)) = name.to_str().and_then(guard_of) else { continue };
        if tree::began_at(guard) != Some(began_at) {
            let group = Group(entry.path());
            let _there = group.kill();
            // Killed processes may still exist for a moment. The next start removes the group then.
            group.remove();
        }
    }
}

/// The process id and start time of the guard whose group has this name, if its process namespace
/// is ours.
fn guard_of(name: &str) -> Option<(i32, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    let (its, guard, began_at) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = its.parse().ok() == namespace() && parts.next().is_none();
    is_ours.then_some((guard.parse().ok()?, began_at.parse().ok()?))
}

/// The folder of this process's own group.
fn own_folder() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    folder_in(&groups, &mounts)
}

/// The folder of a process's own group, by these two files: see cgroups(7), and proc(5), mountinfo.
fn folder_in(groups: &str, mounts: &str) -> Option<PathBuf> {
    let own = Path::new(groups.lines().find_map(|line| line.strip_prefix("0::"))?);
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        let is_unified = kind.split(' ').next() == Some("cgroup2");
        // A mount whose path has escapes is not supported.
        let is_plain = !root.contains('\\') && !place.contains('\\');
        let below = own.strip_prefix(root).ok().filter(|_| is_unified && is_plain)?;
        Some(Path::new(place).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_name_identifies_its_guard_only() {
        let namespace = namespace().unwrap();
        let named = |name: String| guard_of(&name);
        assert_eq!(named(format!("{PREFIX}{namespace}-17-4321")), Some((17, 4321)));
        for other in [
            format!("{PREFIX}{}-17-4321", namespace + 1),
            format!("{PREFIX}{namespace}-17"),
            format!("{PREFIX}{namespace}-17-4321-5"),
            format!("{PREFIX}17"),
            "system.slice".to_owned(),
        ] {
            assert_eq!(named(other), None);
        }
    }

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
