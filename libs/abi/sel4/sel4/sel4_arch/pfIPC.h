/* Empty; older sources include it. */
#pragma once
