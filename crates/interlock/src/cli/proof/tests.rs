use super::*;

fn place(first: Option<&str>, second: Option<&str>) -> Result<(PathBuf, Option<Range>), Failure> {
    split(first, second)
}

#[test]
fn a_folder_and_a_range_may_each_be_left_out() {
    let here = PathBuf::from(".");
    let office = PathBuf::from("office");
    assert_eq!(place(None, None).unwrap(), (here.clone(), None));
    assert_eq!(place(Some("17"), None).unwrap(), (here.clone(), Some(Range::One(17))));
    assert_eq!(place(Some("..5"), None).unwrap(), (here.clone(), Some(Range::Between(0, 5))));
    assert_eq!(place(Some("office"), None).unwrap(), (office.clone(), None));
    assert_eq!(place(Some(".."), None).unwrap(), (PathBuf::from(".."), None));
    assert_eq!(place(Some("../office"), None).unwrap(), (PathBuf::from("../office"), None));
    assert_eq!(
        place(Some("office"), Some("3..")).unwrap(),
        (office, Some(Range::Between(3, u64::MAX)))
    );
    assert_eq!(place(Some("office"), Some("x")).unwrap_err().exit(), Exit::Usage);
}

#[test]
fn a_record_is_named_in_one_way() {
    let at = |index: Option<&str>, execution: Option<&str>, seq| RecordAtArgs {
        first: index.map(str::to_owned),
        second: None,
        execution: execution.map(str::to_owned),
        seq,
    };
    assert_eq!(at(Some("7"), None, None).place().unwrap().1, RecordSelector::At(7));
    assert_eq!(
        at(None, Some("ab"), Some(2)).place().unwrap().1,
        RecordSelector::Of("ab".to_owned(), 2)
    );
    for unclear in
        [at(None, None, None), at(Some("7"), Some("ab"), Some(2)), at(Some("office"), None, None)]
    {
        assert_eq!(unclear.place().unwrap_err().exit(), Exit::Usage);
    }
}
