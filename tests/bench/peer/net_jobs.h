// What the two ends of the network benchmark say to each other. A client connects by TCP to `port`
// of the host and sends one `struct job`, then the job runs:
//   job_sink    the client sends `bytes`; the host answers with one byte when it has all of them
//   job_source  the host sends `bytes`; the client answers with one byte when it has all of them
//   job_echo    the host sends back whatever comes, until the client closes
// Datagrams to the same port come back as they are. Everything in the byte order of x86.
#pragma once

#include <stdint.h>

enum { job_sink = 1, job_source = 2, job_echo = 3 };
enum { jobs_port = 5300 };

struct job {
    uint32_t kind;
    uint32_t reserved;
    uint64_t bytes;
};
