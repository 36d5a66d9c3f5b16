// Concat, Split and Slice without copies: kernels read and write rows that lie apart.
#pragma once

#include <set>

#include "host/plan/plan.h"

namespace hone::plan {

// Removes copies between a dense value and a part of another one's memory, where every step that
// touches the dense value takes strided rows: its writer then writes into the part, its readers
// read from there. `assembled`: storages that copies put together from parts which do not overlap.
// Before tactics are chosen and memory is shared.
void elide_copies(Plan& plan, const std::set<int32_t>& assembled);

}  // namespace hone::plan
