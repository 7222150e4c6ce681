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
        coloured.first().unwrap(),
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
