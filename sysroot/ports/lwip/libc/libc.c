/* The functions of a C library that lwIP calls and no program of ours has. */
#include <stdlib.h>
#include <string.h>

int strncmp(char const* left, char const* right, size_t most)
{
    for (; most > 0; --most, ++left, ++right) {
        if (*left != *right) return (unsigned char)*left - (unsigned char)*right;
        if (*left == 0) return 0;
    }
    return 0;
}

int strcmp(char const* left, char const* right)
{
    return strncmp(left, right, (size_t)-1);
}

char* strstr(char const* text, char const* wanted)
{
    size_t const length = strlen(wanted);
    while (*text && strncmp(text, wanted, length) != 0) ++text;
    return *text || length == 0 ? (char*)text : NULL;
}

int atoi(char const* text)
{
    int value = 0;
    for (; *text >= '0' && *text <= '9' && value < 100000; ++text)
        value = value * 10 + (*text - '0');
    return value;
}
