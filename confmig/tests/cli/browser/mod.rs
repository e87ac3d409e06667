//! A headless browser, to measure how it renders a page.

mod picture;

use std::path::Path;
use std::process::{Command, Output};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use serde_json::Value;

/// The script put into a copy of a page, which measures it and stores the result in an attribute.
const MEASURE: &str = include_str!("measure.js");

/// The script of a page with two pictures, which stores their difference in the same attribute.
const COMPARE: &str = include_str!("compare.js");

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

/// Returns the value of the attribute that a script stores in.
fn measured(dom: &str) -> &str {
    let start = dom.find(ATTRIBUTE).unwrap_or_else(|| panic!("{dom}")) + ATTRIBUTE.len();
    dom[start..].split('"').next().unwrap()
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
    let encoded = measured(&dom);
    let measured: Value =
        serde_json::from_slice(&percent_decode_str(encoded).collect::<Vec<u8>>()).unwrap();
    assert_eq!(measured["dark"], scheme == Scheme::Dark);
    measured
}

/// Takes a screenshot of a page. Returns its width, its height and its size in bytes.
pub(crate) fn picture(html: &str, scheme: Scheme) -> (u32, u32, usize) {
    let png = screenshot(html, scheme, (1280, 1024));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20), png.len())
}

/// Takes a screenshot of a page in a window of this width and height. Returns it as PNG.
pub(crate) fn screenshot(html: &str, scheme: Scheme, (width, height): (u32, u32)) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    std::fs::write(&page, html).unwrap();
    let path = directory.path().join("page.png");
    let size = format!("--window-size={width},{height}");
    let screenshot = format!("--screenshot={}", path.display());
    chromium(&page, &[&size, colours(scheme), &screenshot]);
    let png = std::fs::read(&path).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    png
}

/// Returns how much two pictures differ, from 0 to 255: see `compare.js`.
pub(crate) fn difference(one: &[u8], two: &[u8]) -> f64 {
    let image = |png: &[u8]| {
        let encoded = percent_encode(png, NON_ALPHANUMERIC);
        format!("<img src='data:image/png,{encoded}'>")
    };
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.html");
    let images = image(one) + &image(two);
    std::fs::write(
        &page,
        format!("<!DOCTYPE html>{images}<script>{COMPARE}</script>"),
    )
    .unwrap();
    let output = chromium(&page, &["--dump-dom"]);
    measured(&String::from_utf8(output.stdout).unwrap())
        .parse()
        .unwrap()
}
