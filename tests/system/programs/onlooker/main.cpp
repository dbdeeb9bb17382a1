// Who has the right `observer` sees what others do, and can do nothing about it. Ends with the
// number of what went otherwise.
#include "observe/observer.hpp"

namespace {

class Onlooker {
    program::Program const& self_;
    observe::Observer observer_{self_};
    int wrong_ = 0;

public:
    explicit Onlooker(program::Program const& self) : self_{self} {}

    int run()
    {
        look();
        refuses<monitor::Holding>({self_.self(), 0});
        refuses<monitor::Kill>({self_.self()});
        refuses<monitor::Restart>({self_.self()});
        refuses<monitor::CrashRecord>({~u64{0}, 0});
        refuses<monitor::Manifest>({self_.self(), 0});
        refuses<monitor::Events>({1});
        refuses<monitor::ThreadName>({1});
        refuses<monitor::Start>({self_.self(), 0});
        refuses<monitor::Symbol>({self_.self(), 0});
        return wrong_;
    }

private:
    void check(bool good) { wrong_ += !good; }
    void look()
    {
        u64 programs = 0, interrupts = 0;
        Error const end = observer_.for_each_program([&](u64 index, auto const& info) {
            ++programs;
            if (auto const it = observer_.monitor<monitor::Interrupts>({index}))
                interrupts += it->count;
            if (info.space != 0 && info.space != ~u64{0})
                check(bool{observer_.memory<memory::SpaceStatistics>({info.space})});
        });
        check(end == Error::ok && programs > 4 && interrupts > 0);
        check(bool{observer_.monitor<monitor::Find>({"log"})});
        check(bool{observer_.memory<memory::MachineStatistics>({})});
        check(observer_.monitor<monitor::Interrupts>({composition::max_programs}).error() ==
              Error::not_found);
    }
    template <class C> void refuses(typename C::Args const& args)
    {
        check(observer_.monitor<C>(args).error() == Error::missing_rights);
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    self.ready();
    return Onlooker{self}.run();
}
