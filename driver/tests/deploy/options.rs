//! The options of ironic.conf: defaults, former names, errors and warnings.

use std::path::PathBuf;
use std::time::Duration;

use driver::options::{Options, OptionsError};
use oslo_config::{Source, SourceFile};

use crate::support::log;

fn read(texts: &[&str], environment: &[(&str, &str)]) -> Result<Options, OptionsError> {
    let files: Vec<SourceFile> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| SourceFile {
            path: format!("{index}.conf").into(),
            text: text.as_bytes().to_vec(),
        })
        .collect();
    let parsed: Vec<_> = files.iter().map(|file| file.parse().unwrap()).collect();
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    Options::read(&parsed, environment)
}

#[test]
fn options_that_are_not_set_have_their_defaults() {
    let options = read(&[""], &[]).unwrap();
    assert_eq!(options.http_server_url, None);
    assert_eq!(options.http_server_root, PathBuf::from("/httpboot"));
    assert!(!options.use_http_web_server_for_images);
    assert_eq!(options.swift_ilo_container, "ironic_ilo_container");
    assert_eq!(
        options.swift_object_expiry_timeout,
        Duration::from_secs(900)
    );
    assert_eq!(options.client_timeout, Duration::from_secs(60));
    assert_eq!(options.client_port, 443);
}

#[test]
fn each_former_name_is_read_and_a_newer_name_wins() {
    let url = |text| read(&[text], &[]).unwrap().http_server_url.unwrap();
    assert_eq!(url("[pxe]\nhttp_url = http://a\n"), "http://a");
    assert_eq!(
        url("[pxe]\nhttp_url = http://a\n[deploy]\nhttp_url = http://b\n"),
        "http://b"
    );
    assert_eq!(
        url("[pxe]\nhttp_url = a\n[deploy]\nhttp_server_url = http://c\nhttp_url = b\n"),
        "http://c"
    );
    let switch = read(&["[ilo]\nuse_web_server_for_images = yes\n"], &[]).unwrap();
    assert!(switch.use_http_web_server_for_images);
}

#[test]
fn a_later_file_wins_even_by_a_former_name_and_the_environment_wins_over_files() {
    let files = [
        "[deploy]\nhttp_server_root = /new\n",
        "[pxe]\nhttp_root = $state_path/web\n[DEFAULT]\nstate_path = /srv\n",
    ];
    assert_eq!(
        read(&files, &[]).unwrap().http_server_root,
        PathBuf::from("/srv/web")
    );
    let environment = [
        ("OS_DEPLOY__HTTP_SERVER_ROOT", "/env"),
        ("OS_PXE__HTTP_ROOT", "/never-read"),
    ];
    assert_eq!(
        read(&files, &environment).unwrap().http_server_root,
        PathBuf::from("/env")
    );
}

#[test]
fn options_of_boot_isos_have_ironics_names_and_defaults() {
    let options = read(&[""], &[]).unwrap();
    assert_eq!(options.external_http_url, None);
    assert_eq!(options.kernel_append_params, "nofb nomodeset vga=normal");
    assert_eq!(
        options.isolinux_bin,
        PathBuf::from("/usr/lib/syslinux/isolinux.bin")
    );
    assert_eq!(options.ldlinux_c32, None);
    assert_eq!(options.isolinux_config_template, None);
    assert_eq!(options.grub_config_template, None);
    assert_eq!(options.grub_config_path, None);
    assert_eq!(options.esp_image, None);

    let text = "[DEFAULT]\nisolinux_bin = /i\nldlinux_c32 = /l\nisolinux_config_template = /t\n\
                grub_config_template = /g\ngrub_config_path = EFI/x/grub.cfg\nesp_image = /e\n\
                [deploy]\nexternal_http_url = http://192.0.2.2\n";
    let options = read(&[text], &[]).unwrap();
    assert_eq!(
        options.external_http_url.as_deref(),
        Some("http://192.0.2.2")
    );
    assert_eq!(options.isolinux_bin, PathBuf::from("/i"));
    let path = |path: &str| Some(PathBuf::from(path));
    assert_eq!(options.ldlinux_c32, path("/l"));
    assert_eq!(options.isolinux_config_template, path("/t"));
    assert_eq!(options.grub_config_template, path("/g"));
    assert_eq!(options.grub_config_path, path("EFI/x/grub.cfg"));
    assert_eq!(options.esp_image, path("/e"));
}

#[test]
fn kernel_append_params_has_three_names() {
    let params = |text| read(&[text], &[]).unwrap().kernel_append_params;
    assert_eq!(params("[pxe]\npxe_append_params = a\n"), "a");
    let newer = "[pxe]\npxe_append_params = a\nkernel_append_params = b\n";
    assert_eq!(params(newer), "b");
    let own = "[pxe]\nkernel_append_params = b\n[ilo]\nkernel_append_params = c\n";
    assert_eq!(params(own), "c");
    assert_eq!(params("[ilo]\nkernel_append_params =\n"), "");
}

#[test]
fn options_of_bmcs_are_read_as_ironic_reads_them() {
    use driver::options::VerifyCa;
    let bmc = |text| read(&[text], &[]).unwrap().bmc;
    let seconds = Duration::from_secs;
    assert_eq!(bmc("").verify_ca, VerifyCa::System);
    assert_eq!(
        (bmc("").power_wait, bmc("").power_timeout),
        (seconds(2), seconds(60))
    );
    assert_eq!(bmc("[ilo]\nverify_ca = False\n").verify_ca, VerifyCa::No);
    let path = |path: &str| VerifyCa::Path(path.into());
    assert_eq!(
        bmc("[ilo]\nverify_ca = /etc/ca\n").verify_ca,
        path("/etc/ca")
    );
    // The older option wins, as in Ironic.
    let both = "[ilo]\nca_file = /etc/old.pem\nverify_ca = False\n";
    assert_eq!(bmc(both).verify_ca, path("/etc/old.pem"));
    let retries = "[ilo]\npower_wait = 3\npower_retry = 6\n";
    assert_eq!(bmc(retries).power_timeout, seconds(18));
    let conductor = "[conductor]\npower_state_change_timeout = 30\n";
    assert_eq!(bmc(conductor).power_timeout, seconds(30));
}

#[test]
fn former_names_of_ipxe_options_count_only_with_ipxe_enabled() {
    let ipxe = |text: &str| read(&[text], &[]).unwrap().ipxe;
    let defaults = ipxe("");
    assert_eq!(defaults.config_subdir, "pxelinux.cfg");
    assert_eq!(defaults.bootfile_name.bios, "undionly.kpxe");
    assert_eq!(defaults.bootfile_name.uefi, "snponly.efi");
    assert_eq!(defaults.config_template.bios, None);
    assert_eq!(defaults.tftp_server, None);
    let older = "[pxe]\npxe_config_template = /p\nuefi_pxe_config_template = /u\n\
                 pxe_bootfile_name = a.kpxe\n";
    assert_eq!(
        ipxe(older),
        defaults,
        "without ipxe_enabled they are for PXE"
    );
    let older = ipxe(&format!("{older}ipxe_enabled = True\n"));
    assert_eq!(older.config_template.bios, Some("/p".into()));
    assert_eq!(older.config_template.uefi, Some("/u".into()));
    assert_eq!(older.bootfile_name.bios, "a.kpxe");
    let newer = ipxe(
        "[pxe]\nipxe_config_template = /n\ntftp_server = $my_ip\n[DEFAULT]\nmy_ip = 192.0.2.9\n",
    );
    assert_eq!(newer.config_template.uefi, Some("/n".into()));
    assert_eq!(newer.tftp_server.as_deref(), Some("192.0.2.9"));
    let error = read(&["[pxe]\nip_version = 5\n"], &[]).unwrap_err();
    assert!(error.to_string().contains("expected 4 or 6"), "{error}");
}

#[test]
fn the_options_choose_the_host() {
    use driver::host::Host;
    let error = |text: &str| {
        let options = read(&[text], &[]).unwrap();
        Host::from_options(&options).unwrap_err().to_string()
    };
    let swift = if cfg!(feature = "swift") {
        "expected [swift] auth_type"
    } else {
        "without the cargo feature `swift`"
    };
    assert!(error("").contains(swift));
    let web = "[ilo]\nuse_http_web_server_for_images = True\n[deploy]\n";
    assert_eq!(
        error(&format!("{web}http_server_url = 192.0.2.1/x\n")),
        "[deploy] http_server_url: expected a URL like http://192.0.2.1:8080/httpboot, but the \
         text is not a URL: relative URL without a base"
    );
    assert!(
        error(&format!("{web}external_http_url = ftp://h/\n")).starts_with("[deploy] external")
    );
    assert!(error(&format!("{web}http_root = here\n")).contains("expected an absolute path"));
    let options = read(&[&format!("{web}http_url = http://192.0.2.1\n")], &[]).unwrap();
    Host::from_options(&options).unwrap();
}

#[test]
fn what_users_may_name_is_limited_by_default() {
    let options = read(&[""], &[]).unwrap();
    let paths = [
        "/var/lib/ironic",
        "/shared/html",
        "/templates",
        "/opt/cache/files",
        "/vagrant",
    ];
    assert_eq!(options.file_url_allowed_paths, paths.map(PathBuf::from));
    assert_eq!(options.image_networks, "".parse().unwrap());
    let text = "[conductor]\nfile_url_allowed_paths = /a,/b\n\
                [ilo]\nimage_networks = 10.0.0.0/8, ::1\n";
    let options = read(&[text], &[]).unwrap();
    assert_eq!(
        options.file_url_allowed_paths,
        ["/a", "/b"].map(PathBuf::from)
    );
    assert_eq!(options.image_networks, "10.0.0.0/8,::1".parse().unwrap());
    let error = read(&["[ilo]\nimage_networks = all\n"], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0.conf:2: the value of ilo.image_networks is not valid: expected networks like \
         10.20.0.0/16, or addresses"
    );
}

#[test]
fn an_empty_url_counts_as_not_set() {
    let text = "[deploy]\nhttp_server_url =\n[pxe]\nhttp_url = http://hidden\n";
    assert_eq!(read(&[text], &[]).unwrap().http_server_url, None);
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    let error = |text| read(&[text], &[]).unwrap_err().to_string();
    assert_eq!(
        error("[ilo]\n\nuse_web_server_for_images = perhaps\n"),
        "0.conf:3: the value of ilo.use_http_web_server_for_images is not valid: expected a \
         boolean: true, 1, on, yes, false, 0, off or no; correct the value"
    );
    assert_eq!(
        error("[deploy]\nhttp_server_url = http://$no_such_option/\n"),
        "0.conf:2: no option DEFAULT.no_such_option is known: check the name and the reference to \
         it; correct the value"
    );
    assert_eq!(
        error("[ilo]\nclient_timeout = -1\n"),
        "0.conf:2: the value of ilo.client_timeout is not valid: expected a number of seconds, 0 \
         or more"
    );
    let error = read(&[""], &[("OS_ILO__CLIENT_PORT", "0")])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "environment variable OS_ILO__CLIENT_PORT: the value of ilo.client_port is not valid: \
         expected 1 or more; correct the value"
    );
}

#[test]
fn an_environment_with_bytes_that_are_no_text_is_read() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt as _;

    let not_text: OsString = OsStr::from_bytes(b"\xff").into();
    let environment = [
        ("BAD".into(), not_text.clone()),
        (not_text.clone(), "bad".into()),
        ("OS_ILO__CLIENT_PORT".into(), not_text),
        ("OS_ILO__CLIENT_TIMEOUT".into(), "7".into()),
    ];
    let options = Options::read(&[], environment).unwrap();
    assert_eq!(options.client_timeout, Duration::from_secs(7));
    assert_eq!(options.client_port, 443);
}

#[test]
fn files_and_directories_are_loaded_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ironic.conf");
    let later = directory.path().join("ironic.conf.d");
    std::fs::create_dir(&later).unwrap();
    std::fs::write(&file, "[ilo]\nclient_port = 1\nclient_timeout = 2\n").unwrap();
    std::fs::write(later.join("a.conf"), "[ilo]\nclient_port = 3\n").unwrap();

    let options = Options::load([file.clone().into(), Source::Dir(later)]).unwrap();
    assert_eq!(
        (options.client_port, options.client_timeout.as_secs()),
        (3, 2)
    );

    let missing = Options::load(["/nowhere/ironic.conf"]).unwrap_err();
    let expected = "cannot read the file /nowhere/ironic.conf: No such file or directory \
                    (os error 2): check the path";
    assert_eq!(missing.to_string(), expected);
    std::fs::write(&file, "[ilo]\nclient_port = many\n").unwrap();
    let invalid = Options::load([&file]).unwrap_err().to_string();
    let expected = "ironic.conf:2: the value of ilo.client_port is not valid: expected a decimal \
                    whole number; correct the value";
    assert!(invalid.ends_with(expected), "{invalid}");
}

#[test]
fn each_former_name_is_logged_once_as_a_warning() {
    log::record();
    let text = "[glance]\n# filler\n[pxe]\nhttp_url = http://a\nhttp_url = http://b\n\
                http_root = /r\n[ilo]\nuse_http_web_server_for_images = True\n";
    let file = SourceFile {
        path: "once.conf".into(),
        text: text.into(),
    };
    Options::read(&[file.parse().unwrap()], []).unwrap();
    let logged: Vec<String> = log::lines()
        .iter()
        .filter(|line| line.contains("once.conf"))
        .map(|line| {
            let (source, message) = line.split_once(": ").unwrap();
            format!("{}: {message}", source.split(' ').next().unwrap())
        })
        .collect();
    assert_eq!(
        logged,
        [
            "WARN: once.conf:5: [pxe] http_url is a former name: use [deploy] http_server_url",
            "WARN: once.conf:6: [pxe] http_root is a former name: use [deploy] http_server_root",
        ]
    );
}
