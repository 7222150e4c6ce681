//! The files outside the domain's logs and keys that `interlock.toml` names. No backup contains
//! them.

use std::path::{Path, PathBuf};

use super::document::{self, ConfigTable};

/// A file or folder that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    /// The key that names it.
    pub(crate) key: String,
    /// Its path.
    pub(crate) path: PathBuf,
}

/// The paths in the configuration of this folder; none where it can't be read.
pub(crate) fn named(folder: &Path, text: &str) -> Vec<NamedPath> {
    let servers = document::parse(text).and_then(|mut root| root.tables("servers"));
    let servers = servers.unwrap_or_default().into_iter();
    servers.flat_map(|(name, table)| of_server(folder, &name, table)).collect()
}

/// The paths of one server. A program without a slash in its name is found through `PATH` and does
/// not count; further words count where they are absolute paths.
fn of_server(folder: &Path, name: &str, mut table: ConfigTable<'_>) -> Vec<NamedPath> {
    let text = |table: &mut ConfigTable<'_>, key| table.text(key).ok().flatten();
    let directory = text(&mut table, "directory").map(|directory| folder.join(directory));
    let secrets = text(&mut table, "secrets").map(|secrets| folder.join(secrets));
    let words = table.texts("command").ok().flatten().unwrap_or_default();
    let from = directory.clone().unwrap_or_default();
    let mut named = Vec::new();
    let mut add = |key: &str, path: PathBuf| {
        named.push(NamedPath { key: format!("servers.{name}.{key}"), path });
    };
    for (nth, word) in words.iter().enumerate() {
        if word.starts_with('/') || (nth == 0 && word.contains('/')) {
            add("command", from.join(word));
        }
    }
    for (key, path) in [("directory", directory), ("secrets", secrets)] {
        if let Some(path) = path {
            add(key, path);
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_folders_and_secrets_are_named() {
        let text = "[domain]\nname = \"d\"\n[servers.files]\ncommand = [\"bin/serve\", \"-v\", \"/srv/files\"]\n\
                    directory = \"/srv\"\nsecrets = \"files.secrets\"\n[servers.web]\ncommand = [\"web\"]\n";
        let named = named(Path::new("/d"), text);
        let named: Vec<_> =
            named.iter().map(|one| (one.key.as_str(), one.path.to_str().unwrap())).collect();
        let expected = [
            ("servers.files.command", "/srv/bin/serve"),
            ("servers.files.command", "/srv/files"),
            ("servers.files.directory", "/srv"),
            ("servers.files.secrets", "/d/files.secrets"),
        ];
        assert_eq!(named, expected);
        assert_eq!(super::named(Path::new("/d"), "[servers\n"), []);
    }
}
