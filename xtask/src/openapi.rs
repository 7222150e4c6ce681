//! Writes the OpenAPI page of the interface: `crates/api/openapi.json`.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, output};

/// Has the test that compares the page write it.
pub(crate) fn write(root: &Root) -> anyhow::Result<Outcome> {
    let arguments = ["test", "--quiet", "--locked", "--package", "interlock-api", "--lib"];
    let mut cargo = command(root.path(), "cargo", &arguments);
    cargo.env("INTERLOCK_WRITE_OPENAPI", "1");
    output(cargo)?;
    Ok(Outcome::Passed)
}
