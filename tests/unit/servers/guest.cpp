// The loader of a slot for uploaded programs: what it lays out where, sealed how, and what it
// refuses before anything is mapped. Its memory-manager is the host's.
#include "servers/guest/loader.hpp"

#include "../libs/elf_file.hpp"
#include <catch2/catch.hpp>
#include <memory>
#include <sys/mman.h>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

namespace {

constexpr u64 memory_endpoint = 30, place = 0x0a00'0000; // where nothing of a host program lies

/// A call of the loader, and what it found there then.
struct Call {
    bool seal; ///< or map
    u64 address, argument;
    bool operator==(Call const&) const = default;
};

class World {
    std::unique_ptr<runtime::Arguments> arguments_ = std::make_unique<runtime::Arguments>();
    abi::IpcBuffer buffer_{};

public:
    std::unique_ptr<upload::Shared> shared = std::make_unique<upload::Shared>();
    std::vector<Call> calls;
    usize fail_at = ~usize{0}; ///< which call is refused
    test::ElfFile file;

    World()
    {
        __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer_);
        sys::fake_kernel = {};
        sys::fake_kernel.answer = [this](sys::FakeCall const& call, sys::Registers& io) {
            answer(call, io);
        };
        REQUIRE(arguments_->add("memory", memory_endpoint));
        REQUIRE(arguments_->add("upload.peer", 3));
        REQUIRE(arguments_->add("upload.shared", reinterpret_cast<u64>(shared.get())));
        file.header.entry = place + 0x1010;
        file.segments = {{.address = place + 0x1000, .physical = 0},
                         {.flags = 6,
                          .offset = 0x2000,
                          .address = place + 0x3010,
                          .file_size = 0x80,
                          .memory_size = 0x2000,
                          .align = 16},
                         {.flags = 4,
                          .offset = 0x1800,
                          .address = place + 0x6000,
                          .file_size = 0x10,
                          .memory_size = 0x10,
                          .align = 16}};
    }
    ~World()
    {
        sys::fake_kernel = {};
        for (Call const& it : calls)
            if (!it.seal) munmap(reinterpret_cast<void*>(it.address), it.argument);
    }
    void upload()
    {
        auto const bytes = file.bytes();
        std::copy(bytes.begin(), bytes.end(), shared->file);
        shared->bytes = static_cast<u32>(bytes.size());
    }
    /// The entry; 0: it ended with exit 1.
    u64 load()
    {
        program::Program const self{arguments_.get()};
        try {
            return guest::Loader{self}.load();
        } catch (runtime::Ended const& end) {
            CHECK(end.status == 1);
            return 0;
        }
    }

    Result<memory::MapImage::Reply> map(memory::MapImage::Args const& args)
    {
        void* const at = reinterpret_cast<void*>(args.address);
        int const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
        REQUIRE(mmap(at, args.bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == at);
        calls.push_back({false, args.address, args.bytes});
        return memory::MapImage::Reply{};
    }
    Result<memory::Seal::Reply> seal(memory::Seal::Args const& args)
    {
        calls.push_back({true, args.address, args.access});
        return memory::Seal::Reply{};
    }

private:
    void answer(sys::FakeCall const& call, sys::Registers& io)
    {
        REQUIRE(call.in.cap_or_badge == memory_endpoint);
        u64 const label = abi::MessageInfo{call.in.info}.label();
        if (calls.size() == fail_at) {
            io.info = abi::MessageInfo(static_cast<u64>(Error::no_memory), 0, 0, 0).word();
            return;
        }
        if (label == memory::Memory::label<memory::MapImage>())
            REQUIRE(map({call.in.mr[0], call.in.mr[1]}));
        else if (label == memory::Memory::label<memory::Seal>())
            REQUIRE(seal({call.in.mr[0], call.in.mr[1]}));
        else
            FAIL("a call that it must not make");
    }
};

} // namespace

TEST_CASE("segments lie where the file says, zero behind their bytes, sealed but for data",
          "[guest]")
{
    World world;
    world.upload();
    REQUIRE(world.load() == place + 0x1010);
    using namespace memory;
    CHECK(world.calls == std::vector<Call>{{false, place + 0x1000, 0x1000},
                                           {true, place + 0x1000, access_read | access_execute},
                                           {false, place + 0x3000, 0x3000},
                                           {false, place + 0x6000, 0x1000},
                                           {true, place + 0x6000, access_read}});
    auto const* const at = reinterpret_cast<u8 const*>(place);
    CHECK(std::memcmp(at + 0x1000, world.shared->file + 0x1000, 0x100) == 0);
    CHECK(std::memcmp(at + 0x3010, world.shared->file + 0x2000, 0x80) == 0);
    CHECK(std::memcmp(at + 0x6000, world.shared->file + 0x1800, 0x10) == 0);
    auto const is_zero = [](u8 byte) { return byte == 0; };
    CHECK(std::all_of(at + 0x3000, at + 0x3010, is_zero));
    CHECK(std::all_of(at + 0x3090, at + 0x6000, is_zero));
}

TEST_CASE("what cannot be a program is refused before anything is mapped", "[guest]")
{
    World world;
    world.upload();
    SECTION("nothing was uploaded")
    {
        world.shared->bytes = 0;
    }
    SECTION("more than there can be")
    {
        world.shared->bytes = GENERATE(upload::max_file + 1, ~0u);
    }
    SECTION("cut off")
    {
        world.shared->bytes = GENERATE(1u, 63u, 0x2000u);
    }
    SECTION("no ELF file")
    {
        world.shared->file[0] = 0;
    }
    SECTION("writable code")
    {
        world.file.segments[0].flags = 7;
        world.upload();
    }
    SECTION("over the loader")
    {
        world.file.segments[1].address = guest::image_end - 0x1000;
        world.upload();
    }
    SECTION("two parts in a page")
    {
        world.file.segments[1].address = place + 0x1800;
        world.upload();
    }
    CHECK(world.load() == 0);
    CHECK(world.calls.empty());
}

TEST_CASE("memory that is refused ends it at once", "[guest]")
{
    World world;
    world.upload();
    world.fail_at = GENERATE(range(usize{0}, usize{5}));
    CHECK(world.load() == 0);
    CHECK(world.calls.size() == world.fail_at);
}
