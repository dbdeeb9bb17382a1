/* No deprecated names of x86. */
#pragma once
