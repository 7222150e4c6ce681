//! Restoring says what it undoes, and a lost lineage log has a way on.

use std::fs;
use std::path::Path;

use super::site::Site;
use crate::support::{Node, run};

/// Copies folders and files with their modes, but for sockets.
fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
    } else if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            copy(&path, &to.join(path.file_name().unwrap()));
        }
    }
}

fn remove(path: &Path) {
    match path.is_dir() {
        true => fs::remove_dir_all(path).unwrap(),
        false => drop(fs::remove_file(path)),
    }
}

/// A domain that worked, a copy of then, and one of now: its agent was halted since, and has asked
/// again.
fn restored() -> (Site, tempfile::TempDir) {
    let site = Site::new();
    let kept = tempfile::tempdir().unwrap();
    let folder = site.domain.folder();
    let node = Node::start(&folder);
    drop(site.client());
    assert!(node.stop().success());
    copy(&folder, &kept.path().join("old"));
    let node = Node::start(&folder);
    site.interlock(&["halt", &site.domain(), "workload:agent"]);
    let execution = site.execution();
    site.interlock(&["end", &site.domain(), &execution]);
    site.interlock(&["erase", &site.domain(), &execution]);
    assert!(node.stop().success());
    copy(&folder, &kept.path().join("new"));
    (site, kept)
}

#[test]
fn no_older_copy_of_a_log_starts_without_a_word() {
    let (site, kept) = restored();
    let folder = site.domain.folder();
    for names in [
        &["governance"][..],
        &["governance", "marks/governance"],
        &["governance", "marks"],
        &["lineage"],
        &["lineage", "marks/lineage"],
        &["lineage/wal"],
        &["governance/wal", "governance/checkpoint", "governance/tile", "marks/governance"],
        &["lineage/wal", "lineage/checkpoint", "lineage/tile", "marks/lineage"],
    ] {
        remove(&folder);
        copy(&kept.path().join("new"), &folder);
        for name in names {
            remove(&folder.join(name));
            copy(&kept.path().join("old").join(name), &folder.join(name));
        }
        let (code, said) = Node::refuses(&folder);
        assert_eq!(code, Some(74), "{names:?}: {said}");
        if names.contains(&"governance") {
            assert!(said.contains("the halt of workload:agent"), "{names:?}: {said}");
        }
    }
}

/// As in a copy that was made while the node ran: the write-ahead files have all of it.
#[test]
fn older_checkpoint_beside_new_wal_loses_nothing() {
    let (site, kept) = restored();
    let folder = site.domain.folder();
    let records = site.records("lineage").len();
    for names in [&["lineage/checkpoint"][..], &["governance/checkpoint", "governance/tile"]] {
        remove(&folder);
        copy(&kept.path().join("new"), &folder);
        for name in names {
            remove(&folder.join(name));
            copy(&kept.path().join("old").join(name), &folder.join(name));
        }
        let node = Node::start(&folder);
        let halted = site.interlock(&["trust", &site.domain()]);
        assert!(halted.contains("workload:agent") && halted.contains("halted"), "{halted}");
        assert!(node.stop().success());
        assert!(site.records("lineage").len() >= records, "{names:?}");
        site.interlock(&["log", "verify", &site.domain()]);
    }
}

#[test]
fn a_restore_shows_what_is_lost_and_needs_a_yes() {
    let (site, kept) = restored();
    let (folder, domain) = (site.domain.folder(), site.domain());
    for name in ["lineage", "marks/lineage"] {
        remove(&folder.join(name));
        copy(&kept.path().join("old").join(name), &folder.join(name));
    }
    let unasked = run(&["restore", &domain]);
    assert_eq!(unasked.code, Some(64), "{}", unasked.stderr);
    assert!(unasked.stdout.contains("the lineage log has"), "{}", unasked.stdout);
    assert!(unasked.stdout.contains("the erasure of "), "{}", unasked.stdout);
    site.interlock(&["restore", &domain, "--yes"]);
    let node = Node::start(&folder);
    let halted = site.interlock(&["trust", &domain]);
    assert!(halted.contains("workload:agent") && halted.contains("halted"), "{halted}");
    assert!(node.stop().success());
    assert!(site.interlock(&["restore", &domain]).contains("nothing is lost"));
}

#[test]
fn a_node_goes_on_under_a_new_name_when_its_lineage_log_is_lost() {
    let (site, kept) = restored();
    let (folder, domain) = (site.domain.folder(), site.domain());
    remove(&folder.join("lineage"));
    assert_eq!(run(&["serve", &domain]).code, Some(74));
    let way_on = run(&["restore", &domain, "--yes"]);
    assert_eq!(way_on.code, Some(2), "{}", way_on.stderr);
    assert!(way_on.stderr.contains("--new-lineage"), "{}", way_on.stderr);
    site.interlock(&["restore", &domain, "--new-lineage", "node-2", "--yes"]);
    let node = Node::start(&folder);
    site.interlock(&["halt", &domain, "workload:agent", "--lift"]);
    drop(site.client());
    assert!(node.stop().success());
    site.interlock(&["log", "verify", &domain]);
    site.interlock(&["replay", &domain]);

    // Also where governance came back older than the lineage log rests on.
    remove(&folder);
    copy(&kept.path().join("new"), &folder);
    for name in ["governance", "marks"] {
        remove(&folder.join(name));
        copy(&kept.path().join("old").join(name), &folder.join(name));
    }
    let lost = run(&["restore", &domain, "--yes"]);
    assert!(lost.stdout.contains("the halt of workload:agent"), "{}", lost.stdout);
    site.interlock(&["restore", &domain, "--new-lineage", "node-2", "--yes"]);
    assert!(Node::start(&folder).stop().success());
}

/// A backup of a copy that went on by itself has as many records, and other ones.
#[test]
fn a_backup_of_another_history_shows_what_it_undoes() {
    let (site, kept) = restored();
    let (folder, fork) = (site.domain.folder(), kept.path().join("old"));
    let (at, agent) = (fork.to_str().unwrap(), "workload:agent");
    site.interlock(&["trust", at, agent, "degraded"]);
    site.interlock(&["halt", at, agent]);
    site.interlock(&["halt", at, agent, "--lift"]);
    let (file, shown) = (kept.path().join("fork.tar"), folder.to_str().unwrap());
    let file = file.to_str().unwrap();
    site.interlock(&["backup", fork.to_str().unwrap(), file]);
    let asked = run(&["restore", file, shown]);
    assert_eq!(asked.code, Some(64), "{}", asked.stderr);
    for said in ["the governance log is ANOTHER HISTORY", "the halt of workload:agent"] {
        assert!(asked.stdout.contains(said), "{said}: {}", asked.stdout);
    }
    // So does the copy that lies there.
    for name in ["governance", "lineage/seen-governance"] {
        remove(&folder.join(name));
        copy(&fork.join(name), &folder.join(name));
    }
    let there = run(&["restore", shown]);
    assert!(there.stdout.contains("the governance log is ANOTHER HISTORY"), "{}", there.stdout);
    assert!(there.stdout.contains("the halt of workload:agent"), "{}", there.stdout);
}

#[test]
fn a_backup_of_another_domain_does_not_come_in_ones_place() {
    let (site, kept) = restored();
    let (other, file) = (kept.path().join("other"), kept.path().join("other.tar"));
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bundles/starter");
    let (shown, file) = (other.to_str().unwrap(), file.to_str().unwrap());
    site.interlock(&["init", shown, "--bundle", starter.to_str().unwrap()]);
    site.interlock(&["backup", shown, file]);
    let refused = run(&["restore", file, &site.domain(), "--yes"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("of another domain"), "{}", refused.stderr);
    assert!(run(&["trust", &site.domain()]).stdout.contains("halted"));
}
