//! Migrations from release to release: steps, lines, and what stays.

use confmig::history::{History, Series, Service};
use confmig::migrate::{ChangeKind, Settings};
use oslo_config::OptName;

use super::support::{accepting_all, every_option, file, go, series, text};

#[test]
fn many_releases_at_once_are_one_after_the_other() {
    for settings in [Settings::default(), accepting_all()] {
        for from in Service::all().flat_map(|service| service.releases().step_by(5)) {
            let (before, newest) = (every_option(from), from.service().newest());
            let at_once = text(&go(&before, from, newest, &settings));
            let mut step_by_step = text(&go(&before, from, from, &settings));
            let mut at = from;
            while let Some(next) = at.after() {
                step_by_step = text(&go(&step_by_step, at, next, &settings));
                at = next;
            }
            assert_eq!(
                entries_read(&at_once, newest),
                entries_read(&step_by_step, newest),
                "from {from}"
            );
            let again = go(&at_once, newest, newest, &settings);
            assert!(
                again.is_empty(),
                "{from}: a second run makes {:?}",
                again.files[0].changes
            );
        }
    }
}

/// Returns the entries that the newest release may read; a migration that ends earlier adds more.
fn entries_read(text: &str, newest: Series) -> Vec<(String, String)> {
    let (file, history) = (file(text), History::new(newest.service()));
    let parsed = file.parse().unwrap();
    let entries = parsed.document.entries();
    let named = entries.map(|entry| {
        let name = OptName::new(entry.group().to_string(), entry.key().to_string());
        (name, entry.value().to_string())
    });
    let read = named.filter(|(name, _)| {
        let of_name = history.of_option(name);
        of_name.is_none_or(|of_name| of_name.is_read(newest))
    });
    read.map(|(name, value)| (name.to_string(), value))
        .collect()
}

#[test]
fn comments_and_other_lines_stay() {
    let before = "# Ours.\r\n[DEFAULT]\r\n# The broker of the site.\r\nrpc_backend = rabbit\r\n\
                  debug=on\r\n\r\n[oslo_messaging_rabbit]\r\n# Two of them.\r\n\
                  rabbit_hosts = 192.0.2.1, 192.0.2.2\r\nrabbit_password = a$$b\r\n\r\n[ours]\r\n\
                  x = 1\r\n";
    let after = text(&go(
        before,
        series("rocky"),
        series("stein"),
        &Settings::default(),
    ));
    assert_eq!(
        after,
        "# Ours.\r\n[DEFAULT]\r\n# The broker of the site.\r\n# Two of them.\r\n\
         transport_url = rabbit://guest:a%24b@192.0.2.1:5672,guest:a%24b@192.0.2.2:5672/\r\n\
         debug=on\r\n\r\n[ours]\r\nx = 1\r\n"
    );
}

#[test]
fn changes_have_the_lines_of_the_first_text() {
    let before = "[DEFAULT]\nrabbit_host = 192.0.2.1\n\n[pxe]\nhttp_url = http://192.0.2.1\n\n\
                  [conductor]\nsend_sensor_data = True\n";
    let migration = go(
        before,
        series("icehouse"),
        Service::IRONIC.newest(),
        &Settings::default(),
    );
    let changes: Vec<(usize, ChangeKind, String, String)> = migration.files[0]
        .changes
        .iter()
        .map(|change| {
            (
                change.line,
                change.kind,
                change.to.to_string(),
                change.release.clone().unwrap(),
            )
        })
        .collect();
    let change =
        |line, kind, to: &str, release: &str| (line, kind, to.to_owned(), release.to_owned());
    assert_eq!(
        changes,
        [
            change(
                2,
                ChangeKind::Move,
                "oslo_messaging_rabbit.rabbit_host",
                "kilo"
            ),
            change(2, ChangeKind::Convert, "DEFAULT.transport_url", "newton"),
            change(5, ChangeKind::Move, "deploy.http_url", "liberty"),
            change(
                8,
                ChangeKind::Move,
                "sensor_data.send_sensor_data",
                "2023.1"
            ),
        ]
    );
}

/// The default of a part may be made from the value of another one that refers to the first.
#[test]
fn a_default_that_leads_back_to_itself_is_left_to_decide() {
    let before = "[DEFAULT]\nrabbit_hosts = ${rabbit_hosts}\nrabbit_host = ${rabbit_host}\n";
    let settings = Settings {
        keep_old: true,
        ..Settings::default()
    };
    let made = go(before, series("queens"), series("victoria"), &settings);
    assert!(!made.decisions.is_empty(), "{}", text(&made));
}

/// A rule renames a name that is not set but referred to.
#[test]
fn a_reference_to_a_renamed_option_that_is_not_set_is_no_surprise() {
    let before = "[DEFAULT]\ndebug = ${rpc_conn_pool_size}\n";
    let (from, to) = (series("zed"), series("2025.1"));
    let made = go(before, from, to, &Settings::default());
    let [decision] = &*made.decisions else {
        panic!("{:?}", made.decisions)
    };
    assert_eq!(decision.rule.as_deref(), Some("rabbit-conn-pool"));
    let made = go(before, from, to, &accepting_all());
    assert_eq!(
        text(&made),
        "[DEFAULT]\ndebug = ${oslo_messaging_rabbit.rpc_conn_pool_size}\n"
    );
}

/// A later release has an option of the name that a reference uses, in the reference's own group.
#[test]
fn a_reference_is_to_an_option_of_its_own_release() {
    let before = "[DEFAULT]\nssl_ca_file = /etc/ca.pem\n\
                  [oslo_messaging_rabbit]\nkombu_ssl_ca_certs = ${ssl_ca_file}\n";
    for to in ["mitaka", "2026.2"] {
        let made = go(before, series("kilo"), series(to), &Settings::default());
        let after = text(&made);
        assert!(after.contains("[ssl]\nca_file = /etc/ca.pem\n"), "{after}");
        assert!(after.ends_with("= ${ssl.ca_file}\n"), "{after}");
    }
}

/// A later release reads a name that was left to decide first, and must leave it alone.
#[test]
fn what_one_release_leaves_to_decide_later_ones_leave() {
    let before = "[DEFAULT]\nnotification_driver = ${rpc_notifier2.topics}\n\
                  notification_topics = one\n[rpc_notifier2]\ntopics = two\n";
    let (from, to) = (series("icehouse"), series("newton"));
    let made = go(before, from, to, &Settings::default());
    assert_eq!(
        text(&made),
        "[DEFAULT]\nnotification_topics = one\n[oslo_messaging_notifications]\n\
         driver = ${rpc_notifier2.topics}\n[rpc_notifier2]\ntopics = two\n"
    );
    let left = made.decisions.iter().map(|decision| &decision.option);
    assert_eq!(
        left.collect::<Vec<_>>(),
        [&OptName::new("DEFAULT", "notification_topics")]
    );
}

/// A renaming that was left to decide leaves references by the former name. The rule of a later
/// release must not remove the option that they resolve to.
#[test]
fn a_rule_does_not_remove_what_is_referred_to_by_a_former_name() {
    for option in ["host", "debug"] {
        let before = format!(
            "[DEFAULT]\n{option} = ${{rabbit_host}}\n[oslo_messaging_rabbit]\nrabbit_host =\n"
        );
        let migration = go(
            &before,
            series("kilo"),
            series("newton"),
            &Settings::default(),
        );
        assert_eq!(text(&migration), before);
        assert_eq!(migration.decisions.len(), 2, "{:#?}", migration.decisions);
    }
}

/// Until Ocata, `[keystone_authtoken] cafile` was a former name of the clients' options; it is an
/// option of its own, too, and stays. Within a file that has both, the current name counts.
#[test]
fn an_option_that_loses_a_former_name_gets_the_value() {
    let before = "[keystone_authtoken]\ncafile = /ca.pem\n\n[glance]\nauth_type = password\n\
                  cafile = /glance.pem\n\n[neutron]\nauth_type = password\n\n[swift]\n\
                  auth_type = password\n\n[inspector]\nauth_type = password\n\n[service_catalog]\n\
                  auth_type = password\n";
    let made = go(
        before,
        series("ocata"),
        series("pike"),
        &Settings::default(),
    );
    let with_ca = "auth_type = password\ncafile = /ca.pem\n";
    let after = before.replace("auth_type = password\n", with_ca);
    let after = after.replace(
        "cafile = /ca.pem\ncafile = /glance.pem\n",
        "cafile = /glance.pem\n",
    );
    assert_eq!(text(&made), after);
}

/// Kilo reads one name for two drivers, of which Mitaka has one.
#[test]
fn an_option_that_comes_to_nothing_is_not_added() {
    let before = "[DEFAULT]\n# Of each process.\nrpc_conn_pool_size = 96\n";
    let (from, to) = (series("kilo"), series("2026.2"));
    assert_eq!(
        text(&go(before, from, to, &Settings::default())),
        "[oslo_messaging_rabbit]\n# Of each process.\nrpc_conn_pool_size = 96\n"
    );
}

/// oslo.config resolves no reference that names the default group, by no name of an option.
#[test]
fn a_reference_that_cannot_be_resolved_stays() {
    let before = "[DEFAULT]\nrpc_thread_pool_size = 8\n[amqp1]\n\
                  group_request_prefix = ${DEFAULT.rpc_thread_pool_size}\n";
    let (from, to) = (series("liberty"), series("mitaka"));
    assert_eq!(
        text(&go(before, from, to, &Settings::default())),
        "[DEFAULT]\nexecutor_thread_pool_size = 8\n[oslo_messaging_amqp]\n\
         group_request_prefix = ${DEFAULT.rpc_thread_pool_size}\n"
    );
}
