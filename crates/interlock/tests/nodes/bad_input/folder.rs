//! A domain's folder that is not as it must be: the node does not start, says what is wrong, and
//! starts once it is right.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::*;
use crate::orders::order;
use crate::support::run;

fn domain() -> Domain {
    Domain::new(
        &small_bundle(),
        &["agent"],
        &[("office", &format!("{BINARY} office-server --root OFFICE"))],
    )
}

fn call(domain: &Domain, id: &str) -> Value {
    let mut client = Client::join(&domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();
    client.call(id, "write_file", &json!({"path": format!("drafts/{id}"), "text": "text"}))
}

fn serves(domain: &Domain) {
    let node = Node::start(&domain.folder());
    let answer = call(domain, "after");
    assert!(answer.get("result").is_some(), "{answer}");
    assert!(node.stop().success());
}

#[test]
fn serve_names_unknown_keys_with_the_nearest_known_key() {
    let domain = domain();
    let file = domain.folder().join("interlock.toml");
    let good = fs::read_to_string(&file).unwrap();
    let edits = [
        ("[node]\n", "[node]\npublish_intervall_ms = 250\n", "publish_interval_ms"),
        ("[domain]\n", "[domian]\n", "domain"),
        ("command = ", "comand = ", "command"),
        ("env = ", "enviroment = ", "env"),
        ("name = \"node-1\"", "name = \"node-1\"\nsockett = \"x\"", "socket"),
    ];
    for (from, to, nearest) in edits {
        let edited = good.replacen(from, to, 1);
        assert_ne!(edited, good, "{from}");
        fs::write(&file, edited).unwrap();
        let (code, told) = Node::refuses(&domain.folder());
        assert_eq!(code, Some(78), "{told}");
        assert!(
            told.contains(&format!("`{nearest}`")) && told.contains("interlock.toml"),
            "{told}"
        );
    }
    fs::write(&file, "[node\n").unwrap();
    assert_eq!(Node::refuses(&domain.folder()).0, Some(78));
    fs::write(&file, good).unwrap();
    serves(&domain);
}

/// Makes a configuration that can't be used of a good one.
type Spoil = fn(&str) -> Option<String>;

#[test]
fn order_without_a_node_needs_no_configuration() {
    let domain = domain();
    let (folder, file) = (domain.folder(), domain.folder().join("interlock.toml"));
    let good = fs::read_to_string(&file).unwrap();
    let halt = || order(&folder, &["halt", "workload:agent"]);
    let spoils: [Spoil; 3] = [
        |_| Some("x [".to_owned()),
        |good| Some(good.replacen("env = ", "secrets = \"gone.env\"\nenv = ", 1)),
        |_| None,
    ];
    for stale in [false, true] {
        if stale {
            for socket in ["node.sock", "officer.sock"] {
                drop(UnixListener::bind(folder.join(socket)).unwrap());
            }
        }
        for spoil in spoils {
            match spoil(&good) {
                Some(bad) => fs::write(&file, bad).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            assert_ne!(fs::read_to_string(&file).ok().as_ref(), Some(&good));
            let halted = halt();
            assert_eq!(halted.code, Some(0), "{}", halted.stderr);
            assert!(halted.stdout.contains("the next start acts on it"), "{}", halted.stdout);
            fs::write(&file, &good).unwrap();
            let trust = order(&folder, &["trust"]);
            assert!(trust.stdout.contains("halted"), "{}", trust.stdout);
            assert_eq!(order(&folder, &["halt", "workload:agent", "--lift"]).code, Some(0));
        }
    }
    serves(&domain);
}

#[test]
fn order_that_the_log_refuses_fails() {
    let domain = domain();
    let (folder, file) = (domain.folder(), domain.folder().join("interlock.toml"));
    // Nothing can be said of the log, and the configuration can't be used.
    fs::write(&file, "x [").unwrap();
    drop(UnixListener::bind(folder.join("node.sock")).unwrap());
    fs::rename(folder.join("governance"), folder.join("elsewhere")).unwrap();
    let halted = order(&folder, &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(74), "{}{}", halted.stdout, halted.stderr);
}

#[test]
fn a_name_that_is_not_the_logs_is_told_as_one() {
    let domain = domain();
    let (folder, file) = (domain.folder(), domain.folder().join("interlock.toml"));
    let good = fs::read_to_string(&file).unwrap();
    for (table, key, log) in
        [("domain", "domain.name", "governance"), ("node", "node.name", "lineage")]
    {
        let from = format!("[{table}]\nname = \"");
        fs::write(&file, good.replacen(&from, &format!("{from}not-"), 1)).unwrap();
        let (code, told) = Node::refuses(&folder);
        assert_eq!(code, Some(78), "{told}");
        let status = run(&["roles".as_ref(), folder.as_path()]);
        assert_eq!(status.code, Some(78), "{}", status.stderr);
        for told in [told, status.stderr] {
            assert!(told.contains(&format!("`{key}` in")), "{told}");
            assert!(told.contains("says `not-"), "{told}");
            assert!(told.contains(&format!("the {log} log there is")), "{told}");
            assert!(!told.contains("backup") && !told.contains("restore"), "{told}");
        }
        // No order waits for a configuration.
        let halted = order(&folder, &["halt", "workload:agent"]);
        assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    }
    fs::write(&file, good).unwrap();
    assert_eq!(order(&folder, &["halt", "workload:agent", "--lift"]).code, Some(0));
    serves(&domain);
}

#[test]
fn loose_permissions_are_refused() {
    let domain = domain();
    let set = |path: &str, mode| {
        fs::set_permissions(domain.folder().join(path), Permissions::from_mode(mode)).unwrap();
    };
    for (path, loose, tight) in [
        ("keys", 0o755, 0o700),
        ("keys/lineage.skey", 0o640, 0o600),
        ("keys/officer.skey", 0o604, 0o600),
        ("keys/governance.skey", 0o620, 0o600),
        ("interlock.toml", 0o664, 0o644),
        ("lineage", 0o755, 0o700),
        ("governance", 0o770, 0o700),
    ] {
        set(path, loose);
        let (code, told) = Node::refuses(&domain.folder());
        assert_eq!(code, Some(78), "{path}: {told}");
        assert!(told.contains("permissions") || told.contains("mode"), "{path}: {told}");
        set(path, tight);
    }
    serves(&domain);
}

#[test]
fn keys_that_are_not_the_logs_own_are_refused() {
    let (domain, other) = (domain(), domain());
    for name in ["lineage", "governance"] {
        let key = |domain: &Domain| domain.folder().join(format!("keys/{name}.skey"));
        let own = fs::read(key(&domain)).unwrap();
        fs::copy(key(&other), key(&domain)).unwrap();
        let (code, told) = Node::refuses(&domain.folder());
        assert_eq!(code, Some(74), "{told}");
        fs::write(key(&domain), b"PRIVATE+KEY+nonsense\n").unwrap();
        assert_eq!(Node::refuses(&domain.folder()).0, Some(78));
        fs::remove_file(key(&domain)).unwrap();
        assert_eq!(Node::refuses(&domain.folder()).0, Some(78));
        fs::write(key(&domain), own).unwrap();
        fs::set_permissions(key(&domain), Permissions::from_mode(0o600)).unwrap();
    }
    serves(&domain);
}

#[test]
fn a_bundle_with_a_misspelt_name_is_not_sound_and_not_published() {
    let domain = domain();
    let folder = domain.around().join("misspelt");
    fs::create_dir_all(folder.join("policies")).unwrap();
    for file in ["bundle.toml", "schema.cedarschema", "entities.json"] {
        fs::copy(small_bundle().join(file), folder.join(file)).unwrap();
    }
    let good = fs::read_to_string(small_bundle().join("policies/small.dw")).unwrap();
    for (from, to, nearest) in [
        ("context.input.path like \"notes/*\"", "context.input.paht like \"notes/*\"", "path"),
        ("@reason(", "@raeson(", "reason"),
        ("Action::\"send_mail\", resource);", "Action::\"send_mial\", resource);", "send_mail"),
        ("Action::\"fetch_page\"::response", "Action::\"fetch_pag\"::response", "fetch_page"),
    ] {
        assert!(good.contains(from));
        fs::write(folder.join("policies/small.dw"), good.replacen(from, to, 1)).unwrap();
        let words = ["bundle", "check", folder.to_str().unwrap(), "--json"];
        let checked = run(&words);
        assert_eq!(checked.code, Some(65), "{to}: {}", checked.stdout);
        let told: Value = serde_json::from_str(&checked.stdout).unwrap();
        let errors = told["errors"].as_array().unwrap();
        let error = errors.iter().find(|error| error.get("nearest").is_some()).unwrap();
        assert_eq!(error["file"], "policies/small.dw", "{error}");
        assert!(error["line"].as_u64().is_some() && error.to_string().contains(nearest), "{error}");
        let words = ["bundle".as_ref(), "publish".as_ref(), folder.as_path(), &domain.folder()];
        assert_eq!(run(&words).code, Some(65), "{to}");
    }
    serves(&domain);
}

#[test]
fn second_node_on_one_folder_does_not_start() {
    let domain = domain();
    let mut first = Node::start(&domain.folder());
    let (code, told) = Node::refuses(&domain.folder());
    assert_eq!(code, Some(74), "{told}");
    assert!(told.contains("another process"), "{told}");
    assert!(call(&domain, "first").get("result").is_some());
    assert!(first.is_running());
}

#[test]
fn only_a_dead_nodes_socket_is_replaced() {
    let domain = domain();
    assert!(Node::start(&domain.folder()).kill());
    assert!(domain.socket().exists());
    serves(&domain);
    let _gone = fs::remove_file(domain.socket());
    fs::write(domain.socket(), "precious").unwrap();
    let (code, told) = Node::refuses(&domain.folder());
    assert_eq!(code, Some(66), "{told}");
    assert_eq!(fs::read_to_string(domain.socket()).unwrap(), "precious");
    fs::remove_file(domain.socket()).unwrap();
    serves(&domain);
}

#[test]
fn a_peer_of_another_os_user_than_the_workloads_is_refused() {
    let domain = domain();
    let folder = domain.folder().display().to_string();
    let registered = run(&["register", &folder, "other", "--user", "61007"]);
    assert_eq!(registered.code, Some(0), "{}", registered.stderr);
    let node = Node::start(&domain.folder());
    let refused = Client::join(&domain.socket(), "other", "office").err().unwrap().to_string();
    assert!(refused.contains(r#""code":"refused.peer""#), "{refused}");
    let ended = run(&["mcp", &folder, "--workload", "other", "--server", "office"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("refused.peer"), "{}", ended.stderr);
    assert!(call(&domain, "own").get("result").is_some());
    assert!(node.stop().success());
}

#[test]
fn damaged_logs_are_not_gone_on_from() {
    let (domain, other) = (domain(), domain());
    for domain in [&domain, &other] {
        let node = Node::start(&domain.folder());
        (0..30).for_each(|n| drop(call(domain, &format!("call-{n}"))));
        assert!(node.stop().success());
    }
    let wal = "wal/0000000000000000.wal";
    type Damage<'a> = &'a dyn Fn(&Path);
    let cut = |to: u64| {
        move |log: &Path| {
            fs::File::options().write(true).open(log.join(wal)).unwrap().set_len(to).unwrap()
        }
    };
    let flip = |path: &'static str, at: usize| {
        move |log: &Path| {
            let mut bytes = fs::read(log.join(path)).unwrap();
            bytes[at] ^= 1;
            fs::write(log.join(path), bytes).unwrap();
        }
    };
    let take = |path: &'static str| {
        let from = other.folder();
        move |log: &Path| copy(&from.join(log.file_name().unwrap()).join(path), &log.join(path))
    };
    let swap = |log: &Path| {
        copy(&log.with_file_name("governance/checkpoint"), &log.join("checkpoint"));
    };
    let damages: [(&str, &str, Damage<'_>); 10] = [
        ("lineage", "the write-ahead file cut off", &cut(0)),
        ("lineage", "the write-ahead file cut short", &cut(5 * 4096)),
        ("lineage", "a byte of its header flipped", &flip(wal, 20)),
        ("lineage", "a byte of a batch's header flipped", &flip(wal, 2 * 4096 + 20)),
        ("lineage", "a byte of a record flipped", &flip(wal, 2 * 4096 + 300)),
        ("governance", "a byte of a record flipped", &flip(wal, 4096 + 300)),
        ("lineage", "another domain's write-ahead file", &take(wal)),
        ("lineage", "the checkpoint of another domain's log", &take("checkpoint")),
        ("lineage", "the checkpoint of the other log", &swap),
        ("lineage", "a byte of the checkpoint flipped", &flip("checkpoint", 40)),
    ];
    for (log, what, damage) in damages {
        let (log, kept) = (domain.folder().join(log), domain.around().join("kept"));
        for path in [wal, "checkpoint"] {
            fs::create_dir_all(kept.join(path).parent().unwrap()).unwrap();
            copy(&log.join(path), &kept.join(path));
        }
        damage(&log);
        let (code, told) = Node::refuses(&domain.folder());
        assert_eq!(code, Some(74), "{what}: {told}");
        assert!(told.contains(" log"), "{what}: {told}");
        for path in [wal, "checkpoint"] {
            copy(&kept.join(path), &log.join(path));
        }
    }
    serves(&domain);
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

#[test]
fn older_copy_of_the_lineage_folder_is_refused() {
    let domain = domain();
    let (log, old, new) =
        (domain.folder().join("lineage"), domain.around().join("old"), domain.around().join("new"));
    let copy = |from: &Path, to: &Path| {
        let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
        assert!(copied.success());
    };
    let node = Node::start(&domain.folder());
    assert!(call(&domain, "first").get("result").is_some());
    assert!(node.stop().success());
    copy(&log, &old);
    let node = Node::start(&domain.folder());
    assert!(call(&domain, "second").get("result").is_some());
    assert!(node.stop().success());
    fs::rename(&log, &new).unwrap();
    copy(&old, &log);
    let (code, told) = Node::refuses(&domain.folder());
    assert_eq!(code, Some(74), "{told}");
    assert!(told.contains("the lineage log is not the newest that was seen"), "{told}");
    fs::remove_dir_all(&log).unwrap();
    fs::rename(&new, &log).unwrap();
    serves(&domain);
}
