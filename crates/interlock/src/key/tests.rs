use super::*;

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn a_key_is_read_from_its_text_and_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{KEY}\n")).unwrap();
    assert_eq!(read(KEY).unwrap().name(), "PeterNeumann");
    assert_eq!(read(file.path().to_str().unwrap()).unwrap(), read(KEY).unwrap());
}

#[test]
fn malformed_key_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "no key\n").unwrap();
    assert_eq!(read(file.path().to_str().unwrap()).unwrap_err().exit(), Exit::Data);
    assert_eq!(read("/no/such/file").unwrap_err().exit(), Exit::NoInput);
}
