use super::*;

#[test]
fn every_file_is_read_by_its_relative_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("policies/deep")).unwrap();
    fs::write(folder.path().join("bundle.toml"), "a").unwrap();
    fs::write(folder.path().join("policies/deep/x.dw"), "b").unwrap();
    fs::write(folder.path().join(".hidden"), "c").unwrap();
    let files = read(folder.path()).unwrap();
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(paths, [".hidden", "bundle.toml", "policies/deep/x.dw"]);
}

#[test]
fn a_link_is_refused_and_a_missing_folder_told() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("bundle.toml")).unwrap();
    assert_eq!(read(folder.path()).unwrap_err().exit(), Exit::Data);
    assert_eq!(read(&folder.path().join("none")).unwrap_err().exit(), Exit::NoInput);
    assert_eq!(read(Path::new("/etc/hostname")).unwrap_err().exit(), Exit::NoInput);
}

#[test]
fn too_many_files_and_too_long_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("long"), vec![b'x'; FILE_BYTES_MAX + 1]).unwrap();
    assert_eq!(read(folder.path()).unwrap_err().exit(), Exit::Data);
    fs::remove_file(folder.path().join("long")).unwrap();
    for number in 0..=FILES_MAX {
        fs::write(folder.path().join(number.to_string()), "").unwrap();
    }
    assert_eq!(read(folder.path()).unwrap_err().exit(), Exit::Data);
}
