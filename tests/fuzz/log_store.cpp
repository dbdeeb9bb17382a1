// Memory that a dead log server left: whatever lies there, its successor opens it, reads it and
// goes on.
#include "servers/log/store.hpp"

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    alignas(64) static u8 memory[sizeof(log_server::Header) + 64 + 16 * sizeof(log_server::Entry)];
    // A sound store first, so that noise meets checksums that are nearly right.
    for (u8& byte : memory) byte = 0;
    log_server::Store before;
    before.open(memory);
    before.lives();
    for (u64 i = 0; i < 20; ++i) before.add(i % 3, i, log_server::Level::info, false, "a line");
    for (usize i = 0; i + 2 < size; i += 3) // noise: place and value
        memory[(data[i] | usize{data[i + 1]} << 8) % sizeof memory] ^= data[i + 2];
    log_server::Store store;
    store.open(memory);
    store.add(1, 1, log_server::Level::error, false, "new");
    bool found = false;
    for (auto const* entry = store.find(0, composition::no_index, 3); entry != nullptr;
         entry = store.find(entry->number + 1, composition::no_index, 3)) {
        if (entry->length > sizeof entry->text) __builtin_trap();
        found |= std::string_view{entry->text, entry->length} == "new";
    }
    if (!found) __builtin_trap();
    return 0;
}
