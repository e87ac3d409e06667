//! Diagnostics for people, in the manner of rustc.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Paint;
use crate::diagnostic::{Diagnostic, Severity};

/// Renders diagnostics, a blank line between two.
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
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        let annotation = AnnotationKind::Primary
            .span(place.part.clone())
            .label(place.label.as_deref());
        let snippet = Snippet::source(place.text.as_str())
            .path(place.path.to_string_lossy())
            .line_start(place.line)
            .annotation(annotation);
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}
