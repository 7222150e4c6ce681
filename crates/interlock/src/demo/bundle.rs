//! The demo's bundle: the starter without the policy that forbids payments by an agent that runs as
//! the same user as its node.

use policy::{Bundle, Files};

use crate::exit::{Exit, Failure};
use crate::starter;

/// The starter's policy that is left out. With it no payment would pass, since all of the demo runs
/// as one user.
pub(super) const LEFT_OUT: &str = "spending.not-cooperatively";

const SPENDING: &str = "policies/spending.dw";
const MANIFEST: &str = "bundle.toml";

/// Its files, with these workloads in the office.
pub(super) fn files(office: &[&str]) -> Result<Files, Failure> {
    let mut files = starter::with_office(office);
    edit(&mut files, MANIFEST, |text| {
        text.contains("\nname = \"starter\"\n")
            .then(|| text.replacen("\nname = \"starter\"\n", "\nname = \"demo\"\n", 1))
    })?;
    edit(&mut files, SPENDING, |text| without(text, LEFT_OUT))?;
    // The test cases are made for the starter.
    files.retain(|path, _| !path.starts_with("tests/"));
    Ok(files)
}

/// Loads it.
pub(super) fn load(files: &Files) -> Result<Bundle, Failure> {
    Bundle::load(files).map_err(|why| failed().why(why))
}

/// The text without one policy: from its `@id` to the next one's, or to the end.
fn without(text: &str, policy: &str) -> Option<String> {
    let (before, after) = text.split_once(&format!("@id(\"{policy}\")"))?;
    let rest = after.find("@id(").and_then(|at| after.get(at..)).unwrap_or_default();
    Some(format!("{before}{rest}"))
}

fn edit(
    files: &mut Files,
    path: &str,
    change: impl FnOnce(&str) -> Option<String>,
) -> Result<(), Failure> {
    let text = files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let changed =
        text.and_then(change).ok_or_else(|| failed().why(format!("`{path}` is another")))?;
    files.insert(path.to_owned(), changed.into_bytes());
    Ok(())
}

fn failed() -> Failure {
    Failure::new(Exit::Failed, "the demo's bundle cannot be made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_bundle_is_the_starter_less_one_policy() {
        let (demo, starter) =
            (load(&files(&["assistant"]).unwrap()).unwrap(), starter::bundle(&[]).unwrap());
        let ids =
            |bundle: &Bundle| bundle.policies().map(|policy| policy.id.clone()).collect::<Vec<_>>();
        let mut left = ids(&starter);
        left.retain(|id| id != LEFT_OUT);
        assert_eq!(ids(&demo), left);
        assert_eq!(demo.name(), "demo");
    }
}
