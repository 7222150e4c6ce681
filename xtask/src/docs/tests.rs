use super::{Place, Script, scripts};

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
