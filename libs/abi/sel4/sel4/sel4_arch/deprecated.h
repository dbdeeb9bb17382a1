/* No deprecated names of x86-64. */
#pragma once
