use std::path::{Path, PathBuf};

use super::run::run;

/// A domain in a temporary folder, with the sample office beside it. Both go when it is dropped.
pub(crate) struct Domain {
    temporary: tempfile::TempDir,
}

impl Domain {
    /// Makes a domain whose workloads are all spoken for by this test's own OS user.
    ///
    /// A server's command is split at spaces; `OFFICE` in it stands for the office's folder.
    pub(crate) fn new(bundle: &Path, workloads: &[&str], servers: &[(&str, &str)]) -> Domain {
        Domain::within(tempfile::tempdir().unwrap(), bundle, workloads, servers)
    }

    /// As [`Domain::new`], with this as the newest version of the decider that bundles may name.
    pub(crate) fn of_semantics(
        number: u64,
        bundle: &Path,
        workloads: &[&str],
        servers: &[(&str, &str)],
    ) -> Domain {
        let more = ["--semantics".to_owned(), number.to_string()];
        Domain::made(tempfile::tempdir().unwrap(), bundle, workloads, (servers, &more))
    }

    /// As [`Domain::new`], in this folder.
    pub(crate) fn within(
        temporary: tempfile::TempDir,
        bundle: &Path,
        workloads: &[&str],
        servers: &[(&str, &str)],
    ) -> Domain {
        Domain::made(temporary, bundle, workloads, (servers, &[]))
    }

    fn made(
        temporary: tempfile::TempDir,
        bundle: &Path,
        workloads: &[&str],
        (servers, more): (&[(&str, &str)], &[String]),
    ) -> Domain {
        let domain = Domain { temporary };
        let office = domain.office().to_str().unwrap().to_owned();
        let seeded = run(&["office-server", "--seed", &office]);
        assert_eq!(seeded.code, Some(0), "{}", seeded.stderr);
        let uid = rustix::process::geteuid().as_raw();
        let mut arguments: Vec<String> = vec!["init".into(), domain.folder().display().to_string()];
        arguments.extend(["--bundle".into(), bundle.display().to_string()]);
        // Its own tests have a test of their own.
        arguments.push("--untested".into());
        arguments.extend_from_slice(more);
        // All of a test runs as one user.
        arguments.push("--danger-same-user".into());
        for workload in workloads {
            arguments.extend(["--workload".into(), format!("{workload}={uid}")]);
        }
        for (name, command) in servers {
            let command = command.replace("OFFICE", &office);
            arguments.extend(["--server".into(), format!("{name}={command}")]);
        }
        let made = run(&arguments);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        domain
    }

    /// The domain's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.temporary.path().join("domain")
    }

    /// The office's folder.
    pub(crate) fn office(&self) -> PathBuf {
        self.temporary.path().join("office")
    }

    /// The node's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder().join("node.sock")
    }

    /// The folder that all of it lies in.
    pub(crate) fn around(&self) -> &Path {
        self.temporary.path()
    }
}
