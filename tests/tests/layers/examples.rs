//! Examples of small module trees that break the rules, or do not.

use crate::graph::Graph;
use crate::source::Files;

fn graph(files: &[(&str, &str)]) -> Graph {
    let files: Files = files
        .iter()
        .map(|(path, text)| (path.into(), (*text).to_owned()))
        .collect();
    Graph::read(&files, "lib.rs", "src/")
}

#[test]
fn siblings_that_use_each_other_form_a_circle() {
    let graph = graph(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("a.rs", "use crate::b::B;\npub struct A;\n"),
        ("b.rs", "use super::c;\npub struct B;\n"),
        (
            "c.rs",
            "fn c() {\n    log::warn!(\"{:?}\", crate::a::A);\n}\n",
        ),
    ]);
    assert_eq!(
        graph.circles(),
        [
            "a, b, c form a circle among the rooms\n  a uses b\n    src/a.rs:1\n  b uses c\n    \
          src/b.rs:1\n  c uses a\n    src/c.rs:2\n"
        ]
    );
}

#[test]
fn folders_and_inline_modules_are_seen_as_a_whole() {
    let graph = graph(&[
        (
            "lib.rs",
            "mod web { mod deep { use super::super::swift::{key, Swift}; } }\nmod swift;\n",
        ),
        ("swift/mod.rs", "pub mod key;\npub struct Swift;\n"),
        ("swift/key.rs", "fn f(_: crate::web::Web) {}\n"),
    ]);
    assert_eq!(graph.circles().len(), 1);
}

#[test]
fn a_re_export_leads_to_where_it_comes_from() {
    let graph = graph(&[
        ("lib.rs", "mod host;\n"),
        (
            "host/mod.rs",
            "mod error;\nmod web;\npub use error::{Error as HostError};\n",
        ),
        (
            "host/error.rs",
            "use super::web::Web;\npub struct Error(Web);\n",
        ),
        ("host/web.rs", "use super::HostError;\npub struct Web;\n"),
    ]);
    let circles = graph.circles();
    assert_eq!(circles.len(), 1, "{circles:?}");
    assert!(circles[0].starts_with("error, web form a circle among the modules of `host`"));
}

#[test]
fn a_folder_knows_its_own_files_and_they_know_it() {
    let graph = graph(&[
        ("lib.rs", "mod host;\npub use host::Host;\n"),
        (
            "host.rs",
            "mod web;\nuse web::Web;\npub struct Host(Web);\n",
        ),
        (
            "host/web.rs",
            "use super::Host;\nuse crate::host;\npub struct Web;\n",
        ),
    ]);
    assert!(graph.circles().is_empty());
}

#[test]
fn strings_comments_visibilities_and_tests_are_no_uses() {
    let graph = graph(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b;\n"),
        (
            "b.rs",
            "/// As [`crate::a`].\npub(in crate::a) const TEXT: &str = \"crate::a\"; // crate::a\n\
             #[cfg(test)]\nuse crate::a;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n",
        ),
    ]);
    assert!(graph.circles().is_empty());
}

#[test]
fn a_lower_layer_uses_no_higher_one() {
    let graph = graph(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "pub struct A;\n"),
        ("b.rs", "use crate::a::A;\n"),
    ]);
    assert!(graph.violations(&["a", "b"]).is_empty());
    assert_eq!(
        graph.violations(&["b", "a"]),
        ["`b` is a lower layer than `a`, which it uses\n    src/b.rs:1\n"]
    );
    assert_eq!(
        graph.violations(&["a"]),
        ["`b` is missing from the list of layers: add it\n"]
    );
}
