//! Tests of the HTML page, as written and as a browser renders it.

use serde_json::Value;

use crate::browser::{Scheme, console, measure, picture};
use crate::support::{assert_as, confmig, fixtures, line};

/// The minimum contrast that WCAG 2 requires of text (level AA).
const CONTRAST: f64 = 4.5;

/// Returns the page that a command line writes.
fn page(words: &str) -> String {
    let ran = line(&format!("{words} --format html")).run();
    ran.stdout().to_owned()
}

/// Returns a page without its style sheet, which is the same for all pages.
fn without_style(html: &str) -> String {
    let (head, rest) = html.split_once("<style>").unwrap();
    let (_, tail) = rest.split_once("</style>").unwrap();
    format!("{head}<style>…</style>{tail}")
}

/// Returns the lines that a diff removes and adds.
fn diff(words: &str) -> (Vec<String>, Vec<String>) {
    let ran = line(words).run();
    let of = |sign: char| {
        let text = String::from_utf8_lossy(&ran.stdout);
        let header: String = std::iter::repeat_n(sign, 3).collect();
        text.split('\n')
            .filter(|line| line.starts_with(sign) && !line.starts_with(&header))
            .map(|line| line[1..].trim_end_matches('\r').to_owned())
            .collect()
    };
    (of('-'), of('+'))
}

/// Returns the changed lines on one side of a page.
fn changed(measured: &Value, side: usize) -> Vec<String> {
    let rows = measured["rows"].as_array().unwrap().iter();
    rows.map(|row| &row[side])
        .filter(|half| half["changed"] == true)
        .map(|half| half["text"].as_str().unwrap().to_owned())
        .collect()
}

/// The windows in which a page is tested: wide, dark, and too narrow for two sides.
const WINDOWS: [(usize, Scheme); 3] = [
    (1280, Scheme::Light),
    (1000, Scheme::Dark),
    (500, Scheme::Light),
];

/// Asserts that a page is readable in all windows, has no external links and only our own elements.
/// Returns its measurements in the first window.
#[track_caller]
fn assert_sound(html: &str, windows: &[(usize, Scheme)]) -> Value {
    assert_eq!(console(html), Vec::<String>::new());
    let mut all = windows.iter().map(|(width, scheme)| {
        let measured = measure(html, *width, *scheme);
        assert_eq!(measured["width"], *width);
        assert_eq!(measured["overflow"], 0, "{scheme:?} {width}");
        for none in ["overflowing", "handlers", "astray", "twice"] {
            assert_eq!(measured[none], Value::Array(Vec::new()), "{none} {width}");
        }
        for zero in ["foreign", "resources"] {
            assert_eq!(measured[zero], 0, "{zero}");
        }
        let contrast = measured["contrast"].as_f64().unwrap();
        assert!(contrast >= CONTRAST, "{scheme:?}: {contrast}");
        assert!(measured["smallest"].as_f64().unwrap() >= 12.0);
        measured
    });
    let first = all.next().unwrap();
    all.for_each(drop);
    first
}

#[test]
fn pages_as_they_are() {
    for (name, words) in [
        ("migrate", "migrate fixtures/check/deprecated-names.conf"),
        ("check", "check fixtures/check/both-names-differ.conf"),
        ("nothing", "migrate fixtures/check/clean.conf"),
        ("syntax", "check fixtures/invalid/before-any-section.conf"),
    ] {
        let ran = line(&format!("{words} --format html")).run();
        let transcript = without_style(&ran.transcript());
        assert_as("html", name, &transcript);
    }
}

/// Asserts that a page has all of these diagnostics, the open decisions first.
fn assert_has_diagnostics(measured: &Value, diagnostics: &[Value]) {
    let mut diagnostics: Vec<&Value> = diagnostics.iter().collect();
    diagnostics.sort_by_key(|diagnostic| diagnostic["code"] != "needs-decision");
    let findings = measured["findings"].as_array().unwrap();
    assert_eq!(diagnostics.len(), findings.len());
    for (diagnostic, finding) in diagnostics.iter().zip(findings) {
        for part in ["message", "help", "code"] {
            let part = diagnostic[part].as_str().unwrap_or_default();
            let part = part.replace('`', "");
            assert!(finding.as_str().unwrap().contains(&part), "{part}");
        }
    }
}

#[test]
fn changed_lines_are_side_by_side_with_reasons() {
    for (at, words) in [
        "migrate fixtures/standalone-liberty/ironic.conf",
        "migrate --keep-old fixtures/standalone-liberty/ironic.conf",
        "migrate --to 2026.2 fixtures/releases/icehouse-pxe.conf",
        "migrate --from rocky --to stein fixtures/releases/pike-containers.conf",
    ]
    .into_iter()
    .enumerate()
    {
        let html = page(words);
        assert_eq!(html, page(words));
        let windows = if at == 0 { &WINDOWS } else { &WINDOWS[..1] };
        let measured = assert_sound(&html, windows);
        let (out, put) = diff(words);
        assert!(!put.is_empty());
        assert_eq!(changed(&measured, 0), out, "{words}");
        assert_eq!(changed(&measured, 1), put, "{words}");

        let json = line(&format!("{words} --format json")).run().json();
        let changes = json["files"][0]["changes"].as_array().unwrap();
        let notes = measured["notes"].as_array().unwrap();
        assert_eq!(changes.len(), notes.len());
        let rows = measured["rows"].as_array().unwrap();
        for (at, change) in changes.iter().enumerate() {
            let note = notes.iter().find(|note| note["number"] == at + 1).unwrap();
            let text = note["text"].as_str().unwrap();
            for part in ["rule", "message"] {
                // Text in backticks is shown as code, without them.
                let part = change[part].as_str().unwrap().replace('`', "");
                assert!(text.contains(&part), "no {part} in {text}");
            }
            let rule = note["rule"].as_str().unwrap();
            for part in [change["rule"].as_str().unwrap(), "Does", "Why"] {
                assert!(rule.contains(part), "no {part} in {rule}");
            }
            // The note is below the last line of the entry.
            assert!(note["line"].as_u64() >= change["line"].as_u64(), "{note}");
            let number = Value::from(at + 1);
            let has = |half: &Value| {
                let marks = half["changes"].as_array();
                marks.is_some_and(|marks| marks.contains(&number))
            };
            let before = rows.iter().find(|row| has(&row[0]));
            assert_eq!(before.unwrap()[0]["line"], change["line"], "{change}");
            // Unless it was removed or renamed again, the new entry is marked.
            let key = change["to"].as_str().unwrap().rsplit('.').next().unwrap();
            if let Some(row) = rows.iter().find(|row| has(&row[1]))
                && change["kind"] != "reference"
            {
                let line = row[1]["text"].as_str().unwrap();
                assert!(line.starts_with(key), "{change}: {line}");
            }
        }
        assert_has_diagnostics(&measured, json["diagnostics"].as_array().unwrap());
        let summary = measured["text"].as_str().unwrap();
        for said in ["What was proved", "Nothing was written"] {
            assert!(summary.contains(said), "{summary}");
        }
    }
}

/// One former name of two options: each is set for its own reason.
#[test]
fn reasons_are_those_of_the_option() {
    let run = line("migrate --from icehouse --to kilo --format html -");
    let html = run.input("[DEFAULT]\nrpc_conn_pool_size = 5\n").run();
    for why in [
        "renamed in kilo; the former name is read up to kilo",
        "and [oslo_messaging_rabbit] rpc_conn_pool_size replaced them",
    ] {
        assert_eq!(html.stdout().matches(why).count(), 2, "{why}");
    }
}

#[test]
fn pages_of_check() {
    for words in [
        "check --to 2026.2 fixtures/releases/2024-conductor-override.conf",
        "check fixtures/invalid/before-any-section.conf",
        "check fixtures/check/clean.conf",
    ] {
        let measured = assert_sound(&page(words), &WINDOWS[..1]);
        let json = line(&format!("{words} --format json")).run().json();
        let diagnostics = json["diagnostics"].as_array().unwrap();
        let findings = measured["findings"].as_array().unwrap();
        assert_eq!(diagnostics.len(), findings.len());
        for (diagnostic, finding) in diagnostics.iter().zip(findings) {
            let message = diagnostic["message"].as_str().unwrap().replace('`', "");
            assert!(finding.as_str().unwrap().contains(&message), "{message}");
        }
    }
}

const HOSTILE: &str = "\
# <script>document.title = \"owned\"</script>
[pxe]
# \"><img src=x onerror=\"document.title='owned'\"> {{ 7 * 7 }} {% raw %} {# &lt;b&gt; &amp;
http_url = http://h/</code></td></tr></table><script>document.title='owned'</script>
# gpj.\u{202e}fnoc \u{1b}[31m \u{0}
http_root = <svg onload=document.title='owned'>
";

/// Rules with texts that try to inject markup.
const RULES: &str = r#"
name = "<b>site</b>"
summary = "</title><script>document.title = 'owned'</script>"
readers = "<script>document.title = 'owned'</script>"
[[option]]
group = "deploy"
name = "http_server_url"
type = "str"
[[option.former]]
id = "<i>rule</i>"
group = "pxe"
name = "http_url"
why = "<img src=x onerror=document.title='owned'>"
proof = "javascript:document.title='owned'"
[[option]]
group = "deploy"
name = "http_server_root"
type = "str"
[[option.former]]
group = "pxe"
name = "http_root"
why = "</style><script>document.title='owned'</script>"
"#;

/// Markup in a file is shown as text.
#[test]
fn hostile_text_is_inert() {
    let directory = tempfile::tempdir().unwrap();
    let name = "<b onclick=alert(1)>\"'&.conf";
    let long = "x".repeat(700);
    let mut text = format!("{HOSTILE}[site]\n{long} = $pxe.http_root/{long}\n").into_bytes();
    text.extend(b"# caf\xe9\n");
    std::fs::write(directory.path().join(name), &text).unwrap();
    std::fs::write(directory.path().join("rules.toml"), RULES).unwrap();
    let words = ["migrate", "--rules", "rules.toml", "--format", "html", name];
    let ran = confmig(words).directory(directory.path()).run().expect(0);
    let measured = assert_sound(ran.stdout(), &WINDOWS);
    assert_eq!(measured["title"], format!("Migration of {name}"));
    let before = changed(&measured, 0);
    for line in HOSTILE.lines().filter(|line| !line.contains('\u{202e}')) {
        let shown = measured["text"].as_str().unwrap();
        assert!(
            before.iter().any(|text| text == line) || shown.contains(line),
            "{line}"
        );
    }
    let shown = measured["text"].as_str().unwrap();
    assert!(shown.contains("\\u{202e}fnoc \\u{1b}[31m \\u{0}"));
    assert!(shown.contains("# caf\\xe9"));
    for text in ["<i>rule</i>", "<img src=x onerror=document.title='owned'>"] {
        assert!(measured["text"].as_str().unwrap().contains(text), "{text}");
    }

    let ran = confmig(["check", "--format", "html", name]);
    let ran = ran.directory(directory.path()).run();
    let measured = assert_sound(ran.stdout(), &WINDOWS);
    assert_eq!(measured["title"], format!("Check of {name}"));
}

/// The browser does report faults in a page, as the tests above assume.
#[test]
fn the_browser_reports_faults() {
    let html = page("migrate fixtures/check/deprecated-names.conf");
    let with = |text: &str| html.replacen("</main>", &format!("{text}</main>"), 1);
    // The page's policy blocks it, and the console says so.
    let script = with("<script>document.title = 'owned'</script>");
    assert!(console(&script)[0].contains("Content Security Policy"));
    let measured = measure(&script, 1280, Scheme::Light);
    assert_eq!(
        (&measured["title"], &measured["foreign"]),
        (&"owned".into(), &1.into())
    );
    let image = with("<img src=x onerror='document.title = 1'>");
    assert!(!console(&image).is_empty());
    let wide = with("<pre>".to_owned().as_str()).replacen(
        "<pre>",
        &format!("<pre>{}</pre>", "x".repeat(500)),
        1,
    );
    let measured = measure(
        &wide.replacen("overflow-wrap: anywhere", "", 1),
        1280,
        Scheme::Light,
    );
    assert_ne!(measured["overflow"], 0);
    let faint = with("<p style='color: #888; background: #999'>x</p>");
    assert!(
        measure(&faint, 1280, Scheme::Light)["contrast"]
            .as_f64()
            .unwrap()
            < CONTRAST
    );
    assert_eq!(
        measure(&with("<a href='#nowhere'>x</a>"), 1280, Scheme::Light)["astray"][0],
        "#nowhere"
    );
}

/// A page with secrets carries a warning.
#[test]
fn a_page_with_secrets_has_a_warning() {
    let alarm = "This page contains passwords";
    for command in ["migrate", "check"] {
        let page = |words: &str| {
            let run = line(&format!("{command} --format html {words} -"));
            let text = "[pxe]\nhttp_url = http://ironic:hunter2@192.0.2.1\n";
            String::from_utf8(run.input(text).run().stdout).unwrap()
        };
        let (masked, shown) = (page(""), page("--show-secrets"));
        assert!(!masked.contains(alarm) && masked.contains("ironic:****@"));
        assert!(shown.contains(alarm) && shown.contains("ironic:hunter2@"));
    }
}

#[test]
fn a_picture_of_the_page() {
    let html = page("migrate fixtures/standalone-liberty/ironic.conf");
    for scheme in [Scheme::Light, Scheme::Dark] {
        let (width, height, bytes) = picture(&html, scheme);
        assert_eq!((width, height), (1280, 1024));
        // The window is full of text, not empty.
        assert!(bytes > 50_000, "{bytes}");
    }
}

/// The page of every fixture shows the same changes as the diff.
#[test]
fn every_fixture_has_a_page() {
    for fixture in fixtures("") {
        for words in [
            "migrate",
            "check",
            "migrate --to 2026.2",
            "check --to 2026.2",
        ] {
            let words = format!("{words} {fixture}");
            let html = page(&words);
            assert!(
                html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"),
                "{words}"
            );
            let (out, put) = diff(&words);
            if words.starts_with("migrate") {
                let signs = |sign: &str| {
                    html.matches(&format!("<span class=\"sign\">{sign}</span>"))
                        .count()
                };
                assert_eq!((signs("−"), signs("+")), (out.len(), put.len()), "{words}");
            }
        }
    }
}
