use super::host;

#[test]
fn a_plain_address_names_its_host() {
    for (address, name) in [
        ("https://example.org/", "example.org"),
        ("http://Example.ORG", "example.org"),
        ("https://www.example.org:8443/a?b=http://10.0.0.1/#c", "www.example.org"),
        ("https://example.org?q", "example.org"),
        ("https://example.org#10.0.0.1", "example.org"),
        ("https://1.2.3.example", "1.2.3.example"),
        ("https://a.xn--p1ai/", "a.xn--p1ai"),
        ("https://example.org/a@b:c", "example.org"),
        ("https://sub.localhost/", "sub.localhost"),
    ] {
        assert_eq!(host(address).as_deref(), Some(name), "{address}");
    }
}

/// Spellings of inside addresses, after `http://`.
const INSIDE: [&str; 40] = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "10.0.0.1",
    "10.0.0.1.",
    "10.1",
    "127.0.0.1:8080",
    "127.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0",
    "2130706433",
    "0x7f000001",
    "0X7F.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.01",
    "127.0.0.0x1",
    "[::1]",
    "[::]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1%25eth0]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a00:1]",
    "good.example@10.0.0.1",
    "good.example:pw@10.0.0.1",
    "10.0.0.1\\.example.org",
    "127。0。0。1",
    "１２７.0.0.1",
    "ⓛocalhost.example",
    "127%2e0.0.1",
    "%31%32%37.0.0.1",
    "10.0.0.1\t.example",
    "10.0.0.1 .example",
    "",
];

#[test]
fn no_spelling_of_an_inside_address_names_a_host() {
    for inside in INSIDE {
        for end in ["", "/", "/?a=b.example", "#x.example", "?x.example/", ":80/x.example"] {
            for scheme in
                ["http://", "https://", "HTTP://", "//", "http:/", "http:\\\\", " http://"]
            {
                let address = format!("{scheme}{inside}{end}");
                assert_eq!(host(&address), None, "{address}");
            }
        }
    }
}

#[test]
fn an_ambiguous_url_names_no_host() {
    for address in [
        "https://example.org\\@10.0.0.1/",
        "https://example.org/\\..\\",
        "https://example.org/ x",
        "https://example.org/\r\nHost: 10.0.0.1",
        "https://example.org\u{0}.evil.test/",
        "https://exam\tple.org/",
        "https://example.org:0/",
        "https://example.org:/",
        "https://example.org:99999/",
        "https://example.org:+80/",
        "https://.example.org/",
        "https://example..org/",
        "https://example.org./",
        "https://example.0x1/",
        "https://example.1/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https:example.org",
    ] {
        assert_eq!(host(address), None, "{address}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_stands_there_no_number_is_a_host(
        number in proptest::prelude::any::<u32>(),
        form in 0_usize..6,
        end in "[/?#][ -~]{0,20}",
    ) {
        let [a, b, c, d] = number.to_be_bytes();
        let text = match form {
            0 => format!("{a}.{b}.{c}.{d}"),
            1 => number.to_string(),
            2 => format!("{number:#x}"),
            3 => format!("0{number:o}"),
            4 => format!("{a}.{}", u32::from_be_bytes([0, b, c, d])),
            _ => format!("{a:#x}.{b:#o}.{c}.{d:#X}"),
        };
        proptest::prop_assert_eq!(host(&format!("http://{text}{end}")), None);
    }
}
