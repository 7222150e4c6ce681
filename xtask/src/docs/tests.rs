use super::{Place, Script, run_script, scripts};
use crate::root::Root;

#[test]
fn only_marked_blocks_are_run() {
    let document = "```sh\nrm -rf x\n```\n\n```sh ci\necho a\n```\ntext\n```rust\nfn a() {}\n```\n";
    assert_eq!(
        scripts(document),
        [Script { place: Place::Temporary, text: "echo a\n".to_owned() }]
    );
}

#[test]
fn a_console_block_runs_its_prompts_only() {
    let document = "```console ci\n$ echo a\na\n$ echo b\nb\n```\n";
    assert_eq!(
        scripts(document),
        [Script { place: Place::Temporary, text: "echo a\necho b\n".to_owned() }]
    );
}

#[test]
fn the_blocks_of_one_place_are_one_script() {
    let document = "```sh ci\ncd a\n```\n```sh ci repository\nls\n```\n```sh ci\npwd\n```\n";
    assert_eq!(
        scripts(document),
        [
            Script { place: Place::Temporary, text: "cd a\npwd\n".to_owned() },
            Script { place: Place::Repository, text: "ls\n".to_owned() },
        ]
    );
}

#[test]
fn a_script_runs_in_its_place_and_stops_at_its_first_failure() {
    let root = Root::of_workspace().unwrap();
    let scratch = std::env::temp_dir().join(format!("interlock-docs-{}", std::process::id()));
    let run = |place: Place, text: &str| {
        run_script(&root, &Script { place, text: text.to_owned() }, &scratch.join("spec"), &scratch)
    };
    let in_scratch =
        "test -d spec; test ! -e xtask; case $PATH in */spec:*) ;; *) exit 1 ;; esac\n";
    assert!(run(Place::Temporary, in_scratch).is_ok());
    assert!(run(Place::Repository, "test -d xtask\n").is_ok());
    assert!(run(Place::Temporary, "false\ntrue\n").is_err());
    assert!(run(Place::Temporary, "false | true\n").is_err());
    std::fs::remove_dir_all(&scratch).unwrap();
}
