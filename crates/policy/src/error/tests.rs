use super::*;

#[test]
fn places_count_lines_and_characters_from_one() {
    let text = "ä\nbé c";
    assert_eq!(
        SourcePlace::of(text, 0, 2),
        SourcePlace { line: 1, column: 1, offset: 0, bytes: 2 }
    );
    assert_eq!(
        SourcePlace::of(text, 7, 1),
        SourcePlace { line: 2, column: 4, offset: 7, bytes: 1 }
    );
    assert_eq!(
        SourcePlace::of(text, 99, 9),
        SourcePlace { line: 2, column: 5, offset: 8, bytes: 0 }
    );
    // Inside a character: back to where it starts.
    assert_eq!(SourcePlace::of(text, 1, 1).offset, 0);
}

#[test]
fn errors_are_sorted_counted_and_bounded() {
    let many =
        (0..150).rev().map(|n| LoadError::new(LoadCode::File, "a", format!("{n:03}"))).collect();
    let errors = LoadErrors::of(many);
    assert_eq!(errors.count(), 150);
    assert_eq!(errors.iter().count(), 100);
    assert_eq!(errors.iter().next().unwrap().message(), "000");
    assert!(errors.to_string().ends_with("and 50 more"));
}
