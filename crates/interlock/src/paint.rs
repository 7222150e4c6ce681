use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::LazyLock;

use clap::builder::styling::{AnsiColor, Style as Ansi};
use proof::shown::{Shown, is_hidden};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// The colours for a terminal, or for something else.
    pub(crate) fn paint(self, is_terminal: bool) -> Paint {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Self::Always => Paint::Coloured,
            Self::Auto if is_terminal && !is_unwanted && !is_dumb => Paint::Coloured,
            Self::Auto | Self::Never => Paint::Plain,
        }
    }

    /// The same choice for clap's output.
    pub(crate) fn for_clap(self) -> clap::ColorChoice {
        match self {
            Self::Auto => clap::ColorChoice::Auto,
            Self::Always => clap::ColorChoice::Always,
            Self::Never => clap::ColorChoice::Never,
        }
    }
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// No escape sequences at all.
    Plain,
    /// ANSI colours of the terminal's own palette, so that light and dark themes both read well.
    Coloured,
}

/// The meaning of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing in particular.
    Plain,
    /// A success, a permit.
    Good,
    /// A failure, a denial.
    Bad,
    /// Something to look at.
    Warning,
    /// A heading.
    Heading,
    /// A name to copy: an id, a path, a command.
    Name,
    /// Something less important.
    Quiet,
    /// The name of a field.
    Label,
}

impl Paint {
    /// The text in that style. It has a mark for the colour, which [`finished`] turns into an
    /// escape sequence.
    pub(crate) fn text(self, style: Style, text: impl AsRef<str>) -> String {
        let text = Shown(text.as_ref());
        match self {
            Self::Coloured if style != Style::Plain => {
                format!("{}{}{text}{}{END}", *MARK, letter(style), *MARK)
            }
            Self::Plain | Self::Coloured => text.to_string(),
        }
    }
}

/// The mark before the letter of a style. It is random in each run, so that no text from outside
/// can contain it.
static MARK: LazyLock<String> = LazyLock::new(|| {
    let drawn = RandomState::new().build_hasher().finish();
    format!("\u{fdd0}{drawn:016x}")
});

/// The letter that ends a style.
const END: char = '.';

const STYLES: [(char, Style); 7] = [
    ('g', Style::Good),
    ('b', Style::Bad),
    ('w', Style::Warning),
    ('h', Style::Heading),
    ('n', Style::Name),
    ('q', Style::Quiet),
    ('l', Style::Label),
];

fn letter(style: Style) -> char {
    STYLES.iter().find(|(_, one)| *one == style).map_or(END, |(letter, _)| *letter)
}

/// The line as it is written: the program's own colours as escape sequences, and everything else
/// that a terminal would act on as visible escapes.
pub(super) fn finished(line: &str) -> String {
    let mut written = String::with_capacity(line.len());
    let mut rest = line;
    let mut open = Ansi::new();
    while let Some((at, hidden)) = rest.char_indices().find(|(_, one)| is_hidden(*one)) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        written.push_str(before);
        rest = after.strip_prefix(hidden).unwrap_or_default();
        let mark = after.strip_prefix(MARK.as_str()).and_then(|after| {
            let letter = after.chars().next()?;
            Some((letter, after.strip_prefix(letter)?))
        });
        // Writing to a string does not fail.
        let _ = match mark {
            Some((END, after)) => {
                rest = after;
                write!(written, "{open:#}")
            }
            Some((letter, after)) => {
                rest = after;
                open = STYLES
                    .iter()
                    .find(|(one, _)| *one == letter)
                    .map_or(open, |(_, style)| ansi(*style));
                write!(written, "{open}")
            }
            None => write!(written, "{}", hidden.escape_unicode()),
        };
    }
    written.push_str(rest);
    written
}

fn ansi(style: Style) -> Ansi {
    let plain = Ansi::new();
    match style {
        Style::Plain => plain,
        Style::Good => plain.fg_color(Some(AnsiColor::Green.into())),
        Style::Bad => plain.fg_color(Some(AnsiColor::Red.into())).bold(),
        Style::Warning => plain.fg_color(Some(AnsiColor::Yellow.into())),
        Style::Heading => plain.bold(),
        Style::Name => plain.fg_color(Some(AnsiColor::Cyan.into())),
        // Bright black is invisible on some dark themes: dimmed is not.
        Style::Quiet | Style::Label => plain.dimmed(),
    }
}
