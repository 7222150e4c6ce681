use serde_json::json;

use super::{Held, Release, durable_before};
use crate::trace::parse;

const RECORD: &[u8] = b"{'n':1}";
const WRITE: &str = r#"7 pwrite64(9</d/wal/0>, "..{'n':1}..", 11, 4096) = 11"#;
const SYNC: &str = "7 fdatasync(9</d/wal/0>) = 0";
const OTHER_SYNC: &str = "7 fdatasync(8</d/wal/0>) = 0";
const FAILED_SYNC: &str = "7 fdatasync(9</d/wal/0>) = -1 EIO (Input/output error)";
const BEGUN: &str = "7 fdatasync(9</d/wal/0> <unfinished ...>";
const RESUMED: &str = "7 <... fdatasync resumed>)  = 0";
/// `{"id":5,"error":{}}` and a line feed.
const ANSWER: &str =
    r#"8 sendto(5<socket:[1]>, "{\x22id\x22:5,\x22error\x22:{}}\x0a", 20, 0, NULL, 0) = 20"#;

fn check(lines: &[&str]) -> Result<Held, String> {
    durable_before(
        &parse(&lines.join("\n")).unwrap(),
        "/d/wal/",
        RECORD,
        &Release::denied(&json!(5)),
    )
}

#[test]
fn written_synced_and_then_released_holds() {
    assert_eq!(check(&[WRITE, SYNC, ANSWER]), Ok(Held { synced: 1, released: (2, 2) }));
    assert_eq!(check(&[WRITE, BEGUN, RESUMED, ANSWER]), Ok(Held { synced: 1, released: (3, 3) }));
}

#[test]
fn an_answer_before_the_sync_or_within_it_is_seen() {
    for lines in [
        &[ANSWER, WRITE, SYNC][..],
        &[WRITE, ANSWER, SYNC],
        &[WRITE, BEGUN, ANSWER, RESUMED],
        // Released twice, the first time too early.
        &[WRITE, ANSWER, SYNC, ANSWER],
        // A sync that began before the record was written does not count.
        &[
            BEGUN.replace('7', "6").as_str(),
            WRITE,
            RESUMED.replace('7', "6").as_str(),
            ANSWER,
            SYNC,
        ],
    ] {
        assert!(check(lines).unwrap_err().contains("before the sync"), "{lines:?}");
    }
}

#[test]
fn another_descriptors_sync_a_failed_one_and_none_are_seen() {
    assert!(check(&[WRITE, OTHER_SYNC, ANSWER]).unwrap_err().contains("never synced"));
    assert!(check(&[WRITE, ANSWER]).unwrap_err().contains("never synced"));
    assert!(check(&[WRITE, FAILED_SYNC, ANSWER]).unwrap_err().contains("the sync failed"));
}

#[test]
fn a_record_that_was_not_written_whole_to_the_log_is_seen() {
    let short = WRITE.replace("= 11", "= 10");
    assert!(check(&[&short, SYNC, ANSWER]).unwrap_err().contains("not written whole"));
    let elsewhere = WRITE.replace("/d/wal/0", "/d/tile/0");
    assert!(check(&[&elsewhere, SYNC, ANSWER]).unwrap_err().contains("no write to the log"));
    assert!(check(&[SYNC, ANSWER]).unwrap_err().contains("no write to the log"));
    assert!(check(&[WRITE, SYNC]).unwrap_err().contains("nothing was released"));
}
