// See services.hpp.
#include "services.hpp"

namespace injector {

Services::Services(program::Program const& self, Monitor const& monitor)
    : monitor_{monitor}, prober_{monitor.find("prober")}, serial_{self.use("serial")},
      input_{self.use("input")}, block_{self.use("block")}, random_{self.use("random")},
      netconf_{self.use("netconf")}, to_us_{&serial_.memory<serial::Shared>()->receive},
      from_us_{&serial_.memory<serial::Shared>()->transmit},
      events_{&input_.memory<input::Shared>()->events}, disk_{block_},
      raw_{&random_.memory<entropy::RandomShared>()->bytes}, time_{self}
{
}

void Services::say_on_line(std::string_view word)
{
    for (char const c : word) from_us_.push(static_cast<u8>(c));
    serial_.signal.signal();
}

bool Services::set_offload(bool on)
{
    return netconf_ && program::call<netconf::Netconf, netconf::SetOffload>(
                           monitor_.program(), netconf_, {0, on ? u64{1} : u64{0}});
}

bool Services::time_is_right()
{
    u64 const tsc = __builtin_ia32_rdtsc(), ns = time_.nanoseconds(tsc);
    u64 const expected = (tsc - then_tsc_) * 1000 / monitor_.mhz(), passed = ns - then_ns_;
    bool const right = then_tsc_ == 0 ||
                       (ns >= then_ns_ && passed * 10 > expected * 9 && passed * 9 < expected * 10);
    if (right) then_tsc_ = tsc, then_ns_ = ns;
    return right;
}

} // namespace injector
