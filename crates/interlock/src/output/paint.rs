use clap::builder::styling::{AnsiColor, Style as Ansi};

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
    /// Whether to colour what goes to a terminal, or to something else.
    pub(crate) fn paint(self, is_terminal: bool) -> Paint {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Self::Always => Paint::Coloured,
            Self::Auto if is_terminal && !is_unwanted && !is_dumb => Paint::Coloured,
            Self::Auto | Self::Never => Paint::Plain,
        }
    }

    /// The same choice for what clap prints.
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

/// What a piece of text means.
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
    /// What matters less.
    Quiet,
    /// The name of a field.
    Label,
}

impl Paint {
    /// The text in that style.
    pub(crate) fn text(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => {
                let ansi = ansi(style);
                format!("{ansi}{text}{ansi:#}")
            }
        }
    }
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
