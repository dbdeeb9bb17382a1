// See intx.hpp.
#include "pci/intx.hpp"

namespace pci {

namespace {

constexpr u16 intel = 0x8086, piix3 = 0x7000, piix4 = 0x7110;
constexpr u16 ich9_first = 0x2910, ich9_last = 0x291f; ///< LPC bridges of the ICH9 family
constexpr u16 reg_pirq_a = 0x60, reg_pirq_e = 0x68;
constexpr u8 not_routed = 0x80;
constexpr unsigned ich9_first_pin = 16;

bool is_piix(Device const& device)
{
    return device.vendor == intel && (device.device == piix3 || device.device == piix4);
}
bool is_ich9(Device const& device)
{
    return device.vendor == intel && device.device >= ich9_first && device.device <= ich9_last;
}

bool routes_to(Config& config, Function router, u16 reg, u8 line)
{
    u8 const route = config.read8(router, reg);
    return !(route & not_routed) && (route & 15) == line;
}

} // namespace

Device const* find_router(Inventory& inventory)
{
    for (Device const& device : inventory.devices())
        if (is_piix(device) || is_ich9(device)) return &device;
    return nullptr;
}

Result<LinePins> pins_of_line(Config& config, Device const& router, u8 line)
{
    LinePins pins;
    bool const own_pins = is_ich9(router);
    for (unsigned i = 0; i < (own_pins ? 8u : 4u); ++i) {
        u16 const reg = static_cast<u16>(i < 4 ? reg_pirq_a + i : reg_pirq_e + i - 4);
        if (line < 16 && routes_to(config, router.at, reg, line))
            pins.gsi |= u32{1} << (own_pins ? ich9_first_pin + i : line);
    }
    if (pins.gsi == 0) return Error::not_supported;
    return pins;
}

} // namespace pci
