//! Limits that `SPECIFICATION.md` names are there, and have the value that it gives.

use super::Problem;
use super::markdown::{cells, code_spans, unfenced};
use super::tree::Tree;

const DOCUMENT: &str = "SPECIFICATION.md";

/// Units that a value may have.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1024),
    ("MiB", 1024 * 1024),
    ("GiB", 1024 * 1024 * 1024),
    ("B", 1),
    ("ns", 1),
    ("ms", 1),
    ("s", 1000),
    ("min", 60 * 1000),
    ("h", 60 * 60 * 1000),
];

/// Every table row that names a `crate::limits::NAME`: the value is the cell after the first.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in unfenced(tree.text(DOCUMENT).unwrap_or_default()) {
        let cells = cells(line).unwrap_or_default();
        let promised = cells.get(1).copied().unwrap_or_default();
        for name in cells.iter().flat_map(|cell| code_spans(cell)) {
            if let Some((package, constant)) = name.split_once("::limits::") {
                let file = format!("crates/{package}/src/limits.rs");
                let real = expression(tree.text(&file).unwrap_or_default(), constant);
                problems.extend(compare(number, name, promised, real));
            }
        }
    }
    problems
}

fn compare(line: usize, name: &str, promised: &str, real: Option<&str>) -> Option<Problem> {
    let Some(real) = real else {
        return Some(Problem::new(DOCUMENT, line, format!("there is no limit `{name}`")));
    };
    // What is no product of numbers is written by hand, and not compared.
    let value = product(real)?;
    (value_of(promised) != Some(value)).then(|| {
        Problem::new(DOCUMENT, line, format!("`{name}` is {real}, which `{promised}` does not say"))
    })
}

/// What a file of constants assigns to the name.
fn expression<'a>(source: &'a str, constant: &str) -> Option<&'a str> {
    let start = format!("const {constant}: ");
    let (_, rest) = source.split_once(&start)?;
    let (_, value) = rest.split_once(';')?.0.split_once('=')?;
    Some(value.trim())
}

fn product(expression: &str) -> Option<u64> {
    expression.split('*').try_fold(1_u64, |product, factor| {
        product.checked_mul(factor.trim().replace('_', "").parse().ok()?)
    })
}

/// The value of `65,535`, `8 MiB` or `10 s`; durations are in milliseconds, those in `ns` as they are.
fn value_of(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.replace(',', "").parse().ok()?;
    let scale = UNITS.iter().find(|(name, _)| *name == unit).map_or(1, |(_, scale)| *scale);
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests;
