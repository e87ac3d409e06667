//! What trouble at each request leads to, as a table for the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use super::world::Step;
use crate::support::ilo::Trouble;
use crate::support::ilo::refusals::{End, MESSAGES, PASSING};

/// A kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Passes,
    NoResponse,
    Fails,
    Full,
    Empty,
    Unsupported,
    Denied,
    Final,
}

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    request: String,
    step: Step,
    class: Class,
}

/// How a step may end if there is trouble once, and if it never passes.
type Ends = [BTreeSet<End>; 2];

#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<Key, Ends>);

impl Class {
    pub(super) const ALL: [(Self, &str); 8] = [
        (Self::Passes, "passes by itself"),
        (Self::NoResponse, "no response"),
        (Self::Fails, "the BMC failed"),
        (Self::Full, "full drive"),
        (Self::Empty, "empty drive"),
        (Self::Unsupported, "unsupported"),
        (Self::Denied, "licence, privilege"),
        (Self::Final, "any other"),
    ];

    pub(super) fn of(trouble: &Trouble) -> Self {
        let Trouble::Refused(message) = trouble else {
            return match trouble {
                Trouble::RetryAfter(_) => Self::Passes,
                _ => Self::NoResponse,
            };
        };
        match *message {
            "InternalError" | "ServiceInUnknownState" => Self::Fails,
            "MaxVirtualMediaConnectionEstablished" => Self::Full,
            "NoVirtualMediaConnectionAvailable" => Self::Empty,
            "UnsupportedOperation" => Self::Unsupported,
            "InsufficientPrivilege" | "LicenseKeyRequired" => Self::Denied,
            message if MESSAGES[..PASSING].contains(&message) => Self::Passes,
            _ => Self::Final,
        }
    }
}

impl Key {
    pub(super) fn new(step: Step, request: &str, class: Class) -> Self {
        Self {
            request: shown(request),
            step,
            class,
        }
    }
}

/// Returns a request as the table names it: the same for all iLOs.
fn shown(request: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let path = path.strip_prefix("/redfish/v1").unwrap();
    let (resource, action) = path.split_once("/actions/").unwrap_or((path, ""));
    let action = action.rsplit('.').next().unwrap();
    let action = action.replace("media", "").replace("virtual", "");
    let resource = resource.trim_start_matches('/').replace("oem/hpe/", "");
    let resource = match resource.split_once("sessions/") {
        Some(_) => "session".to_owned(),
        None if resource.is_empty() => "root".to_owned(),
        None => resource,
    };
    format!("{method} {resource} {action}").trim().to_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Table {
    pub(super) fn note(&mut self, key: Key, always: bool, end: End) {
        self.0.entry(key).or_default()[usize::from(always)].insert(end);
    }

    pub(super) fn add(&mut self, other: Self) {
        for (key, ends) in other.0 {
            let mine = self.0.entry(key).or_default();
            for (mine, others) in mine.iter_mut().zip(ends) {
                mine.extend(others);
            }
        }
    }

    /// The table is in the documentation.
    pub(super) fn assert_documented(&self) {
        let text = self.text();
        let (path, documented) = documentation();
        assert!(
            documented.contains(&text),
            "{path} lacks this table:\n{text}"
        );
    }

    /// Returns the table as the documentation has it.
    fn text(&self) -> String {
        let mut rows: BTreeMap<(&str, Step), Vec<String>> = BTreeMap::new();
        for key in self.0.keys() {
            rows.entry((&key.request, key.step)).or_insert_with(|| {
                let cells = Class::ALL.map(|(class, _)| {
                    self.cell(&Key {
                        class,
                        ..key.clone()
                    })
                });
                cells.to_vec()
            });
        }
        let mut merged: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
        for ((request, step), row) in rows {
            let steps = merged.entry((request, row.join(" | "))).or_default();
            steps.push(step.name());
        }
        let classes = Class::ALL.map(|(_, name)| name);
        let mut text = format!("| request | step | {} |\n", classes.join(" | "));
        text += &format!("|---|---|{}\n", "---|".repeat(classes.len()));
        for ((request, row), steps) in merged {
            writeln!(text, "| {request} | {} | {row} |", steps.join(", ")).unwrap();
        }
        text
    }

    fn cell(&self, key: &Key) -> String {
        let [once, always] = self.0.get(key).cloned().unwrap_or_default();
        let text = |ends: &BTreeSet<End>| {
            let ends: Vec<&str> = ends.iter().map(|end| end.text()).collect();
            ends.join(" or ")
        };
        match once == always {
            true => text(&once),
            false => format!("{}, {}", text(&once), text(&always)),
        }
    }
}

fn documentation() -> (String, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/driver-bmc.md");
    let text = fs::read_to_string(&path).unwrap();
    (path.display().to_string(), text)
}
