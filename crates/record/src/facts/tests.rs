use super::*;

#[test]
fn assurance_comes_back_by_its_word() {
    for assurance in
        [Assurance::Cooperative, Assurance::Separated, Assurance::Confined, Assurance::Attested]
    {
        assert_eq!(Assurance::parse(assurance.as_str()), Some(assurance));
    }
    assert_eq!(Assurance::parse("strong"), None);
}
