//! Diagnostics as text, in the style of rustc.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Paint;
use crate::diagnostic::{Diagnostic, Severity};

/// Renders diagnostics, separated by blank lines.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain | Paint::Terminal => Renderer::plain(),
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
    let Some(place) = &diagnostic.place else {
        let help = diagnostic
            .help
            .iter()
            .map(|help| Group::with_title(Level::HELP.secondary_title(help.as_str())));
        return renderer.render(&std::iter::once(group).chain(help).collect::<Vec<_>>());
    };
    let path = place.path.to_string_lossy();
    let annotation = AnnotationKind::Primary
        .span(place.part.clone())
        .label(place.label.as_deref());
    let snippet = Snippet::source(place.text.as_str())
        .path(path.clone())
        .line_start(place.line)
        .annotation(annotation);
    group = group.element(snippet);
    if let Some((line, text, label)) = &place.earlier {
        let annotation = AnnotationKind::Context
            .span(0..text.trim_end().len())
            .label(*label);
        let earlier = Snippet::source(text.as_str())
            .path(path)
            .line_start(*line)
            .annotation(annotation);
        group = group.element(earlier);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}
