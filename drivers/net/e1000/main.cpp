// The driver of the 82540EM and its kin, which emulators like to be.
#include "../intel/driver.hpp"

namespace {

using Registers = hw::Mmio;
constexpr auto const* family = &intel::family_82540<Registers>;
constexpr intel::Model<Registers> models[] = {{0x100e, family, "82540EM"},
                                              {0x100f, family, "82545EM"}};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static intel::Driver driver{self, models};
    driver.live();
}
