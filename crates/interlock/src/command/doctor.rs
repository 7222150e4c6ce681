use std::path::PathBuf;

use proof::json::{Value, object};

use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};

/// One thing that Interlock uses or is tested with.
struct Finding {
    name: &'static str,
    found: Result<String, &'static str>,
}

/// Prints which layers and test programs this machine has.
pub(super) fn run(output: &mut Output) -> Result<Exit, Failure> {
    let findings = [identities(), namespaces(), landlock(), cgroups()]
        .into_iter()
        .chain(PROGRAMS.iter().map(Program::finding));
    let findings: Vec<Finding> = findings.collect();
    if output.is_json() {
        let all = findings.iter().map(Finding::to_value).collect::<Vec<_>>();
        output.json(&object([("findings", Value::from(all))]))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::default();
    for finding in &findings {
        let (mark, style, text) = match &finding.found {
            Ok(found) => ("✓", Style::Good, found.clone()),
            Err(without) => ("–", Style::Warning, format!("not here: {without}")),
        };
        table.row([(style, mark.into()), (Style::Name, finding.name.into()), (Style::Quiet, text)]);
    }
    for line in table.lines(0, output.paint()) {
        output.line(line)?;
    }
    Ok(Exit::Ok)
}

/// A program that tests use.
struct Program {
    name: &'static str,
    /// The loss where it is missing.
    without: &'static str,
}

const PROGRAMS: [Program; 5] = [
    Program {
        name: "strace",
        without: "the test that the log is synced before an answer leaves is skipped",
    },
    Program {
        name: "python3",
        without: "the second verifier `spec/verify.py` and the PyPI client tests cannot run",
    },
    Program { name: "node", without: "the tests with npm servers are skipped" },
    Program { name: "npm", without: "the tests with npm servers are skipped" },
    Program { name: "go", without: "the check of logs with Go's sumdb is skipped" },
];

impl Finding {
    fn to_value(&self) -> Value {
        let (is_here, text) = match &self.found {
            Ok(found) => (true, found.as_str()),
            Err(without) => (false, *without),
        };
        object([("detail", text.into()), ("is_here", is_here.into()), ("name", self.name.into())])
    }
}

/// Whether this process can become other OS users, which `separated` needs.
fn identities() -> Finding {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    let found = match uid {
        Some("0") => Ok("servers and agents can run as users of their own: separated".to_owned()),
        _ => Err("servers run as your own user: assurance is cooperative"),
    };
    Finding { name: "users", found }
}

fn namespaces() -> Finding {
    let count = std::fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    let count = count.trim();
    let found = match count.parse::<u64>() {
        Ok(count) if count > 0 => Ok(format!("up to {count} user namespaces")),
        _ => Err("the supervisor of a later version cannot confine workloads"),
    };
    Finding { name: "namespaces", found }
}

fn landlock() -> Finding {
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let found = match modules.split(',').any(|module| module.trim() == "landlock") {
        true => Ok("the kernel has it on".to_owned()),
        false => Err("the supervisor of a later version has one layer less"),
    };
    Finding { name: "landlock", found }
}

fn cgroups() -> Finding {
    let found = match std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers") {
        Ok(controllers) => Ok(format!("version 2: {}", controllers.trim())),
        Err(_) => Err("the supervisor of a later version cannot freeze workloads"),
    };
    Finding { name: "cgroups", found }
}

impl Program {
    fn finding(&self) -> Finding {
        let found = on_path(self.name).map(|path| path.display().to_string());
        Finding { name: self.name, found: found.ok_or(self.without) }
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
