//! A control group around a server: the kernel kills all in it at once, however fast it forks.
//!
//! A group is made below the node's own, where the machine has version 2 of control groups and lets the node. What a server moves
//! elsewhere, and what has no group, is found and ended as [`super::tree`] does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::tree;

/// What the names of groups begin with. The guard's namespace of processes, its number and when it began follow: no other has these.
const PREFIX: &str = "interlock-guard-";

/// The group of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group(PathBuf);

impl Group {
    /// Makes this guard's group and enters it, so that what it starts is in it. None where that can't be.
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

    /// The group of the guard of this number that began then, if there can be one.
    pub(super) fn of(guard: i32, began_at: u64) -> Option<Self> {
        let name = format!("{PREFIX}{}-{guard}-{began_at}", namespace()?);
        own_folder().map(|own| Self(own.join(name)))
    }

    /// Leaves it. What was started stays.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), enter)
    }

    /// Kills all that is in it, and in those that were made in it. False where there is no such group.
    pub(super) fn kill(&self) -> bool {
        fs::write(self.0.join(KILL), "1").is_ok()
    }

    /// Removes it with those that were made in it, once nothing is in them.
    pub(super) fn remove(&self) {
        remove(&self.0, GROUPS_DEPTH_MAX);
    }
}

/// Groups below groups that are removed: a server of the node's own OS user can make them.
const GROUPS_DEPTH_MAX: usize = 16;

fn remove(group: &Path, depth: usize) {
    if depth > 0 {
        let inner = fs::read_dir(group).into_iter().flatten().flatten();
        let folders = inner.filter(|one| one.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.for_each(|one| remove(&one.path(), depth - 1));
    }
    let _removed = fs::remove_dir(group);
}

/// The namespace in which this process's number is its.
fn namespace() -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self/ns/pid").ok().map(|namespace| namespace.ino())
}

/// The file that kills: Linux has it since 5.14.
const KILL: &str = "cgroup.kill";

fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), rustix::process::getpid().as_raw_pid().to_string())
}

/// Whether servers can have groups here.
pub(super) fn is_supported() -> bool {
    let Some(own) = own_folder() else { return false };
    let probe = own.join(format!("interlock-probe-{}", rustix::process::getpid().as_raw_pid()));
    // A guard enters its group, and comes back.
    let own_procs = own.join("cgroup.procs");
    let can_return = rustix::fs::access(&own_procs, rustix::fs::Access::WRITE_OK).is_ok();
    let is_here = can_return && fs::create_dir(&probe).is_ok() && probe.join(KILL).exists();
    let _removed = fs::remove_dir(&probe);
    is_here
}

/// Ends what guards left that were killed together with their node, and removes their groups.
pub(super) fn end_abandoned() {
    let entries = own_folder().and_then(|own| fs::read_dir(own).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((guard, began_at)) = name.to_str().and_then(guard_of) else { continue };
        if tree::began_at(guard) != Some(began_at) {
            let group = Group(entry.path());
            let _there = group.kill();
            // What is killed may still be there for a moment: then the next start removes it.
            group.remove();
        }
    }
}

/// The guard whose group has this name, and when it began, where its number is one of this namespace.
fn guard_of(name: &str) -> Option<(i32, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    let (its, guard, began_at) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = its.parse().ok() == namespace() && parts.next().is_none();
    is_ours.then_some((guard.parse().ok()?, began_at.parse().ok()?))
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
