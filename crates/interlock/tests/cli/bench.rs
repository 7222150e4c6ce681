//! `interlock bench` measures for real; what it prints is a contract.

use crate::run::interlock;

#[test]
fn rows_of_a_small_log_have_their_members() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let words = ["bench", "replay", "--records", "1000", "--folder", folder, "--json"];
    let ended = interlock(&words);
    assert_eq!(ended.code, 0, "{ended:?}");
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let row = &value["rows"][0];
    assert_eq!(row["name"], "replay");
    for name in ["p50_us", "p99_us", "max_us", "per_s", "rss_mib", "samples", "decisions"] {
        assert!(row[name].as_f64().unwrap() > 0.0, "{name}: {row}");
    }
    assert_eq!((&row["different"], &row["not_replayable"]), (&0.0.into(), &0.0.into()));
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let ended = interlock(&["bench", "start", "--folder", "/no/such/folder"]);
    assert_eq!(ended.code, 66, "{ended:?}");
    assert!(ended.stderr.contains("--folder"), "{ended:?}");
}
