use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::exit::{Exit, Failure};

/// Refuses a file that anybody but its owner can write.
pub(super) fn check_written_by_owner(path: &Path) -> Result<(), Failure> {
    check(path, 0o022, "others can write it", "chmod go-w")
}

/// Refuses a file that anybody but its owner can read or write.
pub(super) fn check_private(path: &Path) -> Result<(), Failure> {
    check(path, 0o077, "others can read or write it", "chmod go=")
}

/// Refuses a domain whose keys or logs anybody but their owner can reach. A domain that has none
/// yet passes.
pub(super) fn check_private_folders(domain: &Path) -> Result<(), Failure> {
    for log in ["governance", "lineage"].map(|name| domain.join(name)) {
        if log.exists() {
            check_private(&log)?;
        }
    }
    let keys = domain.join("keys");
    let entries = match fs::read_dir(&keys) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(unreadable(&keys, &why)),
    };
    check_private(&keys)?;
    for entry in entries {
        check_private(&entry.map_err(|why| unreadable(&keys, &why))?.path())?;
    }
    Ok(())
}

/// Refuses a domain where anybody but this process's OS user, or root, could put another file in
/// the place of its configuration, keys or logs: owners and modes of all of them, and of every
/// folder above.
pub(crate) fn check_place(domain: &Path) -> Result<(), Failure> {
    let domain = domain.canonicalize().map_err(|why| unreadable(domain, &why))?;
    for above in domain.ancestors() {
        check_folder(above)?;
    }
    check_owner(&domain.join(super::FILE))?;
    for folder in ["keys", "governance", "lineage", "marks"].map(|name| domain.join(name)) {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            Err(why) => return Err(unreadable(&folder, &why)),
        };
        check_owner(&folder)?;
        for entry in entries {
            check_owner(&entry.map_err(|why| unreadable(&folder, &why))?.path())?;
        }
    }
    Ok(())
}

/// Refuses a socket in whose place anybody but this process's OS user, or root, could put another
/// one: owners and modes of every folder above it, and owners of the links on the way.
pub(crate) fn check_sockets(options: &node::Options) -> Result<(), Failure> {
    for (key, socket) in [("socket", &options.socket), ("officer_socket", &options.officer_socket)]
    {
        check_above(socket).map_err(|why| match why.exit() {
            Exit::Config => others_could_answer(key, socket, why),
            _ => why,
        })?;
    }
    Ok(())
}

fn others_could_answer(key: &str, socket: &Path, why: Failure) -> Failure {
    let cause = why.sentence();
    let help = format!(
        "name another place in `{}` (`{key}`), as the domain's own folder, or {}",
        super::FILE,
        why.advice().unwrap_or_default()
    );
    let what = format!("another OS user could answer at `{}`", socket.display());
    Failure::new(Exit::Config, what).why(cause).code("socket.owner").help(help)
}

fn check_above(socket: &Path) -> Result<(), Failure> {
    let named = std::path::absolute(socket).map_err(|why| unreadable(socket, &why))?;
    for folder in named.ancestors().skip(1) {
        check_link(folder)?;
        check_folder(folder)?;
    }
    let folder = named.parent().unwrap_or(&named);
    let real = folder.canonicalize().map_err(|why| unreadable(folder, &why))?;
    real.ancestors().try_for_each(check_folder)
}

/// Refuses a link with a foreign owner, who could change its target.
fn check_link(path: &Path) -> Result<(), Failure> {
    let found = fs::symlink_metadata(path).map_err(|why| unreadable(path, &why))?;
    check_found_owner(path, &found)
}

fn check_owner(path: &Path) -> Result<(), Failure> {
    let found = fs::metadata(path).map_err(|why| unreadable(path, &why))?;
    check_found_owner(path, &found)
}

fn check_found_owner(path: &Path, found: &fs::Metadata) -> Result<(), Failure> {
    let own = rustix::process::geteuid().as_raw();
    if found.uid() == own || found.uid() == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::new(Exit::Config, format!("`{shown}` belongs to somebody else"))
        .why(format!("its owner is the OS user {}, and the node runs as {own}", found.uid()))
        .help(format!("`chown {own} {shown}`, or run the node as its owner")))
}

/// Refuses a folder in which another user could replace a file. In a sticky folder only a file's
/// owner can. A group with the owner's number counts as the owner's own.
fn check_folder(path: &Path) -> Result<(), Failure> {
    check_owner(path)?;
    let found = fs::metadata(path).map_err(|why| unreadable(path, &why))?;
    let is_own_group = found.gid() == found.uid() || found.gid() == 0;
    let writers = if is_own_group { 0o002 } else { 0o022 };
    if found.mode() & writers == 0 || found.mode() & 0o1000 != 0 {
        return Ok(());
    }
    check(path, writers, "others can put other files in it", "chmod go-w")
}

fn check(path: &Path, forbidden: u32, why: &str, remedy: &str) -> Result<(), Failure> {
    let mode = fs::metadata(path).map_err(|why| unreadable(path, &why))?.mode();
    if mode & forbidden == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::new(Exit::Config, format!("`{shown}` has loose permissions"))
        .why(format!("{why} (mode {:o})", mode & 0o777))
        .help(format!("`{remedy} {shown}`")))
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    Failure::io(format!("`{}` cannot be read", path.display()), why)
}
