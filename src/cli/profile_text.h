// Profiles and their differences as tables that fit a terminal of 100 columns.
#pragma once

#include <string>

#include "cli/printer.h"
#include "ship/profile/diff.h"
#include "ship/profile/profile.h"

namespace hone::cli {

// At most `width` columns: what is in the middle becomes "...".
std::string shortened(const std::string& text, size_t width);

// The `top` longest layers, longest first; 0: all, in order. details: under each its nodes,
// operators, other tactics.
void print_profile(const ship::Profile& profile, int top, bool details, Printer& printer);

// The `top` groups of layers that changed most; 0: all, those that did not change too.
void print_diff(const ship::EngineDiff& diff, int top, Printer& printer);

}  // namespace hone::cli
