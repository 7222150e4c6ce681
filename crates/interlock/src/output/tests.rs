use super::*;

#[test]
fn columns_line_up_and_the_last_one_is_not_padded() {
    let mut table = Table::default();
    table.row([(Style::Good, "✓".into()), (Style::Name, "a".into()), (Style::Quiet, "one".into())]);
    table.row([
        (Style::Bad, "✗".into()),
        (Style::Name, "long".into()),
        (Style::Quiet, String::new()),
    ]);
    assert_eq!(table.lines(2, Paint::Plain), ["  ✓  a     one", "  ✗  long"]);
    let coloured = table.lines(0, Paint::Coloured);
    assert_eq!(
        paint::finished(coloured.first().unwrap()),
        "\u{1b}[32m✓\u{1b}[0m  \u{1b}[36ma\u{1b}[0m     \u{1b}[2mone\u{1b}[0m"
    );
}

#[test]
fn counts_are_grouped_and_named() {
    let texts = [0, 999, 1_000, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    assert_eq!(counted(1, "record", "records"), "1 record");
    assert_eq!(counted(0, "record", "records"), "0 records");
}

#[test]
fn a_chosen_colour_wins_over_the_terminal() {
    assert_eq!(ColorChoice::Always.paint(false), Paint::Coloured);
    assert_eq!(ColorChoice::Never.paint(true), Paint::Plain);
    assert_eq!(ColorChoice::Auto.paint(false), Paint::Plain);
}

#[test]
fn only_our_own_colours_reach_the_terminal() {
    let hostile = "a\u{1b}[32m✓\u{202e}\u{fdd0}0123456789abcdefg\n";
    let shown = "a\\u{1b}[32m✓\\u{202e}\\u{fdd0}0123456789abcdefg\\u{a}";
    assert_eq!(paint::finished(hostile), shown);
    let painted = Paint::Coloured.text(Style::Good, hostile);
    assert_eq!(paint::finished(&painted), format!("\u{1b}[32m{shown}\u{1b}[0m"));
    assert_eq!(Paint::Plain.text(Style::Good, hostile), shown);
    let beside = format!("{} {hostile}", Paint::Coloured.text(Style::Bad, "✗"));
    assert_eq!(paint::finished(&beside), format!("\u{1b}[1m\u{1b}[31m✗\u{1b}[0m {shown}"));
}

#[test]
fn a_cell_is_as_wide_as_it_is_shown() {
    let mut table = Table::default();
    table.row([(Style::Plain, "\u{7}".into()), (Style::Plain, "x".into())]);
    table.row([(Style::Plain, "123456".into()), (Style::Plain, "y".into())]);
    assert_eq!(table.lines(0, Paint::Plain), ["\\u{7}   x", "123456  y"]);
}
