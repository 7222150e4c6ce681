//! OS users by name or number.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::exit::{Exit, Failure};

/// The machine's list of users.
const PASSWD: &str = "/etc/passwd";

/// The machine's list of groups.
const GROUPS: &str = "/etc/group";

/// The user and group id for a name or a number. A number needs no entry in the list; its group is
/// then the same number.
pub(crate) fn find(user: &str) -> Option<(u32, u32)> {
    let list = std::fs::read_to_string(Path::new(PASSWD)).unwrap_or_default();
    match user.parse::<u32>() {
        Ok(id) => find_in(&list, |_, found| found == id).or(Some((id, id))),
        Err(_) => find_in(&list, |name, _| name == user),
    }
}

/// The same, for a command's argument.
pub(crate) fn resolve(user: &str) -> Result<(u32, u32), Failure> {
    find(user).ok_or_else(|| {
        Failure::new(Exit::Config, format!("there is no OS user `{user}`"))
            .help("give the name of an entry in /etc/passwd, or a uid")
    })
}

/// Numbers of users without an entry in the machine's list and without a process now, from a range
/// that `systemd` and the tools for adding users do not use.
pub(crate) fn free() -> impl Iterator<Item = u32> {
    let list = std::fs::read_to_string(Path::new(PASSWD)).unwrap_or_default();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let running: BTreeSet<u32> =
        processes.flat_map(|one| one.metadata()).map(|one| one.uid()).collect();
    FREE.filter(move |id| {
        !running.contains(id) && find_in(&list, |_, found| found == *id).is_none()
    })
}

/// `systemd` names this range unused, below that of its dynamic users.
const FREE: std::ops::RangeInclusive<u32> = 60_600..=61_100;

/// The group id for a name or a number, for a key of the configuration.
pub(crate) fn group(name: &str) -> Result<u32, Failure> {
    let list = std::fs::read_to_string(Path::new(GROUPS)).unwrap_or_default();
    name.parse().ok().or_else(|| group_in(&list, name)).ok_or_else(|| {
        Failure::new(Exit::Config, format!("there is no OS group `{name}`"))
            .help("give the name of an entry in /etc/group, or a gid")
    })
}

fn group_in(list: &str, wanted: &str) -> Option<u32> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?.parse().ok()?;
        (name == wanted).then_some(id)
    })
}

fn find_in(list: &str, is_wanted: impl Fn(&str, u32) -> bool) -> Option<(u32, u32)> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        is_wanted(name, id).then_some((id, group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "root:x:0:0:root:/root:/bin/bash\nagent:x:1001:2002::/home/agent:/bin/sh\nbad line\n";

    #[test]
    fn a_name_is_found_with_its_group_and_another_is_not() {
        assert_eq!(find_in(LIST, |name, _| name == "agent"), Some((1001, 2002)));
        assert_eq!(find_in(LIST, |name, _| name == "eve"), None);
    }

    #[test]
    fn a_free_user_is_nobodys_and_comes_once() {
        let free: Vec<u32> = free().collect();
        assert!(free.iter().all(|id| FREE.contains(id) && find_in("", |_, _| true).is_none()));
        assert!(free.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(free.iter().all(|id| find(&id.to_string()) == Some((*id, *id))));
    }

    #[test]
    fn a_group_is_found_by_its_name() {
        let list = "root:x:0:\nofficers:x:1500:ann,bob\nbad line\n";
        assert_eq!(group_in(list, "officers"), Some(1500));
        assert_eq!(group_in(list, "office"), None);
        assert_eq!(group("4000000000").unwrap(), 4_000_000_000);
    }

    #[test]
    fn a_number_needs_no_entry_and_an_unknown_name_is_an_error() {
        assert_eq!(resolve("4000000000").unwrap(), (4_000_000_000, 4_000_000_000));
        assert_eq!(resolve("no-such-user-here").unwrap_err().exit(), Exit::Config);
    }
}
