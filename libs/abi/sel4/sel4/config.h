/* The one configuration whose interface this kernel offers (abi/README.md), as the CONFIG_ macros
 * that sources written for seL4 test. A macro that is absent here is off. A release build of the
 * kernel has no debug system calls; programs see that through HYPERCORE_RELEASE. */
#pragma once

#define CONFIG_ARCH x86
#define CONFIG_ARCH_X86 1
#define CONFIG_ARCH_X86_64 1
#define CONFIG_SEL4_ARCH x86_64
#define CONFIG_SEL4_ARCH_X86_64 1
#define CONFIG_WORD_SIZE 64
#define CONFIG_PLAT pc99
#define CONFIG_PLAT_PC99 1

#define CONFIG_KERNEL_MCS 1
#define CONFIG_VTX 1
#define CONFIG_IOMMU 1
#define CONFIG_HUGE_PAGE 1
#define CONFIG_HAVE_FPU 1
#define CONFIG_XSAVE 1
#define CONFIG_XSAVE_SIZE 576
#define CONFIG_XSAVE_FEATURE_SET 3
#define CONFIG_FSGSBASE_INST 1
#define CONFIG_SYSCALL 1
#define CONFIG_IRQ_IOAPIC 1
#define CONFIG_CACHE_LN_SZ 64

#define CONFIG_NUM_PRIORITIES 256
#define CONFIG_MAX_NUM_NODES 1
#define CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS 230
#define CONFIG_RETYPE_FAN_OUT_LIMIT 256
#define CONFIG_BOOT_THREAD_TIME_SLICE 5

/* These two follow the build options of the same meaning; programs ask boot info instead. */
#ifndef CONFIG_NUM_DOMAINS
#define CONFIG_NUM_DOMAINS 1
#endif
#ifndef CONFIG_ROOT_CNODE_SIZE_BITS
#define CONFIG_ROOT_CNODE_SIZE_BITS 13
#endif

#if !defined(HYPERCORE_RELEASE) || !HYPERCORE_RELEASE
#define CONFIG_DEBUG_BUILD 1
#define CONFIG_PRINTING 1
#endif

#define CONFIG_LIB_SEL4_INLINE_INVOCATIONS 1
#define CONFIG_LIB_SEL4_USE_THREAD_LOCALS 1
