// The driver of gigabit controllers on PCI Express, a card's or a chipset's.
#include "../intel/driver.hpp"
#include "models.hpp"

int main(void* argument)
{
    program::Program const self{argument};
    static intel::Driver driver{self, e1000e::models<hw::Mmio>};
    driver.live();
}
