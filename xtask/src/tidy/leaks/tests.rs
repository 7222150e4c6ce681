use super::leak;

#[test]
fn addresses_and_paths_of_a_machine_are_leaks() {
    let leaks = [
        ("tests/peers/package-lock.json", "  \"resolved\": \"a\",".to_owned()),
        ("a.toml", format!("index = \"https:{}registry.example.org/a\"", "//")),
        ("a.txt", format!("--index-url https:{}user@pypi.example.org/simple", "//")),
        ("a.rs", format!("let a = \"{}b\";", concat!("/wo", "rk/"))),
        ("a.md", format!("cd {}b", concat!("/tm", "p/"))),
        ("a.md", format!("see ../{}.md", concat!("shared/", "DESIGN"))),
    ];
    for (path, line) in leaks {
        assert!(leak(path, &line).is_some(), "{path}: {line}");
    }
}

#[test]
fn other_addresses_and_paths_pass() {
    for line in [
        "https://c2sp.org/tlog-tiles",
        "crates.io",
        "target/tmp/a",
        "../work/b",
        "$ROOT/work/c",
        "docs/root/",
    ] {
        assert_eq!(leak("a.md", line), None, "{line}");
    }
}
