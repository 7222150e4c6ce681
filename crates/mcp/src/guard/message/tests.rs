use super::*;

fn server() -> ServerCommand {
    ServerCommand {
        guard: PathBuf::new(),
        program: "files".into(),
        arguments: vec!["--root".into(), String::new(), "/srv/ä b".into()],
        environment: [("PATH", "/bin"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        directory: Some("/srv".into()),
        user: Some((1001, 1002)),
    }
}

#[test]
fn a_start_message_round_trips() {
    for server in [
        server(),
        ServerCommand { arguments: vec![], directory: None, ..server() },
        ServerCommand { environment: BTreeMap::new(), user: None, ..server() },
    ] {
        assert_eq!(decode(&encode(&server).unwrap()), Some(server));
    }
}

#[test]
fn a_truncated_start_message_is_refused() {
    let bytes = encode(&server()).unwrap();
    assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
    assert_eq!(decode(b""), None);
    assert_eq!(decode(b"\0\0\0" as &[u8]), None);
    assert_eq!(decode(b"\0\0\x005\0a\0b\0"), None);
}

#[test]
fn a_nul_in_an_argument_is_refused() {
    let server = ServerCommand { program: "a\0b".into(), ..server() };
    assert_eq!(encode(&server).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn reports_and_orders_round_trip() {
    for report in [GuardReport::Started(u32::MAX), GuardReport::Failed(2), GuardReport::Exited(-1)]
    {
        assert_eq!(GuardReport::parse(report.encode()), Some(report));
    }
    assert_eq!(GuardReport::parse([0; GuardReport::BYTES]), None);
    assert_eq!(GuardOrder::parse(GuardOrder::Terminate.byte()), Some(GuardOrder::Terminate));
    assert_eq!(GuardOrder::parse(0), None);
}

#[test]
fn a_start_message_beyond_the_limit_is_refused() {
    let long = "x".repeat(GUARD_START_BYTES_MAX);
    let server = ServerCommand { arguments: vec![long], ..server() };
    assert_eq!(encode(&server).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}
