//! Generates configurations of any size from the fixtures, always the same for the same size.

use std::fs;

use tests::files::workspace;

/// A generated sample, which is mostly comments and placeholders.
const SAMPLE: &str = "sample-style/ironic.conf";

/// Files as operators write them, without continued values, which neither peer reads.
const DENSE: [&str; 10] = [
    "standalone-liberty/ironic.conf",
    "releases/2024-conductor-override.conf",
    "releases/container-environment.conf",
    "releases/icehouse-pxe.conf",
    "releases/juno-ilo-swift.conf",
    "releases/kilo-test-bed.conf",
    "releases/mitaka-ilo-ipxe.conf",
    "releases/newton-bare-metal-in-one.conf",
    "releases/pike-containers.conf",
    "releases/train-image.conf",
];

/// Returns a configuration that ends with the line that reaches `bytes` bytes. Each part has its
/// own sections (`[pxe]`, `[pxe-1]`, `[pxe-2]`, …), so that every name is set once.
pub(crate) fn configuration(bytes: usize) -> String {
    let read = |name: &str| {
        fs::read_to_string(workspace().join("fixtures").join(name)).expect("a fixture in UTF-8")
    };
    let sample = read(SAMPLE);
    let dense = DENSE.map(read);
    let mut text = String::with_capacity(bytes + 4096);
    let parts: Vec<&String> = dense.iter().flat_map(|dense| [&sample, dense]).collect();
    for (number, part) in parts.into_iter().cycle().enumerate() {
        for line in part.lines() {
            if text.len() >= bytes {
                return text;
            }
            match line.strip_suffix(']') {
                Some(header) if number > 0 && line.starts_with('[') => {
                    text.push_str(&format!("{header}-{number}]"));
                }
                _ => text.push_str(line),
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
