//! Bundles checked and tested, and requests decided without a server.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{BINARY, interlock, interlock_reading};

fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bundles/starter")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A bundle of two policies in a folder of its own.
fn small(policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |path: &str, content: &str| std::fs::write(folder.path().join(path), content).unwrap();
    std::fs::create_dir_all(folder.path().join("policies")).unwrap();
    std::fs::create_dir_all(folder.path().join("tests")).unwrap();
    write("bundle.toml", "name = \"small\"\nversion = \"1\"\nsemantics = 1\n");
    write(
        "schema.cedarschema",
        "entity Workload;\nentity Server;\naction \"ping\" appliesTo {\n  principal: Workload,\n  resource: Server,\n  context: {},\n};\n",
    );
    write("policies/all.dw", policy);
    write("tests/requests.jsonl", &format!("{PING}\n"));
    write(
        "tests/expected.jsonl",
        "{\"code\":\"permitted\",\"decision\":\"permit\",\"policies\":[\"all.ping\"]}\n",
    );
    folder
}

const PING: &str = r#"{"subject":{"type":"Workload","id":"a"},"action":{"name":"ping"},"resource":{"type":"Server","id":"s"}}"#;
const PERMIT: &str =
    "@id(\"all.ping\")\npermit (principal, action == Action::\"ping\", resource);\n";

#[test]
fn the_starter_bundle_is_sound_and_its_tests_pass() {
    let checked = interlock(&["bundle", "check", text(&starter())]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.starts_with("✓ starter 1 is sound\n"));
    let tested = interlock(&["bundle", "test", text(&starter()), "--json"]);
    assert_eq!(tested.code, 0, "{}", tested.stdout);
    let report: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert!(report["passed"].as_u64().unwrap() >= 200);
    assert_eq!(report["policies_unreached"], serde_json::json!([]));
}

/// A domain made of a bundle, by the owner of this test, with one workload and one server.
fn domain(bundle: &Path, folder: &Path) -> PathBuf {
    let domain = folder.join("office");
    let owner = rustix::process::geteuid().as_raw();
    let workload = format!("agent={owner}");
    let made = interlock(&[
        "init",
        text(&domain),
        "--bundle",
        text(bundle),
        "--workload",
        &workload,
        "--server",
        "raw=/bin/cat",
    ]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    domain
}

/// The codes of warnings, and the policies that they are about.
fn warned(report: &str) -> Vec<(String, Option<String>)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let warnings = report["warnings"].as_array().unwrap();
    let member = |warning: &Value, name: &str| warning[name].as_str().map(str::to_owned);
    warnings.iter().map(|one| (member(one, "code").unwrap(), member(one, "policy"))).collect()
}

#[test]
fn check_and_publish_warn_of_unreachable_parts() {
    let folder = small(&format!(
        "{PERMIT}@id(\"no-agnet\")\nforbid (principal == Workload::\"agnet\", action, resource);\n"
    ));
    let start = ("start.initialize".to_owned(), None);
    let checked = interlock(&["bundle", "check", text(folder.path()), "--json"]);
    assert_eq!((checked.code, warned(&checked.stdout)), (0, vec![start.clone()]));

    // Only the domain shows that nobody is called so.
    let place = tempfile::tempdir().unwrap();
    let domain = domain(folder.path(), place.path());
    let words = ["bundle", "check", text(folder.path()), "--domain", text(&domain)];
    let checked = interlock(&words);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let line = "! policies/all.dw:3: the forbid `no-agnet` can never apply: no workload `agnet` is registered; did you mean `agent`? (forbid.never)";
    assert!(checked.stdout.lines().any(|shown| shown == line), "{}", checked.stdout);
    let never = ("forbid.never".to_owned(), Some("no-agnet".to_owned()));
    let both = vec![never, start];
    let checked = interlock(&[&words[..], &["--json"]].concat());
    assert_eq!(sorted(warned(&checked.stdout)), both);
    let published = interlock(&["bundle", "publish", text(folder.path()), text(&domain), "--json"]);
    assert_eq!(published.code, 0, "{}", published.stderr);
    assert_eq!(sorted(warned(&published.stdout)), both);
    let published = interlock(&["bundle", "publish", text(folder.path()), text(&domain)]);
    assert!(published.stdout.starts_with("! "), "{}", published.stdout);
    assert!(published.stdout.lines().any(|shown| shown == line), "{}", published.stdout);
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

#[test]
fn a_problem_is_shown_with_its_place_and_told_as_json() {
    let folder =
        small("@id(\"all.ping\")\npermit (principal, action == Action::\"pong\", resource);\n");
    let checked = interlock(&["bundle", "check", text(folder.path())]);
    assert_eq!(checked.code, 65);
    let shown = checked.stdout.replace(text(folder.path()), "BUNDLE");
    insta::assert_snapshot!("bundle_check_unsound", shown);
    let checked = interlock(&["bundle", "check", text(folder.path()), "--json"]);
    assert_eq!(checked.code, 65);
    let report: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(report["is_sound"], false);
    let errors = report["errors"].as_array().unwrap();
    let named = errors.iter().find(|error| error["nearest"] == "Action::\"ping\"").unwrap();
    assert_eq!((&named["file"], &named["line"]), (&"policies/all.dw".into(), &2.into()));
    let decided = interlock(&["decide", "--bundle", text(folder.path()), "--json"]);
    assert_eq!(decided.code, 65);
    assert!(
        decided.stderr.starts_with(r#"{"error":{"code":"bundle.unsound""#),
        "{}",
        decided.stderr
    );
}

#[test]
fn a_failing_test_of_a_bundle_ends_with_2() {
    let folder = small(PERMIT);
    assert_eq!(interlock(&["bundle", "test", text(folder.path())]).code, 0);
    let expected = "{\"code\":\"policy.denied\",\"decision\":\"deny\",\"policies\":[]}\n";
    std::fs::write(folder.path().join("tests/expected.jsonl"), expected).unwrap();
    let tested = interlock(&["bundle", "test", text(folder.path())]);
    assert_eq!(tested.code, 2);
    insta::assert_snapshot!("bundle_test_failing", tested.stdout);
}

#[test]
fn a_bundle_whose_tests_fail_is_not_published() {
    let (folder, place) = (small(PERMIT), tempfile::tempdir().unwrap());
    let domain = domain(folder.path(), place.path());
    let governance = || interlock(&["log", "show", text(&domain), "--log", "governance"]).stdout;
    let before = governance();
    let expected = "{\"code\":\"policy.denied\",\"decision\":\"deny\",\"policies\":[]}\n";
    std::fs::write(folder.path().join("tests/expected.jsonl"), expected).unwrap();
    let other = place.path().join("other");
    let publish = ["bundle", "publish", text(folder.path()), text(&domain)];
    let init = ["init", text(&other), "--bundle", text(folder.path())];
    let tested = interlock(&["bundle", "test", text(folder.path())]);
    for words in [&publish, &init] {
        let refused = interlock(words);
        assert_eq!(refused.code, 2, "{words:?}: {}{}", refused.stdout, refused.stderr);
        assert_eq!(refused.stdout, tested.stdout, "{words:?}");
        assert!(refused.stderr.contains("--untested"), "{words:?}: {}", refused.stderr);
    }
    assert_eq!((governance(), other.exists()), (before, false));
    for words in [&publish, &init] {
        let untested = interlock(&[&words[..], &["--untested"]].concat());
        assert_eq!(untested.code, 0, "{words:?}: {}", untested.stderr);
    }
}

#[test]
fn init_warns_as_publish_does() {
    let (folder, place) = (small(PERMIT), tempfile::tempdir().unwrap());
    let domain = place.path().join("office");
    let made = interlock(&["init", text(&domain), "--bundle", text(folder.path())]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let published = interlock(&["bundle", "publish", text(folder.path()), text(&domain)]);
    let warnings = |shown: &str| {
        let lines = shown.lines().filter(|line| line.starts_with("! "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!warnings(&made.stdout).is_empty(), "{}", made.stdout);
    assert_eq!(warnings(&made.stdout), warnings(&published.stdout));
}

#[test]
fn a_line_of_the_tests_that_is_no_case_is_warned_of() {
    let folder = small(PERMIT);
    let requests = format!("{PING}\nnothing\n");
    std::fs::write(folder.path().join("tests/requests.jsonl"), requests).unwrap();
    let checked = interlock(&["bundle", "check", text(folder.path())]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let unfit = checked.stdout.lines().filter(|line| line.contains("tests/requests.jsonl:2: "));
    assert_eq!(
        unfit.filter(|line| line.ends_with("(case.unfit)")).count(),
        2,
        "{}",
        checked.stdout
    );
}

#[test]
fn a_diff_shows_what_a_new_bundle_allows_and_denies() {
    let old = small(PERMIT);
    let diff = |new: &Path, more: &[&str]| {
        interlock(&[&["bundle", "diff", text(old.path()), text(new)], more].concat())
    };
    let same = diff(old.path(), &["--exit-code"]);
    assert_eq!((same.code, same.stderr.as_str()), (0, ""));
    assert!(same.stdout.contains("1 request asked, 1 answered alike"), "{}", same.stdout);

    let narrower = PERMIT
        .replace("all.ping", "some.ping")
        .replace("resource);", "resource)\nwhen { principal == Workload::\"b\" };");
    let new = small(&narrower);
    let other = PING.replace("\"id\":\"a\"", "\"id\":\"b\"");
    let more = tempfile::tempdir().unwrap();
    let requests = more.path().join("more.jsonl");
    std::fs::write(&requests, format!("\n{other}\n{PING}\n")).unwrap();
    let shown = diff(new.path(), &["--requests", text(&requests)]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let stable = shown
        .stdout
        .replace(text(old.path()), "OLD")
        .replace(text(new.path()), "NEW")
        .replace(text(more.path()), "MORE");
    insta::assert_snapshot!("bundle_diff", stable);
    let told = diff(new.path(), &["--requests", text(&requests), "--json", "--exit-code"]);
    assert_eq!(told.code, 2);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["requests"], 2);
    assert_eq!(told["denied"][0]["new"]["code"], "policy.denied");
    assert_eq!(told["denied"][0]["request"], PING);
    assert_eq!(told["otherwise"][0]["new"]["policies"], serde_json::json!(["some.ping"]));
    assert_eq!(told["policies"]["added"], serde_json::json!(["some.ping"]));
    // Turned round, the same is newly allowed.
    let back = interlock(&["bundle", "diff", text(new.path()), text(old.path()), "--json"]);
    let back: Value = serde_json::from_str(&back.stdout).unwrap();
    assert_eq!(back["allowed"][0]["old"]["code"], "policy.denied");

    std::fs::write(&requests, "{\"subject\":1}\n").unwrap();
    let refused = diff(new.path(), &["--requests", text(&requests)]);
    assert_eq!(refused.code, 65);
    assert!(refused.stderr.contains("more.jsonl:1 is no AuthZEN body"), "{}", refused.stderr);
    let missing = diff(new.path(), &["--requests", "/no/such/file"]);
    assert_eq!(missing.code, 66, "{}", missing.stderr);
}

#[test]
fn each_line_gets_its_own_answer_in_order() {
    let folder = small(PERMIT);
    let bundle = text(folder.path());
    let mut input = format!("{PING}\nnot json\n\n{{\"subject\":1}}\n").into_bytes();
    input.extend_from_slice(b"\xff\xfe\n");
    input.extend_from_slice(
        format!("{}\n", PING.replace("\"id\":\"a\"", "\"id\":\"a\",\"ID\":\"b\"")).as_bytes(),
    );
    input.extend_from_slice(format!("{}\n", PING.replace("ping", "pong")).as_bytes());
    input.extend_from_slice(PING.replace("{\"subject\"", "{\"more\":[1],\"subject\"").as_bytes());
    let decided = interlock_reading(&["decide", "--bundle", bundle], &input);
    assert_eq!((decided.code, decided.stderr.as_str()), (65, ""), "a line was no request");
    let answers: Vec<Value> =
        decided.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<&str> = answers.iter().map(|answer| answer["code"].as_str().unwrap()).collect();
    let refused = "refused.input";
    assert_eq!(
        codes,
        ["permitted", refused, refused, refused, refused, refused, "tool.unknown", "permitted"]
    );
    assert_eq!(
        (&answers[0]["decision"], &answers[6]["decision"]),
        (&"permit".into(), &"deny".into())
    );
    for (line, answer) in (1_u64..).zip(&answers).skip(1).take(5) {
        assert!(answer.get("decision").is_none() && !answer["why"].as_str().unwrap().is_empty());
        assert_eq!(answer["line"], line);
    }
    assert_eq!(answers[7]["ignored"], serde_json::json!(["more"]));
}

#[test]
fn starter_tests_agree_through_the_strict_reader() {
    let starter = starter();
    let read = |name: &str| std::fs::read_to_string(starter.join("tests").join(name)).unwrap();
    let decided = interlock_reading(
        &["decide", "--bundle", text(&starter)],
        read("requests.jsonl").as_bytes(),
    );
    assert_eq!(decided.code, 65, "three lines are no requests: {}", decided.stderr);
    let expected = read("expected.jsonl");
    assert_eq!(decided.stdout.lines().count(), expected.lines().count());
    for (answer, expected) in decided.stdout.lines().zip(expected.lines()) {
        let (answer, expected): (Value, Value) =
            (serde_json::from_str(answer).unwrap(), serde_json::from_str(expected).unwrap());
        if answer["code"] == "refused.input" {
            // What the strict reader does not even take, the bundle's tests call malformed.
            assert_eq!(expected["code"], "request.malformed");
            continue;
        }
        let (found, wanted) =
            ([&answer["decision"], &answer["code"]], [&expected["decision"], &expected["code"]]);
        assert_eq!(found, wanted);
    }
}

/// One run under a shell that sets the main thread's stack and an environment of its own.
fn decided_under(
    stack_kib: u32,
    environment: &[(&str, &str)],
    bundle: &str,
    requests: &str,
) -> Vec<u8> {
    let script =
        format!("ulimit -s {stack_kib} && exec \"$0\" decide --bundle \"$1\" --requests \"$2\"");
    let ended = Command::new("/bin/sh")
        .args(["-c", &script, BINARY, bundle, requests])
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    // Three of its lines are no requests.
    assert_eq!(ended.status.code(), Some(65), "{}", String::from_utf8_lossy(&ended.stderr));
    ended.stdout
}

#[test]
fn the_bytes_depend_on_neither_stack_nor_environment() {
    let starter = starter();
    let requests = starter.join("tests/requests.jsonl");
    let environments: [&[(&str, &str)]; 6] = [
        &[],
        &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")],
        &[("TZ", "Asia/Kathmandu")],
        &[("RUST_MIN_STACK", "65536"), ("RUST_BACKTRACE", "1")],
        &[("HOME", "/nonexistent"), ("PATH", "/nonexistent")],
        &[("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR_FORCE", "1")],
    ];
    let first = decided_under(8192, &[], text(&starter), text(&requests));
    assert!(first.len() > 10_000);
    for environment in environments {
        assert!(
            decided_under(256, environment, text(&starter), text(&requests)) == first,
            "{environment:?}"
        );
    }
}

#[test]
fn missing_bundles_and_requests_are_told() {
    assert_eq!(interlock(&["decide", "--bundle", "/no/such/bundle"]).code, 66);
    let folder = small(PERMIT);
    let ended =
        interlock(&["decide", "--bundle", text(folder.path()), "--requests", "/no/such/file"]);
    assert_eq!(ended.code, 66);
    assert_eq!(interlock(&["decide"]).code, 64);
}

#[test]
fn definitions_that_a_server_listed_are_printed_to_be_pinned() {
    let said = concat!(
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}"#,
        "\n",
        r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"read","inputSchema":{}},{"name":"b","x":1.0}]}}"#,
        "\nListening\n",
        r#"{"jsonrpc":"2.0","id":3,"result":{"tools":[{"inputSchema":{},"description":"d","name":"read"}]}}"#,
    );
    let printed = interlock_reading(&["bundle", "definitions"], said.as_bytes());
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let digest = |text: &str| proof::digest::Digest::of(text.as_bytes()).to_string();
    let read = digest(r#"{"description":"d","inputSchema":{},"name":"read"}"#);
    let b = digest(r#"{"name":"b","x":1}"#);
    assert_eq!(printed.stdout, format!("b     {b}\nread  {read}\n"));
    let printed = interlock_reading(&["bundle", "definitions", "-", "--json"], said.as_bytes());
    let value: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(value["tools"][1], serde_json::json!({"definition": read, "name": "read"}));

    let twice = r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"},{"name":"a"}]}}"#;
    for wrong in [twice, "", "Listening\n"] {
        let printed = interlock_reading(&["bundle", "definitions"], wrong.as_bytes());
        assert_eq!(printed.code, 65, "{wrong}: {}", printed.stdout);
    }
}

#[test]
fn too_long_names_and_paths_are_refused_before_init() {
    let place = tempfile::tempdir().unwrap();
    let long = place.path().join("x".repeat(65));
    let deep = place.path().join("y".repeat(60)).join("z".repeat(60));
    for (folder, more, said) in [
        (&long, &[][..], "give --name NAME"),
        (&long, &["--name", "a b"], "`a b` is no name for a domain"),
        (&long, &["--name", "a", "--node", ""], "`` is no name for a node"),
        (&deep, &[], "is too long a path"),
    ] {
        let refused = interlock(&[&["init", text(folder)], more].concat());
        assert_eq!(refused.code, 64, "{}", refused.stderr);
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
        assert!(!refused.stderr.contains("interlock.toml"), "{}", refused.stderr);
        assert!(!folder.exists());
    }
    let named = interlock(&["init", text(&place.path().join("a b")), "--name", "ab"]);
    assert_eq!(named.code, 0, "{}", named.stderr);
}
