//! Benchmarks publishing images, compared with the tools that it replaces: `cargo bench -p driver`.
//!
//! Each comparison is made twice: with the published file synced to disk (`fsync` here, `sync FILE`
//! there), and without. The methods alternate, and their medians are compared. Before each turn,
//! the files of the previous one are removed and the disk is idle. The exit status is 1 if a goal
//! is missed.
//!
//! Debian packages: genisoimage dosfstools mtools isolinux syslinux-common coreutils.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark, which stops on any error"
)]

#[path = "../../tests/benches/report/mod.rs"]
mod report;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use driver::image::{BootIso, FileSource, Floppy, Isolinux};
use driver::node::Node;
use driver::options::Options;
use driver::virtual_media::{BootIsoRequest, BootMode, VirtualMedia};
use oslo_config::SourceFile;
use report::Report;

const KERNEL: usize = 10 << 20;
const RAMDISK: usize = 590 << 20;
const ISO_TURNS: usize = 6;
const FLOPPY_TURNS: usize = 60;
const ISOLINUX: &str = "/usr/lib/ISOLINUX/isolinux.bin";
const LDLINUX: &str = "/usr/lib/syslinux/modules/bios/ldlinux.c32";
const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

struct Bench {
    dir: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    media: VirtualMedia,
}

impl Bench {
    fn new() -> Self {
        // Next to the build, which is on a disk, while /tmp may not be.
        let target = std::env::current_exe().unwrap();
        let dir = tempfile::tempdir_in(target.parent().unwrap()).unwrap();
        let www = dir.path().join("www");
        fs::create_dir(&www).unwrap();
        let conf = format!(
            "[deploy]\nhttp_server_url = http://192.0.2.1\nhttp_server_root = {}\n\
             [ilo]\nuse_http_web_server_for_images = True\n\
             [DEFAULT]\nisolinux_bin = {ISOLINUX}\nldlinux_c32 = {LDLINUX}\n",
            www.display()
        );
        let file = SourceFile {
            path: "ironic.conf".into(),
            text: conf.into(),
        };
        let options = Options::read(&[file.parse().unwrap()], []).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Self {
            dir,
            runtime: runtime.unwrap(),
            media: VirtualMedia::from_options(&options).unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Creates a file of this many incompressible bytes.
    fn make(&self, name: &str, len: usize) {
        let mut file = File::create(self.path(name)).unwrap();
        let mut state = len as u64 | 1;
        let mut block = vec![0; 1 << 20];
        for _ in 0..len >> 20 {
            for word in block.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_ne_bytes());
            }
            file.write_all(&block).unwrap();
        }
        file.sync_all().unwrap();
    }

    fn node(&self) -> Node {
        Node::from_json(format!(r#"{{"uuid":"{UUID}"}}"#).as_bytes()).unwrap()
    }

    /// Runs a script in the directory, and returns how long it took.
    fn script(&self, script: &str) -> Duration {
        let start = Instant::now();
        let mut sh = Command::new("/bin/sh");
        sh.args(["-euc", script]).current_dir(self.dir.path());
        sh.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let output = sh.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {errors}");
        start.elapsed()
    }

    /// Removes the files of a turn, and waits for the disk.
    fn reset(&self) {
        self.script("rm -rf www/* tree out.iso floppy.img; sync -f www");
    }

    fn request(&self) -> BootIsoRequest {
        let path = |name| self.path(name).display().to_string();
        BootIsoRequest::new(path("vmlinuz"), path("initrd")).boot_mode(BootMode::Bios)
    }

    /// Publishes the ISO: read back and synced to disk.
    fn publish_iso(&self) -> Duration {
        let (mut node, start) = (self.node(), Instant::now());
        let work = self.media.publish_boot_iso(&mut node, self.request());
        self.runtime.block_on(work).unwrap();
        start.elapsed()
    }

    /// Does the same work without syncing to disk.
    fn write_iso(&self) -> Duration {
        let start = Instant::now();
        let source = |name| FileSource::new(self.path(name)).unwrap();
        let iso = BootIso::new(source("vmlinuz"), source("initrd"))
            .kernel_params("nofb nomodeset vga=normal")
            .bios(Isolinux::new(ISOLINUX).ldlinux_c32(LDLINUX))
            .plan()
            .unwrap();
        let path = self.path("www/.boot.iso");
        iso.write_to_file(&File::create(&path).unwrap()).unwrap();
        iso.verify(File::open(&path).unwrap()).unwrap();
        fs::rename(path, self.path("www/boot.iso")).unwrap();
        start.elapsed()
    }

    fn floppy() -> Floppy {
        Floppy::new()
            .parameter("ipa-api-url", "http://192.0.2.1:6385")
            .parameter("boot_method", "vmedia")
    }

    fn publish_floppy(&self) -> Duration {
        let (node, start) = (self.node(), Instant::now());
        let work = self.media.publish_floppy(&node, Self::floppy());
        self.runtime.block_on(work).unwrap();
        start.elapsed()
    }

    fn write_floppy(&self) -> Duration {
        let start = Instant::now();
        let file = File::create(self.path("www/floppy.img")).unwrap();
        Self::floppy().write_to_file(&file).unwrap();
        start.elapsed()
    }
}

/// Ironic's method: copies everything into a tree, the tree into an image, and the image into the
/// web root.
fn ironic_iso(sync: &str) -> String {
    format!(
        "mkdir -p tree/isolinux
         cp vmlinuz tree/vmlinuz; cp initrd tree/initrd; cp {ISOLINUX} {LDLINUX} tree/isolinux/
         printf 'default boot\\nlabel boot\\nkernel /vmlinuz\\nappend initrd=/initrd nofb\\n' \
             > tree/isolinux/isolinux.cfg
         genisoimage -quiet -r -V VMEDIA_BOOT_ISO -cache-inodes -J -l -no-emul-boot \
             -boot-load-size 4 -boot-info-table -b isolinux/isolinux.bin -o out.iso tree
         rm -rf tree
         cp out.iso www/boot; {sync}
         rm out.iso"
    )
}

/// Ironic's method for a floppy, and `publish`, which copies it into the web root.
fn ironic_floppy(publish: &str) -> String {
    format!(
        "dd if=/dev/zero of=floppy.img bs=1440KiB count=1 status=none
         mkfs.vfat -n ir-vfd-dev floppy.img >/dev/null
         mcopy -i floppy.img parameters.txt ::parameters.txt
         {publish}"
    )
}

struct Method<'a> {
    name: &'a str,
    run: Box<dyn Fn() -> Duration + 'a>,
    taken: Vec<Duration>,
    /// The maximum ratio of our time to this method's.
    goal: Option<f64>,
}

fn method<'a>(name: &'a str, run: impl Fn() -> Duration + 'a) -> Method<'a> {
    Method {
        name,
        run: Box::new(run),
        taken: Vec::new(),
        goal: None,
    }
}

impl Method<'_> {
    fn with_goal(self, goal: f64) -> Self {
        let goal = Some(goal);
        Method { goal, ..self }
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Compares the methods, which alternate. The first is ours. Returns whether all goals are met.
fn compare(
    bench: &Bench,
    report: &mut Report,
    title: &str,
    turns: usize,
    mut methods: Vec<Method<'_>>,
) -> bool {
    report.line(&format!("\n{title}"));
    for turn in 0..turns {
        // Each turn starts with another method, since a disk is slower after much work.
        for index in 0..methods.len() {
            let count = methods.len();
            let method = &mut methods[(index + turn) % count];
            bench.reset();
            method.taken.push((method.run)());
        }
    }
    let mut medians = methods.iter_mut().map(|method| median(&mut method.taken));
    let ours = medians.next().unwrap();
    let others: Vec<Duration> = medians.collect();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    report.line(&format!("  {:44} {:10.2} ms", methods[0].name, ms(ours)));
    let mut met = true;
    for (method, theirs) in methods[1..].iter().zip(others) {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        let verdict = match method.goal {
            None => "no goal".to_owned(),
            Some(goal) if ratio <= goal => format!("goal {goal} met"),
            Some(goal) => format!("goal {goal} MISSED"),
        };
        met &= method.goal.is_none_or(|goal| ratio <= goal);
        let name = method.name;
        let time = ms(theirs);
        report.line(&format!(
            "  {name:44} {time:10.2} ms   ours/theirs {ratio:.3}, {verdict}"
        ));
    }
    met
}

fn shares_extents(bench: &Bench) -> bool {
    let from = bench.path("vmlinuz");
    let to = bench.path("shared");
    let clone = |from: &Path, to: &Path| {
        let mut cp = Command::new("cp");
        cp.arg("--reflink=always").args([from, to]);
        cp.output().unwrap().status.success()
    };
    let done = clone(&from, &to);
    let _ = fs::remove_file(to);
    done
}

/// Creates the files that the methods read, and describes them.
fn prepare(bench: &Bench, report: &mut Report) {
    bench.make("vmlinuz", KERNEL);
    bench.make("initrd", RAMDISK);
    fs::write(
        bench.path("parameters.txt"),
        "ipa-api-url=http://192.0.2.1:6385\nboot_method=vmedia",
    )
    .unwrap();
    // A finished boot ISO for `cp`.
    bench.write_iso();
    bench.script("mv www/boot.iso finished.iso; sync finished.iso");
    let size = fs::metadata(bench.path("finished.iso")).unwrap().len();
    let megabytes = size as f64 / 1e6;
    report.line(&format!(
        "boot ISO of {megabytes:.1} MB, median of {ISO_TURNS} turns"
    ));
    let shares = match shares_extents(bench) {
        true => "shares",
        false => "does not share",
    };
    report.line(&format!("this file system {shares} extents between files"));
}

fn compare_isos(b: &Bench, report: &mut Report) -> bool {
    let synced = compare(
        b,
        report,
        "boot ISO, safe on disk",
        ISO_TURNS,
        vec![
            method("published (read back, fsync)", || b.publish_iso()),
            method("cp of the same bytes, sync FILE", || {
                b.script("cp finished.iso www/boot; sync www/boot www")
            })
            .with_goal(1.25),
            method("Ironic's method, sync FILE", || {
                b.script(&ironic_iso("sync www/boot www"))
            })
            .with_goal(0.5),
        ],
    );
    let unsynced = compare(
        b,
        report,
        "boot ISO, not forced to disk",
        ISO_TURNS,
        vec![
            method("written and read back", || b.write_iso()),
            method("cp of the same bytes", || {
                b.script("cp finished.iso www/boot")
            })
            .with_goal(1.25),
            method("Ironic's method", || b.script(&ironic_iso(":"))).with_goal(0.5),
        ],
    );
    synced && unsynced
}

fn compare_floppies(b: &Bench, report: &mut Report) -> bool {
    report.line(&format!(
        "\nfloppy of 1440 KiB, median of {FLOPPY_TURNS} turns"
    ));
    let unsynced = compare(
        b,
        report,
        "floppy, not forced to disk",
        FLOPPY_TURNS,
        vec![
            method("made and written", || b.write_floppy()),
            method("dd, mkfs.vfat, mcopy", || b.script(&ironic_floppy(":"))).with_goal(0.05),
        ],
    );
    // The disk's time for two fsyncs dominates on both sides, so there is no goal.
    let synced = compare(
        b,
        report,
        "floppy, safe on disk",
        FLOPPY_TURNS,
        vec![
            method("published (read back, fsync)", || b.publish_floppy()),
            method("dd, mkfs.vfat, mcopy, cp, sync FILE", || {
                b.script(&ironic_floppy(
                    "cp floppy.img www/floppy; sync www/floppy www",
                ))
            }),
        ],
    );
    unsynced && synced
}

fn main() -> ExitCode {
    let peers = [
        ("dd", "apt-get install coreutils"),
        ("genisoimage", "apt-get install genisoimage"),
        ("mkfs.vfat", "apt-get install dosfstools"),
        ("mcopy", "apt-get install mtools"),
        (ISOLINUX, "apt-get install isolinux"),
        (LDLINUX, "apt-get install syslinux-common"),
    ];
    let Some(mut report) = Report::new("images", &peers) else {
        return ExitCode::FAILURE;
    };
    let bench = Bench::new();
    prepare(&bench, &mut report);
    let isos_met = compare_isos(&bench, &mut report);
    let floppies_met = compare_floppies(&bench, &mut report);
    report.write();
    if isos_met && floppies_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
