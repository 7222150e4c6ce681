use std::collections::BTreeMap;
use std::path::Path;

use proof::checkpoint::Checkpoint;
use proof::json::{Value, object};
use proof::log::{Builder, LogReader};
use proof::merkle::leaf_hash;
use proof::note::Signer;
use proof::receipt::Receipt;
use proof::record::Record;

use crate::{Outcome, agree, signer};

pub(crate) const ORIGIN: &str = "acme.example/lineage/n1";
const ENTRIES: u64 = 300;

/// A small log in a folder: two bundles, three tiles.
pub(crate) fn write(folder: &Path) -> Outcome<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for (path, bytes) in files(ENTRIES)? {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().ok_or("a file without a folder")?)?;
        std::fs::write(path, bytes)?;
    }
    let vkey = format!("{}\n", signer(ORIGIN, 1)?.verifier());
    Ok(std::fs::write(folder.join("vkey"), vkey)?)
}

fn files(entries: u64) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let mut builder = Builder::new();
    for index in 0..entries {
        builder.push(&entry(index)?)?;
    }
    let taken = builder.take_files()?;
    let mut files: BTreeMap<_, _> = taken.into_iter().map(|file| (file.path, file.bytes)).collect();
    let checkpoint = builder.checkpoint(&signer(ORIGIN, 1)?)?;
    files.insert("checkpoint".to_owned(), checkpoint.into_bytes());
    Ok(files)
}

pub(crate) fn entry(index: u64) -> Outcome<Vec<u8>> {
    let Value::Object(members) = object([("n", index.try_into()?)]) else {
        return Err("no object".into());
    };
    Ok(Record::new("test.entry", members)?.into_bytes())
}

pub(crate) fn receipts() -> Outcome<Vec<Value>> {
    let key = signer(ORIGIN, 1)?.verifier();
    let files = files(ENTRIES)?;
    let log = LogReader::open(&files, &key, ORIGIN)?;
    let good = log.receipt(17)?;
    let text = good.to_text();
    let first = log.receipt(0)?.to_text();
    let last = log.receipt(ENTRIES - 1)?.to_text();
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        receipt.to_text()
    };
    let other = log.receipt(18)?;
    let entry: &[u8] = br#"{"v": 1}"#;
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 1,
        root: leaf_hash(entry),
        extensions: Vec::new(),
    };
    let no_record = Receipt {
        record: Some(entry.to_vec()),
        index: 0,
        proof: Vec::new(),
        checkpoint: head.sign(&signer(ORIGIN, 1)?)?,
    };
    let cases = [
        ("an entry that is no record", no_record.to_text(), false),
        ("a record", text.clone(), true),
        ("the first record", first, true),
        ("the last record", last, true),
        ("another record", with(&|receipt| receipt.record.clone_from(&other.record)), false),
        ("another index", with(&|receipt| receipt.index = 18), false),
        ("an index beyond the log", with(&|receipt| receipt.index = ENTRIES), false),
        ("a hash of the proof missing", with(&|receipt| receipt.proof.truncate(1)), false),
        (
            "the proof of another record",
            with(&|receipt| receipt.proof.clone_from(&other.proof)),
            false,
        ),
        ("no record", with(&|receipt| receipt.record = None), false),
        ("an index with a leading zero", text.replace("index 17", "index 017"), false),
        ("another version", text.replace("@v1", "@v2"), false),
        ("no empty line", text.replace("\n\n", "\n"), false),
        ("another size in the checkpoint", text.replace("\n300\n", "\n301\n"), false),
        ("another log's checkpoint", text.replace("/lineage/n1\n3", "/lineage/n2\n3"), false),
    ];
    let mut values = Vec::new();
    for (name, text, verified) in cases {
        let found = Receipt::parse(&text).is_ok_and(|receipt| receipt.verify_own(&key).is_ok());
        agree(name, verified, found)?;
        values.push(object([
            ("name", name.into()),
            ("receipt", text.into()),
            ("verified", verified.into()),
            ("vkey", key.to_string().into()),
        ]));
    }
    Ok(values)
}
