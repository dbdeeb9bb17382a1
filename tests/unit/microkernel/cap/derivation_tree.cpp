// The derivation tree: what belongs to what, then random histories against an explicit tree.
#include "cap/derivation_tree.hpp"
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace mk;
using Tree = DerivationTree;

namespace {

void* at(u64 address)
{
    return reinterpret_cast<void*>(address);
}
Cap endpoint(u64 address, u64 badge = 0)
{
    return Cap::endpoint(at(address), Rights::all, badge);
}

/// Everything that descends from `slot`, by walking the list.
std::vector<Slot const*> descendants(Slot const& slot)
{
    std::vector<Slot const*> found;
    for (Slot const* s = slot.next(); s && Tree::is_parent(slot, *s); s = s->next())
        found.push_back(s);
    return found;
}

} // namespace

TEST_CASE("a region holds what lies in it, and controls hold what they issue", "[tree]")
{
    u64 const base = 0x100000;
    Cap const untyped = Cap::untyped(base, 16, false);
    Cap const frame = Cap::frame(base + 0x1000, FrameSize::small, Rights::all, false);
    auto* const slots = static_cast<Slot*>(at(base + 0x8000));
    struct Case {
        char const* what;
        Cap a, b;
        bool region, object;
    };
    std::vector<Case> const cases{
        {"untyped, itself", untyped, untyped, true, false},
        {"untyped, last 16 bytes", untyped, endpoint(base + 0xfff0), true, false},
        {"untyped, just behind", untyped, endpoint(base + 0x10000), false, false},
        {"untyped, just before", untyped, endpoint(base - 16), false, false},
        {"untyped, larger untyped", untyped, Cap::untyped(base, 17, false), false, false},
        {"untyped, part", untyped, Cap::untyped(base + 0x8000, 15, false), true, false},
        {"untyped, frame", untyped, frame, true, false},
        {"untyped, huge frame", untyped, Cap::frame(0, FrameSize::huge, Rights::all, false), false,
         false},
        {"untyped, CNode to its end", untyped, Cap::cnode(slots, 10), true, false},
        {"untyped, zombie", untyped, Cap::zombie(slots, 10, 3), true, false},
        {"untyped, zombie TCB", untyped, Cap::zombie(slots, Cap::zombie_tcb, 3), true, false},
        {"untyped, scheduling context", untyped, Cap::sched_context(slots, 15), true, false},
        {"untyped, reply", untyped, Cap::reply(slots, Rights::grant), true, false},
        {"untyped, page table", untyped, Cap::paging(CapType::page_table, slots), true, false},
        {"untyped, ASID pool", untyped, Cap::asid_pool(slots, 0), true, false},
        {"untyped at 0, object in no memory", Cap::untyped(0, 47, false), Cap::irq_handler(3),
         false, false},
        {"untyped at 0, null", Cap::untyped(0, 47, false), Cap{}, false, false},
        {"frame, itself", frame, frame, true, true},
        {"frame, with less rights", frame, frame.with_rights(Rights::read), true, true},
        {"frame, untyped", frame, Cap::untyped(base + 0x1000, 12, false), false, false},
        {"frame, other", frame, Cap::frame(base, FrameSize::small, Rights::all, false), false,
         false},
        {"endpoint, other badge", endpoint(base), endpoint(base, 5), true, true},
        {"endpoint, other endpoint", endpoint(base), endpoint(base + 16), false, false},
        {"endpoint, notification there", endpoint(base),
         Cap::notification(at(base), Rights::all, 0), false, false},
        {"CNode, other guard", Cap::cnode(slots, 4), Cap::cnode(slots, 4, 1, 3), true, true},
        {"IRQ control, handler", Cap::singleton(CapType::irq_control), Cap::irq_handler(3), true,
         false},
        {"IRQ control, itself", Cap::singleton(CapType::irq_control),
         Cap::singleton(CapType::irq_control), true, true},
        {"handler, control", Cap::irq_handler(3), Cap::singleton(CapType::irq_control), false,
         false},
        {"handler, same", Cap::irq_handler(3), Cap::irq_handler(3), true, true},
        {"handler, other", Cap::irq_handler(3), Cap::irq_handler(4), false, false},
        {"port control, port", Cap::singleton(CapType::io_port_control), Cap::io_port(3, 4), true,
         false},
        {"port, same", Cap::io_port(3, 4), Cap::io_port(3, 4), true, true},
        {"port, part", Cap::io_port(3, 4), Cap::io_port(3, 3), false, false},
        {"sched control, other core", Cap::sched_control(0), Cap::sched_control(1), false, false},
        {"zombie, itself", Cap::zombie(slots, 4, 3), Cap::zombie(slots, 4, 3), false, false},
        {"null, null", Cap{}, Cap{}, false, false},
    };
    for (auto const& c : cases) {
        CAPTURE(c.what);
        CHECK(same_region(c.a, c.b) == c.region);
        CHECK(same_object(c.a, c.b) == c.object);
    }
}

TEST_CASE("copies are children of an original, and siblings of a copy", "[tree]")
{
    Slot untyped, ep, copy, copy_of_copy;
    Tree::insert_original(nullptr, untyped, Cap::untyped(0x1000, 12, false));
    Tree::insert_original(&untyped, ep, endpoint(0x1000));
    Tree::insert_derived(ep, copy, endpoint(0x1000));
    Tree::insert_derived(copy, copy_of_copy, endpoint(0x1000));
    CHECK(descendants(untyped).size() == 3);
    CHECK(descendants(ep).size() == 2);
    CHECK(descendants(copy).empty());
    CHECK(!Tree::is_final(ep));
    Tree::remove(ep);
    CHECK(!Tree::is_final(copy));
    Tree::remove(copy);
    CHECK(Tree::is_final(copy_of_copy));
    CHECK(descendants(untyped).size() == 1);
}

TEST_CASE("each minting of a badge begins a family of its own", "[tree]")
{
    Slot ep, five, five_copy, five_copy2, five_again, six;
    Tree::insert_original(nullptr, ep, endpoint(0x1000));
    Tree::insert_derived(ep, five, endpoint(0x1000, 5));
    Tree::insert_derived(five, five_copy, endpoint(0x1000, 5));
    Tree::insert_derived(five, five_copy2, endpoint(0x1000, 5));
    Tree::insert_derived(ep, six, endpoint(0x1000, 6));
    Tree::insert_derived(ep, five_again, endpoint(0x1000, 5));
    CHECK(descendants(ep).size() == 5);
    CHECK(descendants(five).size() == 2);
    CHECK(descendants(five_again).empty());
    // Orphans do not join the family that is next to them in the list.
    Tree::remove(six);
    Tree::remove(five);
    CHECK(descendants(five_again).empty());
    CHECK(descendants(ep).size() == 3);
    // Nor the family of a badge minted later.
    Tree::insert_derived(ep, five, endpoint(0x1000, 5));
    CHECK(descendants(five).empty());
}

TEST_CASE("a copied untyped leaves its source used up", "[tree]")
{
    Slot source, copy;
    Tree::insert_original(nullptr, source, Cap::untyped(0x10000, 16, false, 0x40));
    Tree::insert_derived(source, copy, source.cap());
    CHECK(copy.cap().untyped_watermark() == 0x40);
    CHECK(source.cap().untyped_watermark() == 0x10000);
    CHECK(Tree::has_children(source));
    CHECK(copy.revocable());
}

TEST_CASE("handlers and ports are originals below their control", "[tree]")
{
    Slot control, handler, copy, ports, port;
    Tree::insert_original(nullptr, control, Cap::singleton(CapType::irq_control));
    Tree::insert_derived(control, handler, Cap::irq_handler(7));
    Tree::insert_derived(handler, copy, Cap::irq_handler(7));
    CHECK(descendants(control).size() == 2);
    CHECK(descendants(handler).size() == 1);
    Tree::insert_original(nullptr, ports, Cap::singleton(CapType::io_port_control));
    Tree::insert_derived(ports, port, Cap::io_port(1, 2));
    CHECK(port.revocable());
    CHECK(descendants(ports).size() == 1);
}

TEST_CASE("swapping keeps both places in the tree, neighbours and empty slots included", "[tree]")
{
    Slot u, a, b, c, empty;
    Tree::insert_original(nullptr, u, Cap::untyped(0x1000, 12, false));
    Tree::insert_original(&u, c, endpoint(0x1000));
    Tree::insert_original(&u, b, endpoint(0x1010));
    Tree::insert_original(&u, a, endpoint(0x1020)); // list: u a b c
    auto const order = [&] {
        std::vector<u64> found;
        Slot const* last = nullptr;
        Slot const* s = &u;
        while (s->prev()) s = s->prev();
        for (; s; last = s, s = s->next()) {
            REQUIRE(s->prev() == last);
            found.push_back(s->cap().address());
        }
        return found;
    };
    std::vector<u64> const expected{0x1000, 0x1020, 0x1010, 0x1000};
    REQUIRE(order() == expected);
    for (auto [x, y] : std::vector<std::pair<Slot*, Slot*>>{{&a, &b},
                                                            {&b, &a},
                                                            {&a, &c},
                                                            {&u, &a},
                                                            {&a, &u},
                                                            {&empty, &b},
                                                            {&c, &empty},
                                                            {&empty, &b},
                                                            {&b, &b}}) {
        Tree::swap(*x, *y);
        REQUIRE(order() == expected);
    }
}

namespace {

/// The tree as parent and children, with the rules of the manual in words.
class Model {
public:
    struct Node {
        Cap cap;
        bool original;
        Node* parent = nullptr;
        std::set<Node*> children{};
    };
    std::map<Slot*, Node*> node;

    ~Model()
    {
        for (auto& [slot, n] : node) delete n;
    }
    void add(Slot* slot, Cap const& cap, bool original, Node* parent)
    {
        Node* const n = new Node{cap, original, parent};
        if (parent) parent->children.insert(n);
        node[slot] = n;
    }
    void remove(Slot* slot)
    {
        Node* const n = node[slot];
        for (Node* child : n->children) {
            child->parent = n->parent;
            if (n->parent) n->parent->children.insert(child);
        }
        if (n->parent) n->parent->children.erase(n);
        node.erase(slot);
        delete n;
    }
    static void collect(Node const* n, std::set<Node const*>& into)
    {
        for (Node* child : n->children) {
            into.insert(child);
            collect(child, into);
        }
    }
};

class History {
    static constexpr unsigned slot_count = 48;
    std::mt19937_64 random_;
    std::vector<Slot> slots_{slot_count};
    Model model_;
    u64 next_object_ = 0;
    unsigned checks_ = 0;

    u64 below(u64 n) { return random_() % n; }
    Slot* any() { return &slots_[below(slot_count)]; }
    bool used(Slot* s) { return model_.node.contains(s); }

    static u64 size_of(Cap const& untyped) { return bit(untyped.untyped_bits()); }

    void retype(Slot* parent, Slot* dest)
    {
        Cap const u = parent->cap();
        u64 const used = u.untyped_watermark();
        Cap child;
        u64 size = 16;
        if (u.untyped_bits() > 10 && below(3) == 0) {
            size = size_of(u) / 8;
            u64 const start = (used + size - 1) / size * size;
            if (start + size > size_of(u)) return;
            child = Cap::untyped(u.address() + start, u.untyped_bits() - 3, false);
            parent->update(u.with_watermark(start + size));
        } else {
            if (used + size > size_of(u)) return;
            child = below(2) ? endpoint(u.address() + used)
                             : Cap::reply(at(u.address() + used), Rights::grant);
            parent->update(u.with_watermark(used + size));
        }
        Tree::insert_original(parent, *dest, child);
        model_.add(dest, child, true, model_.node[parent]);
    }

    void derive(Slot* source, Slot* dest)
    {
        Cap cap = source->cap();
        Model::Node* const n = model_.node[source];
        if (cap.is(CapType::untyped)) {
            if (!n->children.empty()) return;
            Tree::insert_derived(*source, *dest, cap);
            return model_.add(dest, cap, true, n);
        }
        bool const mint = cap.is(CapType::endpoint) && cap.badge() == 0 && below(2);
        if (mint) cap = cap.with_data(1 + below(2));
        Tree::insert_derived(*source, *dest, cap);
        model_.add(dest, cap, mint, n->original ? n : n->parent);
    }

    void remove(Slot* s)
    {
        Tree::remove(*s);
        model_.remove(s);
    }

    void swap(Slot* a, Slot* b)
    {
        Tree::swap(*a, *b);
        Model::Node *x = used(a) ? model_.node[a] : nullptr,
                    *y = used(b) ? model_.node[b] : nullptr;
        model_.node.erase(a), model_.node.erase(b);
        if (x) model_.node[b] = x;
        if (y) model_.node[a] = y;
    }

    void revoke(Slot* s)
    {
        while (Tree::has_children(*s)) remove(s->next());
        CHECK(model_.node[s]->children.empty());
    }

public:
    explicit History(u64 seed) : random_{seed}
    {
        Cap const root = Cap::untyped(u64{1} << 30, 20, false);
        Tree::insert_original(nullptr, slots_[0], root);
        model_.add(&slots_[0], root, true, nullptr);
    }

    void step()
    {
        Slot *a = any(), *b = any();
        if (a == b) return;
        u64 const what = below(100);
        if (!used(a)) return;
        bool const root = model_.node[a]->parent == nullptr && a->cap().is(CapType::untyped);
        if (what < 35 && !used(b)) {
            a->cap().is(CapType::untyped) ? retype(a, b) : derive(a, b);
        } else if (what < 65 && !used(b)) {
            derive(a, b);
        } else if (what < 80) {
            swap(a, b);
        } else if (what < 97) {
            if (!root) remove(a);
        } else if (!root || below(8) == 0) {
            revoke(a);
        }
    }

    /// Every slot's descendants and finality, by the list and by the model.
    void check()
    {
        for (auto& [slot, n] : model_.node) {
            std::set<Model::Node const*> expected, got;
            Model::collect(n, expected);
            for (Slot const* d : descendants(*slot))
                got.insert(model_.node.at(const_cast<Slot*>(d)));
            REQUIRE(got == expected);
            if (slot->cap().is(CapType::untyped)) {
                REQUIRE(Tree::untyped_has_children(*slot) == Tree::has_children(*slot));
                continue;
            }
            unsigned same = 0;
            for (auto& [other, m] : model_.node) same += same_object(slot->cap(), other->cap());
            REQUIRE(Tree::is_final(*slot) == (same == 1));
            ++checks_;
        }
    }
    unsigned checks() const { return checks_; }
};

} // namespace

TEST_CASE("random histories give the tree that the manual describes", "[tree]")
{
    unsigned checks = 0;
    for (u64 seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        History history{seed};
        for (unsigned i = 0; i < 1500; ++i) {
            history.step();
            if (i % 5 == 0) history.check();
        }
        checks += history.checks();
    }
    CHECK(checks > 100'000);
}
