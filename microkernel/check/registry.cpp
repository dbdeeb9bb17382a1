// A hash table with open addressing; clearing it is starting a new round.
#include "check/registry.hpp"

namespace mk::check {

constinit Registry registry;

char const* name_of(CapType type)
{
    switch (type) {
    case CapType::tcb:
        return "tcb";
    case CapType::endpoint:
        return "endpoint";
    case CapType::notification:
        return "notification";
    case CapType::reply:
        return "reply";
    case CapType::sched_context:
        return "scheduling context";
    case CapType::untyped:
        return "untyped";
    case CapType::frame:
        return "frame";
    case CapType::cnode:
        return "cnode";
    case CapType::zombie:
        return "zombie";
    default:
        return "object";
    }
}

void Registry::clear()
{
    ++round_;
    count_ = 0;
}

void Registry::add(Slot const& first)
{
    Cap const& cap = first.cap();
    require(count_ < capacity, "kernel", nullptr, "more objects than the checker has room for");
    unsigned i = hash(cap.address());
    for (; bucket_[i].round == round_; i = (i + 1) % (2 * capacity)) {
        Cap const& other = object_[bucket_[i].index]->cap();
        require(other.address() != cap.address() || other.type() != cap.type(), name_of(cap.type()),
                cap.object<void>(), "its capabilities are not neighbours in the tree");
    }
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
