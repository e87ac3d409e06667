//! An image service whose URLs have another signature each time, and its web server.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use driver::deploy::{ImageFuture, ImageService, ServiceImage};

use super::serve::serve;

/// The service. An image's ID is its path on the web server.
#[derive(Debug)]
pub(crate) struct SignedUrls {
    server: String,
    signed: Mutex<usize>,
    /// Properties by ID.
    pub(crate) properties: Mutex<HashMap<String, BTreeMap<String, String>>>,
    asked: Counts,
}

/// The requests by method and ID.
type Counts = Arc<Mutex<HashMap<(String, String), usize>>>;

impl SignedUrls {
    /// Serves these images. The first `failures` requests for the image `kernel` get this status.
    pub(crate) fn start(
        images: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
        failures: usize,
        status: &'static str,
    ) -> Self {
        let images: HashMap<_, _> = images.into_iter().collect();
        let asked = Counts::default();
        let counted = Arc::clone(&asked);
        let server = serve(move |request, stream| {
            let path = request.path.split('?').next().unwrap_or_default();
            let id = path.trim_start_matches('/');
            let mut counts = counted.lock().unwrap();
            let key = |method: &str| (method.to_owned(), id.to_owned());
            *counts.entry(key(&request.method)).or_default() += 1;
            let count = |method| counts.get(&key(method)).copied().unwrap_or_default();
            let fails = id == "kernel" && count("HEAD") + count("GET") <= failures;
            drop(counts);
            match images.get(id).filter(|_| request.path.contains("?sig=")) {
                Some(content) if !fails => request.send_content(stream, content),
                _ => request.send(stream, &format!("{status}\r\nContent-Length: 0"), b""),
            }
        });
        Self {
            server,
            signed: Mutex::default(),
            properties: Mutex::default(),
            asked,
        }
    }

    /// The number of requests for an image.
    pub(crate) fn asked(&self, method: &str, id: &str) -> usize {
        let key = (method.to_owned(), id.to_owned());
        self.asked
            .lock()
            .unwrap()
            .get(&key)
            .copied()
            .unwrap_or_default()
    }
}

impl ImageService for SignedUrls {
    fn image<'a>(&'a self, id: &'a str) -> ImageFuture<'a> {
        Box::pin(async move {
            let number = {
                let mut signed = self.signed.lock().unwrap();
                *signed += 1;
                *signed
            };
            let url = format!("{}/{id}?sig={number}", self.server);
            let properties = self.properties.lock().unwrap().get(id).cloned();
            Ok(ServiceImage {
                url: url.parse()?,
                properties: properties.unwrap_or_default(),
            })
        })
    }
}
