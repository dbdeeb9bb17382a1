// Address spaces against a reference model: random sequences of Map, Unmap, Assign and deletions,
// with capabilities that go stale. After each step every probed address must translate as the
// model says, through a TLB that forgets nothing by itself.
#include "vspace/vspace.hpp"

#include "abi/extensions.hpp"
#include "address_space.hpp"
#include "api/decode.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "kernel_space.hpp"
#include "vspace/page_table.hpp"
#include <catch2/catch.hpp>
#include <memory>
#include <random>

using namespace mk;

namespace {

Checked<Plan> invoke(Decoder decoder, Slot& slot, Slot& argument, u64 a = 0, u64 b = 0, u64 c = 0)
{
    Invocation const in{&slot,   slot.cap(), 0,           3,       {a, b, c, 0},
                        nullptr, 1,          {&argument}, nullptr, nullptr};
    return decoder(in);
}
/// Decodes and, when that is legal, performs. Answers the error code.
abi::ErrorCode run(Decoder decoder, Slot& slot, Slot& argument, u64 a = 0, u64 b = 0, u64 c = 0)
{
    auto const plan = invoke(decoder, slot, argument, a, b, c);
    if (!plan) return plan.error().code;
    (*plan).perform(fake::cpu(), fake::thread());
    return abi::ErrorCode::no_error;
}

void forget_pools()
{
    for (u16 base = 0; base < asid_pool_count * asids_per_pool; base += asids_per_pool)
        if (AsidPool* const pool = find_asid_pool(base)) delete_asid_pool(fake::cpu(), base, *pool);
    fake::address_space().load(empty_pml4());
}

// --- the model: tables as dictionaries, what is where by number of the object ---

struct Object {
    CapType type;
    FrameSize size;
    u64 physical; ///< frames
};
constexpr int nothing = -1;
/// Where tables and frames are put, and what is looked at afterwards.
constexpr u64 places[] = {0x0,          0x1000,       0x200000,        0x201000,
                          0x40000000,   0x40200000,   0x40201000,      0x8000000000,
                          0x8000001000, 0x8000200000, 0x7fff'ffff'e000};

/// Two address spaces and a handful of tables and frames; capabilities in slots beside them.
class World {
public:
    World()
    {
        forget_pools();
        add_tables(CapType::pml4, 2);
        add_tables(CapType::pdpt, 3);
        add_tables(CapType::page_directory, 4);
        add_tables(CapType::page_table, 5);
        add_frames(FrameSize::small, 6);
        add_frames(FrameSize::large, 3);
        add_frames(FrameSize::huge, 2);
        register_asid_pool(*pool_, 0);
        DerivationTree::insert_original(nullptr, pool_slot_, Cap::asid_pool(pool_.get(), 0));
    }
    ~World() { forget_pools(); }

    void step(std::mt19937& random);
    void check();

private:
    struct Thing {
        Object object{};
        std::unique_ptr<PageTable> table;
        std::unique_ptr<Slot> slot = std::make_unique<Slot>();
        std::map<unsigned, int> children; ///< model of a table
        u64 rights = 0, attributes = 0;   ///< model of a frame: as mapped last
        bool executable = true;
    };

    void add(Object const& object, std::unique_ptr<PageTable> table)
    {
        Thing t;
        t.object = object;
        t.table = std::move(table);
        Cap const cap = object.type == CapType::frame
                            ? Cap::frame(object.physical, object.size, Rights::all, false)
                            : Cap::paging(object.type, t.table.get());
        if (object.type == CapType::pml4) init_pml4(*t.table);
        DerivationTree::insert_original(nullptr, *t.slot, cap);
        things_.push_back(std::move(t));
    }
    void add_tables(CapType type, int count)
    {
        while (count-- > 0) add({type, FrameSize::small, 0}, std::make_unique<PageTable>());
    }
    void add_frames(FrameSize size, int count)
    {
        // Never read through, so any address will do. Two capabilities share each frame.
        for (int i = 0; i < count; ++i)
            add({CapType::frame, size, bit(40) + (u64(size) << 36) + (u64(i / 2) << 30)}, nullptr);
    }

    bool mapped(Thing const& t) const { return t.slot->cap().is_mapped(); }
    int model_vspace(u16 asid) const
    {
        auto const found = asids_.find(asid);
        return found == asids_.end() ? nothing : found->second;
    }
    /// The table whose entries span 2^bits on the way to vaddr; nothing when one is missing.
    int model_table(int root, u64 vaddr, unsigned bits) const
    {
        int at = root;
        for (unsigned shift = 39; at != nothing && shift > bits; shift -= 9) {
            auto const& children = things_[usize(at)].children;
            auto const next = children.find(unsigned(vaddr >> shift) & 511);
            bool const leads_on = next != children.end() &&
                                  things_[usize(next->second)].object.type != CapType::frame;
            at = leads_on ? next->second : nothing;
        }
        return at;
    }
    void model_remove(Thing const& t, int self);
    std::optional<fake::Translation> model_translate(int root, u64 vaddr) const;

    void map_frame_step(Thing& t, int self, Slot& vspace, u64 vaddr, std::mt19937& random);
    void map_table_step(Thing& t, int self, Slot& vspace, u64 vaddr);
    void unmap_step(Thing& t, int self);
    void delete_step(Thing& t, int self);

    std::vector<Thing> things_;
    std::map<u16, int> asids_;
    std::unique_ptr<AsidPool> pool_ = std::make_unique<AsidPool>();
    Slot pool_slot_;
};

unsigned own_bits(Object const& o)
{
    return o.type == CapType::frame ? frame_bits(o.size) : parent_entry_bits(o.type);
}

/// What an unmapping does: the entry is cleared if it still is this object's.
void World::model_remove(Thing const& t, int self)
{
    Cap const cap = t.slot->cap();
    int const root = model_vspace(cap.mapped_asid());
    int const table =
        root == nothing ? nothing : model_table(root, cap.mapped_address(), own_bits(t.object));
    if (table == nothing) return;
    auto& children = things_[usize(table)].children;
    auto const entry = children.find(unsigned(cap.mapped_address() >> own_bits(t.object)) & 511);
    if (entry == children.end()) return;
    Object const& there = things_[usize(entry->second)].object;
    bool const same = t.object.type == CapType::frame
                          ? there.type == CapType::frame && there.physical == t.object.physical &&
                                there.size == t.object.size
                          : entry->second == self;
    if (same) children.erase(entry);
}

std::optional<fake::Translation> World::model_translate(int root, u64 vaddr) const
{
    if (root == nothing) return {};
    int at = root;
    for (unsigned shift = 39;; shift -= 9) {
        auto const& children = things_[usize(at)].children;
        auto const next = children.find(unsigned(vaddr >> shift) & 511);
        if (next == children.end()) return {};
        Thing const& t = things_[usize(next->second)];
        at = next->second;
        if (t.object.type != CapType::frame) continue;
        bool const readable = (t.rights & abi::right_read) != 0;
        return fake::Translation{t.object.physical | (vaddr & low_mask(shift)),
                                 readable && (t.rights & abi::right_write) != 0,
                                 readable,
                                 readable && t.executable,
                                 unsigned(t.attributes & 7),
                                 shift};
    }
}

void World::map_frame_step(Thing& t, int self, Slot& vspace, u64 vaddr, std::mt19937& random)
{
    u64 const rights = random() % 16;
    u64 const attributes = random() % 5;
    bool const executable = random() % 2;
    Cap const before = t.slot->cap();
    abi::ErrorCode const code = run(executable ? decode_page_map : decode_page_map_execute_never,
                                    *t.slot, vspace, vaddr, rights, attributes);
    if (code != abi::ErrorCode::no_error) {
        CHECK(t.slot->cap() == before);
        return;
    }
    int const table =
        model_table(model_vspace(vspace.cap().mapped_asid()), vaddr, own_bits(t.object));
    REQUIRE(table != nothing);
    auto& children = things_[usize(table)].children;
    unsigned const index = unsigned(vaddr >> own_bits(t.object)) & 511;
    if (auto const old = children.find(index); old != children.end())
        REQUIRE(things_[usize(old->second)].object.type == CapType::frame);
    children[index] = self;
    t.rights = rights;
    t.attributes = attributes;
    t.executable = executable;
}

void World::map_table_step(Thing& t, int self, Slot& vspace, u64 vaddr)
{
    if (run(decode_table_map, *t.slot, vspace, vaddr, 0) != abi::ErrorCode::no_error) return;
    int const table =
        model_table(model_vspace(vspace.cap().mapped_asid()), vaddr, own_bits(t.object));
    REQUIRE(table != nothing);
    CHECK(things_[usize(table)]
              .children.emplace(unsigned(vaddr >> own_bits(t.object)) & 511, self)
              .second);
}

void World::unmap_step(Thing& t, int self)
{
    model_remove(t, self);
    bool const is_frame = t.object.type == CapType::frame;
    if (!is_frame && mapped(t)) t.children.clear();
    CHECK(run(is_frame ? decode_page_unmap : decode_table_unmap, *t.slot, *t.slot) ==
          abi::ErrorCode::no_error);
    CHECK(!mapped(t));
}

/// Deletes the (only) capability and makes the object anew, as delete and retype would.
void World::delete_step(Thing& t, int self)
{
    Cap const cap = t.slot->cap();
    Object const& o = t.object;
    if (o.type == CapType::pml4) {
        delete_vspace(fake::cpu(), cap.mapped_asid(), *t.table);
        asids_.erase(cap.mapped_asid());
        CHECK(fake::address_space().loaded != t.table.get());
        *t.table = PageTable{};
        init_pml4(*t.table);
    } else {
        model_remove(t, self);
        if (o.type == CapType::frame)
            unmap_frame(fake::cpu(), cap);
        else {
            unmap_table(fake::cpu(), cap);
            *t.table = PageTable{};
        }
    }
    t.children.clear();
    t.slot->update(cap.unmapped());
}

void World::step(std::mt19937& random)
{
    int const self = int(random() % things_.size());
    Thing& t = things_[usize(self)];
    Thing& space = things_[random() % 2];
    u64 const vaddr = places[random() % std::size(places)];
    unsigned const dice = unsigned(random() % 100);
    if (dice < 4 || (dice < 50 && t.object.type == CapType::pml4)) {
        if (dice >= 4 && mapped(space)) return;
        if (run(decode_asid_pool_assign, pool_slot_, *space.slot) == abi::ErrorCode::no_error)
            asids_[space.slot->cap().mapped_asid()] = space.slot == things_[0].slot ? 0 : 1;
    } else if (dice < 10) {
        PageTable* const root = vspace_of(space.slot->cap());
        load_space(root ? *root : empty_pml4());
    } else if (t.object.type == CapType::pml4) {
        if (dice > 95) delete_step(t, self);
    } else if (dice < 75) {
        if (t.object.type == CapType::frame)
            map_frame_step(t, self, *space.slot, vaddr, random);
        else
            map_table_step(t, self, *space.slot, vaddr);
    } else if (dice < 93)
        unmap_step(t, self);
    else
        delete_step(t, self);
}

void World::check()
{
    for (int root : {0, 1}) {
        u16 const asid = things_[usize(root)].slot->cap().mapped_asid();
        CHECK(find_vspace(asid) == (model_vspace(asid) == nothing
                                        ? nullptr
                                        : things_[usize(model_vspace(asid))].table.get()));
        bool const is_loaded = fake::address_space().loaded == things_[usize(root)].table.get();
        for (u64 const vaddr : places) {
            auto const expected = model_translate(root, vaddr);
            CHECK(fake::hardware_walk(*things_[usize(root)].table, vaddr) == expected);
            if (is_loaded) CHECK(fake::address_space().access(vaddr) == expected);
        }
    }
}

} // namespace

TEST_CASE("random mapping sequences agree with the model, and no translation is stale")
{
    for (unsigned seed = 1; seed <= 40; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random{seed};
        World world;
        for (int i = 0; i < 1500; ++i) {
            world.step(random);
            world.check();
        }
    }
}
