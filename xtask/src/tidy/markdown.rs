//! Just enough Markdown: prose lines without code, headings, links, table rows.

/// A line outside fenced blocks, with what stands between backticks removed.
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// The lines of a document that are prose.
pub(super) fn prose(document: &str) -> Vec<Line> {
    unfenced(document).map(|(number, line)| Line { number, text: without_code(line) }).collect()
}

/// The lines outside fenced blocks, as they stand.
pub(super) fn unfenced(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    document.lines().enumerate().filter_map(move |(index, line)| {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return Some((index + 1, line)),
            _ => {}
        }
        None
    })
}

/// The anchors of a document's headings, as forges make them.
pub(super) fn anchors(document: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in unfenced(document) {
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        if !(1..=6).contains(&level) || !title.starts_with(' ') {
            continue;
        }
        let slug: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
            .map(|character| if character == ' ' { '-' } else { character })
            .collect();
        let before = anchors.iter().filter(|anchor| **anchor == slug).count();
        anchors.push(if before == 0 { slug.clone() } else { format!("{slug}-{before}") });
    }
    anchors
}

/// The targets of the links in a line of prose: `[text](target)` and `[name]: target`.
pub(super) fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut rest = line;
    while let Some((_, tail)) = rest.split_once("](") {
        let (target, after) = tail.split_once(')').unwrap_or((tail, ""));
        targets.extend(target.split_whitespace().next());
        rest = after;
    }
    if let Some((name, target)) = line.split_once("]: ")
        && name.starts_with('[')
    {
        targets.extend(target.split_whitespace().next());
    }
    targets
}

/// The cells of a table's row; none for any other line, or for the line under the table's head.
pub(super) fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let rule = inner.chars().all(|character| matches!(character, '|' | '-' | ':' | ' '));
    (!rule).then(|| inner.split('|').map(str::trim).collect())
}

/// What stands between backticks in a text.
pub(super) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn without_code(line: &str) -> String {
    let mut pieces: Vec<&str> = line.split('`').step_by(2).collect();
    if line.matches('`').count() % 2 == 1 {
        // A mark that is never closed is a mark, not code.
        pieces.extend(line.rsplit('`').next());
    }
    pieces.join("``")
}

#[cfg(test)]
mod tests;
