"""Adds a read-only data section to a finished PE image, the same bytes for the same input.

Format: Microsoft, "PE Format". Used by image.py to put the bundle into the UEFI loader.
"""
import struct

SECTION_HEADER = struct.Struct("<8sIIIIIIHHI")
INITIALIZED_DATA_READ = 0x40000040


class BadImage(Exception):
    """The file is not a PE image that a section can be added to."""


def align(value, to):
    return (value + to - 1) // to * to


def add_section(image, name, data):
    """The bytes of `image` (64-bit PE) with section `name` behind its last one."""
    image = bytearray(image)
    coff = struct.unpack_from("<I", image, 0x3C)[0]
    if image[:2] != b"MZ" or image[coff:coff + 4] != b"PE\0\0":
        raise BadImage("not a PE image")
    count, optional_size = struct.unpack_from("<H", image, coff + 6)[0], \
        struct.unpack_from("<H", image, coff + 20)[0]
    optional = coff + 24
    if struct.unpack_from("<H", image, optional)[0] != 0x20B:
        raise BadImage("not a 64-bit PE image")
    section_align, file_align = struct.unpack_from("<II", image, optional + 32)
    headers_size = struct.unpack_from("<I", image, optional + 60)[0]
    table = optional + optional_size
    header = table + count * SECTION_HEADER.size
    if header + SECTION_HEADER.size > headers_size:
        raise BadImage("no room for another section header")

    last = max((SECTION_HEADER.unpack_from(image, table + i * SECTION_HEADER.size)
                for i in range(count)), key=lambda section: section[2])
    address = align(last[2] + max(last[1], last[3]), section_align)
    image += bytes(-len(image) % file_align)
    offset, size = len(image), align(len(data), file_align)
    image += data + bytes(size - len(data))
    SECTION_HEADER.pack_into(image, header, name.encode(), len(data), address, size, offset,
                             0, 0, 0, 0, INITIALIZED_DATA_READ)
    struct.pack_into("<H", image, coff + 6, count + 1)
    struct.pack_into("<I", image, coff + 8, 0)  # the time, so that builds are reproducible
    initialized = struct.unpack_from("<I", image, optional + 8)[0]
    struct.pack_into("<I", image, optional + 8, initialized + size)
    struct.pack_into("<I", image, optional + 56, align(address + len(data), section_align))
    struct.pack_into("<I", image, optional + 64, 0)  # checksum: not used by UEFI
    return bytes(image)
