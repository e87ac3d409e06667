//! Deploy ISOs on a web server: few requests, and few bytes besides those that are needed.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use driver::image::{BootIso, DeployIso, EfiBoot, HttpClient, HttpSource};

use super::deploy_iso::{iso, long_names, uefi};
use crate::support::image::{LoaderFiles, esp, kernel, pattern, ramdisk};
use crate::support::serve::serve;

/// A deploy ISO with this many other files in as many directories as its root, and its EFI boot
/// image.
fn deploy_iso(directories: usize, files: usize) -> (Vec<u8>, Vec<u8>) {
    let mut image = esp().1;
    // Its content beyond the file system is read too.
    image.extend(pattern(1_200_000, 3));
    let others: Vec<String> = (0..files)
        .map(|n| format!("dir{}/a long name of file {n}.txt", n % directories))
        .collect();
    let mut content: Vec<(&str, &[u8])> = others.iter().map(|path| (&**path, &b"x"[..])).collect();
    content.push(("boot/grub/efiboot.img", &image));
    content.push(("boot/grub/grub.cfg", b"x"));
    content.push(("EFI/BOOT/grub.cfg", b"x"));
    let options = long_names().with_el_torito(uefi("boot/grub/efiboot.img"));
    (iso(&content, &options), image)
}

#[test]
fn a_deploy_iso_is_read_in_at_most_12_requests_and_twice_the_needed_bytes() {
    for (directories, files) in [(1, 60), (400, 3000)] {
        let (bytes, image) = deploy_iso(directories, files);
        let asked: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
        let (noted, len) = (Arc::clone(&asked), bytes.len() as u64);
        let server = serve(move |request, stream| {
            if !request.is_head() {
                noted
                    .lock()
                    .unwrap()
                    .push(request.range.unwrap_or((0, len - 1)));
            }
            request.send_content(stream, &bytes);
        });
        let source = HttpSource::new(&HttpClient::new(), &server).unwrap();
        let deploy = DeployIso::from_source(Arc::new(source)).unwrap();
        assert_eq!(deploy.grub_cfg_paths().len(), 2);
        let loader = LoaderFiles::new();
        let planned = BootIso::new(kernel(), ramdisk())
            .bios(loader.isolinux())
            .uefi(EfiBoot::from_deploy_iso(&deploy));
        planned.plan().unwrap().write_to(io::sink()).unwrap();

        let mut bytes = Vec::new();
        let efi = deploy.efi_boot_image();
        let before = asked.lock().unwrap().clone();
        efi.open().unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == image);
        let received: u64 = before.iter().map(|(first, last)| last - first + 1).sum();
        println!("{files} files: {} GETs, {received} bytes", before.len());
        assert!(before.len() <= 12, "{before:?}");
        // Each file takes some 200 bytes of the directories.
        let needed = image.len() + files * 200 + 64 * 1024;
        assert!(received <= 2 * needed as u64, "{received} > 2 × {needed}");
    }
}
