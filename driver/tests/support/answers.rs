//! An HTTP server whose answers a test decides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A running server. It runs until the test ends.
pub(crate) struct Answers {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// All lines of the request's head.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answers {
    /// Starts a server on 127.0.0.1. `answer` returns a status line, headers and the body.
    pub(crate) fn start(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST, answer)
    }

    pub(crate) fn start_on(
        address: Ipv4Addr,
        answer: impl Fn(&Asked) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, answer) = (Arc::default(), Arc::new(answer));
        let all: Arc<Mutex<Vec<Asked>>> = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                thread::spawn(move || talk(&stream.unwrap(), &all, &*answer));
            }
        });
        Self {
            address: address.into(),
            port,
            asked,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.address, self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn talk(
    mut stream: &TcpStream,
    all: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked) -> String,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let asked = Asked {
        method,
        path,
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    all.lock().unwrap().push(asked.clone());
    let mut answer = answer(&asked);
    if asked.method == "HEAD"
        && let Some(end) = answer.find("\r\n\r\n")
    {
        answer.truncate(end + 4);
    }
    write!(stream, "HTTP/1.1 {answer}").ok()
}

/// An answer with this body, whose connection is closed.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{status} Status\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn json(status: u16, body: &Value) -> String {
    answer(
        status,
        "Content-Type: application/json\r\n",
        &body.to_string(),
    )
}

pub(crate) fn redirect(to: &str) -> String {
    answer(302, &format!("Location: {to}\r\n"), "")
}
