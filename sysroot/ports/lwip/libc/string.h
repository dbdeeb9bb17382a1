/* As much of <string.h> as lwIP wants, for programs without a C library: the first ones are in
 * libs/runtime, the others in libc.c. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* memcpy(void* to, void const* from, size_t bytes);
void* memmove(void* to, void const* from, size_t bytes);
void* memset(void* to, int value, size_t bytes);
int memcmp(void const* left, void const* right, size_t bytes);
size_t strlen(char const* text);

int strcmp(char const* left, char const* right);
int strncmp(char const* left, char const* right, size_t most);
char* strstr(char const* text, char const* wanted);

#ifdef __cplusplus
}
#endif
