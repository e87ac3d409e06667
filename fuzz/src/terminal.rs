//! What a terminal gets.

use std::borrow::Cow;

use bstr::ByteSlice;
use confmig::pack::Pack;
use confmig::report::{Paint, for_terminal};

use crate::outputs;

#[test]
fn terminals_get_nothing_to_obey() {
    let pack = Pack::load("standalone-ilo").unwrap();
    bolero::check!().for_each(|text: &[u8]| {
        let plain = outputs(text, &pack, Paint::Plain);
        let colour = outputs(text, &pack, Paint::Colour);
        for (plain, colour) in plain.iter().zip(&colour) {
            let terminal = for_terminal(plain);
            let shown = terminal.to_str().unwrap().replace("\r\n", "\n");
            let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
            assert!(!shown.contains(obeyed), "{shown:?}");
            assert!(
                !shown.contains(['\u{202e}', '\u{200b}', '\u{feff}']),
                "{shown:?}"
            );
            // Colours are added only to a text that needs no escapes.
            if matches!(terminal, Cow::Borrowed(_)) {
                let colour = colour.to_str().unwrap();
                let codes = colour.split('\x1b').skip(1);
                for code in codes {
                    let end = code.find('m').unwrap();
                    assert!(code[..end].starts_with('['), "{code:?}");
                    assert!(code[1..end].chars().all(|c| c.is_ascii_digit() || c == ';'));
                }
            }
        }
    });
}
