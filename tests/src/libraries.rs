//! The options of services that come from libraries. They depend on the versions of the libraries
//! that are installed with a release.

use confmig::history::{History, Series, Service};
use oslo_config::OptName;

/// The namespaces of the libraries' options that Ironic and Keystone use.
const OF_IRONIC: &[&str] = &[
    "cotyledon",
    "keystonemiddleware.audit",
    "keystonemiddleware.auth_token",
    "oslo.cache",
    "oslo.concurrency",
    "oslo.db",
    "oslo.log",
    "oslo.messaging",
    "oslo.middleware.basic_auth",
    "oslo.middleware.cors",
    "oslo.middleware.healthcheck",
    "oslo.middleware.http_proxy_to_wsgi",
    "oslo.policy",
    "oslo.reports",
    "oslo.service.periodic_task",
    "oslo.service.sslutils",
    "oslo.versionedobjects",
    "osprofiler",
];
const OF_KEYSTONE: &[&str] = &[
    "keystonemiddleware.auth_token",
    "oslo.cache",
    "oslo.db",
    "oslo.log",
    "oslo.messaging",
    "oslo.middleware",
    "oslo.policy",
    "osprofiler",
];

/// Groups that only libraries have options in.
const GROUPS: &[&str] = &[
    "audit_middleware_notifications",
    "cache",
    "cors",
    "keystone_authtoken",
    "matchmaker_redis",
    "profiler",
    "profiler_jaeger",
    "profiler_otlp",
    "ssl",
];

/// Groups that libraries share with Ironic, and Ironic's own options in them.
const SHARED: &[(&str, &[&str])] = &[
    ("audit", &["audit_map_file", "enabled", "ignore_req_list"]),
    (
        "database",
        &[
            "mysql_engine",
            "sqlite_max_wait_for_retry",
            "sqlite_retries",
        ],
    ),
    ("healthcheck", &["enabled"]),
];

/// The groups of `ironic-lib`, until Ironic adopted them.
const IRONIC_LIB: &[&str] = &[
    "disk_partitioner",
    "disk_utils",
    "ironic_lib",
    "json_rpc",
    "mdns",
    "metrics",
    "metrics_statsd",
];

/// Options of oslo.log, oslo.messaging, oslo.service and oslo.versionedobjects in the default
/// group.
const DEFAULT: &[&str] = &[
    "backdoor_port",
    "backdoor_socket",
    "control_exchange",
    "debug",
    "default_log_levels",
    "executor_thread_pool_size",
    "fatal_deprecations",
    "graceful_shutdown_timeout",
    "instance_format",
    "instance_uuid_format",
    "max_logfile_count",
    "max_logfile_size_mb",
    "publish_errors",
    "run_external_periodic_tasks",
    "subscribe_on",
    "syslog_log_facility",
    "transport_url",
    "watch_log_file",
];

/// Prefixes of such options, with exceptions that are Ironic's own.
const PREFIXES: &[&str] = &[
    "conn_pool_",
    "log_",
    "logging_",
    "rate_limit_",
    "rpc_",
    "use_",
    "zmq_",
];
const OWN: &[&str] = &[
    "log_in_db_max_size",
    "rpc_transport",
    "use_rpc_for_database",
];

/// The first release that includes the code of ironic-lib.
const WITHOUT_IRONIC_LIB: &str = "2025.1";

/// Returns the namespaces of the libraries' options that a service has.
#[must_use]
pub fn namespaces(service: Service) -> &'static [&'static str] {
    match service {
        Service::IRONIC => OF_IRONIC,
        _ => OF_KEYSTONE,
    }
}

/// Tells whether an option of a release comes from a library.
#[must_use]
pub fn of_library(option: &OptName, release: Series) -> bool {
    let (group, name) = (option.group(), option.name());
    let is_ironic = release.service() == Service::IRONIC;
    let shared = SHARED.iter().find(|(shared, _)| *shared == group);
    match group {
        "DEFAULT" => {
            let begins = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            DEFAULT.contains(&name) || begins && !OWN.contains(&name)
        }
        _ if is_ironic && IRONIC_LIB.contains(&group) => {
            Series::parse(Service::IRONIC, WITHOUT_IRONIC_LIB)
                .is_ok_and(|without| release < without)
        }
        _ => {
            group.starts_with("oslo_")
                || GROUPS.contains(&group)
                || shared.is_some_and(|(_, own)| !is_ironic || !own.contains(&name))
        }
    }
}

/// Tells whether an option is keystoneauth's `timeout`, in any section that authenticates. It was a
/// whole number until 2026.2.
#[must_use]
pub fn of_session(option: &OptName, history: &History) -> bool {
    option.name() == "timeout" && history.of(option.group(), "auth_section").is_some()
}
