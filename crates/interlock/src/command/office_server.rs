use std::path::Path;

use crate::cli::OfficeServerArgs;
use crate::exit::{Exit, Failure};
use crate::office::{self, Office};

/// Serves the sample office, or writes its files.
pub(super) fn run(arguments: &OfficeServerArgs) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.seed {
        office::seed(folder).map_err(|why| failed(folder, &why))?;
        return Ok(Exit::Ok);
    }
    let root = arguments.root.as_deref().unwrap_or(Path::new("."));
    let office = Office::open(root).map_err(|why| failed(root, &why))?;
    let served = super::block_on(office::serve(office))?;
    served.map_err(|why| Failure::new(Exit::Failed, "the MCP session failed").why(why))?;
    Ok(Exit::Ok)
}

fn failed(folder: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::NoInput, format!("the office in `{}` cannot be used", folder.display()))
        .why(why)
        .help("write the sample files with `interlock office-server --seed DIR`")
}
