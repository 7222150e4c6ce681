use proof::shown::Shown;

use super::{Paint, Style};

/// Columns that line up, padded with spaces; the last one is not padded.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    /// Adds one row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [(Style, String); N]) {
        // Escaped here already, so that the widths are those of the printed text.
        let shown = cells.map(|(style, text)| (style, Shown(&text).to_string()));
        self.rows.push(shown.into());
    }

    /// The rows as lines, each indented by `indent` spaces.
    pub(crate) fn lines(&self, indent: usize, paint: Paint) -> Vec<String> {
        let widths = self.widths();
        let line = |row: &Vec<(Style, String)>| {
            let mut line = " ".repeat(indent);
            for (nth, ((style, text), width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(&paint.text(*style, text));
                if nth + 1 < row.len() {
                    line.push_str(&" ".repeat(width.saturating_sub(columns(text)) + 2));
                }
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, (_, text)) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(text));
            }
        }
        widths
    }
}

/// The width of a text, at one column for each character.
fn columns(text: &str) -> usize {
    text.chars().count()
}
