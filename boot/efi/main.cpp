// The UEFI loader: one PE image that carries the bundle in its section ".bundle", so that one
// Secure Boot signature covers kernel and modules. Started by the firmware through GNU-EFI's
// crt0; goes on in boot/common/loader.cpp after ExitBootServices().
// [UEFI 2.10, "EFI_BOOT_SERVICES.ExitBootServices()", "Graphics Output Protocol"]
#include "boot/common/console.hpp"
#include "boot/common/loader.hpp"
#include "boot/efi/firmware.hpp"
#include "boot/efi/pe_image.hpp"
#include "kit/bits.hpp"
#include <cstring>

namespace boot::efi {
namespace {

constexpr u64 four_gib = u64{1} << 32;
constexpr usize map_buffer_size = 256 << 10; // room for 5,000 descriptors
constexpr u64 cr4_five_levels = bit(12);

constinit EFI_SYSTEM_TABLE* system_table = nullptr;
constinit MemoryMap map;

EFI_BOOT_SERVICES& services()
{
    return *system_table->BootServices;
}

u64 allocate(MemoryMap& claims, u64 size, unsigned align_bits, RegionKind kind)
{
    // The firmware aligns to pages only: ask for more and use the aligned part of it.
    u64 const room = size + (align_bits > page_bits ? bit(align_bits) : 0);
    EFI_PHYSICAL_ADDRESS base = four_gib - 1;
    if (failed(
            services().AllocatePages(AllocateMaxAddress, EfiLoaderData, room >> page_bits, &base)))
        return 0;
    base = align_up(base, align_bits);
    return claims.claim(base, size, kind) ? base : 0;
}

template <class T> T* protocol(EFI_HANDLE handle, EFI_GUID guid)
{
    void* interface = nullptr;
    if (failed(services().HandleProtocol(handle, &guid, &interface))) return nullptr;
    return static_cast<T*>(interface);
}

/// Where the first bit of a colour's mask is.
u8 shift_of(u32 mask)
{
    return mask == 0 ? 0 : static_cast<u8>(__builtin_ctz(mask));
}

bool has_eight_bits(u32 mask)
{
    return mask >> shift_of(mask) == 0xff;
}

/// The framebuffer in the mode the firmware has chosen; address 0 when there is none.
Framebuffer find_framebuffer()
{
    EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    void* interface = nullptr;
    if (failed(services().LocateProtocol(&guid, nullptr, &interface))) return {};
    auto const& mode = *static_cast<EFI_GRAPHICS_OUTPUT_PROTOCOL*>(interface)->Mode;
    auto const& info = *mode.Info;
    Framebuffer f{mode.FrameBufferBase,
                  info.HorizontalResolution,
                  info.VerticalResolution,
                  info.PixelsPerScanLine * 4,
                  32,
                  0,
                  8,
                  16,
                  0};
    switch (info.PixelFormat) {
    case PixelRedGreenBlueReserved8BitPerColor:
        return f;
    case PixelBlueGreenRedReserved8BitPerColor:
        f.red_shift = 16, f.blue_shift = 0;
        return f;
    case PixelBitMask: {
        auto const& m = info.PixelInformation;
        f.red_shift = shift_of(m.RedMask);
        f.green_shift = shift_of(m.GreenMask);
        f.blue_shift = shift_of(m.BlueMask);
        bool const usable =
            has_eight_bits(m.RedMask) && has_eight_bits(m.GreenMask) && has_eight_bits(m.BlueMask);
        return usable ? f : Framebuffer{};
    }
    default:
        return {}; // drawing by firmware calls only
    }
}

bool same(EFI_GUID const& a, EFI_GUID const& b)
{
    return std::memcmp(&a, &b, sizeof a) == 0;
}

/// The RSDP that the configuration tables name, the newer kind first; 0: none.
u64 find_rsdp()
{
    constexpr EFI_GUID guids[] = {ACPI_20_TABLE_GUID, ACPI_TABLE_GUID};
    for (EFI_GUID const& wanted : guids)
        for (UINTN i = 0; i < system_table->NumberOfTableEntries; ++i) {
            auto const& table = system_table->ConfigurationTable[i];
            if (same(table.VendorGuid, wanted)) return reinterpret_cast<u64>(table.VendorTable);
        }
    return 0;
}

/// The load options as text in `out`. Boot options may carry binary data: then there is no text.
std::string_view arguments_of(EFI_LOADED_IMAGE const& image, std::span<char> out)
{
    auto const* const options = static_cast<u8 const*>(image.LoadOptions);
    usize length = 0;
    for (usize at = 0; options != nullptr && at + 2 <= image.LoadOptionsSize; at += 2) {
        unsigned const c = options[at] | static_cast<unsigned>(options[at + 1]) << 8;
        if (c == 0) break;
        if (c < ' ' || c > '~') return {};
        if (length == out.size()) fail({"command line", "longer than 1023 characters"});
        out[length++] = static_cast<char>(c);
    }
    return {out.data(), length};
}

/// A buffer for memory maps, and the key of the map that is in it.
struct MapBuffer {
    u8* bytes = nullptr;
    UINTN key = 0;

    Checked<void> read_into(MemoryMap& out)
    {
        UINTN size = map_buffer_size, descriptor_size = 0;
        UINT32 version = 0;
        auto const descriptors = reinterpret_cast<EFI_MEMORY_DESCRIPTOR*>(bytes);
        if (failed(services().GetMemoryMap(&size, descriptors, &key, &descriptor_size, &version)))
            return Failure{"memory map", "the firmware does not give it"};
        out.forget_firmware_entries();
        return add_descriptors({bytes, size}, descriptor_size, out);
    }
};

Checked<void> exit_boot_services(EFI_HANDLE image, MapBuffer& buffer)
{
    // The call may change the map once, by events that it signals; the key is then out of date
    // and the specification asks for a second try with a new one.
    for (unsigned attempt = 0; attempt < 2; ++attempt) {
        TRY(buffer.read_into(map));
        if (!failed(services().ExitBootServices(image, buffer.key))) return {};
    }
    return Failure{"firmware", "refuses to exit boot services"};
}

Checked<void> check_paging()
{
    u64 cr4;
    asm volatile("movq %%cr4, %0" : "=r"(cr4));
    if ((cr4 & cr4_five_levels) != 0)
        return Failure{"firmware", "runs with five-level paging, which is not supported"};
    return {};
}

Checked<void> boot_from(EFI_HANDLE handle)
{
    auto* const image = protocol<EFI_LOADED_IMAGE>(handle, LOADED_IMAGE_PROTOCOL);
    if (image == nullptr) return Failure{"firmware", "does not say where the loader is"};
    TRY(check_paging());
    MapBuffer buffer;
    buffer.bytes =
        reinterpret_cast<u8*>(allocate(map, map_buffer_size, page_bits, RegionKind::loader));
    if (buffer.bytes == nullptr) return Failure{"no memory", "for the memory map"};
    TRY(buffer.read_into(map));

    auto const* const base = static_cast<u8 const*>(image->ImageBase);
    TRY(map.claim(reinterpret_cast<u64>(base), image->ImageSize, RegionKind::loader));
    Machine machine{.loader = "efi", .map = &map, .allocate = allocate};
    machine.bundle = find_section({base, image->ImageSize}, ".bundle");
    char arguments[sizeof Handoff::command_line - 1];
    machine.arguments = arguments_of(*image, arguments);
    machine.rsdp = find_rsdp();
    machine.framebuffer = find_framebuffer();
    Prepared const prepared = TRY(prepare(machine));
    TRY(exit_boot_services(handle, buffer));
    TRY(finish(prepared, map));
    enter_kernel(prepared);
}

} // namespace
} // namespace boot::efi

extern "C" EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE* table)
{
    boot::console_start_serial();
    boot::efi::system_table = table;
    boot::console_use_framebuffer(boot::efi::find_framebuffer());
    boot::require(boot::efi::boot_from(handle));
    return EFI_SUCCESS; // not reached: the kernel runs, or the machine has stopped
}
