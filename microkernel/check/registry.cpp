// A hash table with open addressing; clearing it is starting a new round.
#include "check/registry.hpp"

namespace mk::check {

constinit Registry registry;

void Registry::clear()
{
    ++round_;
    count_ = 0;
}

void Registry::add(Slot const& first)
{
    Cap const& cap = first.cap();
    Subject const subject{"capability", &first};
    subject.must(count_ < capacity, "is to more objects than the checker has room for");
    subject.must(!has(cap.type(), cap.object<void>()),
                 "stands apart from the others to its object");
    unsigned i = hash(cap.address());
    while (bucket_[i].round == round_) i = (i + 1) % (2 * capacity);
    bucket_[i] = {round_, count_};
    object_[count_++] = &first;
}

Slot const* Registry::find(CapType type, void const* object) const
{
    u64 const address = reinterpret_cast<u64>(object);
    for (unsigned i = hash(address); bucket_[i].round == round_; i = (i + 1) % (2 * capacity)) {
        Slot const* const slot = object_[bucket_[i].index];
        if (slot->cap().address() == address && slot->cap().is(type)) return slot;
    }
    return nullptr;
}

} // namespace mk::check
