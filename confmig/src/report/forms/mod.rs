//! The JSON Schemas of the reports.

/// A report, and its JSON Schema.
#[derive(Debug, Clone, Copy)]
pub struct ReportForm {
    /// The name: that of the command, or `backups`.
    pub name: &'static str,
    /// The JSON Schema (draft 2020-12).
    pub schema: &'static str,
}

/// The forms of all reports in JSON.
pub const REPORT_FORMS: [ReportForm; 5] = [
    ReportForm {
        name: "check",
        schema: include_str!("check.json"),
    },
    ReportForm {
        name: "migrate",
        schema: include_str!("migrate.json"),
    },
    ReportForm {
        name: "show",
        schema: include_str!("show.json"),
    },
    ReportForm {
        name: "undo",
        schema: include_str!("undo.json"),
    },
    ReportForm {
        name: "backups",
        schema: include_str!("backups.json"),
    },
];
