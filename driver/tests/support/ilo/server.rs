//! The HTTP server of the stand-in, with one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::refusals::{Fault, Response};
use super::state::State;

pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The headers, with names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What happens to a request.
pub(crate) enum Then {
    Answer(Response),
    /// The connection is closed.
    Close,
}

impl Server {
    /// Starts a server, by HTTPS if it is given a TLS configuration.
    pub(crate) fn start(state: Arc<Mutex<State>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || run(&listener, &stopped, &state, tls.as_ref()));
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

fn run(
    listener: &TcpListener,
    stop: &AtomicBool,
    state: &Mutex<State>,
    tls: Option<&Arc<ServerConfig>>,
) {
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
        match tls {
            None => serve(stream, state),
            Some(tls) => {
                let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                serve(&mut stream, state);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    }
}

fn serve(mut stream: impl Read + Write, state: &Mutex<State>) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    let Then::Answer(response) = state.lock().unwrap().serve(&request) else {
        return;
    };
    let headers: String = response
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let (status, body) = (response.status, response.body);
    // In one piece: the network waits between small ones.
    let answer = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}

fn read(stream: impl Read) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: None,
    };
    let length = request.header("content-length");
    let mut body = vec![0; length.map_or(Some(0), |length| length.parse().ok())?];
    reader.read_exact(&mut body).ok()?;
    request.body = serde_json::from_slice(&body).ok();
    Some(request)
}
