// Controllers that this driver knows, by PCI device number.
// [I217, I218, I219 Datasheets, "Device ID"; Intel chipset datasheets, "GbE controller"]
#pragma once

#include "../intel/family.hpp"

namespace e1000e {

template <class Registers>
inline constexpr intel::Model<Registers> models[] = {
    {0x10d3, &intel::family_82574<Registers>, "82574L"},
    {0x10f6, &intel::family_82574<Registers>, "82574LA"},
    {0x153a, &intel::family_i217<Registers>, "I217-LM"},
    {0x153b, &intel::family_i217<Registers>, "I217-V"},
    {0x155a, &intel::family_i217<Registers>, "I218-LM"},
    {0x1559, &intel::family_i217<Registers>, "I218-V"},
    {0x15a0, &intel::family_i217<Registers>, "I218-LM"},
    {0x15a1, &intel::family_i217<Registers>, "I218-V"},
    {0x15a2, &intel::family_i217<Registers>, "I218-LM"},
    {0x15a3, &intel::family_i217<Registers>, "I218-V"},
    // Sky Lake and Kaby Lake
    {0x156f, &intel::family_i219<Registers>, "I219-LM"},
    {0x1570, &intel::family_i219<Registers>, "I219-V"},
    {0x15b7, &intel::family_i219<Registers>, "I219-LM"},
    {0x15b8, &intel::family_i219<Registers>, "I219-V"},
    {0x15b9, &intel::family_i219<Registers>, "I219-LM"},
    {0x15d6, &intel::family_i219<Registers>, "I219-V"},
    {0x15d7, &intel::family_i219<Registers>, "I219-LM"},
    {0x15d8, &intel::family_i219<Registers>, "I219-V"},
    {0x15e3, &intel::family_i219<Registers>, "I219-LM"},
    // Cannon Lake, Coffee Lake, Ice Lake, Comet Lake
    {0x15bb, &intel::family_i219<Registers>, "I219-LM"},
    {0x15bc, &intel::family_i219<Registers>, "I219-V"},
    {0x15bd, &intel::family_i219<Registers>, "I219-LM"},
    {0x15be, &intel::family_i219<Registers>, "I219-V"},
    {0x15df, &intel::family_i219<Registers>, "I219-LM"},
    {0x15e0, &intel::family_i219<Registers>, "I219-V"},
    {0x15e1, &intel::family_i219<Registers>, "I219-LM"},
    {0x15e2, &intel::family_i219<Registers>, "I219-V"},
    {0x0d4c, &intel::family_i219<Registers>, "I219-LM"},
    {0x0d4d, &intel::family_i219<Registers>, "I219-V"},
    {0x0d4e, &intel::family_i219<Registers>, "I219-LM"},
    {0x0d4f, &intel::family_i219<Registers>, "I219-V"},
    {0x0d53, &intel::family_i219<Registers>, "I219-LM"},
    {0x0d55, &intel::family_i219<Registers>, "I219-V"},
    // Tiger Lake, Alder Lake
    {0x15fb, &intel::family_i219<Registers>, "I219-LM"},
    {0x15fc, &intel::family_i219<Registers>, "I219-V"},
    {0x15f9, &intel::family_i219<Registers>, "I219-LM"},
    {0x15fa, &intel::family_i219<Registers>, "I219-V"},
    {0x1a1c, &intel::family_i219<Registers>, "I219-LM"},
    {0x1a1d, &intel::family_i219<Registers>, "I219-V"},
    {0x1a1e, &intel::family_i219<Registers>, "I219-LM"},
    {0x1a1f, &intel::family_i219<Registers>, "I219-V"},
};

} // namespace e1000e
