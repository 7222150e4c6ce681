use crate::bundle::{Bundle, Files};
use crate::error::LoadErrors;
use crate::limits::{DETECTOR_PATTERN_BYTES_MAX, DETECTOR_PROGRAM_BYTES_MAX, DETECTORS_MAX};

const DETECTORS: &str = r#"
[detectors.injection]
pattern = "ignore previous"
looks_at = ["results"]
adds = ["untrusted"]
"#;

fn load(semantics: u64, detectors: &str) -> Result<Bundle, LoadErrors> {
    let manifest = format!("name = \"d\"\nversion = \"1\"\nsemantics = {semantics}\n");
    let mut files: Files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", "entity Workload;\n"),
        ("detectors.toml", detectors),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into();
    if semantics > 1 {
        let labels = b"[labels]\nuntrusted = \"nobody vouches for it\"\n";
        files.insert("labels.toml".to_owned(), labels.to_vec());
    }
    Bundle::load(&files)
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_one() {
    assert!(load(2, DETECTORS).is_ok());
    let cases = [
        ("ignore previous", "(ignore", "no linear-time regular expression: unclosed group"),
        ("ignore previous", "(a)\\\\1", "backreferences are not supported"),
        ("ignore previous", "a*", "matches the empty text"),
        ("ignore previous", "(\\\\w{100}){100}", "write shorter repetitions"),
        ("adds = [\"untrusted\"]", "adds = [\"untrustd\"]", "did you mean `untrusted`?"),
        ("adds = [\"untrusted\"]", "adds = []", "names what it `adds`"),
        ("looks_at = [\"results\"]", "looks_at = [\"result\"]", "did you mean `results`?"),
        ("looks_at = [\"results\"]", "looks_at = []", "`looks_at` names"),
        ("looks_at = [\"results\"]", "", "`looks_at` is missing"),
        ("looks_at =", "look_at =", "unknown key `look_at`"),
        ("pattern =", "patern =", "unknown key `patern`"),
        ("[detectors.injection]", "[detectors.Injection]", "no name for a detector"),
        ("[detectors.injection]", "[detector.injection]", "did you mean `detectors`?"),
        ("[detectors.injection]", "[detectors]\nx = 1\n[detectors.y]", "a detector is a table"),
    ];
    for (from, to, expected) in cases {
        let text = DETECTORS.replacen(from, to, 1);
        assert_ne!(text, DETECTORS);
        let errors = load(2, &text).expect_err(to).to_string();
        assert!(errors.contains(expected) && errors.contains("detectors.toml"), "{to}: {errors}");
    }
}

#[test]
fn an_earlier_decider_refuses_what_it_would_not_look_at() {
    let errors = load(1, DETECTORS).expect_err("detectors under 1").to_string();
    assert!(errors.contains("`semantics = 2`"), "{errors}");
}

#[test]
fn more_or_larger_detectors_than_the_limits_are_refused() {
    let one = |name: usize, pattern: &str| {
        format!(
            "[detectors.d{name}]\npattern = '{pattern}'\nlooks_at = [\"results\"]\nadds = [\"untrusted\"]\n"
        )
    };
    let many = |count: usize| (0..count).map(|name| one(name, "x")).collect::<String>();
    assert!(load(2, &many(DETECTORS_MAX)).is_ok());
    assert!(load(2, &many(DETECTORS_MAX + 1)).expect_err("many").to_string().contains("64"));
    let long = "x".repeat(DETECTOR_PATTERN_BYTES_MAX);
    assert!(load(2, &one(0, &long)).is_ok());
    assert!(load(2, &one(0, &format!("{long}x"))).is_err());
    // Each fits by itself, and all together do not.
    let large = r"[\w\s]{10}";
    assert!(load(2, &one(0, large)).is_ok());
    let together: String = (0..DETECTORS_MAX).map(|name| one(name, large)).collect();
    let errors = load(2, &together).expect_err("together").to_string();
    assert!(errors.contains(&DETECTOR_PROGRAM_BYTES_MAX.to_string()), "{errors}");
}
