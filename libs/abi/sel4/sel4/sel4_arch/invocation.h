/* Labels of x86-64, after the generic ones: 39 and 40. */
#pragma once

enum sel4_arch_invocation_label { X86PDPTMap = 39, X86PDPTUnmap = 40, nSeL4ArchInvocationLabels };
