//! What users of the cloud name in a node reads no file of the conductor and reaches no service of
//! its network.
//!
//! Debian package: nginx-light.

use std::fs;

use driver::deploy::{DeployCause, ImageFuture, ImageService, ServiceImage};
use driver::image::SourceError;
use driver::node::Node;
use serde_json::{Value, json};

use crate::support::answers::{Answers, answer};
use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::options;
use crate::support::web::{names, open_dir};

/// Continues the deployment of `node` under `conf`, which must fail for what the node names.
/// Returns the error.
async fn refused(conductor: &Conductor, conf: &str, node: &Node) -> String {
    let deploy = driver::deploy::IloDeploy::from_options(&options(conf)).unwrap();
    let error = deploy.continue_deploy(node, None).await.unwrap_err();
    assert_eq!(names(conductor.www.path()), [""; 0], "{error}");
    let is_refusal = |cause: &DeployCause| {
        matches!(
            cause,
            DeployCause::Image {
                cause: SourceError::Path { .. } | SourceError::Address { .. },
                ..
            }
        )
    };
    let refused = |error: &driver::deploy::DeployError| match &*error.cause {
        DeployCause::Several(causes) => causes.iter().all(is_refusal),
        cause => is_refusal(cause),
    };
    assert!(refused(&error), "{error}");
    let validated = deploy.validate(node).await.unwrap_err();
    assert!(refused(&validated), "{validated}");
    error.to_string()
}

#[tokio::test]
async fn files_are_read_only_below_the_allowed_paths() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let dir = open_dir();
    let [allowed, private] = ["allowed", "private"].map(|name| dir.path().join(name));
    for dir in [&allowed, &private] {
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("kernel"), "password of the database").unwrap();
    }
    std::os::unix::fs::symlink(&private, allowed.join("link")).unwrap();
    let conf = format!(
        "{}file_url_allowed_paths = {}\n",
        conductor.conf(),
        allowed.display()
    );
    let node = |field: &str, path: &str| {
        let mut info = json!({
            "kernel": conductor.nginx.url("/boot/vmlinuz"),
            "ramdisk": conductor.nginx.url("/boot/initrd"),
        });
        info[field] = json!(path);
        conductor.node(&ilo, &json!({"instance_info": info}))
    };
    let private = private.join("kernel").display().to_string();
    for field in ["kernel", "ramdisk"] {
        for path in [
            private.clone(),
            format!("file://{private}"),
            allowed.join("../private/kernel").display().to_string(),
            allowed.join("link/kernel").display().to_string(),
            "/etc/passwd".to_owned(),
            "/proc/self/environ".to_owned(),
        ] {
            let error = refused(&conductor, &conf, &node(field, &path)).await;
            assert!(error.contains(&format!("instance_info.{field}")), "{error}");
        }
    }
    // By default, nothing of a directory like this one is read.
    let own = allowed.join("kernel").display().to_string();
    refused(&conductor, &conductor.conf(), &node("kernel", &own)).await;
    let deploy = driver::deploy::IloDeploy::from_options(&options(&conf)).unwrap();
    let _ = deploy
        .continue_deploy(&node("kernel", &own), None)
        .await
        .unwrap();
    assert_eq!(names(conductor.www.path()).len(), 1);
}

#[tokio::test]
async fn urls_reach_the_conductors_network_only_where_an_option_allows_it() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let inner = Answers::start(|_| answer(200, "", "an internal service"));
    let conf = conductor
        .conf()
        .replace("image_networks = 127.0.0.0/8\n", "");
    for (field, url) in [
        ("kernel", inner.url("/")),
        ("ramdisk", format!("http://localhost:{}/", inner.port)),
        ("ilo_boot_iso", inner.url("/x.iso")),
        ("kernel", "http://169.254.169.254/latest/user-data".into()),
    ] {
        let mut info = json!({"kernel": inner.url("/"), "ramdisk": inner.url("/")});
        info[field] = json!(url);
        let node = conductor.node(&ilo, &json!({"instance_info": info}));
        refused(&conductor, &conf, &node).await;
    }
    assert_eq!(inner.asked().len(), 0);
    // The operator's deploy ISO may be anywhere, but is no way to the metadata of a cloud either.
    let mut node = conductor.node(&ilo, &json!({}));
    node.set(
        driver::node::Section::DriverInfo,
        "ilo_deploy_iso",
        "http://169.254.169.254/deploy.iso",
    );
    refused(&conductor, &conductor.conf(), &node).await;
}

/// An image whose properties name others by URL.
#[derive(Debug)]
struct Service(Value);

impl ImageService for Service {
    fn image<'a>(&'a self, _: &'a str) -> ImageFuture<'a> {
        let property =
            |(name, url): (&String, &Value)| (name.clone(), url.as_str().unwrap().into());
        let properties = self.0.as_object().unwrap().iter().map(property).collect();
        let url = "http://images.example/image".parse().unwrap();
        Box::pin(async move { Ok(ServiceImage { url, properties }) })
    }
}

#[tokio::test]
async fn properties_of_an_image_are_a_users_words_too() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let node = conductor.node(&ilo, &json!({"instance_info": {"image_source": "an-id"}}));
    for properties in [
        json!({"kernel_id": "/etc/passwd", "ramdisk_id": "/etc/passwd"}),
        json!({"boot_iso": "http://[::ffff:169.254.169.254]/x.iso"}),
    ] {
        let service = std::sync::Arc::new(Service(properties));
        let deploy = conductor.deploy().image_service(service);
        let error = deploy.continue_deploy(&node, None).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("may not be read") || text.contains("link-local"),
            "{text}"
        );
        assert_eq!(names(conductor.www.path()), [""; 0]);
    }
}

#[tokio::test]
async fn a_users_boot_iso_by_its_id_is_booted_from_again() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    fs::write(conductor.images.path().join("mine.iso"), "an ISO").unwrap();
    #[derive(Debug)]
    struct Mine(url::Url);
    impl ImageService for Mine {
        fn image<'a>(&'a self, _: &'a str) -> ImageFuture<'a> {
            let (url, properties) = (self.0.clone(), Default::default());
            Box::pin(async move { Ok(ServiceImage { url, properties }) })
        }
    }
    let url = conductor.nginx.url("/boot/mine.iso");
    let service = std::sync::Arc::new(Mine(url.parse().unwrap()));
    let deploy = conductor.deploy().image_service(service);
    for id in ["1be26c0b-03f2-4d2e-ae87-c02d7f33c999", "glance://1be26c0b"] {
        let node = conductor.node(&ilo, &json!({"instance_info": {"ilo_boot_iso": id}}));
        let booted = deploy.continue_deploy(&node, None).await.unwrap().node;
        let again = deploy.boot_instance(&booted).await.unwrap();
        assert!(
            again.done[0].to_string().contains("mine.iso"),
            "{:?}",
            again.done
        );
    }
}
