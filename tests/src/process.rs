//! A process that answers requests over pipes, each a line of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value as Json;

/// A running process. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    /// A name for messages.
    name: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a process.
    ///
    /// # Panics
    ///
    /// Panics if it does not start.
    pub(crate) fn start(name: impl Into<String>, command: &mut Command) -> Self {
        let name = name.into();
        let mut child = command
            // Files are UTF-8 whatever the locale of the tests.
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}: {command:?}"));
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        Process {
            name,
            child,
            requests,
            answers,
        }
    }

    /// Returns the answer to a request.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub(crate) fn ask(&mut self, request: &Json) -> Json {
        let name = &self.name;
        let requests = self.requests.as_mut().expect("open until dropped");
        let sent = writeln!(requests, "{request}").and_then(|()| requests.flush());
        sent.unwrap_or_else(|error| panic!("{name} reads no requests: {error}"));
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.unwrap_or_else(|error| panic!("{name} gives no answers: {error}"));
        let answer: Json = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{name} answered {line:?}: {error}"));
        if let Some(crash) = answer.get("crash").and_then(Json::as_str) {
            panic!("{name} has no answer: {crash}\nto {request}");
        }
        answer
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process exits at the end of its input.
        self.requests.take();
        let _ = self.child.wait();
    }
}
