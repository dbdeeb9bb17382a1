/* One inline function per method of the kernel's objects, named object_method. */
#pragma once

#include <interfaces/client_scheduling.h>
#include <interfaces/client_thread.h>
#include <interfaces/client_vtx.h>
#include <interfaces/client_x86.h>
