//! Asking from code that blocks.
//!
//! The requests run on a few threads of their own. So the caller may be on any thread, one of a
//! runtime or not, and the runtime of a conductor needs neither a clock nor sockets for them.

use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

/// More threads do not make a network faster.
const THREADS_MAX: usize = 4;

/// The threads, which are started by the first request and stay.
fn threads() -> io::Result<Handle> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let threads = available_parallelism().map_or(1, NonZero::get);
    let started = Builder::new_multi_thread()
        .worker_threads(threads.min(THREADS_MAX))
        .thread_name("driver-http")
        .enable_io()
        .enable_time()
        .build()?;
    Ok(runtime.insert(started).handle().clone())
}

/// What was started and is waited for. It is given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Started<T> {
    result: mpsc::Receiver<T>,
    task: AbortHandle,
}

/// Starts `future`, and does not wait for it.
///
/// # Errors
///
/// The system's, when it has no more threads or files.
pub(crate) fn start<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<Started<T>> {
    let (tell, result) = mpsc::sync_channel(1);
    let task = threads()?.spawn(async move {
        // Fails when nobody waits any more.
        let _ = tell.send(future.await);
    });
    Ok(Started {
        result,
        task: task.abort_handle(),
    })
}

/// Runs `future` to its end.
///
/// # Errors
///
/// As [`start`] and [`Started::wait`].
pub(crate) fn run<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<T> {
    start(future)?.wait()
}

impl<T> Started<T> {
    /// Blocks until the result is there.
    ///
    /// # Errors
    ///
    /// When there will be none, because of a fault in the client.
    pub(crate) fn wait(self) -> io::Result<T> {
        let ended = |_| io::Error::other("the HTTP client ended without an answer");
        self.result.recv().map_err(ended)
    }
}

impl<T> Drop for Started<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
