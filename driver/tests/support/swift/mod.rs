//! Real Swift services, hosts that publish into them, and what their accounts hold.

pub(crate) mod proxy;
pub(crate) mod services;

use std::io::Read;
use std::time::Duration;

use driver::host::{BaseUrl, Domain, Kind, Named, NewObject, SwiftAuth, SwiftHost, SwiftSettings};
use driver::options::Secret;

use self::services::{Cloud, Swift};

/// The key for temporary URLs that tests give their account.
pub(crate) const KEY: &str = "the-key-of-the-account";

/// Credentials of a user of tempauth, the authentication that comes with Swift.
pub(crate) fn tempauth(url: &str, user: &str, password: &str) -> SwiftAuth {
    SwiftAuth::V1Password {
        auth_url: BaseUrl::parse(&format!("{url}/auth/v1.0")).unwrap(),
        username: user.to_owned(),
        password: Secret::new(password),
        account: None,
    }
}

pub(crate) fn named(name: &str) -> Named {
    Named::Name {
        name: name.to_owned(),
        domain: Domain::Id("default".to_owned()),
    }
}

/// Credentials of a user of the Keystone at `url`.
pub(crate) fn keystone(url: &str, user: &str, password: &str) -> SwiftAuth {
    SwiftAuth::Password {
        auth_url: BaseUrl::parse(url).unwrap(),
        user: named(user),
        password: Secret::new(password),
        project: named("service"),
    }
}

/// Settings with short waiting times.
pub(crate) fn settings(auth: SwiftAuth, container: &str) -> SwiftSettings {
    let mut settings = SwiftSettings::new(auth, container);
    settings.retry_delay = Duration::from_millis(10);
    settings.timeout = Duration::from_secs(20);
    settings
}

pub(crate) fn host(settings: SwiftSettings) -> SwiftHost {
    SwiftHost::new(settings).unwrap()
}

/// Pseudo-random bytes.
pub(crate) fn bytes(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

/// An image of these bytes, written in small parts.
pub(crate) fn image(kind: Kind, bytes: &[u8]) -> NewObject {
    let bytes = bytes.to_vec();
    NewObject::new(kind, bytes.len() as u64, move |out| {
        bytes
            .chunks(10_000)
            .try_for_each(|part| out.write_all(part))
    })
}

/// An account, accessed directly rather than through this library.
pub(crate) struct Account {
    pub(crate) url: String,
    pub(crate) token: String,
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.proxy(None).build().into()
}

impl Account {
    /// The account of a user of tempauth.
    pub(crate) fn of(swift: &Swift, user: &str) -> Self {
        let answer = agent()
            .get(swift.url("/auth/v1.0"))
            .header("X-Auth-User", user)
            .header("X-Auth-Key", "secret")
            .call()
            .unwrap();
        let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
        Self {
            url: header("x-storage-url"),
            token: header("x-auth-token"),
        }
    }

    /// The account of the project `service`.
    pub(crate) fn of_cloud(cloud: &Cloud) -> Self {
        let body = serde_json::json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "ironic", "domain": {"id": "default"}, "password": "ironicpw"}}},
            "scope": {"project": {"name": "service", "domain": {"id": "default"}}}}});
        let mut answer = agent()
            .post(format!("{}/v3/auth/tokens", cloud.auth_url()))
            .header("Content-Type", "application/json")
            .send(body.to_string())
            .unwrap();
        let token = answer.headers()["x-subject-token"]
            .to_str()
            .unwrap()
            .to_owned();
        let text = answer.body_mut().read_to_string().unwrap();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let project = answer["token"]["project"]["id"].as_str().unwrap();
        Self {
            url: cloud.swift.url(&format!("/v1/AUTH_{project}")),
            token,
        }
    }

    /// Sends a request. Returns the status, and the headers in one text.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("X-Auth-Token", &self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let answer = agent().run(request).unwrap();
        (answer.status().as_u16(), format!("{:?}", answer.headers()))
    }

    /// Gives the account the key [`KEY`].
    pub(crate) fn set_key(&self) {
        let set = self.ask("POST", "", &[("X-Account-Meta-Temp-URL-Key", KEY)]);
        assert_eq!(set.0 / 100, 2, "{}", set.1);
    }

    /// The names of all objects in a container, or none if it does not exist.
    pub(crate) fn names(&self, container: &str) -> Vec<String> {
        let mut answer = agent()
            .get(format!("{}/{container}", self.url))
            .header("X-Auth-Token", &self.token)
            .call()
            .unwrap();
        if answer.status() == 404 {
            return Vec::new();
        }
        let text = answer.body_mut().read_to_string().unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// A Swift with tempauth. Its account `test` has the key [`KEY`].
pub(crate) fn swift(env: &[(&str, &str)]) -> Swift {
    let swift = Swift::start(env);
    Account::of(&swift, "test:ironic").set_key();
    swift
}

/// Fetches a URL without credentials, as a BMC does. Returns the status and the bytes.
pub(crate) fn fetch(url: &url::Url, range: Option<&str>) -> (u16, Vec<u8>) {
    let mut request = agent().get(url.as_str());
    if let Some(range) = range {
        request = request.header("Range", range);
    }
    let mut answer = request.call().unwrap();
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .read_to_end(&mut bytes)
        .unwrap();
    (answer.status().as_u16(), bytes)
}
