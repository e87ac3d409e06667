//! A headless browser, to measure how it renders a page.

use std::path::Path;
use std::process::{Command, Output};

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The script put into a copy of a page, which measures it and stores the result in an attribute.
const MEASURE: &str = include_str!("measure.js");

/// The policy of a page, and that of its copy, in which scripts may run, including any that a
/// hostile file has injected.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const POLICY_OF_COPY: &str = "default-src * data: 'unsafe-inline'";

/// The attribute in which the script stores its result.
const ATTRIBUTE: &str = "data-measured=\"";

/// The colour scheme in which a page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// Runs Chromium on a file. Panics if it is not installed.
fn chromium(page: &Path, words: &[&str]) -> Output {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("timeout")
        .args([
            "300",
            "chromium",
            "--headless",
            "--disable-gpu",
            "--no-first-run",
        ])
        // Chromium's sandbox does not work as root, as in containers; the pages are our own.
        .args([
            "--no-sandbox",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(words)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "chromium failed with {}: is it installed? Run tests/run, or install the package \
         chromium\n{said}",
        output.status
    );
    output
}

fn colours(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Light => "--blink-settings=preferredColorScheme=1",
        Scheme::Dark => "--blink-settings=preferredColorScheme=0",
    }
}

/// Returns what the browser's console prints about an unmodified page.
pub(crate) fn console(html: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    std::fs::write(&page, html).unwrap();
    let output = chromium(&page, &["--window-size=1280,1024", "--dump-dom"]);
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .filter(|line| line.contains(":CONSOLE:"))
        .map(str::to_owned)
        .collect()
}

/// Measures a page in a window of this width: see `measure.js`.
pub(crate) fn measure(html: &str, width: usize, scheme: Scheme) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    assert_eq!(html.matches(POLICY).count(), 1);
    let end = html.rfind("</body>").unwrap();
    let script = format!("<script>{MEASURE}</script>");
    let copy = [&html[..end], &script, &html[end..]].concat();
    std::fs::write(&page, copy.replacen(POLICY, POLICY_OF_COPY, 1)).unwrap();
    let size = format!("--window-size={width},1024");
    let output = chromium(&page, &[&size, colours(scheme), "--dump-dom"]);
    let dom = String::from_utf8(output.stdout).unwrap();
    let start = dom.find(ATTRIBUTE).unwrap_or_else(|| panic!("{dom}")) + ATTRIBUTE.len();
    let encoded = dom[start..].split('"').next().unwrap();
    let measured: Value =
        serde_json::from_slice(&percent_decode_str(encoded).collect::<Vec<u8>>()).unwrap();
    assert_eq!(measured["dark"], scheme == Scheme::Dark);
    measured
}

/// Takes a screenshot of a page. Returns its width, its height and its size in bytes.
pub(crate) fn picture(html: &str, scheme: Scheme) -> (u32, u32, usize) {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    std::fs::write(&page, html).unwrap();
    let path = directory.path().join("page.png");
    let screenshot = format!("--screenshot={}", path.display());
    chromium(
        &page,
        &["--window-size=1280,1024", colours(scheme), &screenshot],
    );
    let png = std::fs::read(&path).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20), png.len())
}
