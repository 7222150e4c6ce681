//! Nobody signs unseen.

use std::fs;

use serde_json::Value;

use super::site::Site;
use crate::support::run;

/// A proposal of that name, as the words say.
fn propose(site: &Site, name: &str, what: &[&str]) -> String {
    let file = site.path(name);
    site.interlock(&[&["propose", &site.domain(), "--out", &file], what].concat());
    file
}

/// A key of that name in that file, and its public key.
fn key(site: &Site, file: &str, name: &str) -> String {
    site.interlock(&["key", &site.path(file), "--name", name]).trim().to_owned()
}

/// Hands every role to one key.
fn takeover(site: &Site, vkey: &str) -> String {
    let role = |role| format!("[roles.{role}]\nthreshold = 1\nkeys = [\"{vkey}\"]\n");
    let file = site.path("roles.toml");
    fs::write(&file, ["root", "policy", "registrar", "trust"].map(role).concat()).unwrap();
    propose(site, "takeover.json", &["roles", &file])
}

#[test]
fn every_key_and_threshold_is_shown_before_a_signature() {
    let site = Site::new();
    let name = site.interlock(&["roles", &site.domain(), "--json"]);
    let name: Value = serde_json::from_str(&name).unwrap();
    let old = name["root"]["keys"][0].as_str().unwrap();
    let new = key(&site, "mallory.skey", old.split('+').next().unwrap());
    let file = takeover(&site, &new);
    let (officer, domain) = (site.officer(), site.domain());
    let words = ["sign", &file, "--key", &officer, "--domain", &domain];

    let unsigned = fs::read(&file).unwrap();
    let unasked = run(&words);
    assert_eq!(unasked.code, Some(64), "{}", unasked.stderr);
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(fs::read(&file).unwrap(), unsigned, "nothing was signed");
    let id = |vkey: &str| format!("id {}", vkey.split('+').nth(1).unwrap());
    for wanted in [
        "role root  1 of 1 → 1 of 1",
        "role trust  1 of 1 → 1 of 1",
        &format!("- {} {}", old.split('+').next().unwrap(), id(old)),
        &format!("+ {} {}", old.split('+').next().unwrap(), id(&new)),
        new.as_str(),
        "have the same name and are different keys",
        "every key that holds a role today loses all of its roles",
        "expires",
    ] {
        assert!(unasked.stdout.contains(wanted), "{wanted}: {}", unasked.stdout);
    }
    let signed = site.interlock(&[&words[..], &["--yes", "--json"]].concat());
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(signed["roles"]["root"]["after"]["keys"][0]["vkey"], new.as_str());
    assert_eq!(signed["roles"]["root"]["before"]["keys"][0]["vkey"], old);
    assert_eq!(signed["warnings"].as_array().unwrap().len(), 2, "{signed}");
}

#[test]
fn every_policy_that_changes_is_shown_before_a_signature() {
    let site = Site::new();
    let changed = site.path("changed");
    copy(&site.path("bundle"), &changed);
    let file = format!("{changed}/policies/small.dw");
    let policies = fs::read_to_string(&file).unwrap().replace("drafts/*", "*");
    let added = "\n@id(\"any\")\npermit (principal, action == Action::\"send_mail\", resource);\n";
    fs::write(&file, policies.replace("@id(\"fetch\")", "@id(\"fetch-any\")") + added).unwrap();
    let proposal = propose(&site, "bundle.json", &["bundle", &changed]);
    let (officer, domain) = (site.officer(), site.domain());

    let shown =
        site.interlock(&["sign", &proposal, "--key", &officer, "--domain", &domain, "--yes"]);
    let checked = site.interlock(&["bundle", "check", &changed, "--json"]);
    let checked: Value = serde_json::from_str(&checked).unwrap();
    for wanted in [
        checked["digest"].as_str().unwrap(),
        "- permit `fetch` at",
        "+ permit `fetch-any` at",
        "+ permit `any` at",
        "| when { context.input.path like \"*\" };",
        "small 1 → small 1",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    site.interlock(&["publish", &proposal, &domain]);

    fs::write(&file, "@id(\"other\")\npermit (principal, action, resource);\n").unwrap();
    let other = run(&["sign", &proposal, "--key", &officer, "--bundle", &changed, "--yes"]);
    assert_eq!(other.code, Some(2), "another bundle than the proposal's: {}", other.stderr);
    fs::remove_file(format!("{proposal}.bundle")).unwrap();
    let unseen = run(&["sign", &proposal, "--key", &officer, "--yes"]);
    assert_eq!(unseen.code, Some(64), "a bundle that is not here is not signed: {}", unseen.stderr);
}

#[test]
fn sign_shows_subject_effect_and_expiry() {
    let site = Site::new();
    let proposal = propose(&site, "lift.json", &["--for", "2h", "lift", "workload:agent"]);
    let ended = run(&["sign", &proposal, "--key", &site.officer(), "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for wanted in
        ["halt workload:agent", "the workload `agent` ends", "UTC, in 1 h 59 min", "--domain"]
    {
        assert!(ended.stdout.contains(wanted), "{wanted}: {}", ended.stdout);
    }
}

/// Copies a folder of files and folders.
fn copy(from: &str, to: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = format!("{to}/{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => copy(path.to_str().unwrap(), &target),
            false => drop(fs::copy(&path, target).unwrap()),
        }
    }
}
