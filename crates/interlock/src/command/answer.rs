/// A decision in words: verdict, code, and the policies that determined it.
pub(super) fn in_words<'a>(
    verdict: &str,
    code: &str,
    policies: impl Iterator<Item = &'a str>,
) -> String {
    let ids = policies.collect::<Vec<_>>().join(", ");
    let by = if ids.is_empty() { "no policy" } else { &ids };
    format!("{verdict} {code} by {by}")
}
