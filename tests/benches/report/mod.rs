//! The report of a benchmark program: printed as it is made, and kept in docs/benchmarks.md.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// A program or file that a benchmark needs, and the command that installs it.
pub(crate) type Peer<'p> = (&'p str, &'p str);

/// The report of one benchmark program.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    versions: Vec<String>,
    text: String,
}

impl Report {
    /// Starts the report of the benchmark `name`. If a peer is missing, prints how to install it
    /// and returns `None`.
    pub(crate) fn new(name: &'static str, peers: &[Peer<'_>]) -> Option<Self> {
        let missing: Vec<_> = peers
            .iter()
            .filter(|(peer, _)| find(peer).is_none())
            .collect();
        for (peer, install) in &missing {
            println!("{name}: {peer} is missing: {install}");
        }
        let programs = ["rustc"]
            .into_iter()
            .chain(peers.iter().map(|(peer, _)| *peer));
        missing.is_empty().then(|| Self {
            name,
            versions: programs.filter_map(version).collect(),
            text: String::new(),
        })
    }

    /// Prints a line and adds it to the report.
    pub(crate) fn line(&mut self, line: &str) {
        println!("{line}");
        self.text += line.trim_end();
        self.text.push('\n');
    }

    /// Replaces this benchmark's part of docs/benchmarks.md, which is between two markers.
    pub(crate) fn write(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
        let page = fs::read_to_string(&path).expect("docs/benchmarks.md");
        let part = format!(
            "{} on {}; {}.\n\n```text\n{}\n```",
            output("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default(),
            machine(),
            self.versions.join("; "),
            self.text.trim_end(),
        );
        let page = replaced(&page, self.name, &part).expect("the benchmark's two markers");
        fs::write(&path, page).expect("docs/benchmarks.md can be written");
    }
}

/// Replaces the text between the markers of `name`.
fn replaced(page: &str, name: &str, part: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- {name}: begin -->"),
        format!("<!-- {name}: end -->"),
    );
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{part}\n\n{end}{after}"))
}

fn machine() -> String {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown CPU", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    format!(
        "{cpus} × {model}, {}",
        output("uname", &["-sr"]).unwrap_or_default()
    )
}

/// Finds a program in `PATH` and the directories for administrators, or a file by its path.
fn find(peer: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    directories
        .map(|directory| directory.join(peer))
        .find(|path| path.exists())
}

/// Returns the first line that `--version` prints; `None` for a file that is no program.
fn version(peer: &str) -> Option<String> {
    output(find(peer)?.to_str()?, &["--version"])
}

fn output(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    output.status.success().then(|| line.trim().to_owned())
}
