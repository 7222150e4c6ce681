use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A file that is there, and not finished.
fn made(path: &Path) -> Unfinished {
    let make = || {
        fs::write(path, "x").unwrap();
        Ok(((), vec![path.to_owned()]))
    };
    Unfinished::make(make).unwrap().0
}

#[test]
fn unfinished_paths_are_removed() {
    let folder = folder();
    let path = folder.path().join("new");
    let unfinished = Unfinished::make(|| {
        fs::create_dir(&path).unwrap();
        fs::write(path.join("key"), "x").unwrap();
        Ok(((), vec![path.clone()]))
    });
    drop(unfinished.unwrap());
    assert!(!path.exists());
}

#[test]
fn finished_paths_stay() {
    let folder = folder();
    let path = folder.path().join("new");
    made(&path).finish(|| Ok(())).unwrap();
    assert!(path.exists());
}

#[test]
fn paths_are_removed_when_the_last_step_fails() {
    let folder = folder();
    let path = folder.path().join("new");
    let failure = || Failure::new(crate::exit::Exit::Failed, "it");
    made(&path).finish(|| Err::<(), _>(failure())).unwrap_err();
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_its_link() {
    let folder = folder();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    write(&file, b"old", 0o600).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    write(&link, b"new", 0o600).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_folder_that_is_still_written_to_is_removed() {
    let folder = folder();
    let path = folder.path().join("new");
    fs::create_dir(&path).unwrap();
    let writes = thread::spawn({
        let path = path.clone();
        move || {
            // It ends once the folder is gone: nothing makes that anew.
            let mut files =
                (0..u32::MAX).map(|number| fs::write(path.join(number.to_string()), "x"));
            files.find(Result::is_err).is_some()
        }
    });
    remove(&path).unwrap();
    assert!(writes.join().unwrap());
    assert!(!path.exists());
}
