// The compiled system description: what scripts/manifest makes of all manifests and one profile of
// sysroot/etc/system.toml. It is the file "system" of the boot archive; root and supervisor build
// the system from it and from nothing else. Everything is fixed size and little endian; whoever
// reads it goes through composition::Reader (reader.hpp), which checks every count, index and range
// first. The writer is scripts/lib/manifest/binary.py: the two change together, with `version`.
#pragma once

#include "kit/types.hpp"

namespace composition {

inline constexpr u64 magic = 0x3173'7973'6372'7968; ///< "hyrcsys1"
inline constexpr u32 version = 2;
inline constexpr u32 no_index = 0xffff'ffff;
inline constexpr usize name_bytes = 24; ///< zero terminated
inline constexpr u32 max_programs = 64;
inline constexpr u8 max_replies = 8; ///< of one program

enum class Kind : u8 { trusted = 0, server = 1, driver = 2 };
enum class Restart : u8 { always = 0, on_fault = 1, never = 2 };

/// Bits of Program::flags.
inline constexpr u16 flag_resident = 1;   ///< all its memory is there from the start and stays
inline constexpr u16 flag_autostart = 2;  ///< started at boot (or when its device appears)
inline constexpr u16 flag_feedback = 4;   ///< its scheduling context is in the feedback class
inline constexpr u16 flag_monitor = 8;    ///< may Call the supervisor's monitor protocol
inline constexpr u16 flag_injector = 16;  ///< test profiles only: gets write mappings of a victim
inline constexpr u16 flag_loader = 32;    ///< a slot for uploaded programs: lays out its own image
inline constexpr u16 flag_uploader = 64;  ///< may Call the supervisor's guests protocol
inline constexpr u16 flag_observer = 128; ///< may look by the monitor protocol, not change anything

enum class Bus : u8 { none = 0, pci = 1, platform = 2 };

/// Which device a driver instance is for. Fields that are any_* match everything.
inline constexpr u32 any = 0xffff'ffff;
inline constexpr u32 max_devices = 48;
inline constexpr u16 no_device = 0xffff; ///< the number of no PCI device
struct Match {
    Bus bus;
    u8 reserved[3];
    u32 vendor;              ///< PCI
    u16 device[max_devices]; ///< PCI: any of these; unused entries are no_device, all: every one
    u32 class_code;          ///< PCI class << 16 | subclass << 8 | interface
    u32 class_mask;          ///< which bits of class_code count; 0: none
    u32 function; ///< PCI bus << 8 | device << 3 | function of the one meant; any: the first free
                  ///< one
    char id[16];  ///< platform: "com1", "ps2", "hpet", "rtc", "framebuffer"
};
static_assert(sizeof(Match) == 132);

/// One program instance. Its index is its number everywhere: badges, epochs, statistics.
struct Program {
    char name[name_bytes]; ///< of the instance: "disk0"
    char file[name_bytes]; ///< in the boot archive: "virtio-blk"
    u8 sha256[32];         ///< of that file, computed by the build, checked before the first start
    Kind kind;
    Restart restart;
    u8 priority;   ///< above the priorities of all its clients
    u8 cnode_bits; ///< log2 of slots of its CNode
    u16 flags;
    u8 objects_bits; ///< log2 of bytes of the untyped its kernel objects are made of
    u8 reply_count;  ///< reply objects, in slots of GrantKind::reply
    u32 budget_us, period_us;
    u32 heartbeat_us;   ///< CPU time it may use without answering a heartbeat; 0: not watched
    u32 quota_pages;    ///< frames and page tables it may hold at a time, 4 KiB each
    u32 max_per_minute; ///< restarts, before it stays stopped
    u32 first_grant, grant_count;
    u32 first_need, need_count;
    u32 first_quiesce, quiesce_count;
    u32 manifest, manifest_bytes; ///< its manifest's words, in the text area: for crash records
    Match match;
    u32 reserved;
};
static_assert(sizeof(Program) == 276);

/// What a program finds in its arguments under `name`, and in its CNode at `slot` (0: no slot).
/// Slots are assigned by the compiler of the description; no two grants of a program share one.
enum class GrantKind : u8 {
    serve = 1,   ///< receive on its own service endpoint
    reply,       ///< a reply object of its own ("reply0", ...)
    wake,        ///< wait on its own notification, which is bound to its thread
    call,        ///< Call `peer`'s endpoint with badge `value`
    signal,      ///< signal `peer`'s notification with badge `value`
    shared,      ///< map object `object` at `address`, read and write
    shared_read, ///< the same, read only
    pool,        ///< as shared, and pinned: the driver at the other end may name it to its device
    pool_dma, ///< the driver's side of a pool: no mapping; "name" is its DMA address, bytes = size
    number,   ///< no capability: the argument is `value`
    memory,   ///< Call the memory-manager as this program
    device,   ///< Call the device-manager as this program
    monitor,  ///< Call the supervisor's monitor protocol
    own_signal, ///< signal its own notification with badge `value` (what an IRQ handler is given)
};
struct [[gnu::packed, gnu::aligned(4)]] Grant
{ // the arrays are aligned to 4 bytes only
    char name[name_bytes];
    GrantKind kind;
    u8 reserved[3];
    u32 slot;
    u32 peer;    ///< program index, or no_index
    u32 object;  ///< object index, or no_index
    u64 value;   ///< badge or number
    u64 address; ///< virtual, of shared memory
    u64 bytes;   ///< of shared memory; also the argument "name.size" is made when it is not 0
};
static_assert(sizeof(Grant) == 64);

/// Memory that two or more programs share. Made once, before the first of them starts; it outlives
/// them all and is cleared only then.
struct Object {
    char name[name_bytes];
    u32 pages;
    u32 contiguous; ///< 1: physically contiguous and pinned (pools)
};
static_assert(sizeof(Object) == 32);

/// What a driver needs of its device. The device-manager makes the capabilities and mappings.
enum class NeedKind : u8 {
    ports = 1,   ///< I/O ports first..last; argument name = first, capability at `slot`
    bar,         ///< PCI memory BAR `index`, mapped at `address`; at least `first` bytes
    irq_isa,     ///< ISA interrupt `first`; handler at `slot`
    irq_pci,     ///< interrupt `index` of the PCI function, MSI-X, MSI or INTx; handler at `slot`
    irq_hpet,    ///< timer 0 of the HPET, by MSI or a pin; handler at `slot`
    hpet,        ///< the HPET's registers, mapped at `address`
    framebuffer, ///< the framebuffer that the loader told of, mapped at `address`
    dma,         ///< `first` bytes of contiguous memory at `address`, which its device may reach
};
constexpr bool is_interrupt(NeedKind kind)
{
    return kind == NeedKind::irq_isa || kind == NeedKind::irq_pci || kind == NeedKind::irq_hpet;
}
struct [[gnu::packed, gnu::aligned(4)]] Need
{
    char name[name_bytes];
    NeedKind kind;
    u8 index;
    u8 address_bits; ///< dma: how many bits the device can address
    u8 reserved;
    u32 slot;
    u64 first, last;
    u64 address;
};
static_assert(sizeof(Need) == 56);

/// One step that makes a device quiet: carried out by the device-manager as data, at most 8 each.
enum class QuiesceKind : u8 { write8 = 1, write16, write32, poll8, poll16, poll32 };
struct Quiesce {
    QuiesceKind kind;
    u8 bar; ///< PCI BAR; 0xff: an I/O port, `offset` is its number; 0xfe: virtio common config
    u8 reserved[2];
    u32 offset;
    u32 value; ///< what is written, or what (register & mask) must become
    u32 mask;
};
static_assert(sizeof(Quiesce) == 16);

/// The file: this header, then the arrays in this order, then the text. No padding between them.
struct Header {
    u64 magic;
    u32 version, bytes; ///< bytes: of the whole file
    char profile[16];
    u32 program_count, grant_count, need_count, quiesce_count, object_count, text_bytes;
    u32 memory_manager, device_manager, supervisor, root; ///< program indices
};
static_assert(sizeof(Header) == 72);

} // namespace composition
