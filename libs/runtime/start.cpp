// From the entry to main: thread-local storage, IPC buffer, constructors. Called from crt0.S on the
// stack of user.ld, before anything may use a thread-local variable.
#include "runtime/runtime.hpp"

#include "abi/boot_info.hpp"

extern "C" {
// Defined by the linker and user.ld: this program's own ELF header, and its constructors.
extern u8 const __ehdr_start[];
extern void (*const __init_array_start[])();
extern void (*const __init_array_end[])();

__thread seL4_IPCBuffer_* __sel4_ipc_buffer;

[[noreturn]] void runtime_start(void* argument);
void seL4_InitBootInfo(void const* info); // support.cpp

// The C faces of runtime.hpp, declared for C in tls.h.
usize runtime_tls_size();
u64 runtime_tls_make(void* memory, seL4_IPCBuffer_* ipc_buffer);
[[noreturn]] void runtime_exit(int status);
}

namespace {

/// Program header of an ELF64 file. [System V ABI, "Program Header"]
struct ProgramHeader {
    u32 type, flags;
    u64 offset, vaddr, paddr, file_size, memory_size, align;
};

/// The initial contents of local storage, as this program's own PT_TLS header describes them. The
/// header, not symbols around the sections, is what the linker computes variables' offsets from.
struct TlsImage {
    u8 const* start = nullptr;
    u64 file_size = 0, memory_size = 0, align = 1;
    /// Distance from the start of the image to the thread pointer.
    u64 span() const { return (memory_size + align - 1) & ~(align - 1); }
    u64 pointer_align() const { return align < 16 ? 16 : align; }
};

TlsImage tls_image()
{
    constexpr u32 pt_tls = 7;
    u64 headers = 0;
    u16 count = 0;
    __builtin_memcpy(&headers, __ehdr_start + 32, sizeof headers);
    __builtin_memcpy(&count, __ehdr_start + 56, sizeof count);
    auto const* header = reinterpret_cast<ProgramHeader const*>(__ehdr_start + headers);
    for (; count > 0; --count, ++header)
        if (header->type == pt_tls)
            return {reinterpret_cast<u8 const*>(header->vaddr), header->file_size,
                    header->memory_size, header->align ? header->align : 1};
    return {};
}

/// Local storage lies below the address that fs points to, and the word there points to itself.
/// [Drepper, "ELF Handling For Thread-Local Storage", variant II]
uptr tls_init(void* memory)
{
    TlsImage const image = tls_image();
    u64 const mask = image.pointer_align() - 1;
    uptr const pointer = (reinterpret_cast<uptr>(memory) + image.span() + mask) & ~mask;
    u8* const start = reinterpret_cast<u8*>(pointer - image.span());
    for (u64 i = 0; i < image.span(); ++i) start[i] = i < image.file_size ? image.start[i] : u8{0};
    *reinterpret_cast<uptr*>(pointer) = pointer;
    return pointer;
}

/// For the first thread. user.ld checks that the program's local storage fits.
alignas(64) u8 first_tls[2048];

} // namespace

usize runtime::tls_size()
{
    TlsImage const image = tls_image();
    return image.span() + image.pointer_align() + sizeof(uptr);
}

u64 runtime::tls_make(void* memory, seL4_IPCBuffer_* ipc_buffer)
{
    uptr const thread_pointer = tls_init(memory);
    // The variable is at the same distance from the thread pointer in every thread.
    uptr own = 0;
    asm("mov %%fs:0, %0" : "=r"(own));
    uptr const distance = own - reinterpret_cast<uptr>(&__sel4_ipc_buffer);
    *reinterpret_cast<seL4_IPCBuffer_**>(thread_pointer - distance) = ipc_buffer;
    return thread_pointer;
}

void runtime::exit(int status)
{
    asm volatile("syscall"
                 :
                 : "d"(exit_call), "D"(static_cast<u64>(static_cast<i64>(status)))
                 : "rcx", "r11", "memory");
    __builtin_trap(); // somebody resumed us: there is nothing to go on with
}

extern "C" [[gnu::weak]] int runtime_main(void* argument)
{
    return main(argument);
}

extern "C" void runtime_start(void* argument)
{
    if (runtime::tls_size() > sizeof first_tls) __builtin_trap();
    asm volatile("wrfsbase %0" : : "r"(tls_init(first_tls)));
    // BootInfo and Arguments agree on where this is (arguments.hpp checks it).
    __sel4_ipc_buffer =
        reinterpret_cast<seL4_IPCBuffer_*>(static_cast<abi::BootInfo const*>(argument)->ipc_buffer);
    seL4_InitBootInfo(argument);
    for (auto const* constructor = __init_array_start; constructor < __init_array_end;
         ++constructor)
        (*constructor)();
    runtime::exit(runtime_main(argument));
}

usize runtime_tls_size()
{
    return runtime::tls_size();
}
u64 runtime_tls_make(void* memory, seL4_IPCBuffer_* buffer)
{
    return runtime::tls_make(memory, buffer);
}
void runtime_exit(int status)
{
    runtime::exit(status);
}
