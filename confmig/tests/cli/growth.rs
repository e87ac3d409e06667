//! Twice the input makes at most about twice the output, in every format: what is said of a change
//! or a finding does not grow with the others. The benchmark `growth` measures time and memory.

use crate::support::confmig;

/// Returns a text of a size.
type Shape = fn(usize) -> String;

const SHAPES: [(&str, Shape); 5] = [
    ("one key again and again", |n| {
        format!("[pxe]\n{}", "http_url = x\n".repeat(n))
    }),
    ("changes between lines that look alike", |n| {
        let entry = |at| format!("k{} = {}\nhttp_url = {}\n", at % 7, at % 3, at % 5);
        format!("[pxe]\n{}", (0..n).map(entry).collect::<String>())
    }),
    ("references in one line", |n| {
        format!("[pxe]\nhttp_url = x\nfoo = {}\n", "$http_url ".repeat(n))
    }),
    ("unknown references in one line", |n| {
        let references = (0..n).map(|at| format!("$bad{at} "));
        format!(
            "[pxe]\nhttp_url = x\nfoo = {}\n",
            references.collect::<String>()
        )
    }),
    ("sections of one name", |n| {
        let section = |at| format!("[pxe]\nhttp_url = {at}\n\n[ilo]\nz{at} = 2\n\n");
        (0..n).map(section).collect()
    }),
];

const COMMANDS: [&str; 10] = [
    "show",
    "check",
    "check --format sarif",
    "check --format html",
    "check --to 2026.2",
    "migrate",
    "migrate --format json",
    "migrate --format sarif",
    "migrate --format html",
    "migrate --from icehouse --to 2026.2 --format html",
];

#[test]
fn the_output_grows_as_the_input_does() {
    for (name, shape) in SHAPES {
        for command in COMMANDS {
            let output = |size: usize| {
                let words = command.split(' ').chain(["-"]);
                let ran = confmig(words).input(shape(size)).run();
                assert!(
                    ran.status < Some(2),
                    "{name}, {command}: {}",
                    ran.transcript()
                );
                ran.stdout.len() + ran.stderr.len()
            };
            let (small, large) = (output(150), output(300));
            assert!(
                large < small * 9 / 4,
                "{name}, {command}: {small} bytes became {large}"
            );
        }
    }
}

/// References that end in an unknown one are not worked out again and again.
#[test]
fn references_that_double_come_to_an_end() {
    let links: String = (0..60)
        .map(|at| format!("k{at} = $k{} $k{}\n", at + 1, at + 1))
        .collect();
    let text = format!("[pxe]\nhttp_url = $k0\n{links}k60 = $nowhere\n");
    for command in ["migrate", "check", "show -o pxe.http_url"] {
        let words = command.split(' ').chain(["-"]);
        let ran = confmig(words).input(&text).run();
        assert!(ran.status < Some(2), "{}", ran.transcript());
    }
}
