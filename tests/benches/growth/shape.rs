//! The shapes of input: each grows in one way.

use std::fs;
use std::path::Path;

use crate::case::FEW;

/// A shape of input.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The smallest size.
    pub(crate) size: usize,
    /// The commands; none for all.
    pub(crate) commands: &'static [&'static str],
    /// Writes the input of a size into a directory, and returns the words that name it.
    pub(crate) write: fn(&Path, usize) -> Vec<String>,
}

const fn shape(name: &'static str, size: usize, write: Write) -> Shape {
    Shape {
        name,
        size,
        commands: &FEW,
        write,
    }
}

/// A shape that every command and format is measured with.
const fn all(name: &'static str, size: usize, write: Write) -> Shape {
    Shape {
        commands: &[],
        ..shape(name, size, write)
    }
}

type Write = fn(&Path, usize) -> Vec<String>;

pub(crate) const SHAPES: [Shape; 32] = [
    all("a real file again and again", 30, |to, n| {
        conf(to, &of_a_real_file(n))
    }),
    all("entries of one former name", 500, |to, n| {
        conf(to, &format!("[pxe]\n{}", "http_url = x\n".repeat(n)))
    }),
    shape("entries of former names between others", 1000, |to, n| {
        let entry = |at| format!("k{} = {}\nhttp_url = {}\n", at % 7, at % 3, at % 5);
        conf(to, &format!("[pxe]\n{}", lines(n, entry)))
    }),
    shape("values of a multi-valued option", 500, |to, n| {
        let entry = |at| format!("notification_driver = x{at}\n");
        conf(to, &format!("[DEFAULT]\n{}", lines(n, entry)))
    }),
    shape("entries that nothing reads", 150, |to, n| {
        conf(
            to,
            &format!("[pxe]\n{}", lines(n, |at| format!("abc{at} = x\n"))),
        )
    }),
    // Names of one length: how near they are to others takes longer for longer ones.
    shape("sections", 500, |to, n| {
        conf(to, &lines(n, |at| format!("[s{at:05}]\nhttp_url = x\n")))
    }),
    shape("sections of one name", 200, |to, n| {
        let section = |at| format!("[pxe]\nhttp_url = {at}\n\n[ilo]\nz{at} = 2\n\n");
        conf(to, &lines(n, section))
    }),
    all("references in a line", 500, |to, n| {
        conf(
            to,
            &format!("[pxe]\nhttp_url = x\nfoo = {}\n", "$http_url ".repeat(n)),
        )
    }),
    shape("unknown references in a line", 200, |to, n| {
        let references = lines(n, |at| format!("$bad{at} "));
        conf(to, &format!("[pxe]\nhttp_url = x\nfoo = {references}\n"))
    }),
    shape("references in the lines of a value", 500, |to, n| {
        conf(
            to,
            &format!("[pxe]\nhttp_url = x\nfoo = a\n{}", " $http_url\n".repeat(n)),
        )
    }),
    // More lines than are compared each with each.
    shape("values with a reference", 400, |to, n| {
        let entry = |at| format!("foo{at} = $http_url\n");
        conf(to, &format!("[pxe]\nhttp_url = x\n{}", lines(n, entry)))
    }),
    shape("links of a chain of references", 250, |to, n| {
        let entry = |at| format!("k{at} = $k{}\n", at + 1);
        conf(to, &format!("[pxe]\nhttp_url = $k0\n{}", lines(n, entry)))
    }),
    shape("links of a chain in the other order", 250, |to, n| {
        let entry = |at| format!("k{} = $k{}\n", n - at, n - at - 1);
        conf(
            to,
            &format!("[pxe]\nhttp_url = $k{n}\n{}k0 = x\n", lines(n, entry)),
        )
    }),
    shape("dollar signs", 4000, |to, n| {
        conf(
            to,
            &format!(
                "[pxe]\nhttp_url = {}\nfoo = {}\n",
                "$$".repeat(n),
                "${".repeat(n)
            ),
        )
    }),
    shape("items of a list", 1000, |to, n| {
        conf(
            to,
            &format!(
                "[DEFAULT]\nenabled_drivers = {}\n",
                lines(n, |at| format!("d{at},"))
            ),
        )
    }),
    shape("URLs in a value", 1000, |to, n| {
        conf(
            to,
            &format!("[pxe]\nx = {}\n", lines(n, |at| format!("http://h{at},"))),
        )
    }),
    shape("URLs with passwords in a value", 1000, |to, n| {
        conf(
            to,
            &format!(
                "[pxe]\nx = {}\n",
                lines(n, |at| format!("http://u:p@h{at} "))
            ),
        )
    }),
    shape("secrets", 500, |to, n| {
        conf(
            to,
            &format!("[swift]\n{}", lines(n, |at| format!("password = p{at}\n"))),
        )
    }),
    shape("settings that look secret in a value", 1000, |to, n| {
        conf(
            to,
            &format!("[pxe]\nhttp_url = {}\n", "db_pass=\"x y\" ".repeat(n)),
        )
    }),
    shape("lines of a value", 1000, |to, n| {
        conf(
            to,
            &format!("[pxe]\nhttp_url = x\n{}", " more, text\n".repeat(n)),
        )
    }),
    shape("bytes of a value", 20_000, |to, n| {
        conf(to, &format!("[pxe]\nhttp_url = {}\n", "x".repeat(n)))
    }),
    shape("comments", 1000, |to, n| {
        let text = "# about it\n".repeat(n);
        conf(to, &format!("[pxe]\n{text}http_url = x\n{text}"))
    }),
    shape("placeholders", 500, |to, n| {
        let placeholders = lines(n, |at| format!("#p{at} = x\n#http_server_url = x\n"));
        conf(
            to,
            &format!(
                "[pxe]\n{}[deploy]\n{placeholders}",
                "http_url = x\n".repeat(n)
            ),
        )
    }),
    shape("lines with CR only", 500, |to, n| {
        conf(to, &"[pxe]\rhttp_url = x\r".repeat(n))
    }),
    shape("lines that break the format", 500, |to, n| {
        conf(
            to,
            &format!("[pxe]\nhttp_url = x\n{}", "broken\n".repeat(n)),
        )
    }),
    shape("blocks of a template", 300, |to, n| {
        let block = |at| format!("{{% if a %}}\nk{at} = {{{{ b }}}}\n{{% endif %}}\n");
        conf(to, &format!("[pxe]\nhttp_url = x\n{}", lines(n, block)))
    }),
    shape("controls and bytes that are not UTF-8", 500, |to, n| {
        let text = [
            b"[pxe]\nhttp_url = x\n",
            &b"# caf\xe9 \x1b[31m\n".repeat(n)[..],
        ]
        .concat();
        write(to, "a.conf", &text);
        vec!["a.conf".into()]
    }),
    all("files", 60, |to, n| {
        let file = |at: usize| format!("[pxe]\nhttp_url = x{at}\nfoo{at} = $http_url\n");
        (0..n)
            .map(|at| written(to, &format!("{at}.conf"), &file(at)))
            .collect()
    }),
    Shape {
        commands: &["migrate --write", "migrate --output-dir new"],
        ..shape("files that are written", 50, |to, n| {
            fs::create_dir(to.join("new")).expect("a directory");
            let file = |at: usize| format!("[pxe]\nhttp_url = x{at}\n");
            (0..n)
                .map(|at| written(to, &format!("{at}.conf"), &file(at)))
                .collect()
        })
    },
    Shape {
        commands: &["migrate a.conf --rules", "check a.conf --rules", "rules"],
        ..shape("rules", 50, |to, n| {
            written(
                to,
                "a.conf",
                &format!("[a]\n{}", lines(n, |at| format!("x{at} = 1\n"))),
            );
            vec![written(to, "rules.toml", &rules(n))]
        })
    },
    Shape {
        commands: &[
            "migrate a.conf --schema",
            "check a.conf --schema",
            "rules --schema",
        ],
        ..shape("options of a schema", 400, |to, n| {
            written(
                to,
                "a.conf",
                &format!("[a]\n{}", lines(n, |at| format!("old{at} = 1\n"))),
            );
            vec![written(to, "schema.json", &schema(n))]
        })
    },
    Shape {
        commands: &["migrate a.conf --schema"],
        ..shape("options that would give others a value", 100, |to, n| {
            let entries = lines(n, |at| format!("one{at} = 1\nother{at} = 2\n"));
            written(to, "a.conf", &format!("[a]\n{entries}"));
            vec![written(to, "schema.json", &pairs(n))]
        })
    },
];

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn write(to: &Path, name: &str, text: &[u8]) {
    fs::write(to.join(name), text).expect("a file that can be written");
}

/// Writes a file and returns its name.
fn written(to: &Path, name: &str, text: &str) -> String {
    write(to, name, text.as_bytes());
    name.to_owned()
}

/// Writes a configuration file.
fn conf(to: &Path, text: &str) -> Vec<String> {
    vec![written(to, "a.conf", text)]
}

/// Returns a real file again and again, in sections that differ.
fn of_a_real_file(copies: usize) -> String {
    let path = tests::files::workspace().join("fixtures/standalone-liberty/ironic.conf");
    let file = fs::read_to_string(path).expect("a fixture in UTF-8");
    let mut text = String::new();
    for copy in 0..copies {
        for line in file.lines() {
            text += &match line.strip_suffix(']') {
                Some(header) if copy > 0 => format!("{header}-{copy}]\n"),
                _ => format!("{line}\n"),
            };
        }
    }
    text
}

/// Returns a rule file whose rules make one option from another.
fn rules(count: usize) -> String {
    let rule = |at| {
        format!(
            "[[rule]]\nid = \"r{at}\"\nwhy = \"w\"\nproof = [\"p\"]\ntake = [\"a.x{at}\"]\n\
             part.v = {{ option = \"a.x{at}\" }}\n\
             set = [{{ option = \"b.y{at}\", value = \"{{v}}\" }}]\n\
             example = {{ before = \"[a]\\nx{at} = 1\\n\", after = \"[b]\\ny{at} = 1\\n\" }}\n"
        )
    };
    format!("name = \"own\"\nsummary = \"s\"\n{}", lines(count, rule))
}

/// Returns a schema of options that each have a former name.
fn schema(count: usize) -> String {
    let former = |at| vec![("a", format!("old{at}"))];
    schema_of((0..count).map(|at| (format!("new{at}"), former(at))))
}

/// Returns a schema of pairs of options: the name of one is a former name of the other.
fn pairs(count: usize) -> String {
    let pair = |at| {
        let (one, other) = (format!("one{at}"), format!("other{at}"));
        let former = vec![("a", other.clone()), ("b", one.clone())];
        [(one.clone(), vec![("a", one)]), (other, former)]
    };
    schema_of((0..count).flat_map(pair))
}

/// Returns a schema of options of `[b]`, each with its former names.
fn schema_of(options: impl Iterator<Item = (String, Vec<(&'static str, String)>)>) -> String {
    let options = options.map(|(name, former)| {
        let former = former.into_iter();
        let former = former.map(|(group, name)| serde_json::json!({"group": group, "name": name}));
        serde_json::json!({
            "name": name,
            "dest": name,
            "type": "string value",
            "default": null,
            "deprecated_opts": former.collect::<Vec<_>>(),
            "deprecated_for_removal": false,
        })
    });
    let opts: Vec<serde_json::Value> = options.collect();
    let options = serde_json::json!({ "b": { "opts": opts } });
    serde_json::json!({"options": options, "deprecated_options": {}, "generator_options": {}})
        .to_string()
}
