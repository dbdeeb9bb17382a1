"""ACPI tables of our own for a QEMU machine that has none (`acpi=off`), to be sound or broken in any way.

QEMU's firmware interface (fw_cfg) hands files to the BIOS and a list of commands that say where they
go and which pointers and checksums to fill in; it takes such files from the command line as well.
[QEMU, docs/specs/fw_cfg; the commands are described in QEMU's hw/acpi/bios-linker-loader.c]
"""
import struct

ALLOCATE, ADD_POINTER, ADD_CHECKSUM = 1, 2, 3
HIGH_MEMORY, F_SEGMENT = 1, 2
HEADER = 36  # bytes of the header of every table but the RSDP
RSDP_SIZE, RSDP_CHECKSUM, RSDP_RSDT, TABLE_CHECKSUM = 20, 8, 16, 9
TABLES, RSDP = "etc/acpi/tables", "etc/acpi/rsdp"


def table(signature, body):
    """A sound table."""
    header = struct.pack("<4sIBB6s8sI4sI", signature, HEADER + len(body), 1, 0, b"HYPERC", b"BOOTTEST",
                         1, b"TEST", 1)
    data = bytearray(header + body)
    data[TABLE_CHECKSUM] = -sum(data) & 0xFF
    return bytes(data)


def madt(entries):
    return table(b"APIC", struct.pack("<II", 0xFEE00000, 1) + entries)


LOCAL_APIC = struct.pack("<BBBBI", 0, 8, 0, 0, 1)
IO_APIC = struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0)


def command(number, layout, *values):
    return (struct.pack("<I", number) + struct.pack(layout, *values)).ljust(128, b"\0")


def allocate(file, alignment, zone):
    return command(ALLOCATE, "<56sIB", file.encode(), alignment, zone)


def pointer(file, at, to):
    """Adds the address of file `to` to the 32-bit number at offset `at`."""
    return command(ADD_POINTER, "<56s56sIB", file.encode(), to.encode(), at, 4)


def checksum(file, at, start, size):
    return command(ADD_CHECKSUM, "<56sIII", file.encode(), at, start, size)


def arguments(folder, table_data, root_is_sound=True):
    """QEMU's arguments for a machine whose RSDT names the given table. The checksum of the RSDT, which
    only the BIOS can compute, is left out when the RSDT shall not be sound."""
    rsdt = bytearray(table(b"RSDT", struct.pack("<I", 64)))
    rsdt[TABLE_CHECKSUM] = 0
    commands = [allocate(TABLES, 64, HIGH_MEMORY), allocate(RSDP, 16, F_SEGMENT),
                pointer(TABLES, HEADER, TABLES), pointer(RSDP, RSDP_RSDT, TABLES),
                checksum(RSDP, RSDP_CHECKSUM, 0, RSDP_SIZE)]
    if root_is_sound:
        commands.append(checksum(TABLES, TABLE_CHECKSUM, 0, len(rsdt)))
    files = {TABLES: bytes(rsdt).ljust(64, b"\0") + table_data,
             RSDP: struct.pack("<8sB6sBI", b"RSD PTR ", 0, b"HYPERC", 0, 0),
             "etc/table-loader": b"".join(commands)}
    out = ["-machine", "q35,acpi=off"]
    for name, data in files.items():
        path = folder / name.replace("/", "-")
        path.write_bytes(data)
        out += ["-fw_cfg", f"name={name},file={path}"]
    return out
