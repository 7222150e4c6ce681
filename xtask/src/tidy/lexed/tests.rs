use super::Lexed;

fn texts(source: &str) -> Vec<String> {
    Lexed::of(source).tokens().iter().map(|token| token.text.to_owned()).collect()
}

#[test]
fn strings_hold_no_code() {
    for literal in [r#""fn a() {""#, r##"r#"fn "a""#"##, r#"b"\"fn""#, "'{'", r"'\''"] {
        let source = format!("let x = {literal};");
        assert!(!texts(&source).contains(&"fn".to_owned()), "{source}");
        assert!(!texts(&source).contains(&"{".to_owned()), "{source}");
        assert_eq!(texts(&source).last().unwrap(), ";", "{source}");
    }
}

#[test]
fn a_lifetime_is_no_character() {
    assert_eq!(texts("fn a<'b>(c: &'b str) {}").last().unwrap(), "}");
}

#[test]
fn comments_are_kept_apart_and_nest() {
    let lexed = Lexed::of("a /* b /* c */ d */ e // f\ng \"// h\"");
    let words: Vec<&str> = lexed.comments.split_whitespace().collect();
    assert_eq!(words, ["/*", "b", "/*", "c", "*/", "d", "*/", "//", "f"]);
    assert_eq!(lexed.tokens().iter().filter(|token| token.text != "\"").count(), 3);
}

#[test]
fn lines_are_counted_through_literals() {
    let lexed = Lexed::of("\"a\nb\"\nc");
    let last = lexed.tokens().last().copied().unwrap();
    assert_eq!((last.line, last.text), (3, "c"));
}

#[test]
fn what_never_ends_ends_with_the_file() {
    for source in ["/* a", "\"a", "r#\"a", "'\\", "'"] {
        let lexed = Lexed::of(source);
        assert_eq!(lexed.code.chars().count(), source.chars().count());
    }
}
