//! Diagnostics as text, in the style of rustc.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Paint;
use super::visible::{visible, visible_lines};
use crate::diagnostic::{Diagnostic, Place, Severity};

/// Renders diagnostics, separated by blank lines. Characters that are obeyed or hidden are escaped.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    let rendered = diagnostics
        .iter()
        .map(|diagnostic| render_one(diagnostic, &renderer) + "\n");
    rendered.collect::<Vec<_>>().join("\n")
}

fn render_one(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(visible_lines(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let help = diagnostic.help.as_deref().map(visible_lines);
    let Some(place) = &diagnostic.place else {
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
