//! The table of results of a benchmark.

use std::fmt;

/// The measurements, and whether the requirements hold.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<String>,
    failed: usize,
}

impl Table {
    /// Starts a section.
    pub(crate) fn section(&mut self, title: impl Into<String>) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(title.into());
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, line: &str) {
        self.lines.push(format!("  {line}"));
    }

    /// Adds a requirement.
    pub(crate) fn requirement(&mut self, text: &str, holds: bool) {
        let verdict = if holds { "holds" } else { "DOES NOT HOLD" };
        self.failed += usize::from(!holds);
        self.lines.push(format!("  → {text}: {verdict}"));
    }

    /// Tells whether all requirements hold.
    pub(crate) fn holds(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        match self.failed {
            0 => writeln!(f, "\nall requirements hold"),
            1 => writeln!(f, "\n1 requirement DOES NOT HOLD"),
            count => writeln!(f, "\n{count} requirements DO NOT HOLD"),
        }
    }
}
