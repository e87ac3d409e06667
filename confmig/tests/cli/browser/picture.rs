//! The picture of an HTML page in the book and on the first page.

use super::{Scheme, difference, screenshot};
use crate::support::{line, root};

/// The picture's path, and its size in pixels.
const PATH: &str = "docs/pictures/report.png";
const SIZE: (u32, u32) = (1200, 1500);

/// The greatest mean difference of the picture from the page, of 255. A page with other fonts has 1
/// to 2, another page 4 and more.
const TOLERANCE: f64 = 3.0;

fn page(words: &str) -> String {
    let words = format!("{words} --format html fixtures/standalone-liberty/ironic.conf");
    line(&words).run().stdout().to_owned()
}

/// `BOOK=write` takes the picture anew.
#[test]
fn the_picture_shows_the_page() {
    let path = root().join(PATH);
    let now = screenshot(&page("migrate --rules ironic-liberty"), Scheme::Light, SIZE);
    if std::env::var_os("BOOK").is_some_and(|value| value == "write") {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    let differs = difference(&kept, &now);
    assert!(
        differs < TOLERANCE,
        "{PATH} differs from the page by {differs}: take it anew with \
         `BOOK=write cargo test -p confmig --test cli picture`"
    );
    assert!(kept.len() < 400_000, "{PATH} has {} bytes", kept.len());
}

#[test]
fn another_page_differs() {
    let page = [
        page("migrate --rules ironic-liberty"),
        page("check --rules ironic-liberty"),
        page("migrate"),
    ];
    let [one, two, three] = page.map(|page| screenshot(&page, Scheme::Light, SIZE));
    for other in [&two, &three] {
        let differs = difference(&one, other);
        assert!(differs > TOLERANCE, "{differs}");
    }
    assert_eq!(difference(&one, &one), 0.0);
}
