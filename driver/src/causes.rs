//! The messages of errors from outside this library.
//!
//! An error of this library prints its cause, and its `source` is not that cause again: a report of
//! the whole chain, and the message alone, both say everything once. The causes of a foreign error
//! are therefore printed with it.

use std::error::Error;
use std::fmt::Write;

/// Returns the messages of `error` and of its causes, separated by colons. A cause that the message
/// before it contains is left out.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.contains(&message) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {message}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the vault is sealed")]
    struct Chained(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("no password: {0}")]
    struct ToldTwice(#[source] Chained);

    #[test]
    fn every_cause_is_told_once() {
        let sealed = || Chained(io::Error::other("quorum lost"));
        assert_eq!(with_causes(&sealed()), "the vault is sealed: quorum lost");
        assert_eq!(
            with_causes(&ToldTwice(sealed())),
            "no password: the vault is sealed: quorum lost"
        );
    }
}
