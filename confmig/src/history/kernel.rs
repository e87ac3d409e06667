//! Kernel command lines that Ironic accepts since 39.0.0 (ironic/common/kernel_parameters.py).

/// A position in a command line. Words before the first blank may follow each other without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Position {
    /// Where a word begins, or after one has ended.
    Word { first: bool },
    /// In a key.
    Key { first: bool },
    /// After the equals sign.
    Equals { first: bool },
    /// In a value without quotes, which extends as far as possible.
    Bare,
    /// In a quoted value; with `some`, after its first character.
    Quoted { first: bool, some: bool },
    /// After blanks.
    Blank,
    /// After one or two dashes that may introduce the arguments of init.
    Dashes(u8),
    /// In the arguments of init; with `some`, after the first character.
    Init { some: bool },
}

/// Tells whether Ironic accepts a text as kernel parameters: `key` and `key=value` separated by
/// blanks, values with blanks in double quotes, and arguments of init after ` -- `, all in
/// printable ASCII.
pub(crate) fn is_kernel_command_line(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    let mut open = vec![Position::Word { first: true }];
    for byte in text.bytes() {
        let mut next = Vec::with_capacity(4);
        for at in &open {
            for new in at.after(byte) {
                if !next.contains(&new) {
                    next.push(new);
                }
            }
        }
        if next.is_empty() {
            return false;
        }
        open = next;
    }
    open.into_iter().any(Position::may_end)
}

impl Position {
    fn after(self, byte: u8) -> Vec<Position> {
        let in_key = byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let printable = matches!(byte, b'!' | b'#'..=b'~');
        let mut next = Vec::new();
        let mut go = |allowed: bool, at: Position| {
            if allowed {
                next.push(at);
            }
        };
        match self {
            Position::Word { first } => {
                go(byte == b' ', Position::Blank);
                go(first && in_key, Position::Key { first });
            }
            Position::Key { first } => {
                go(byte == b' ', Position::Blank);
                go(in_key, Position::Key { first });
                go(byte == b'=', Position::Equals { first });
            }
            Position::Equals { first } => {
                go(printable, Position::Bare);
                go(byte == b'"', Position::Quoted { first, some: false });
            }
            Position::Bare => {
                go(byte == b' ', Position::Blank);
                go(printable, Position::Bare);
            }
            Position::Quoted { first, some } => {
                go(
                    printable || byte == b' ',
                    Position::Quoted { first, some: true },
                );
                go(some && byte == b'"', Position::Word { first });
            }
            Position::Blank => {
                go(byte == b' ', Position::Blank);
                go(in_key, Position::Key { first: false });
                go(byte == b'-', Position::Dashes(1));
            }
            Position::Dashes(count) => {
                go(count == 1 && byte == b'-', Position::Dashes(2));
                go(count == 2 && byte == b' ', Position::Init { some: false });
            }
            Position::Init { some } => {
                go(byte == b' ', Position::Init { some });
                go(printable, Position::Init { some: true });
            }
        }
        next
    }

    fn may_end(self) -> bool {
        matches!(
            self,
            Position::Word { .. }
                | Position::Key { .. }
                | Position::Bare
                | Position::Init { some: true }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Checked with Ironic 39.0.0.
    #[test]
    fn accepts_what_ironic_accepts() {
        for text in [
            "",
            "nofb vga=normal",
            "nofb  vga=normal console=ttyS0,115200n8",
            " a=\"b c\"  d ",
            "a==b",
            "a=\"b c\"d=e",
            "-- x",
            "a -- (b) c",
            "a --",
        ] {
            assert!(is_kernel_command_line(text), "{text:?}");
        }
        for text in [
            "a=",
            "=b",
            "(a)",
            "a b=\"c\"d",
            "a=\"\"",
            "a=\"b",
            "a=b\"c\"",
            "a\tb",
            "a\nb",
            "ä=b",
            "a=ä",
            "a -- \"b\"",
            "a=xb=\"c d\"",
        ] {
            assert!(!is_kernel_command_line(text), "{text:?}");
        }
    }
}
