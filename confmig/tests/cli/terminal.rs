//! Walks every command with hostile characters in all that it is given, under a pseudo-terminal.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;

use bstr::ByteSlice;

use crate::support::line;

/// What a terminal would obey, or would not show: C0, C1 (as UTF-8), ESC, a colour that confmig
/// never uses, bidirectional and zero-width characters.
const HOSTILE: &str =
    "\x1b[2J\x1b]0;t\x07\x1b[38;5;99m\u{9b}2J\u{202e}\u{2066}\u{200b}\u{feff}\x08";

/// Bytes that are a C1 control in Latin-1, and no UTF-8.
const RAW: &[u8] = b"\x9b2J";

/// The command lines, each with the words that start it. `@` in a word stands for [`HOSTILE`].
const LINES: [&str; 49] = [
    "migrate -vv @.conf",
    "migrate --color=always @.conf",
    "migrate --color=never @.conf",
    "migrate --keep-old @.conf",
    "migrate --check @.conf",
    "migrate --to=2026.2 @.conf",
    "migrate --from=liberty @.conf",
    "migrate --rules=@.toml @.conf",
    "migrate --schema=@.json @.conf",
    "migrate --output=- @.conf",
    "migrate --output=out@ @.conf",
    "migrate --format=json @.conf",
    "migrate --format=sarif @.conf",
    "migrate --format=html @.conf",
    "migrate --format=github @.conf",
    "migrate --format=junit @.conf",
    "migrate --decisions=d@.toml @.conf",
    "migrate --accept=@ @.conf",
    "migrate --write -vv @.conf",
    "undo -vv @.conf",
    "undo absent@",
    "migrate absent@",
    "migrate broken@.conf",
    "check broken@.conf",
    "check --color=always @.conf",
    "check --to=2026.2 @.conf",
    "check --rules=@.toml @.conf",
    "check --schema=@.json --format=json @.conf",
    "check --format=html @.conf",
    "check --each --format=github @.conf broken@.conf",
    "check --format=junit @.conf",
    "check --policy=broken@.toml @.conf",
    "check --baseline=@.json @.conf",
    "explain @",
    "explain --rules=@.toml @",
    "explain --schema=@.json site.pin@",
    "schema-of-report @",
    "show -vv @.conf",
    "show --format=json @.conf",
    "show --rules=@.toml -osite.pin -opxe.@ @.conf",
    "show -odeploy.http_server_url -opxe.tftp_server @.conf",
    "rules @.toml",
    "rules broken@.toml",
    "rules --schema=@.json",
    "completions @",
    "man @",
    "--@",
    "recover @.conf",
    "undo --list @.conf",
];

fn hostile(text: &str) -> Vec<u8> {
    text.replace('@', HOSTILE).into_bytes()
}

fn named(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(OsString::from_vec(hostile(name)))
}

/// Writes the files that the commands read.
fn write_files(directory: &Path) {
    let mut text = hostile(
        "# @\n[pxe]\nhttp_url = http://x/@\nhttp_root = /x@\nk@ey = ${pxe.http_root}@\n\
         y = $dangling @\ntftp_server=@\n[@]\n@ = @\n[deploy]\nhttp_rot@ = 1\n[old]\npin_code = @\n\
         [site]\ncount = @\n",
    );
    text.extend_from_slice(b"[raw]\n# ");
    text.extend_from_slice(RAW);
    text.extend_from_slice(b"\nraw = ");
    text.extend_from_slice(RAW);
    std::fs::write(named(directory, "@.conf"), text).unwrap();
    std::fs::write(
        named(directory, "broken@.conf"),
        hostile("[pxe@\nx@\n @\n[a]\n\n  @"),
    )
    .unwrap();
    let escaped: String = HOSTILE
        .chars()
        .map(|c| format!("\\U{:08x}", u32::from(c)))
        .collect();
    let rules = "name = \"n@\"\nsummary = \"s@\"\nreaders = \"r@\"\n\
         [[option]]\ngroup = \"site\"\nname = \"pin\"\ntype = \"str\"\ndefault = \"d@\"\n\
         [[option.former]]\nid = \"i@\"\ngroup = \"old\"\nname = \"pin_code\"\nwhy = \"w@\"\n\
         proof = \"p@\"\n\
         [[option]]\ngroup = \"site\"\nname = \"count\"\ntype = \"int\"\n\
         [[removed]]\ngroup = \"pxe\"\nname = \"y\"\nadvice = \"a@\"\n";
    std::fs::write(named(directory, "@.toml"), rules.replace('@', &escaped)).unwrap();
    std::fs::write(
        named(directory, "broken@.toml"),
        hostile("name = \"@\"\nx@"),
    )
    .unwrap();
    let schema = serde_json::json!({
        "options": { "site": { "opts": [{
            "name": format!("pin{HOSTILE}"),
            "type": "string value",
            "default": HOSTILE,
            "deprecated_for_removal": true,
            "deprecated_reason": HOSTILE,
            "deprecated_since": HOSTILE,
            "deprecated_opts": [{ "group": "old", "name": "pin_code" }],
        }] } },
        "generator_options": { "namespace": [HOSTILE] },
    });
    std::fs::write(named(directory, "@.json"), schema.to_string()).unwrap();
}

/// Returns what a terminal gets on both streams from the program, run with these words.
fn on_a_terminal(directory: &Path, words: &str) -> Vec<u8> {
    let quoted = words
        .split(' ')
        .map(|word| format!("'{}'", word.replace('@', HOSTILE)));
    let run = format!(
        "'{}' {}",
        env!("CARGO_BIN_EXE_confmig"),
        quoted.collect::<Vec<_>>().join(" ")
    );
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &run, "/dev/null"])
        .current_dir(directory)
        .env("OS_SITE__COUNT", HOSTILE)
        .env("OS_DEPLOY__HTTP_SERVER_URL", HOSTILE)
        .env("OS_PXE__TFTP_SERVER", HOSTILE)
        .env("TERM", "xterm")
        .output()
        .unwrap();
    output.stdout
}

/// Removes the colours that confmig itself uses, and what a terminal adds to line ends.
fn without_own_colours(text: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(b"\x1b[") {
        left.extend_from_slice(&rest[..at]);
        let code = rest[at + 2..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b';');
        let end = at + 2 + code.count();
        let own = rest.get(end) == Some(&b'm') && !rest[at..end].ends_with(b"38;5;99");
        left.extend_from_slice(if own { b"" } else { &rest[at..end] });
        rest = &rest[if own { end + 1 } else { end }..];
    }
    left.extend_from_slice(rest);
    left.replace("\r\n", "\n")
}

#[test]
fn no_command_lets_a_hostile_character_through() {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let mut escaped = 0;
    for words in LINES {
        let shown = on_a_terminal(directory.path(), words);
        assert!(!shown.is_empty(), "{words}");
        let shown = without_own_colours(&shown);
        let Ok(text) = shown.to_str() else {
            panic!("{words}: bytes that are not UTF-8 in {:?}", shown.as_bstr());
        };
        let passed = |c: &char| HOSTILE.contains(*c) && !c.is_ascii_graphic();
        assert_eq!(text.chars().find(passed), None, "{words}: {text:?}");
        escaped += usize::from(text.contains("\\u{1b}"));
    }
    assert!(
        escaped > LINES.len() * 2 / 3,
        "only {escaped} outputs have an escape"
    );
}

/// Returns what a terminal of this width gets, without colours.
fn on_a_terminal_of(width: usize, words: &str) -> String {
    let run = format!(
        "stty rows 40 cols {width}; '{}' {words}",
        env!("CARGO_BIN_EXE_confmig")
    );
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &run, "/dev/null"])
        .current_dir(crate::support::root())
        .env("TERM", "xterm")
        .output()
        .unwrap();
    String::from_utf8(without_own_colours(&output.stdout)).unwrap()
}

#[test]
fn text_wraps_at_words_to_the_width_of_the_terminal() {
    let words = |text: &str| -> Vec<String> {
        let words = text.split_whitespace().filter(|word| *word != "|");
        words.map(str::to_owned).collect()
    };
    for command in [
        "explain conductor-api-url",
        "rules standalone-ilo",
        "check --rules standalone-ilo fixtures/check/option-typo.conf",
        "migrate fixtures/names/both-names.conf",
    ] {
        let narrow = on_a_terminal_of(70, command);
        let wide = on_a_terminal_of(5000, command);
        assert_eq!(words(&narrow), words(&wide), "{command}");
        let long = |line: &&str| line.chars().count() > 70 && line.contains(": ");
        let messages: Vec<&str> = narrow.lines().filter(long).collect();
        assert!(messages.is_empty(), "{messages:#?}");
        assert!(wide.lines().any(|line| line.len() > 70), "{wide}");
    }
}

#[test]
fn every_command_is_walked() {
    let help = line("--help").run().expect(0).stdout().to_owned();
    let commands = help.split("Commands:").nth(1).unwrap();
    let commands = commands.split("Options:").next().unwrap().lines();
    let commands = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: BTreeSet<&str> = commands
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let walked = LINES
            .iter()
            .any(|words| words.split(' ').next() == Some(command));
        assert!(walked, "add lines that run {command}");
    }
}

#[test]
fn pipes_and_files_keep_the_bytes() {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let text = std::fs::read(named(directory.path(), "@.conf")).unwrap();
    let ran = line("migrate -").input(&text).run().expect(0);
    let diff = ran.stdout.as_bstr();
    assert!(
        diff.contains_str(HOSTILE) && diff.contains_str(RAW),
        "{diff:?}"
    );
    let ran = line("migrate --output - -").input(&text).run().expect(0);
    assert!(ran.stdout.contains_str(HOSTILE) && ran.stdout.contains_str(RAW));
    // What is for people only may go through a pager that passes controls on.
    let ran = line("show -").input(&text).run().expect(0);
    assert!(!ran.stdout.contains_str("\x1b"), "{}", ran.transcript());
}
