//! Where the workspace lies, and paths relative to it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The root folder of the workspace.
pub(crate) struct Root(PathBuf);

impl Root {
    /// The workspace that this program was built from.
    pub(crate) fn of_workspace() -> anyhow::Result<Root> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("`xtask` lies in no workspace")?;
        Ok(Root(root.to_path_buf()))
    }

    /// The root folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A path given relative to the root.
    pub(crate) fn join(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }
}
