//! Cargo's view of the crates: their direct dependencies and the roots of their targets.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::root::Root;

/// The crates of the workspace and of `fuzz/`.
pub(super) struct Workspace {
    pub(super) packages: Vec<Package>,
}

/// One crate.
pub(super) struct Package {
    pub(super) name: String,
    /// The folder that holds its `Cargo.toml`, from the root.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
    /// The first file of each target (library, binary, test, example, bench), from the root.
    pub(super) roots: Vec<String>,
}

/// One line of a crate's dependencies.
pub(super) struct Dependency {
    pub(super) name: String,
    /// The name that code uses for it.
    pub(super) imported: String,
    /// Whether it lies in this repository.
    pub(super) ours: bool,
    /// Whether only tests, examples and benches see it.
    pub(super) development: bool,
}

impl Package {
    /// The name as code imports it: `interlock-proof` is `proof`.
    pub(super) fn short(&self) -> &str {
        self.name.strip_prefix("interlock-").unwrap_or(&self.name)
    }
}

impl Workspace {
    /// Asks cargo.
    pub(super) fn read(root: &Root) -> anyhow::Result<Workspace> {
        let mut packages = packages(root, "Cargo.toml")?;
        if root.join("fuzz/Cargo.toml").is_file() {
            packages.extend(self::packages(root, "fuzz/Cargo.toml")?);
        }
        Ok(Workspace { packages })
    }
}

fn packages(root: &Root, manifest: &str) -> anyhow::Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join(manifest))
        .current_dir(root.path())
        .no_deps()
        .exec()
        .with_context(|| format!("`cargo metadata` failed for `{manifest}`"))?;
    let relative =
        |path: &Path| path.strip_prefix(root.path()).unwrap_or(path).display().to_string();
    let mut packages = Vec::new();
    for package in metadata.packages {
        let folder = package.manifest_path.as_std_path().parent().map(relative).unwrap_or_default();
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            imported: dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_"),
            ours: dependency.path.is_some(),
            development: dependency.kind == DependencyKind::Development,
        });
        let roots = package.targets.iter().map(|target| relative(target.src_path.as_std_path()));
        packages.push(Package {
            name: package.name.to_string(),
            folder,
            dependencies: dependencies.collect(),
            roots: roots.collect(),
        });
    }
    Ok(packages)
}

#[cfg(test)]
pub(super) fn example(name: &str, dependencies: &[(&str, bool)]) -> Package {
    let dependencies = dependencies.iter().map(|(name, ours)| Dependency {
        name: (*name).to_owned(),
        imported: name.trim_start_matches("interlock-").replace('-', "_"),
        ours: *ours,
        development: false,
    });
    let short = name.strip_prefix("interlock-").unwrap_or(name);
    Package {
        name: name.to_owned(),
        folder: format!("crates/{short}"),
        dependencies: dependencies.collect(),
        roots: vec![format!("crates/{short}/src/lib.rs")],
    }
}
