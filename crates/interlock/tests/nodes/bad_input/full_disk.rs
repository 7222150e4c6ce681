//! The disk fills up under a loaded node, and has room again later.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::*;
use crate::support::{Decision, decisions, refusals, run, until};

/// A small disk of its own. It goes when it is dropped.
pub(crate) struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    pub(crate) fn new(mib: u64) -> Result<SmallDisk, String> {
        let folder = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"], folder.path())?;
        Ok(SmallDisk { folder })
    }

    fn grow_to(&self, mib: u64) {
        mount(&["-o", &format!("remount,size={mib}m")], self.folder.path()).unwrap();
    }

    /// A folder on it, for a domain.
    pub(crate) fn place(&self) -> tempfile::TempDir {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(self.folder.path(), open).unwrap();
        tempfile::Builder::new().tempdir_in(self.folder.path()).unwrap()
    }

    /// Takes every byte that is left.
    pub(crate) fn fill(&self) -> PathBuf {
        let path = self.folder.path().join("filling");
        let mut file = fs::File::create(&path).unwrap();
        let zeros = vec![0; 4096];
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server of the node may take a moment to end.
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        assert!(unmounted.unwrap().success() || std::thread::panicking());
    }
}

fn mount(arguments: &[&str], folder: &Path) -> Result<(), String> {
    let tried = Command::new("mount").args(arguments).arg(folder).output();
    let tried = tried.map_err(|why| format!("`mount` does not start: {why}"))?;
    match tried.status.success() {
        true => Ok(()),
        false => Err(format!("no small disk: {}", String::from_utf8_lossy(&tried.stderr).trim())),
    }
}

/// Calls with this much text until one is refused for want of space. The answers before it, by id
/// and code.
fn calls_until_full(client: &mut Client, size: usize, answers: &mut Vec<(String, String)>) {
    let text = "x".repeat(size);
    loop {
        let id = format!("call-{}", answers.len());
        let path = ["drafts", "payroll"][answers.len() % 2];
        let answer =
            client.call(&id, "write_file", &json!({"path": format!("{path}/small"), "text": text}));
        let code = code(&answer);
        if code == "refused.storage" {
            assert_eq!(answer["error"]["code"], -32_006, "{answer}");
            return;
        }
        // On a loaded machine a turn, or the disk, may take too long.
        let is_late = code == "refused.overload" && answer["error"]["code"] == -32_006;
        let is_decided = code == "permitted" || answer["error"]["code"] == -32_005;
        assert!(is_decided || is_late, "{answer}");
        answers.push((id, code));
        assert!(answers.len() < 5_000, "it never gets full");
    }
}

/// The code that an answer to a call brings; `permitted` where it brings a result.
fn code(answer: &Value) -> String {
    match answer.get("result") {
        Some(_) => "permitted".to_owned(),
        None => member(answer, "/error/data/code").to_owned(),
    }
}

/// Each answer is that of the decision on record. What waited too long for its turn is not decided.
fn every_answer_is_on_record(answers: &[(String, String)], recorded: &[Decision]) {
    for (id, code) in answers {
        let found = recorded.iter().find(|decision| decision.message["id"] == id.as_str());
        let answered = found.map(|decision| decision.answered().1);
        let is_undecided = match code.as_str() {
            "refused.overload" => found.is_none(),
            "refused.storage" => true,
            _ => false,
        };
        assert_eq!(answered, (!is_undecided).then_some(code.as_str()), "{id}");
    }
}

#[test]
fn full_disk_refuses_until_there_is_room_again() {
    // Both logs' write-ahead files, and room for no third one.
    let disk = match SmallDisk::new(44) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let around = disk.place();
    let office = format!("{BINARY} office-server --root OFFICE");
    let domain = Domain::within(around, &small_bundle(), &["agent"], &[("office", &office)]);
    let mut node = Node::start(&domain.folder());
    let mut client = Client::join(&domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();
    let mut answers = Vec::new();
    fs::create_dir_all(domain.office().join("files/drafts")).unwrap();
    fs::write(domain.office().join("files/drafts/large"), "x".repeat(400_000)).unwrap();
    let filling = disk.fill();
    calls_until_full(&mut client, 200_000, &mut answers);
    a_result_that_cannot_be_kept_is_not_handed_on(&domain);
    calls_until_full(&mut client, 10, &mut answers);
    assert!(answers.len() > 10, "{}", answers.len());

    // It stays so over several of the node's ticks, and refusing takes nothing of what is left for
    // stops.
    let held = records(&domain.folder());
    let later = Instant::now() + Duration::from_millis(3 * node::limits::TICK_MS);
    while Instant::now() < later {
        calls_until_full(&mut client, 10, &mut Vec::new());
    }
    assert_eq!(records(&domain.folder()), held);
    assert!(node.is_running(), "{}", node.stderr());
    let told = "the disk is full: agents are refused";
    assert!(node.stderr().contains(told), "{}", node.stderr());
    assert!(status(&domain).contains("disk        full"), "{}", status(&domain));
    let unhealthy = health(&domain);
    assert!(unhealthy.starts_with("HTTP/1.1 503") && unhealthy.contains(told), "{unhealthy}");

    disk.grow_to(200);
    fs::remove_file(filling).unwrap();
    until("an answer with room on the disk", || {
        let id = format!("call-{}", answers.len());
        let arguments = json!({"path": "drafts/again", "text": "text"});
        let code = code(&client.call(&id, "write_file", &arguments));
        answers.push((id, code));
        answers.last().filter(|(_, code)| code == "permitted").map(drop)
    });
    until("a status without a full disk", || (!status(&domain).contains("disk")).then_some(()));
    assert!(health(&domain).starts_with("HTTP/1.1 200"));
    until("the count of what was refused", || {
        refusals(&domain.folder()).get("refused.storage").filter(|count| **count >= 2).copied()
    });
    assert!(node.kill());
    let node = Node::start(&domain.folder());
    assert!(node.stop().success());

    let recorded = decisions(&domain.folder());
    let withheld = recorded.iter().filter(|decision| decision.withheld.is_some()).count();
    println!(
        "{} answers, {withheld} of them permits that waited too long for the disk",
        answers.len()
    );
    every_answer_is_on_record(&answers, &recorded);
    let replayed = run(&[Path::new("replay"), &domain.folder()]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

fn status(domain: &Domain) -> String {
    run(&[Path::new("status"), &domain.folder()]).stdout
}

fn health(domain: &Domain) -> String {
    let mut stream = UnixStream::connect(domain.socket()).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// A small question with a large answer: nobody knows how it ended, and the session does not go on.
fn a_result_that_cannot_be_kept_is_not_handed_on(domain: &Domain) {
    let mut client = Client::join(&domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();
    let answer = client.call("large", "read_file", &json!({"path": "drafts/large"}));
    assert_eq!(answer["error"]["code"], -32_003, "{answer:.200}");
    assert_eq!(client.read().unwrap(), None);
}

/// Calls that wait for their server while the disk fills up: more than what is kept for stops could
/// end one by one.
const OPEN: usize = 900;

#[test]
fn open_calls_can_end_on_a_full_disk() {
    let disk = match SmallDisk::new(44) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let around = disk.place();
    let Some(mut probed) = Probed::within(around) else { return };
    let mut held = probed.client();
    (0..OPEN)
        .for_each(|n| held.ask(&format!("held-{n}"), "note", &json!({"text": "hold"})).unwrap());
    until("all calls to reach the server", || (probed.journal().len() == 2 + OPEN).then_some(()));
    let mut client = Client::join(&probed.domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();
    // An empty file needs no room on a full disk, but its folder's entry might.
    let release = probed.domain.office().join("release");
    let prepared = release.with_extension("prepared");
    fs::write(&prepared, "").unwrap();
    let filling = disk.fill();
    calls_until_full(&mut client, 200_000, &mut Vec::new());
    calls_until_full(&mut client, 10, &mut Vec::new());
    fs::rename(prepared, &release).unwrap();
    // Room for their ends was kept.
    for _ in 0..OPEN {
        let answer = held.read().unwrap().unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], "noted", "{answer}");
    }
    calls_until_full(&mut client, 10, &mut Vec::new());
    assert!(probed.node.is_running(), "{}", probed.node.stderr());
    disk.grow_to(200);
    fs::remove_file(filling).unwrap();
    probed.still_serves();
    let folder = probed.domain.folder();
    assert!(probed.node.stop().success());
    let replayed = run(&[Path::new("replay"), &folder]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

/// How many records the lineage log holds, published or not.
fn records(folder: &Path) -> usize {
    ledger::Reader::open(&folder.join("lineage")).unwrap().entries(0).unwrap().count()
}
