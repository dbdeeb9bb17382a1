/* lwIP includes it and, without debug output, uses nothing of it. */
#pragma once
