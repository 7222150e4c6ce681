use super::*;

#[test]
fn tools_beyond_the_limit_are_unlisted_and_known_ones_update() {
    let mut definitions = Definitions::default();
    let name = |number: usize| format!("tool-{number}");
    let all: Vec<_> = (0..=DEFINITIONS_MAX).map(|n| (name(n), Digest::of(b"one"))).collect();
    definitions.record(&all);
    assert_eq!(definitions.get(&name(DEFINITIONS_MAX - 1)), Some(Digest::of(b"one")));
    assert_eq!(definitions.get(&name(DEFINITIONS_MAX)), None);
    definitions.record(&[(name(0), Digest::of(b"two"))]);
    assert_eq!(definitions.get(&name(0)), Some(Digest::of(b"two")));
    definitions.clear();
    assert_eq!(definitions.get(&name(0)), None);
}
