#!/usr/bin/env python3
"""Puts a loader, the kernel and its modules together into something a machine can boot.

  --kind pvh  writes PATH (for qemu -kernel) and PATH.bundle (for qemu -initrd)
  --kind iso  writes a BIOS ISO with GRUB and the multiboot2 loader
  --kind esp  writes a FAT disk image with EFI/BOOT/BOOTX64.EFI, which carries everything

The bundle is one cpio archive: kernel.elf, root-server, boot-archive (if any), cmdline.
The same input gives the same bytes.
"""
import argparse
import pathlib
import sys

import cpio


def bundle(arguments):
    """The bundle's bytes."""
    members = [("kernel.elf", arguments.kernel.read_bytes()),
               ("root-server", arguments.root_server.read_bytes())]
    if arguments.archive:
        members.append(("boot-archive", arguments.archive.read_bytes()))
    members.append(("cmdline", arguments.cmdline.encode()))
    return cpio.archive(members)


def make_pvh(arguments):
    loader = arguments.build / "boot/pvh/loader.elf"
    arguments.output.write_bytes(loader.read_bytes())
    pathlib.Path(f"{arguments.output}.bundle").write_bytes(bundle(arguments))


KINDS = {"pvh": make_pvh}


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
        KINDS[arguments.kind](arguments)
    except OSError as error:
        sys.exit(f"image.py: {error}")


if __name__ == "__main__":
    main()
