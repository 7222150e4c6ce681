use proof::json::{Value, object};
use proof::note::{SignedNote, Signer};
use proof::promise::{Batch, Promise, PromisedRecord};

use crate::{Outcome, agree, log, signer};

const FIRST: u64 = 10;
const COUNT: u64 = 5;

pub(crate) fn cases() -> Outcome<Vec<Value>> {
    let signer = signer(log::ORIGIN, 1)?;
    let key = signer.verifier();
    let mut values = Vec::new();
    for (name, text, verified) in texts(&signer)? {
        let read = PromisedRecord::parse(&text);
        let found = read.is_ok_and(|promised| promised.verify_own(&key).is_ok());
        agree(name, verified, found)?;
        values.push(object([
            ("name", name.into()),
            ("promise", text.into()),
            ("verified", verified.into()),
            ("vkey", key.to_string().into()),
        ]));
    }
    Ok(values)
}

fn texts(signer: &dyn Signer) -> Outcome<Vec<(&'static str, String, bool)>> {
    let records = (FIRST..FIRST + COUNT).map(log::entry).collect::<Outcome<Vec<_>>>()?;
    let batch = Batch::new(FIRST, records.iter().map(Vec::as_slice));
    let signed = batch.sign(signer)?;
    let promised = |index: u64| {
        let record = records.get(usize::try_from(index - FIRST)?).ok_or("no such record")?;
        Ok::<_, Box<dyn std::error::Error>>(batch.record(index, &signed, Some(record))?)
    };
    let good = promised(12)?;
    let other = promised(13)?;
    let text = good.to_text();
    let with = |change: &dyn Fn(&mut PromisedRecord)| {
        let mut promised = good.clone();
        change(&mut promised);
        promised.to_text()
    };
    let resigned = |change: &dyn Fn(&mut Promise)| {
        let mut promise = batch.promise(log::ORIGIN);
        change(&mut promise);
        let signed = SignedNote::sign(&promise.text(), &[signer])?.to_text();
        Ok::<_, Box<dyn std::error::Error>>(with(&|promised| promised.promise.clone_from(&signed)))
    };
    let single = Batch::new(7, [records.first().ok_or("no record")?.as_slice()]);
    let single = single.record(7, &single.sign(signer)?, records.first().map(Vec::as_slice))?;
    Ok(vec![
        ("a record of a batch", text.clone(), true),
        ("the batch's first record", promised(FIRST)?.to_text(), true),
        ("the batch's last record", promised(FIRST + COUNT - 1)?.to_text(), true),
        ("a batch of one", single.to_text(), true),
        ("another record", with(&|promised| promised.record.clone_from(&other.record)), false),
        ("another index", with(&|promised| promised.index = 13), false),
        ("an index before the batch", with(&|promised| promised.index = 9), false),
        ("an index after the batch", with(&|promised| promised.index = 15), false),
        ("a hash of the path missing", with(&|promised| promised.proof.truncate(1)), false),
        ("no record", with(&|promised| promised.record = None), false),
        ("another version", text.replace("promise-proof@v1", "promise-proof@v2"), false),
        ("no empty line", text.replace("\n\n", "\n"), false),
        ("another count, not signed", text.replace("\n10\n5\n", "\n10\n6\n"), false),
        (
            "another log's, signed",
            resigned(&|promise| promise.origin = "evil.example".into())?,
            false,
        ),
        (
            "a first index that does not fit, signed",
            resigned(&|promise| promise.first = 11)?,
            false,
        ),
        ("no entries, signed", resigned(&|promise| promise.count = 0)?, false),
        ("too many entries, signed", resigned(&|promise| promise.count = 65_537)?, false),
    ])
}
