use super::check;
use crate::tidy::tree::Tree;

fn problems(contents: &str, page: &str) -> usize {
    let files = [
        ("docs/book/SUMMARY.md", contents),
        ("docs/book/how-to/a.md", page),
        ("docs/style.md", "[stop](book/how-to/a.md)"),
    ];
    check(&Tree::of(files)).len()
}

#[test]
fn a_listed_page_whose_links_stay_in_the_book_passes() {
    let page = "[here](#a), [the contents](../SUMMARY.md#x), [C2SP](https://c2sp.org)";
    assert_eq!(problems("- [A](how-to/a.md)", page), 0);
}

#[test]
fn a_page_that_the_contents_do_not_list_fails() {
    assert_eq!(problems("- [B](how-to/b.md)", ""), 1);
}

#[test]
fn a_link_out_of_the_book_fails() {
    assert_eq!(problems("- [A](how-to/a.md)", "[style](../../style.md)"), 1);
}
