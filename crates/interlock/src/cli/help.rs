use std::ffi::OsString;
use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::STYLES;
use crate::output::ColorChoice;

/// The commands as a new user meets them. A test holds this list and the grammar together.
pub(super) const GROUPS: [(&str, &[&str]); 8] = [
    ("Start here", &["demo", "init", "register"]),
    ("Run", &["serve", "status", "mcp", "delegate"]),
    ("Govern", &["bundle", "trust", "halt", "end", "erase", "meters"]),
    ("Approve", &["approvals", "approve"]),
    ("Govern with several officers", &["roles", "key", "propose", "sign", "publish"]),
    ("Decide without a node", &["decide"]),
    ("What happened", &["log", "explain", "replay", "receipt", "verify"]),
    ("This machine", &["backup", "restore", "doctor", "bench", "completions", "version"]),
];

const EXIT_CODES: &str = "0 done · 1 failed · 2 denied or not verified · 64 usage · 65 malformed input\n  \
                          66 missing input · 69 no answer, not known to be done · 74 reading or writing\n  \
                          75 acts, not on record yet · 78 configuration · 128 and a signal's number: interrupted";

/// The page that `interlock --help` shows: commands by purpose, then the options.
pub(super) fn page(command: &clap::Command) -> String {
    let header = STYLES.get_header();
    let mut page = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (title, names) in GROUPS {
        let _ = write!(page, "\n{header}{title}{header:#}\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            row(&mut page, name, about.map(ToString::to_string));
        }
    }
    let _ = write!(page, "\n{header}Options, for every command{header:#}\n");
    for option in command.get_arguments() {
        let name = option.get_long().unwrap_or_default();
        row(&mut page, &format!("--{name}"), option.get_help().map(ToString::to_string));
    }
    row(&mut page, "--help", Some("Explain the program, or one command with examples".to_owned()));
    row(&mut page, "--version", Some("Print the version".to_owned()));
    let _ = write!(page, "\n{header}Exit codes{header:#}\n  {EXIT_CODES}\n");
    page
}

fn row(page: &mut String, name: &str, about: Option<String>) {
    let literal = STYLES.get_literal();
    let _ = writeln!(page, "  {literal}{name:<12}{literal:#} {}", about.unwrap_or_default());
}

/// The value of `--color`, found without parsing.
pub(crate) fn color(arguments: &[OsString]) -> ColorChoice {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None if word == "--" => None,
            None => continue,
        };
        return value
            .and_then(|value| ColorChoice::from_str(value, false).ok())
            .unwrap_or(ColorChoice::Auto);
    }
    ColorChoice::Auto
}
