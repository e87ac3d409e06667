//! Names of images, and their URLs.

use std::collections::HashSet;

use driver::host::{BaseUrl, BaseUrlError, BaseUrls, Generation, Kind, NoBaseUrl, ObjectName};
use driver::node::{Node, NodeUuid};
use proptest::prelude::*;
use serde_json::json;

use crate::support::UUID;

fn name() -> ObjectName {
    format!("image-{UUID}-g.img").parse().unwrap()
}

#[test]
fn names_keep_ironics_prefix() {
    let node: NodeUuid = UUID.parse().unwrap();
    let floppy = ObjectName::new(Kind::Floppy, node, "0a".parse().unwrap());
    let iso = ObjectName::new(Kind::BootIso, node, "0a".parse().unwrap());
    assert_eq!(floppy.to_string(), format!("image-{UUID}-0a.img"));
    assert_eq!(iso.to_string(), format!("boot-{UUID}-0a.iso"));
}

#[test]
fn names_that_ironic_gave_are_read_and_written_unchanged() {
    for text in ["image-X", "image-X.img", "boot-X", "boot-X.iso"] {
        let text = text.replace('X', UUID);
        let name: ObjectName = text.parse().unwrap();
        assert_eq!((name.to_string(), name.generation()), (text, None));
    }
}

#[test]
fn other_names_are_refused() {
    for text in [
        "",
        "image-",
        "boot-X.img",
        "image-X.iso",
        "image-X-.img",
        "image-X-g.img/",
        "image-X-g",
        "image-X-G.img",
        "image-X-../x.img",
        "image-X-g.img.img",
        "/image-X-g.img",
        "image-X\n",
        "../image-X-g.img",
        "image-X-g\0.img",
        "configdrive-X",
        "IMAGE-X-g.img",
        "image-é-X.img",
        "image-X-012345678901234567890123456789012.img",
    ] {
        let text = text.replace('X', UUID);
        let error = text.parse::<ObjectName>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("expected the name of a hosted image"),
            "{text}"
        );
    }
    let upper = format!("image-{}-g.img", UUID.to_uppercase());
    upper.parse::<ObjectName>().unwrap_err();
}

#[test]
fn only_the_usual_form_of_a_uuid_is_read() {
    for text in [
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "node-1",
        "a/b",
        "a\0b",
        "a\nb",
        "%2e%2e",
        "1be26c0b03f24d2eae87c02d7f33c123",
        "{1be26c0b-03f2-4d2e-ae87-c02d7f33c123}",
        "urn:uuid:1be26c0b-03f2-4d2e-ae87-c02d7f33c123",
        "1be26c0b-03f2-4d2e-ae87-c02d7f33c12g",
        " be26c0b-03f2-4d2e-ae87-c02d7f33c123",
        "1be26c0b-03f2-4d2e-ae87-c02d7f33c123/",
        "１be26c0b-03f2-4d2e-ae87-c02d7f33c1",
        "1be26c0b/03f2/4d2e/ae87/c02d7f33c123",
    ] {
        text.parse::<NodeUuid>().unwrap_err();
    }
}

#[test]
fn generations_are_unique_and_sort_by_time() {
    let made: Vec<Generation> = (0..10_000).map(|_| Generation::new().unwrap()).collect();
    assert_eq!(made.iter().collect::<HashSet<_>>().len(), made.len());
    assert!(made.iter().all(|g| g.as_str().len() == 20));
    let times: Vec<&str> = made.iter().map(|g| &g.as_str()[..12]).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_name_is_joined_to_any_base_url() {
    for (base, expected) in [
        ("http://h", "http://h/NAME"),
        ("http://h/", "http://h/NAME"),
        ("http://h:8080", "http://h:8080/NAME"),
        ("http://h/httpboot", "http://h/httpboot/NAME"),
        ("http://h/httpboot/", "http://h/httpboot/NAME"),
        ("https://h:8443/a/b%20c", "https://h:8443/a/b%20c/NAME"),
        (
            "http://[2001:db8::1]:8080/httpboot",
            "http://[2001:db8::1]:8080/httpboot/NAME",
        ),
        ("http://[fe80::1]", "http://[fe80::1]/NAME"),
        ("http://h/p?token=a%2Fb", "http://h/p/NAME?token=a%2Fb"),
        ("http://h?x", "http://h/NAME?x"),
        ("http://user:pw@h/p/", "http://user:pw@h/p/NAME"),
        ("HTTP://H.example/p", "http://h.example/p/NAME"),
    ] {
        let url = BaseUrl::parse(base).unwrap().join(&name());
        assert_eq!(
            url.as_str(),
            expected.replace("NAME", &name().to_string()),
            "{base}"
        );
    }
}

#[test]
fn an_invalid_base_url_is_refused_without_quoting_it() {
    use BaseUrlError as E;
    let refused = |text: &str| BaseUrl::parse(text).unwrap_err();
    for text in [
        "ftp://u:hunter2@h/",
        "file:///httpboot",
        "http:h",
        "http:///h",
        "mailto:a@b",
    ] {
        assert_eq!(refused(text), E::Scheme, "{text}");
    }
    for text in [
        "",
        "h:pw@x",
        "/httpboot",
        "http://",
        "http://[::1",
        "http://h:99999",
    ] {
        assert!(
            matches!(refused(text), E::Syntax(_) | E::Scheme),
            "{text}: {:?}",
            refused(text)
        );
    }
    assert_eq!(refused("http://h/#x"), E::Fragment);
    for text in ["http://h/a b", " http://h", "http://h\n", "http://h/\t"] {
        assert_eq!(refused(text), E::Blank, "{text:?}");
    }
    let shown = format!(
        "{:?}",
        BaseUrl::parse("http://user:hunter2@h/p?sig=hunter2").unwrap()
    );
    assert!(
        !shown.contains("hunter2") && shown.contains("h/p"),
        "{shown}"
    );
}

#[test]
fn the_nodes_url_wins_over_the_external_url_and_that_over_the_servers() {
    let url = |text: &str| Some(BaseUrl::parse(text).unwrap());
    let node = |own: serde_json::Value| {
        let node = json!({"uuid": UUID, "driver_info": {"external_http_url": own}});
        Node::from_json(node.to_string().as_bytes()).unwrap()
    };
    let all = BaseUrls {
        external: url("http://ext"),
        server: url("http://srv"),
    };
    let server = BaseUrls {
        external: None,
        server: url("http://srv"),
    };
    let none = BaseUrls::default();
    let of = |urls: &BaseUrls, own| urls.of(&node(own)).map(|base| base.as_url().to_string());

    assert_eq!(of(&all, json!("http://own/x")).unwrap(), "http://own/x");
    assert_eq!(of(&none, json!("http://own/x")).unwrap(), "http://own/x");
    for unset in [json!(null), json!("")] {
        assert_eq!(of(&all, unset.clone()).unwrap(), "http://ext/");
        assert_eq!(of(&server, unset.clone()).unwrap(), "http://srv/");
        assert_eq!(of(&none, unset).unwrap_err(), NoBaseUrl::NotSet);
    }
    assert_eq!(
        of(&all, json!("nonsense:")).unwrap_err(),
        NoBaseUrl::Node(BaseUrlError::Scheme)
    );
    assert_eq!(of(&all, json!(7)).unwrap_err(), NoBaseUrl::NodeNotText);
}

fn any_uuid() -> impl Strategy<Value = NodeUuid> {
    "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".prop_map(|text| text.parse().unwrap())
}

fn any_name() -> impl Strategy<Value = ObjectName> {
    let kind = prop_oneof![Just(Kind::Floppy), Just(Kind::BootIso)];
    (kind, any_uuid(), "[0-9a-z]{1,32}")
        .prop_map(|(kind, node, text)| ObjectName::new(kind, node, text.parse().unwrap()))
}

proptest! {
    #[test]
    fn a_written_name_is_read_as_the_same_name(name in any_name()) {
        prop_assert_eq!(name.to_string().parse::<ObjectName>().unwrap(), name);
    }

    #[test]
    fn a_name_is_safe_as_a_file_name_and_in_a_url(name in any_name()) {
        let text = name.to_string();
        prop_assert!(text.len() <= 79);
        prop_assert!(!text.starts_with('.'));
        prop_assert!(text.matches('.').count() == 1);
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'));
    }

    #[test]
    fn a_text_that_is_read_as_a_name_is_that_name(
        text in "(image|boot)-[-0-9a-fA-F./]{30,60}(\\.img|\\.iso)?",
    ) {
        if let Ok(name) = text.parse::<ObjectName>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn reading_any_text_never_panics(text in any::<String>()) {
        let _ = (text.parse::<ObjectName>(), text.parse::<NodeUuid>(), BaseUrl::parse(&text));
    }

    /// The base is kept, exactly one segment is added, and a slash at the end of the base makes no
    /// difference.
    #[test]
    fn a_url_is_its_base_followed_by_the_name(
        secure in any::<bool>(),
        host in prop_oneof![
            "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,5})?",
            any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        ],
        port in prop::option::of(1u16..),
        path in prop::collection::vec("[A-Za-z0-9_~-]([A-Za-z0-9._~-]|%20|%2F){0,9}", 0..4),
        query in prop::option::of("[a-z0-9=&%]{1,12}"),
        name in any_name(),
    ) {
        let mut base = format!("{}://{host}", if secure { "https" } else { "http" });
        if let Some(port) = port {
            base.push_str(&format!(":{port}"));
        }
        for segment in &path {
            base.push('/');
            base.push_str(segment);
        }
        let tail = query.as_ref().map_or(String::new(), |q| format!("?{q}"));
        let joined = BaseUrl::parse(&format!("{base}{tail}")).unwrap().join(&name);
        let slashed = BaseUrl::parse(&format!("{base}/{tail}")).unwrap().join(&name);
        prop_assert_eq!(&joined, &slashed);

        let original = url::Url::parse(&base).unwrap();
        prop_assert_eq!(joined.scheme(), original.scheme());
        prop_assert_eq!(joined.host(), original.host());
        prop_assert_eq!(joined.port(), original.port());
        prop_assert_eq!(joined.query(), query.as_deref());
        let mut expected: Vec<String> = path;
        expected.push(name.to_string());
        let segments: Vec<&str> = joined.path_segments().unwrap().collect();
        prop_assert_eq!(segments, expected);
    }
}
