//! The book for users, `docs/book`: `mdbook` makes web pages of it. `tidy` checks its links, which `mdbook` does not.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run, works};

/// Builds the pages into `target/book`. `mdbook` fails where `SUMMARY.md` names a page that is not there.
pub(crate) fn build(root: &Root) -> anyhow::Result<Outcome> {
    if !works(command(root.path(), "mdbook", &["--version"])) {
        let install = "cargo install mdbook --locked --no-default-features";
        return Ok(Outcome::Skipped(format!("mdbook is not installed (`{install}`)")));
    }
    run(command(root.path(), "mdbook", &["build", "docs"]))?;
    Ok(Outcome::Passed)
}
