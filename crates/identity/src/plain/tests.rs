use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

#[test]
fn only_plain_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for path in [fifo.as_path(), folder.path(), Path::new("/dev/zero")] {
        assert_eq!(read(path, 10).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path:?}");
    }
    let written = open_with(&fifo, OpenOptions::new().write(true));
    assert!(written.is_err());
}

#[test]
fn a_plain_file_is_read_up_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "hello").unwrap();
    assert_eq!(read_text(&path, 5).unwrap(), "hello");
    assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    std::fs::write(&path, [0xff]).unwrap();
    assert_eq!(read_text(&path, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
