use super::*;

fn fake_log(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("checkpoint"), "").unwrap();
}

#[test]
fn a_domain_holds_two_logs_and_a_log_is_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(logs(path, None).unwrap_err().exit(), Exit::NoInput);
    fake_log(&path.join("governance"));
    fake_log(&path.join("lineage"));
    assert_eq!(logs(path, None).unwrap(), [path.join("governance"), path.join("lineage")]);
    assert_eq!(logs(path, Some(&LogChoice::Lineage)).unwrap(), [path.join("lineage")]);
    assert_eq!(logs(&path.join("lineage"), None).unwrap(), [path.join("lineage")]);
    let elsewhere = LogChoice::Folder(path.join("governance"));
    assert_eq!(logs(Path::new("."), Some(&elsewhere)).unwrap(), [path.join("governance")]);
}

#[test]
fn a_log_is_chosen_by_its_name_or_folder() {
    assert_eq!("lineage".parse(), Ok(LogChoice::Lineage));
    assert_eq!("governance".parse(), Ok(LogChoice::Governance));
    assert_eq!("/srv/log".parse(), Ok(LogChoice::Folder(PathBuf::from("/srv/log"))));
}

#[test]
fn a_folder_without_a_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fake_log(folder.path());
    assert_eq!(Log::open(folder.path(), None).err().unwrap().exit(), Exit::Data);
}
