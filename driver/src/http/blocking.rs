//! Requests from blocking code.
//!
//! The requests run on a few threads of their own. The caller may therefore be on any thread,
//! whether of a runtime or not, and the caller's runtime does not need to have time or I/O enabled.

use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

/// The maximum number of threads: more would not make the network faster.
const THREADS_MAX: usize = 4;

/// Returns the runtime, which the first request starts and which then remains.
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

/// A running future. Dropping this cancels it.
#[derive(Debug)]
pub(crate) struct Task<T> {
    result: mpsc::Receiver<T>,
    task: AbortHandle,
}

/// Starts `future` without waiting for it.
///
/// # Errors
///
/// The system's error if it is out of threads or files.
pub(crate) fn start<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<Task<T>> {
    let (sender, result) = mpsc::sync_channel(1);
    let task = threads()?.spawn(async move {
        // Fails if the receiver is gone.
        let _ = sender.send(future.await);
    });
    Ok(Task {
        result,
        task: task.abort_handle(),
    })
}

/// Runs `future` to completion.
///
/// # Errors
///
/// The same as [`start`] and [`Task::wait`].
pub(crate) fn run<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<T> {
    start(future)?.wait()
}

impl<T> Task<T> {
    /// Blocks until the result is available.
    ///
    /// # Errors
    ///
    /// An error if the future ends without a result, because it panicked.
    pub(crate) fn wait(self) -> io::Result<T> {
        let ended = |_| io::Error::other("the HTTP client ended without a response");
        self.result.recv().map_err(ended)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
