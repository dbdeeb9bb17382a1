// A value or an error, never both and never ignored; TRY leaves the function with the error.
#pragma once

#include "kit/types.hpp"
#include <new>
#include <type_traits>
#include <utility>

/// Why an operation of a library or a server failed. Numbers are wire format: add at the end.
/// (The kernel's refusals are seL4's error numbers, with their arguments: cap/error.hpp.)
enum class Error : u16 {
    ok = 0,
    invalid_cap,
    wrong_type,
    missing_rights,
    bad_argument,
    out_of_range,
    slot_occupied,
    no_memory,
    not_supported,
    truncated,
    corrupt,
    not_found,
    interrupted, ///< it may have happened or not: a call that is not repeated by itself
    server_died, ///< answered by the supervisor for a server that ended; one word: its epoch
    absent,      ///< nobody serves this now, and nobody is about to
    busy,
    last = busy,
};

template <class T, class E = Error> class [[nodiscard]] Result {
    static_assert(!std::is_reference_v<T> && !std::is_same_v<T, E>);
    union {
        T value_;
        E error_;
    };
    bool ok_;

public:
    Result(E error) : error_{error}, ok_{false} {}
    Result(T value) : value_{std::move(value)}, ok_{true} {}
    Result(Result const&) = default;
    Result& operator=(Result const&) = delete;
    ~Result() requires(std::is_trivially_destructible_v<T>) = default;
    ~Result()
    {
        if (ok_) value_.~T();
    }
    explicit operator bool() const { return ok_; }
    E error() const { return error_; }
    T& operator*() { return value_; }
    T const& operator*() const { return value_; }
    T* operator->() { return &value_; }
    T const* operator->() const { return &value_; }
};

template <class E> class [[nodiscard]] Result<void, E> {
    E error_{};
    bool ok_ = true;

public:
    Result() = default;
    Result(E error) : error_{error}, ok_{false} {}
    explicit operator bool() const { return ok_; }
    E error() const { return error_; }
    void operator*() const {}
};

/// `auto x = TRY(f());` leaves this function with f's error, or goes on with its value.
#define TRY(expr)                                                                                  \
    __extension__({                                                                                \
        auto try_result = (expr);                                                                  \
        if (!try_result) [[unlikely]]                                                              \
            return try_result.error();                                                             \
        *std::move(try_result);                                                                    \
    })
