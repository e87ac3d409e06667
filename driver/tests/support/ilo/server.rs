//! The HTTP server of the stand-in, with one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use serde_json::Value;

use super::{Fault, State};

/// `Administrator:pass-w0rd-of-the-ilo`.
const AUTHORIZATION: &str = "Basic QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWlsbw==";

pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) location: Option<String>,
}

/// What happens after a request.
enum Then {
    Next,
    /// The server closes the connection without an answer and is back after this time.
    Restart(Duration),
}

impl Server {
    pub(crate) fn start(state: Arc<Mutex<State>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || run(listener, port, &stopped, &state));
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The server blocks in `accept`: a thousand servers that poll would occupy the machine.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(listener: TcpListener, port: u16, stop: &AtomicBool, state: &Mutex<State>) {
    let mut listener = listener;
    let mut kept = Vec::new();
    loop {
        let (stream, _) = listener.accept().unwrap();
        if stop.load(Ordering::SeqCst) {
            return;
        }
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        if state.lock().unwrap().fault == Some(Fault::Hangs) {
            kept.push(stream);
            continue;
        }
        if let Then::Restart(time) = serve(stream, state) {
            drop(listener);
            sleep(time);
            listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
            // Nobody could wake it in the meantime.
            if stop.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> Then {
    let Some((request, authorization)) = read(&stream) else {
        return Then::Next;
    };
    let mut state = state.lock().unwrap();
    let body = request
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    let line = format!("{} {} {body}", request.method, request.path);
    state.requests.push(line.trim().to_owned());
    let inserting = request.method != "GET" && body.contains("\"Image\":\"");
    let before = match (state.fault, inserting) {
        (Some(Fault::RestartsBeforeInserting(time)), true) => Some(time),
        _ => None,
    };
    if let Some(time) = before {
        state.fault = None;
        return Then::Restart(time);
    }
    let response = state.answer(&request, authorization.as_deref() == Some(AUTHORIZATION));
    if let (Some(Fault::RestartsAfterInserting(time)), true) = (state.fault, inserting) {
        state.fault = None;
        return Then::Restart(time);
    }
    let Response {
        status,
        body,
        location,
    } = response;
    let location = location.map_or(String::new(), |path| format!("Location: {path}\r\n"));
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Status\r\nOData-Version: 4.0\r\n\
         Content-Type: application/json\r\n{location}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    Then::Next
}

/// Reads a request and its `Authorization`.
fn read(stream: &TcpStream) -> Option<(Request, Option<String>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok();
    Some((Request { method, path, body }, authorization))
}
