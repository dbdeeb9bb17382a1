/* As much of <stdlib.h> as lwIP wants. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Of decimal digits only: the number in an interface's name. */
int atoi(char const* text);

#ifdef __cplusplus
}
#endif
