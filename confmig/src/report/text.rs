//! Diagnostics as text, in the style of rustc.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Paint;
use super::visible::{visible, visible_lines};
use crate::diagnostic::{Diagnostic, Place, Severity};

/// Renders the open diagnostics, separated by blank lines. Characters that are obeyed or hidden are
/// escaped. With the width of a terminal, messages are wrapped at words.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], paint: Paint, width: Option<usize>) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    let open = diagnostics.iter().filter(|diagnostic| diagnostic.is_open());
    let rendered = open.map(|diagnostic| render_one(diagnostic, &renderer, width) + "\n");
    rendered.collect::<Vec<_>>().join("\n")
}

fn render_one(diagnostic: &Diagnostic, renderer: &Renderer, width: Option<usize>) -> String {
    let code = diagnostic.code.as_str();
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level
        .primary_title(wrapped(&diagnostic.message, width, HEAD + code.len()))
        .id(code);
    let mut group = Group::with_title(title);
    let help = diagnostic.help.as_deref();
    let help = help.map(|help| wrapped(help, width, HEAD));
    let Some(place) = &diagnostic.place else {
        if let Some(path) = &diagnostic.file {
            group = group.element(Origin::path(visible(&path.to_string_lossy()).into_owned()));
        }
        let help = help.map(|help| Group::with_title(Level::HELP.secondary_title(help)));
        return renderer.render(&std::iter::once(group).chain(help).collect::<Vec<_>>());
    };
    let path = place.path.to_string_lossy();
    let path = visible(&path);
    let (text, part) = text_and_part(place);
    let annotation = AnnotationKind::Primary
        .span(part)
        .label(place.label.as_deref().map(visible));
    let mut snippet = Snippet::source(text)
        .line_start(place.line)
        .annotation(annotation);
    if place.is_whole() {
        snippet = snippet.path(path.clone());
    } else {
        let origin = Origin::path(path.clone()).line(place.line);
        group = group.element(origin.char_column(place.column));
    }
    group = group.element(snippet);
    if let Some((line, text, label)) = &place.earlier {
        let text = visible(text.trim_end());
        let annotation = AnnotationKind::Context.span(0..text.len()).label(*label);
        let earlier = Snippet::source(text)
            .path(path)
            .line_start(*line)
            .annotation(annotation);
        group = group.element(earlier);
    }
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The width that is kept for what precedes a message, besides its code: `warning[]: `.
const HEAD: usize = 12;

/// The least width of wrapped text.
const NARROW: usize = 30;

/// Returns a visible text, wrapped at words to a width of which some is taken.
fn wrapped(text: &str, width: Option<usize>, taken: usize) -> String {
    let text = visible_lines(text);
    match width {
        None => text.into_owned(),
        Some(width) => {
            let width = width.saturating_sub(taken).max(NARROW);
            textwrap::fill(&text, at_words(width))
        }
    }
}

/// Returns the options to wrap a text to a width in columns only at white space, since names and
/// paths with hyphens are copied.
#[must_use]
pub fn at_words<'o>(width: usize) -> textwrap::Options<'o> {
    let options = textwrap::Options::new(width).break_words(false);
    options.word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// Returns the visible text of a place, and where its part is in it.
fn text_and_part(place: &Place) -> (String, Range<usize>) {
    let (start, end) = (place.part.start, place.part.end);
    let mut text = visible(&place.text[..start]).into_owned();
    let start = text.len();
    text += &visible(&place.text[place.part.clone()]);
    let part = start..text.len();
    text += &visible(&place.text[end..]);
    (text, part)
}
