//! The cases: each command and format over each shape of input.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::cost::Cost;
use crate::exponent::{exponent, exponent_of_peaks};
use crate::shape::{SHAPES, Shape};
use crate::table::Table;

/// The largest exponents of instructions, allocated bytes and peak bytes. Over four times the size,
/// a buffer that doubles adds up to a half to the last one.
const LIMITS: [f64; 3] = [1.1, 1.1, 1.3];

/// What is said about files, in all formats.
const COMMANDS: [&str; 18] = [
    "show",
    "show --format json",
    "show -o pxe.http_url",
    "check",
    "check --format json",
    "check --format sarif",
    "check --format html",
    "check --format github",
    "check --format junit",
    "check --to 2026.2",
    "migrate",
    "migrate --format json",
    "migrate --format sarif",
    "migrate --format html",
    "migrate --keep-old",
    "migrate --from icehouse --to 2026.2",
    "migrate --from icehouse --to 2026.2 --format sarif",
    "migrate --from icehouse --to 2026.2 --format html",
];

/// Those that do most, for shapes that are of one thing only.
pub(crate) const FEW: [&str; 5] = [
    "show",
    "check --to 2026.2 --format sarif",
    "migrate",
    "migrate --format html",
    "migrate --from icehouse --to 2026.2 --format html",
];

/// A command over a shape, and its exponents.
struct Case {
    shape: &'static Shape,
    command: &'static str,
    exponents: [f64; 3],
}

impl Case {
    fn holds(&self) -> bool {
        let mut both = self.exponents.iter().zip(LIMITS);
        both.all(|(exponent, limit)| *exponent <= limit)
    }
}

/// Measures the cases with one of the chosen words in their names, or all.
pub(crate) fn measure(confmig: &Path, chosen: &[String], table: &mut Table) {
    let mut open: Vec<(&'static Shape, &'static str)> = Vec::new();
    for shape in &SHAPES {
        let commands = if shape.commands.is_empty() {
            &COMMANDS[..]
        } else {
            shape.commands
        };
        open.extend(commands.iter().map(|command| (shape, *command)));
    }
    let is_chosen = |(shape, command): &(&Shape, &str)| {
        let name = format!("{}: {command}", shape.name);
        chosen.is_empty() || chosen.iter().any(|word| name.contains(word))
    };
    open.retain(is_chosen);
    open.reverse();
    let (open, done) = (Mutex::new(open), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((shape, command)) = { open.lock().expect("cases").pop() } {
                    let case = run(confmig, shape, command);
                    println!("{}: {command}: {}", shape.name, figures(case.exponents));
                    done.lock().expect("cases").push(case);
                }
            });
        }
    });
    let done = done.into_inner().expect("cases");
    table.section(
        "Growth with the input: the largest exponents of any command and format, in\n\
         instructions, allocated bytes and peak bytes",
    );
    for shape in &SHAPES {
        let of_shape: Vec<&Case> = done
            .iter()
            .filter(|case| case.shape.name == shape.name)
            .collect();
        if let Some(worst) = worst_of_each(&of_shape) {
            table.line(&format!("{:<44} {}", shape.name, figures(worst)));
        }
    }
    for case in done.iter().filter(|case| !case.holds()) {
        let (shape, command) = (case.shape.name, case.command);
        table.line(&format!("{shape}: {command}: {}", figures(case.exponents)));
    }
    let text = format!(
        "{} cases: no exponent is above {}",
        done.len(),
        figures(LIMITS).trim_start()
    );
    table.requirement(&text, done.iter().all(Case::holds));
}

fn worst_of_each(cases: &[&Case]) -> Option<[f64; 3]> {
    let exponents = cases.iter().map(|case| case.exponents);
    exponents.reduce(|one, other| std::array::from_fn(|at| one[at].max(other[at])))
}

fn figures([instructions, allocated, peak]: [f64; 3]) -> String {
    format!("{instructions:>5.2} {allocated:>5.2} {peak:>5.2}")
}

/// Measures a command over hardly any of a shape, and over three sizes.
fn run(confmig: &Path, shape: &'static Shape, command: &'static str) -> Case {
    let cost = |size| {
        let directory = tempfile::tempdir().expect("a directory for the input");
        let files = (shape.write)(directory.path(), size);
        let words = command.split(' ').map(str::to_owned).chain(files);
        Cost::of(confmig, &words.collect::<Vec<_>>(), directory.path())
    };
    let hardly_any = cost(1);
    let costs = [1, 2, 4].map(|times| cost(times * shape.size));
    let exponents = [
        exponent(costs.map(|cost| cost.instructions)),
        exponent(costs.map(|cost| cost.allocated)),
        exponent_of_peaks(hardly_any.peak, [costs[0].peak, costs[2].peak]),
    ];
    Case {
        shape,
        command,
        exponents,
    }
}
