//! The kernel's command line, as Ironic takes it since 39.0.0 (ironic/common/kernel_parameters.py).

/// Where in a command line a character stands. Words before the first blank may follow each other
/// without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// Where a word begins or has ended.
    Word { first: bool },
    /// In a key.
    Key { first: bool },
    /// After the equals sign.
    Equals { first: bool },
    /// In a value without quotes, which goes on as long as it can.
    Bare,
    /// In a value in quotes, which has `some` of it.
    Quoted { first: bool, some: bool },
    /// After blanks.
    Blank,
    /// After one dash, or two, that may begin what is for init.
    Dashes(u8),
    /// In what is for init, which has `some` of it.
    Init { some: bool },
}

/// Tells whether Ironic takes a text for parameters of the kernel: `key` and `key=value` with blanks
/// between them, values with blanks in double quotes, and after ` -- ` what is for init. All of it in
/// printable ASCII.
pub(crate) fn is_kernel_command_line(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
    let mut open = vec![At::Word { first: true }];
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
    open.into_iter().any(At::may_end)
}

impl At {
    fn after(self, byte: u8) -> Vec<At> {
        let in_key = byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let printable = matches!(byte, b'!' | b'#'..=b'~');
        let mut next = Vec::new();
        let mut go = |allowed: bool, at: At| {
            if allowed {
                next.push(at);
            }
        };
        match self {
            At::Word { first } => {
                go(byte == b' ', At::Blank);
                go(first && in_key, At::Key { first });
            }
            At::Key { first } => {
                go(byte == b' ', At::Blank);
                go(in_key, At::Key { first });
                go(byte == b'=', At::Equals { first });
            }
            At::Equals { first } => {
                go(printable, At::Bare);
                go(byte == b'"', At::Quoted { first, some: false });
            }
            At::Bare => {
                go(byte == b' ', At::Blank);
                go(printable, At::Bare);
            }
            At::Quoted { first, some } => {
                go(printable || byte == b' ', At::Quoted { first, some: true });
                go(some && byte == b'"', At::Word { first });
            }
            At::Blank => {
                go(byte == b' ', At::Blank);
                go(in_key, At::Key { first: false });
                go(byte == b'-', At::Dashes(1));
            }
            At::Dashes(count) => {
                go(count == 1 && byte == b'-', At::Dashes(2));
                go(count == 2 && byte == b' ', At::Init { some: false });
            }
            At::Init { some } => {
                go(byte == b' ', At::Init { some });
                go(printable, At::Init { some: true });
            }
        }
        next
    }

    fn may_end(self) -> bool {
        matches!(
            self,
            At::Word { .. } | At::Key { .. } | At::Bare | At::Init { some: true }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each was asked of Ironic 39.0.0.
    #[test]
    fn parameters_are_as_ironic_takes_them() {
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
