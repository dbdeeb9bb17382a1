// Cases, checks and objects. Each case runs in a thread of its own below the supervisor (main.cpp),
// makes its objects in one untyped and its capabilities in slots that are counted; whatever way it
// ends, the supervisor revokes the untyped and empties the slots, so no case sees another's traces.
// Threads: thread.hpp. System calls: operation.hpp.
#pragma once

#include "operation.hpp"

#include <span>

namespace kt {

struct Case {
    char const* name; ///< a sentence that says what must hold
    void (*run)();
};
using Suite = std::span<Case const>;

inline constexpr Slot root_tcb = seL4_CapInitThreadTCB;
inline constexpr Slot root_cnode = seL4_CapInitThreadCNode;
inline constexpr Slot root_vspace = seL4_CapInitThreadVSpace;
inline constexpr Word depth = 64;

// --- checks ---------------------------------------------------------------------------------

/// Records a failed check of the running case, and prints where and why.
void fail(char const* file, Word line, char const* what);
void fail(char const* file, Word line, char const* what, Word got, Word want);
/// Ends the running case; works at any depth, in the case's own thread only.
[[noreturn]] void end_case();
/// Ends the running case as skipped; `why` is printed with it.
[[noreturn]] void skip(char const* why);
/// Whether a check of the running case has failed so far.
bool failed();

template <class T> constexpr Word as_word(T value)
{
    if constexpr (__is_enum(T))
        return static_cast<Word>(static_cast<__underlying_type(T)>(value));
    else
        return static_cast<Word>(value);
}

// Macros, because a failure must tell its expression, and its line through helper functions.
#define CHECK(holds)                                                                               \
    do {                                                                                           \
        if (!(holds)) ::kt::fail(__FILE_NAME__, __LINE__, #holds);                                 \
    } while (false)
#define REQUIRE(holds)                                                                             \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            ::kt::fail(__FILE_NAME__, __LINE__, #holds);                                           \
            ::kt::end_case();                                                                      \
        }                                                                                          \
    } while (false)
#define CHECK_EQ(got, want)                                                                        \
    do {                                                                                           \
        ::kt::Word const got_word = ::kt::as_word(got), want_word = ::kt::as_word(want);           \
        if (got_word != want_word) ::kt::fail(__FILE_NAME__, __LINE__, #got, got_word, want_word); \
    } while (false)
#define REQUIRE_EQ(got, want)                                                                      \
    do {                                                                                           \
        ::kt::Word const got_word = ::kt::as_word(got), want_word = ::kt::as_word(want);           \
        if (got_word != want_word) {                                                               \
            ::kt::fail(__FILE_NAME__, __LINE__, #got, got_word, want_word);                        \
            ::kt::end_case();                                                                      \
        }                                                                                          \
    } while (false)
#define CHECK_OK(call) CHECK_EQ(call, seL4_NoError)
#define REQUIRE_OK(call) REQUIRE_EQ(call, seL4_NoError)
/// The call fails with this error, and message registers 0.. then hold these words.
#define CHECK_ERROR(call, error, ...)                                                              \
    do {                                                                                           \
        ::kt::Word const got_error = ::kt::as_word(call);                                          \
        ::kt::check_error(__FILE_NAME__, __LINE__, #call, got_error, error, {__VA_ARGS__});        \
    } while (false)

void check_error(char const* file, Word line, char const* what, Word got, Word want,
                 std::initializer_list<Word> words);

// --- objects of a case ----------------------------------------------------------------------

seL4_BootInfo const& boot_info();
/// The untyped whose contents go with the case; 2^case_untyped_bits bytes, all free at the start.
Slot case_untyped();
Word case_untyped_bits();
/// A notification that nobody ever signals.
Slot never();
/// The thread that the case runs in, and its scheduling context (round-robin, 10 ms).
Slot own_tcb();
Slot own_sc();
/// The next `count` consecutive slots of the root CNode, all empty; emptied again after the case.
Slot new_slots(Word count = 1);
/// An object in a new slot. bits: of untypeds, CNodes and scheduling contexts.
Slot make(Word type, Word bits = 0, Word count = 1);
seL4_Error try_make(Slot untyped, Word type, Word bits, Slot slot, Word count = 1);
Slot copy(Slot source, seL4_CapRights_t rights = seL4_AllRights);
Slot mint(Slot source, Word badge, seL4_CapRights_t rights = seL4_AllRights);
void remove(Slot slot);
/// Whether the slot of the root CNode holds nothing.
bool is_empty(Slot slot);
seL4_CapRights_t rights(Word bits);
/// A device untyped of at least 2^bits bytes, or 0; revoked after the case.
Slot device_untyped(Word bits, Word* paddr = nullptr);
/// The device untyped that covers a physical address, or 0; revoked after the case.
Slot device_untyped_at(Word paddr, Word* base, Word* bits);
/// The frame capability of the page of our own image that holds this address.
Slot image_frame(void const* address);
Word image_start();
Word image_pages();

// --- time -----------------------------------------------------------------------------------

Word tsc_mhz();
inline Word rdtsc()
{
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return static_cast<Word>(high) << 32 | low;
}
/// Ticks of that many microseconds.
Word ticks(Word microseconds);
/// Keeps the CPU busy for at least so long.
void spin(Word microseconds);

// --- used by main.cpp -----------------------------------------------------------------------

void harness_init(seL4_BootInfo const* info);
/// Runs one case and cleans up after it; prints its TAP line.
void run_case(Case const& test, Word number);
Word failed_cases();

} // namespace kt
