// What is said of a page fault, by the kernel's words and the memory-manager's.
#include "fault/fault_text.hpp"
#include "protocol/memory.hpp"
#include "sys/ipc_buffer.hpp"

#include <catch2/catch.hpp>
#include <string>

__thread seL4_IPCBuffer_* __sel4_ipc_buffer;

namespace {

std::string page_fault(u64 error, u64 reason, bool fetch = false)
{
    fault::Message const message{abi::FaultLabel::vm_fault,
                                 {0x401000, 0x5000, fetch, error, reason}};
    u64 const guard[] = {0x5000};
    auto const text = fault::in_words(message, reason == 100 ? std::span<u64 const>{guard}
                                                             : std::span<u64 const>{});
    std::string words{text.view()};
    auto const end = words.find(" (instruction at 0x401000)");
    CHECK(end != std::string::npos);
    return words.substr(0, end);
}

} // namespace

TEST_CASE("a page fault is told in words that say why", "[fault]")
{
    CHECK(page_fault(4, 0) == "read address 0x5000, which is not mapped");
    CHECK(page_fault(6, memory::fault_unmapped) == "wrote to address 0x5000, which is not mapped");
    CHECK(page_fault(7, memory::fault_unmapped) ==
          "wrote to address 0x5000, which it may only read");
    CHECK(page_fault(5, 0, true) == "jumped to address 0x5000, which is not executable");
    CHECK(page_fault(6, 100) ==
          "wrote to address 0x5000, the guard page below its stack: the stack overflowed");
    CHECK(page_fault(6, memory::fault_quota) ==
          "wrote to address 0x5000, for which its memory quota has no room");
    CHECK(page_fault(4, memory::fault_memory) ==
          "read address 0x5000, for which the machine has no memory left");
    CHECK(page_fault(4, memory::fault_disk) ==
          "read address 0x5000, which the swap disk does not give back");
}

TEST_CASE("words behind a message's last are none of it", "[fault]")
{
    abi::IpcBuffer buffer{};
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
    for (u64& word : buffer.msg) word = 77;
    abi::MessageInfo const info(static_cast<u64>(abi::FaultLabel::vm_fault), 0, 0, 4);
    auto const message = fault::Message::of({1, info, {1, 2, 3, 4}});
    CHECK(message.word[3] == 4);
    CHECK(message.word[4] == 0);
}
