#!/usr/bin/env python3
"""Puts a loader, the kernel and its modules together into something a machine can boot.

  --kind pvh  writes PATH (for qemu -kernel) and PATH.bundle (for qemu -initrd)
  --kind iso  writes a BIOS ISO with GRUB and the multiboot2 loader
  --kind esp  writes a FAT disk image with EFI/BOOT/BOOTX64.EFI, which carries everything

The bundle is one cpio archive: kernel.elf, root-server, boot-archive (if any), cmdline.
The same input gives the same bytes.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import cpio
import pe

EPOCH = 1700000000  # the date of everything in an image, so that images are reproducible
EPOCH_AS_UUID = "2023111422132000"


def stripped(program):
    """An ELF's bytes without what only debuggers read: every boot would load, copy and hash it."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "stripped"
        run(["objcopy", "--strip-all", str(program), str(output)])
        return output.read_bytes()


def make_bundle(arguments):
    """The bundle's bytes."""
    members = [("kernel.elf", stripped(arguments.kernel)),
               ("root-server", stripped(arguments.root_server))]
    if arguments.archive:
        members.append(("boot-archive", arguments.archive.read_bytes()))
    members.append(("cmdline", arguments.cmdline.encode()))
    return cpio.archive(members)


def make_pvh(build, bundle, output):
    """Two files: PATH for -kernel, PATH.bundle for -initrd."""
    output.write_bytes((build / "boot/pvh/loader.elf").read_bytes())
    pathlib.Path(f"{output}.bundle").write_bytes(bundle or b"")


# Entered without a menu. When GRUB itself fails, it says so where the loaders would.
GRUB_CONFIG = """\
insmod all_video
if multiboot2 /boot/loader.elf; then
  %s
fi
if serial --unit=0 --speed=115200; then
  terminal_output serial console
fi
echo "hypercore: boot failed: GRUB: cannot load the image"
halt
"""
GRUB_BOOT = {True: "if module2 /boot/bundle; then boot; fi", False: "boot"}
GRUB_MODULES = "multiboot2 all_video vbe vga serial terminal echo test normal biosdisk iso9660 halt"


def make_iso(build, bundle, output):
    """A BIOS ISO by grub-mkrescue, every date fixed."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        files = {"boot/loader.elf": (build / "boot/multiboot2/loader.elf").read_bytes(),
                 "boot/grub/grub.cfg": (GRUB_CONFIG % GRUB_BOOT[bundle is not None]).encode()}
        if bundle is not None:
            files["boot/bundle"] = bundle
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "--fonts=", "--locales=", "--themes=",
             f"--install-modules={GRUB_MODULES}", "-o", str(output), folder, "--",
             "-volume_date", "all_file_dates", f"={EPOCH}", "-volume_date", "c", f"={EPOCH}",
             "-volume_date", "m", f"={EPOCH}", "-volume_date", "uuid", EPOCH_AS_UUID])


def make_esp(build, bundle, output):
    """A FAT disk image (no partition table) with one file, as removable UEFI media have it."""
    application = (build / "boot/efi/loader.efi").read_bytes()
    if bundle is not None:
        application = pe.add_section(application, ".bundle", bundle)
    size = pe.align(len(application) + (1 << 20), 1 << 20)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "BOOTX64.EFI"
        file.write_bytes(application)
        os.utime(file, (EPOCH, EPOCH))
        with open(output, "wb") as disk:
            disk.truncate(size)
        image = str(output)
        run(["mformat", "-i", image, "-T", str(size // 512), "-h", "16", "-s", "63", "-N", "48595045", "-v", "HYPERCORE", "::"])
        run(["mmd", "-i", image, "::/EFI", "::/EFI/BOOT"])
        run(["mcopy", "-m", "-i", image, str(file), "::/EFI/BOOT/BOOTX64.EFI"])


def run(command):
    """Runs a tool quietly; its output shows only when it fails."""
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(EPOCH), TZ="UTC")
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        sys.exit(f"image.py: {command[0]} failed:\n{result.stdout.decode(errors='replace')}")


KINDS = {"pvh": make_pvh, "iso": make_iso, "esp": make_esp}


def make(kind, build, bundle, output):
    """Writes an image of this kind with this bundle; None leaves the bundle out (for tests)."""
    KINDS[kind](build, bundle, output)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path = pathlib.Path
    parser.add_argument("--kind", required=True, choices=sorted(KINDS))
    parser.add_argument("--build", required=True, type=path, help="meson's build folder")
    parser.add_argument("--root-server", required=True, type=path, metavar="FILE.elf")
    parser.add_argument("--archive", type=path, metavar="FILE.cpio")
    parser.add_argument("--cmdline", default="", metavar="TEXT")
    parser.add_argument("--kernel", type=path, metavar="FILE.elf",
                        help="default: BUILD/microkernel/hypercore.elf")
    parser.add_argument("--output", required=True, type=path, metavar="PATH")
    arguments = parser.parse_args()
    if arguments.kernel is None:
        arguments.kernel = arguments.build / "microkernel/hypercore.elf"
    return arguments


def main():
    arguments = parse()
    try:
        make(arguments.kind, arguments.build, make_bundle(arguments), arguments.output)
    except (OSError, pe.BadImage) as error:
        sys.exit(f"image.py: {error}")


if __name__ == "__main__":
    main()
