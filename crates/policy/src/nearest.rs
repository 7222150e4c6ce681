//! The nearest known name to one that is not known.

/// The candidate closest to `name`, if one is close enough to be what was meant: at most a third of
/// its length away, letter case ignored.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let furthest = name.chars().count().div_ceil(3).max(1);
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&wanted, &known.to_lowercase()), known))
        .filter(|(steps, known)| *steps <= furthest && *known != name)
        .min()
        .map(|(_, known)| known.to_owned())
}

/// The question that follows a message about an unknown name.
pub(crate) fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
