// Typed calls over one endpoint. A protocol is a list of call types; each names its Args and its
// Reply, and those structs are the wire format: no generator. Whatever arrives is checked for label
// and size before a handler sees it. Over the kernel: rpc/channel.hpp; a server's loop:
// rpc/serve.hpp.
#pragma once

#include "abi/constants.hpp"
#include "kit/result.hpp"
#include "kit/types.hpp"
#include <type_traits>

namespace rpc {

inline constexpr usize max_words = abi::msg_max_length;

/// A message in either direction: in a request the label names protocol version and call, in an
/// answer it is an Error (0 is success).
struct Message {
    u64 label = 0;
    usize words = 0; ///< at most max_words; whoever fills in a received message makes sure of it
    u64 word[max_words] = {};
};

/// Who called: the badge of the capability used, which the kernel vouches for.
struct Client {
    u64 badge;
};

/// May travel in a message: plain bytes without padding, which would leak what was there before.
/// Use integers: a bool or an enumeration from a hostile sender has values the compiler excludes.
template <class T>
concept Wire = std::is_trivially_copyable_v<T> && sizeof(T) <= max_words * sizeof(u64) &&
               (std::is_empty_v<T> || std::has_unique_object_representations_v<T>);

template <class C>
concept Call = Wire<typename C::Args> && Wire<typename C::Reply>;

/// A list of calls. The place in the list is the call number: append, never reorder; change Version
/// when a struct changes.
template <u32 Version, Call... Calls> struct Protocol {
    static constexpr u64 version = Version;
    static constexpr u64 not_a_call = ~u64{0};
    static constexpr usize calls = sizeof...(Calls);

    /// Label of a request: version above bit 16, number of the call below.
    template <class C> static consteval u64 label()
    {
        u64 n = version << 16;
        bool const found = ((std::is_same_v<C, Calls> || (++n, false)) || ...);
        return found ? n : not_a_call;
    }
};

/// Words that a T takes in a message.
template <Wire T> constexpr usize words_of()
{
    return std::is_empty_v<T> ? 0 : (sizeof(T) + sizeof(u64) - 1) / sizeof(u64);
}

/// Makes v the contents of m.
template <Wire T> void put(Message& m, T const& v)
{
    m.words = words_of<T>();
    if constexpr (!std::is_empty_v<T>) {
        m.word[m.words - 1] = 0; // v may end inside the last word
        __builtin_memcpy(m.word, &v, sizeof v);
    }
}

/// The contents of m as a T. @error truncated  m has another size
template <Wire T> Result<T> take(Message const& m)
{
    T v{};
    if (m.words != words_of<T>()) return Error::truncated;
    if constexpr (!std::is_empty_v<T>) __builtin_memcpy(&v, m.word, sizeof v);
    return v;
}

namespace detail {

template <class C, class Server>
Result<typename C::Reply> answer(Server& server, Client who, Message const& m)
{
    auto const args = TRY(take<typename C::Args>(m));
    return server.on(C{}, args, who);
}

template <class C, class Server> void run(Server& server, Client who, Message& m)
{
    auto const result = answer<C>(server, who, m);
    m.words = 0;
    m.label = static_cast<u64>(result.error());
    if (result) {
        m.label = static_cast<u64>(Error::ok);
        put(m, *result);
    }
}

} // namespace detail

/// Runs the handler `server.on(Call, Args, Client)` that m's label names and turns m into the
/// answer: Error::not_supported for a label that is not of this protocol and version.
template <class Server, u32 V, Call... Calls>
void dispatch(Protocol<V, Calls...>, Server& server, Client who, Message& m)
{
    u64 n = u64{V} << 16;
    u64 const label = m.label;
    bool const known = ((label == n++ && (detail::run<Calls>(server, who, m), true)) || ...);
    if (!known) {
        m.words = 0;
        m.label = static_cast<u64>(Error::not_supported);
    }
}

/// Client side, over any channel with `void call(Message&)`.
/// @param died_epoch  with the error server_died: the epoch of the instance that died; else, or
///                    when it did not come with the answer, untouched
/// @error  what the handler said; truncated or corrupt when the answer is no answer
template <class P, Call C, class Channel>
Result<typename C::Reply> call(Channel&& channel, typename C::Args const& args,
                               u64* died_epoch = nullptr)
{
    static_assert(P::template label<C>() != P::not_a_call, "this call is not of the protocol");
    Message m;
    m.label = P::template label<C>();
    put(m, args);
    channel.call(m);
    if (m.label > static_cast<u64>(Error::last)) return Error::corrupt;
    if (m.label == static_cast<u64>(Error::server_died) && died_epoch && m.words == 1)
        *died_epoch = m.word[0];
    if (m.label != 0) return static_cast<Error>(m.label);
    return take<typename C::Reply>(m);
}

} // namespace rpc
