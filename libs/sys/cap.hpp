// A capability as user space knows it: an address in its CSpace. The classes derived from Cap (one
// per kernel object, in the other headers of this folder) give it a type; holding one is no proof
// that the slot holds such an object, the kernel checks that at every call.
#pragma once

#include "abi/constants.hpp"
#include "abi/labels.hpp"
#include "abi/message_info.hpp"
#include "sys/error.hpp"
#include "sys/ipc_buffer.hpp"
#include "sys/syscall.hpp"
#include <initializer_list>

namespace sys {

class Cap {
    u64 address_ = 0;

public:
    constexpr Cap() = default;
    constexpr explicit Cap(u64 address) : address_{address} {}
    constexpr u64 address() const { return address_; }
    /// Null means "none" where an argument is optional.
    constexpr explicit operator bool() const { return address_ != 0; }
};

/// What a capability may be used for.
enum class Rights : u64 {
    none = 0,
    write = abi::right_write,
    read = abi::right_read,
    read_write = abi::right_read | abi::right_write,
    grant = abi::right_grant,
    grant_reply = abi::right_grant_reply,
    all = abi::rights_all,
};
constexpr Rights operator|(Rights a, Rights b)
{
    return static_cast<Rights>(static_cast<u64>(a) | static_cast<u64>(b));
}

/// The first four words of an answer; the rest is in the IPC buffer.
struct Words {
    u64 word[4];
};

/// Calls method `label` of a kernel object. Capabilities and words go in the order of the
/// method's description (abi/sel4/interfaces). At most 3 capabilities and 120 words.
/// @error  whatever the method says
inline Result<Words> invoke(Cap object, abi::Label label, std::initializer_list<u64> words = {},
                            std::initializer_list<Cap> caps = {})
{
    Registers io{object.address(),
                 abi::MessageInfo(static_cast<u64>(label), 0, caps.size(), words.size()).word(),
                 {}};
    u64 n = 0;
    for (u64 word : words) {
        (n < abi::msg_registers ? io.mr[n] : ipc_buffer().msg[n]) = word;
        ++n;
    }
    n = 0;
    for (Cap cap : caps) ipc_buffer().caps_or_badges[n++] = cap.address();
    syscall(abi::Syscall::call, io);
    auto const code = static_cast<abi::ErrorCode>(abi::MessageInfo{io.info}.label());
    if (code != abi::ErrorCode::no_error)
        return Error{code, {io.mr[0], io.mr[1], io.mr[2], io.mr[3]}};
    return Words{{io.mr[0], io.mr[1], io.mr[2], io.mr[3]}};
}

/// The same for a method that returns nothing.
inline Result<void> command(Cap object, abi::Label label, std::initializer_list<u64> words = {},
                            std::initializer_list<Cap> caps = {})
{
    auto const answer = invoke(object, label, words, caps);
    if (!answer) return answer.error();
    return {};
}

} // namespace sys
