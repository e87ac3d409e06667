//! Secrets, in outputs of every kind.

use bstr::ByteSlice;
use confmig::pack::Pack;
use confmig::report::Paint;

use crate::outputs;

/// The part of each secret that no output may have.
const CANARY: &[u8] = b"c4n4ry-Z9";

/// Makes a configuration with a secret. The input is what is put around it: the texts between NUL
/// bytes, after a first byte that tells in what way the canary is secret.
fn configuration(input: &[u8]) -> Option<Vec<u8>> {
    let (kind, rest) = input.split_first()?;
    let mut parts = rest.split_str("\0");
    let mut part = || parts.next().unwrap_or_default();
    let [left, right, before, after] = [part(), part(), part(), part()];
    if [left, right]
        .iter()
        .any(|side| side.find_byteset(b"\r\n").is_some())
    {
        return None;
    }
    let secret = [left, CANARY, right].concat();
    let word = |text: &[u8]| text.find_byteset(b" \t\"'").is_none();
    let line = match kind % 7 {
        0 => [b"password = ".as_slice(), &secret].concat(),
        1 => [b"db_pass=x\n  ".as_slice(), &secret].concat(),
        2 => [b"x = http://u:".as_slice(), &secret, b"@h/x"].concat(),
        3 => [b"#password = ".as_slice(), &secret].concat(),
        4 if word(left) => [b"x = a rootpwd=".as_slice(), left, CANARY].concat(),
        5 if word(left) => [b"admin_password ".as_slice(), &secret].concat(),
        6 => [b"password\n  ".as_slice(), &secret].concat(),
        _ => return None,
    };
    Some([before, b"\n[pxe]\n", &line, b"\n", after].concat())
}

#[test]
fn no_output_has_a_secret() {
    let pack = Pack::load("standalone-ilo").unwrap();
    bolero::check!().for_each(|input: &[u8]| {
        let Some(text) = configuration(input) else {
            return;
        };
        for output in outputs(&text, &pack, Paint::Plain) {
            assert!(
                !output.contains_str(CANARY),
                "{:?}: {:?}",
                text.as_bstr(),
                output.as_bstr()
            );
        }
    });
}
