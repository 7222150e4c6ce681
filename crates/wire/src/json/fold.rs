mod table;
#[cfg(test)]
mod tests;

pub use table::UNICODE_VERSION;

/// From `0` to `1` in steps of `2`, each code point folds to itself plus `3`.
struct Run(u32, u32, u32, i32);

/// The text under Unicode simple case folding (CaseFolding.txt, statuses C and S), the relation by
/// which Go's `encoding/json` matches names to fields.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

fn fold_char(from: char) -> char {
    let code = u32::from(from);
    let next = table::RUNS.partition_point(|run| run.0 <= code);
    let Some(Run(first, last, step, delta)) = next.checked_sub(1).and_then(|i| table::RUNS.get(i))
    else {
        return from;
    };
    if code > *last || !(code - first).is_multiple_of(*step) {
        return from;
    }
    code.checked_add_signed(*delta).and_then(char::from_u32).unwrap_or(from)
}
