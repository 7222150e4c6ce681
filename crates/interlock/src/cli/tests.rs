use std::collections::BTreeSet;
use std::ffi::OsString;

use super::*;

#[test]
fn the_grammar_is_sound() {
    Cli::grammar().debug_assert();
}

#[test]
fn every_command_stands_in_one_group_of_the_help_page() {
    let grammar = Cli::grammar();
    let visible = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    let visible: BTreeSet<&str> = visible.map(clap::Command::get_name).collect();
    let grouped: Vec<&str> =
        help::GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    assert_eq!(grouped.len(), visible.len());
    assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), visible);
}

#[test]
fn help_reads_well() {
    let pages = commands(Cli::grammar().term_width(100), "interlock");
    for (name, page) in pages {
        insta::assert_snapshot!(name.replace(' ', "_"), page);
    }
}

fn commands(mut command: clap::Command, name: &str) -> Vec<(String, String)> {
    let mut pages = vec![(name.to_owned(), command.render_long_help().to_string())];
    for child in command.get_subcommands() {
        let child = child.clone().term_width(100);
        let name = format!("{name} {}", child.get_name());
        pages.extend(commands(child, &name));
    }
    pages
}

#[test]
fn ids_that_begin_with_a_hyphen_are_ids() {
    for words in [
        &["approve", "office", "-5vl", "--key", "ann.skey", "--refuse"][..],
        &["approve", "office", "--key", "ann.skey", "-5vl"],
        &["approve", "office", "--5vl", "--key", "ann.skey"],
        &["approvals", "show", "office", "-5vl"],
        &["end", "office", "-5vl", "--parent", "--execution", "-6wm"],
        &["erase", "office", "-5vl", "--dry-run"],
        &["explain", "office", "--execution", "-5vl", "--seq", "3"],
    ] {
        let words = [&["interlock"], words].concat();
        let read = Cli::grammar().try_get_matches_from(&words);
        assert!(read.is_ok(), "{words:?}: {}", read.unwrap_err());
    }
    let unknown = ["interlock", "approve", "office", "5vl", "--key", "ann.skey", "--refsue"];
    assert!(Cli::grammar().try_get_matches_from(unknown).is_err());
}

#[test]
fn the_colour_is_known_before_the_arguments_are_read() {
    let color = |words: &[&str]| help::color(&words.iter().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(color(&["interlock", "--color", "never", "--help"]), ColorChoice::Never);
    assert_eq!(color(&["interlock", "--color=always"]), ColorChoice::Always);
    assert_eq!(color(&["interlock", "--color"]), ColorChoice::Auto);
    assert_eq!(color(&["interlock", "--", "--color=always"]), ColorChoice::Auto);
}
