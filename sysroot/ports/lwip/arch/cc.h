/* The compiler and the machine, for lwIP. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#if !__STDC_HOSTED__ /* the compiler's own <limits.h> wants the C library's too */
#define LWIP_NO_LIMITS_H 1
#define LWIP_NO_UNISTD_H 1
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#endif
#ifndef SSIZE_MAX
#define SSIZE_MAX __PTRDIFF_MAX__
#endif
typedef __PTRDIFF_TYPE__ ssize_t;
#endif
#define BYTE_ORDER LITTLE_ENDIAN
#define lwip_htons(value) __builtin_bswap16(value)
#define lwip_htonl(value) __builtin_bswap32(value)

/* For the messages that are compiled, if not shown. */
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#ifdef __cplusplus
extern "C" {
#endif

/* What the program that links lwIP defines, besides sys_now() (lwip/sys.h). */

/** A number that nobody can guess. */
uint32_t lwip_port_random(void);
/** lwIP found itself in a state that cannot be; ends the program. */
void lwip_port_fail(char const* text, char const* file, int line) __attribute__((noreturn));
/** Memory for packets: null when there is none. At least 16 bytes aligned. */
void* lwip_port_allocate(size_t bytes);
void* lwip_port_allocate_cleared(size_t count, size_t bytes);
void lwip_port_free(void* memory);
/** Seconds since 1900, as in RFC 5905, and microseconds: for SNTP. */
void lwip_port_wall_time(uint32_t* seconds, uint32_t* microseconds);
void lwip_port_set_wall_time(uint32_t seconds, uint32_t microseconds);

/* What port.cpp defines. */

void* lwip_port_copy(void* to, void const* from, size_t bytes);
/** Ones' complement sum, not inverted, of `bytes`, in the order of memory. [RFC 1071] */
uint16_t lwip_port_checksum(void const* data, int bytes);

#ifdef __cplusplus
}
#endif

#define LWIP_RAND() lwip_port_random()
#define LWIP_PLATFORM_DIAG(message) ((void)0)
#define LWIP_PLATFORM_ASSERT(text) lwip_port_fail(text, __FILE__, __LINE__)
