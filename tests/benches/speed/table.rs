//! The table of results.

use std::fmt;
use std::time::Duration;

use crate::turns::Times;

/// The measurements, and whether the requirements hold.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<String>,
    sections: usize,
    failed: usize,
}

impl Table {
    /// Starts a section.
    pub(crate) fn section(&mut self, title: String) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(title);
        self.sections += 1;
    }

    /// Adds the times of a contestant, as ratios to those of `one`.
    pub(crate) fn times(&mut self, name: &str, times: &Times, one: &Times) {
        self.lines.push(format!(
            "  {name:<28}  best {:>10} {:>6.2} ×  median {:>10} {:>6.2} ×",
            milliseconds(times.best()),
            ratio(times.best(), one.best()),
            milliseconds(times.median()),
            ratio(times.median(), one.median()),
        ));
    }

    /// Adds a requirement.
    pub(crate) fn requirement(&mut self, text: &str, holds: bool) {
        let verdict = if holds { "holds" } else { "DOES NOT HOLD" };
        self.failed += usize::from(!holds);
        self.lines.push(format!("  → {text}: {verdict}"));
    }

    /// Returns the number of sections.
    pub(crate) fn sections(&self) -> usize {
        self.sections
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

/// Returns `time` as a multiple of `one`.
pub(crate) fn ratio(time: Duration, one: Duration) -> f64 {
    time.as_secs_f64() / one.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
