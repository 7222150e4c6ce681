use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::found::root;
use crate::site::Site;
use crate::support::run;

/// How many bytes of a receipt are flipped, one at a time.
const FLIPS: usize = 12;

/// Has a record's receipt written, and both verifiers judge it: as it is, and with one byte flipped
/// at many places.
pub(crate) fn hold_to_receipt(site: &Site, index: usize, record: &Value) {
    let (domain, vkey) = (site.domain().display().to_string(), site.domain().join("lineage/vkey"));
    let receipt = site.scratch(&format!("{index}.tlog-proof"));
    let (at, out) = (index.to_string(), receipt.display().to_string());
    let made = run(&["receipt", &domain, &at, "--out", &out]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let ours = interlock(&receipt, &vkey);
    assert_eq!(ours.0, Some(0), "{}", ours.1);
    let told: Value = serde_json::from_str(&ours.1).unwrap();
    assert_eq!((&told["record"], told["index"].as_u64()), (record, u64::try_from(index).ok()));
    let theirs = verify_py(&receipt, &vkey);
    assert_eq!(theirs.0, Some(0), "{}", theirs.1);

    let bytes = std::fs::read(&receipt).unwrap();
    let altered = site.scratch("altered.tlog-proof");
    for flip in 0..FLIPS {
        let place = flip * (bytes.len() - 1) / (FLIPS - 1);
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        std::fs::write(&altered, &flipped).unwrap();
        for (name, (code, said)) in [
            ("interlock verify", interlock(&altered, &vkey)),
            ("verify.py", verify_py(&altered, &vkey)),
        ] {
            assert_eq!(code, Some(2), "{name} on a receipt whose byte {place} was flipped: {said}");
        }
    }
}

fn interlock(receipt: &Path, vkey: &Path) -> (Option<i32>, String) {
    let words =
        ["verify", &receipt.display().to_string(), "--vkey", &vkey.display().to_string(), "--json"];
    let ended = run(&words);
    (ended.code, format!("{}{}", ended.stdout, ended.stderr))
}

fn verify_py(receipt: &Path, vkey: &Path) -> (Option<i32>, String) {
    let script = root().join("spec/verify.py");
    let mut command = Command::new("python3");
    command.arg(script).arg("receipt").arg(receipt).arg("--vkey").arg(vkey);
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}
