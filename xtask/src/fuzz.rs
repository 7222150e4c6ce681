//! Runs each fuzz target for a few seconds: enough to see that it builds, starts and meets no crash at once.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{self, command, has_cargo_tool, output};

/// Seconds for each target in CI.
pub(crate) const SMOKE_SECONDS: u32 = 5;
/// Seconds for each target in a deep run.
pub(crate) const DEEP_SECONDS: u32 = 300;

/// Runs every target of `fuzz/` for `seconds`.
pub(crate) fn run(root: &Root, seconds: u32) -> anyhow::Result<Outcome> {
    if !root.join("fuzz/Cargo.toml").is_file() {
        anyhow::bail!("`fuzz/Cargo.toml` is not there");
    }
    // A lock file that is behind the workspace would be written anew, and a clone would not stay clean.
    let manifest =
        ["metadata", "--locked", "--format-version=1", "--manifest-path=fuzz/Cargo.toml"];
    output(command(root.path(), "cargo", &manifest))?;
    if !has_cargo_tool(root.path(), "fuzz") {
        let why = "cargo-fuzz is not installed (`cargo install --locked cargo-fuzz`)";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let seeds = seeds(root)?;
    let targets = output(command(root.path(), "cargo", &["fuzz", "list"]))?;
    let limit = format!("-max_total_time={seconds}");
    let mut count = 0_u32;
    for target in targets.split_whitespace() {
        // The sanitizer's flags are unstable; the pinned toolchain is used all the same, so that what is fuzzed
        // is compiled by the compiler that ships.
        let mut fuzz = command(
            root.path(),
            "cargo",
            &[
                "fuzz",
                "run",
                "--target-dir",
                "target/fuzz",
                target,
                &format!("target/fuzz/corpus/{target}"),
                &seeds,
                "--",
                &limit,
                "-verbosity=0",
                "-timeout=10",
            ],
        );
        std::fs::create_dir_all(root.join(&format!("target/fuzz/corpus/{target}")))?;
        fuzz.env("RUSTC_BOOTSTRAP", "1");
        run::run(fuzz)?;
        count += 1;
    }
    anyhow::ensure!(count > 0, "`fuzz/` has no targets");
    println!("  {count} targets, {seconds} s each");
    Ok(Outcome::Passed)
}

/// Makes the folder of inputs that every target begins with, one for each line of `fuzz/seeds`, as text, in an array and in
/// an object.
fn seeds(root: &Root) -> anyhow::Result<String> {
    let folder = "target/fuzz/seeds";
    std::fs::create_dir_all(root.join(folder))?;
    let numbers = std::fs::read_to_string(root.join("fuzz/seeds/numbers.txt"))?;
    for (line, number) in numbers.lines().enumerate() {
        let forms = [number.to_owned(), format!("[{number}]"), format!("{{\"n\":{number}}}")];
        for (form, text) in forms.iter().enumerate() {
            std::fs::write(root.join(&format!("{folder}/{line}-{form}")), text)?;
        }
    }
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn targets_are_built_with_overflow_checks() {
        let manifest = include_str!("../../fuzz/Cargo.toml");
        for profile in ["release", "dev"] {
            let (_, rest) = manifest.split_once(&format!("[profile.{profile}]\n")).unwrap();
            assert!(
                rest.lines()
                    .take_while(|line| !line.starts_with('['))
                    .any(|line| line == "overflow-checks = true")
            );
        }
    }
}
