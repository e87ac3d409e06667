//! `confmig rules`.

use std::fmt::Write as _;

use confmig::pack::Pack;

use super::args::Rules;
use super::output::Output;
use super::{Failure, Outcome};

pub(crate) fn run(command: &Rules, output: &mut Output) -> Result<Outcome, Failure> {
    let mut text = String::new();
    match &command.pack {
        Some(name) => describe(&Pack::load(name)?, &mut text),
        None => {
            for name in Pack::built_in() {
                describe(&Pack::load(name)?, &mut text);
            }
        }
    }
    output.bytes(text.as_bytes())?;
    Ok(Outcome::Done)
}

fn describe(pack: &Pack, text: &mut String) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}: {}", pack.name, pack.summary);
    if let Some(readers) = &pack.readers {
        let _ = writeln!(text, "  {readers}");
    }
    for rule in &pack.rules {
        let _ = writeln!(text, "\n  {}", rule.id);
        let _ = writeln!(
            text,
            "    [{}] {} -> [{}] {}",
            rule.from.group(),
            rule.from.name(),
            rule.to.group(),
            rule.to.name()
        );
        let _ = writeln!(text, "    why:   {}", rule.why);
        if let Some(proof) = &rule.proof {
            let _ = writeln!(text, "    proof: {proof}");
        }
    }
    for removed in &pack.removed {
        let _ = writeln!(
            text,
            "\n  [{}] {} is gone",
            removed.name.group(),
            removed.name.name()
        );
        let _ = writeln!(text, "    advice: {}", removed.advice);
    }
    text.push('\n');
}
