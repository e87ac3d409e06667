//! Manual pages.

use clap::CommandFactory;
use roff::{Inline, Roff, bold, roman};

use super::args::Cli;
use super::output::Output;
use super::{Failure, Status};

/// What the manual page of a command has besides its arguments.
struct Page {
    command: &'static str,
    /// Command lines, each with what it does.
    examples: &'static [(&'static str, &'static str)],
}

const PAGES: [Page; 10] = [
    Page {
        command: "",
        examples: &[
            ("confmig migrate ironic.conf", "Shows what would change."),
            (
                "confmig migrate --write ironic.conf",
                "Changes it, and keeps a backup.",
            ),
            (
                "confmig check --to 2026.2 ironic.conf",
                "Checks the file for a release.",
            ),
        ],
    },
    Page {
        command: "migrate",
        examples: &[
            (
                "confmig migrate --from train --to 2026.2 /etc/ironic/ironic.conf",
                "Shows what changed between the two releases for this file.",
            ),
            (
                "confmig migrate --write --accept ilo-group ironic.conf",
                "Makes the changes, and one that needs a decision.",
            ),
            (
                "confmig migrate --each --decisions decisions.toml hosts/*/ironic.conf",
                "Migrates the files of many hosts, and lists each decision once in a file.",
            ),
        ],
    },
    Page {
        command: "check",
        examples: &[
            (
                "confmig check --schema nova.json --config-dir /etc/nova/nova.conf.d",
                "Checks all files of a directory as one service reads them.",
            ),
            (
                "confmig check --format sarif etc/*.conf >known.sarif",
                "Writes a baseline.",
            ),
            (
                "confmig check --baseline known.sarif --fail-on error etc/*.conf",
                "Reports what is new, and fails if there is an error among it.",
            ),
        ],
    },
    Page {
        command: "show",
        examples: &[(
            "confmig show -o deploy.http_server_url ironic.conf",
            "Shows where the value comes from, and what it hides.",
        )],
    },
    Page {
        command: "rules",
        examples: &[
            ("confmig rules standalone-ilo", "Lists the rules of a pack."),
            (
                "confmig rules ironic --from train --to 2026.2",
                "Lists what changed between two releases.",
            ),
        ],
    },
    Page {
        command: "explain",
        examples: &[
            ("confmig explain needs-decision", "Explains a code."),
            (
                "confmig explain pxe.http_url",
                "Tells what became of an option.",
            ),
        ],
    },
    Page {
        command: "undo",
        examples: &[
            ("confmig undo ironic.conf", "Restores the newest backup."),
            ("confmig undo --list ironic.conf", "Lists the backups."),
        ],
    },
    Page {
        command: "recover",
        examples: &[(
            "confmig recover ironic.conf",
            "Finishes or reverts the run.",
        )],
    },
    Page {
        command: "schema-of-report",
        examples: &[(
            "confmig schema-of-report check >check.schema.json",
            "Writes the schema of what `confmig check --format json` writes.",
        )],
    },
    Page {
        command: "completions",
        examples: &[(
            "source <(confmig completions bash)",
            "Completes in this shell; as a line of ~/.bashrc, in every one.",
        )],
    },
];

const FILES: [(&str, &str); 5] = [
    (
        "~/.ironic, ~, /etc/ironic, /etc",
        "Where ironic.conf and ironic.conf.d are looked for if no \
      files are given; other services accordingly.",
    ),
    (
        "/usr/share/ironic/ironic-dist.conf",
        "Is read before them, if it exists.",
    ),
    (
        "confmig.toml",
        "The policy of a project, beside the files or named by --policy.",
    ),
    (
        "NAME.confmig-TIME-HASH",
        "A backup of NAME, made by migrate --write.",
    ),
    (
        ".confmig-TIME-ID.journal",
        "A run that was killed between two files: see confmig-recover.",
    ),
];

const ENVIRONMENT: [(&str, &str); 5] = [
    (
        "OS_GROUP__OPTION",
        "Values that take precedence over all files, in check and show.",
    ),
    ("HOME, SNAP_COMMON, SNAP", "Where files are looked for."),
    (
        "NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM",
        "Whether --color auto uses colours.",
    ),
    ("COLUMNS", "The width of the terminal, if it does not tell."),
    (
        "RUST_LOG, RUST_LOG_STYLE",
        "What is logged, before -v, and how.",
    ),
];

const STATUS: [(&str, &str); 3] = [
    ("0", "All is done, or there is nothing to do."),
    (
        "1",
        "check or migrate --check found something that --fail-on names.",
    ),
    (
        "2",
        "Wrong usage, input that cannot be read or parsed, or a failed write. No file was \
           replaced, unless the message names it.",
    ),
];

pub(crate) fn run(command: Option<&str>, output: &mut Output) -> Result<Status, Failure> {
    let program = Cli::command().disable_help_subcommand(true);
    let command_of_page = match command {
        None => program,
        Some(name) => {
            let Some(found) = program.find_subcommand(name) else {
                return Err(Failure::Message(format!(
                    "unknown command {name}: see `confmig --help` for the commands"
                )));
            };
            let name = format!("confmig-{name}");
            // The usage has the name as it is typed.
            let usage = name.replacen('-', " ", 1);
            found.clone().display_name(name).bin_name(usage)
        }
    };
    let man = clap_mangen::Man::new(command_of_page);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.is_none() {
        man.render_subcommands_section(&mut text)?;
    }
    sections(command.unwrap_or_default()).to_writer(&mut text)?;
    if command.is_none() {
        man.render_version_section(&mut text)?;
    }
    output.bytes(&text)?;
    Ok(Status::Success)
}

/// Returns the sections that the arguments do not make.
fn sections(command: &str) -> Roff {
    let mut roff = Roff::new();
    if let Some(page) = PAGES.iter().find(|page| page.command == command) {
        section(&mut roff, "EXAMPLES", page.examples);
    }
    section(&mut roff, "FILES", &FILES);
    section(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    section(&mut roff, "EXIT STATUS", &STATUS);
    roff
}

/// Adds a section of words, each with its description.
fn section(roff: &mut Roff, title: &str, rows: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (word, description) in rows {
        roff.control("TP", []);
        roff.text([bold(*word)]);
        let description: [Inline; 1] = [roman(*description)];
        roff.text(description);
    }
}
