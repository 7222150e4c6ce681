//! The starter bundle, as it lies in `bundles/starter`, inside the program.

use include_dir::{Dir, include_dir};
use policy::{Bundle, Files};

use crate::exit::{Exit, Failure};

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../bundles/starter");

/// Its files.
pub(crate) fn files() -> Files {
    let mut files = Files::new();
    collect(&STARTER, &mut files);
    files
}

/// Loads it.
pub(crate) fn bundle() -> Result<Bundle, Failure> {
    Bundle::load(&files())
        .map_err(|why| Failure::new(Exit::Failed, "the starter bundle does not load").why(why))
}

fn collect(dir: &Dir<'_>, files: &mut Files) {
    for file in dir.files() {
        files.insert(file.path().to_string_lossy().into_owned(), file.contents().to_vec());
    }
    dir.dirs().for_each(|dir| collect(dir, files));
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_loads() {
        assert_eq!(super::bundle().unwrap().name(), "starter");
    }
}
