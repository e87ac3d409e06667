//! Warnings about servers, which are logged once for each server.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The number of warnings that are remembered: more than any site has servers.
const REMEMBERED: usize = 20_000;

/// Whether to log this warning about `server`: whether it was not logged by this process before.
pub(crate) fn is_new(server: &str, warning: &'static str) -> bool {
    static LOGGED: Mutex<Option<HashSet<(String, &'static str)>>> = Mutex::new(None);
    // Nothing can panic while the lock is held.
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    let logged = logged.get_or_insert_default();
    if logged.len() >= REMEMBERED {
        logged.clear();
    }
    logged.insert((server.to_owned(), warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_new_once_for_each_server() {
        assert!(is_new("http://192.0.2.1", "ranges"));
        assert!(!is_new("http://192.0.2.1", "ranges"));
        assert!(is_new("http://192.0.2.2", "ranges"));
        assert!(is_new("http://192.0.2.1", "clock"));
    }
}
